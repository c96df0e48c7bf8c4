"""Rows of a scope become what analysis says, and only what differs is touched."""

from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from store import Store

SCOPE = {"environment": "prod", "service": "checkout", "breaker": "pay"}
ROW: dict[str, Any] = {
    "to_state": "open",
    "occurred_at": datetime(2026, 11, 20, 9, 41, 20, tzinfo=UTC),
    "occurred_earliest": 1_795_000_000_000_000,
    "sources": ("prom", "logs"),
    "labels": {"cluster": "eu"},
    "inferred": False,
    "position": 0,
}


def row_ids(store: Store) -> list[int]:
    """Return the numbers of the stored rows; a row that is written anew has a new one."""
    return [row["row_id"] for row in store.rows("SELECT row_id FROM kept.breaker_transitions ORDER BY ALL")]


def test_rows_come_back_as_they_went_in(store: Store) -> None:
    """Aware datetimes and microseconds both fill a time column; the scope fills its own columns; the rest is NULL."""
    store.replace("breaker_transitions", SCOPE, [ROW])
    (found,) = store.rows("FROM breaker_transitions")
    assert found["occurred_at"] == ROW["occurred_at"]
    assert found["occurred_at"].tzinfo is UTC
    assert found["occurred_earliest"] == datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)
    assert (found["environment"], found["breaker"], found["from_state"]) == ("prod", "pay", None)
    assert (found["sources"], found["labels"]) == (["prom", "logs"], {"cluster": "eu"})


def test_equal_rows_are_not_touched(store: Store) -> None:
    """Replacing by the same rows changes nothing, nan and NULL included."""
    rows = [ROW, ROW | {"position": 1, "from_state": None}]
    assert store.replace("breaker_transitions", SCOPE, rows) == 2
    before = row_ids(store)
    assert store.replace("breaker_transitions", SCOPE, rows[::-1]) == 0
    assert row_ids(store) == before


def test_only_the_difference_is_written(store: Store) -> None:
    """One row changed of two: one goes, one comes, the other stays."""
    store.replace("breaker_transitions", SCOPE, [ROW, ROW | {"position": 1}])
    before = row_ids(store)
    assert store.replace("breaker_transitions", SCOPE, [ROW, ROW | {"position": 2}]) == 2
    assert len(set(before) & set(row_ids(store))) == 1


def test_identical_rows_are_counted(store: Store) -> None:
    """Two equal rows are two rows: relations are bags."""
    store.replace("breaker_transitions", SCOPE, [ROW, ROW])
    assert store.replace("breaker_transitions", SCOPE, [ROW]) == 1
    assert len(row_ids(store)) == 1


def test_other_scopes_stay(store: Store) -> None:
    """An empty list empties the scope alone; a NULL in the scope means NULL."""
    store.replace("breaker_transitions", SCOPE, [ROW])
    store.replace("breaker_transitions", SCOPE | {"environment": None}, [ROW])
    assert store.replace("breaker_transitions", SCOPE | {"environment": None}, []) == 1
    assert len(row_ids(store)) == 1


def test_an_empty_scope_is_the_whole_table(store: Store) -> None:
    """Without a scope the rows become the table."""
    store.replace("targets", {"service": "a"}, [{"target": "x"}])
    assert store.replace("targets", {}, [{"service": "b", "target": "y"}]) == 2
    assert store.rows("SELECT service, target, role FROM targets") == [{"service": "b", "target": "y", "role": None}]


def test_several_scopes_are_replaced_together(store: Store) -> None:
    """Scopes of the same columns, NULL among them, become their rows; a scope without rows is emptied."""
    scopes = [{"service": name} for name in ("a", "b", None)]
    rows: list[dict[str, Any]] = [{"service": "a", "target": "x"}, {"service": None, "target": "y"}]
    store.replace("targets", {}, [{"service": name, "target": "old"} for name in ("a", "b", "c", None)])
    assert store.replace("targets", scopes, rows) == 5
    assert store.replace("targets", scopes, rows) == 0
    assert store.rows("SELECT service, target FROM targets ORDER BY ALL") == [
        {"service": "a", "target": "x"},
        {"service": "c", "target": "old"},
        {"service": None, "target": "y"},
    ]


@pytest.mark.parametrize(
    ("table", "scope", "row"),
    [
        ("nope", {}, {}),
        ("targets", {"nope": 1}, {}),
        ("targets", {}, {"nope": 1}),
        ("targets", {"service": "a"}, {"service": "b"}),
    ],
)
def test_mistakes_are_refused(store: Store, table: str, scope: dict[str, Any], row: dict[str, Any]) -> None:
    """An unknown table or column, or a row outside its scope, is an error of the caller and writes nothing."""
    with pytest.raises(ValueError, match=r"nope|outside"):
        store.replace(table, scope, [row])
    assert store.rows("FROM targets") == []


def test_execute_needs_a_transaction(store: Store) -> None:
    """A statement alone would be half of something: it is refused."""
    with pytest.raises(RuntimeError, match="transaction"):
        store.execute("DELETE FROM kept.targets")


def test_columns_say_no_data_as_such(store: Store) -> None:
    """NULL is nan, NaT or None in columns, never 0 or an empty text."""
    found = store.columns("SELECT NULL::DOUBLE d, NULL::VARCHAR t, NULL::TIMESTAMPTZ w, 3 AS i FROM range(2)")
    assert found["d"].dtype.kind == "f"
    assert str(found["d"]) == "[nan nan]"
    assert list(found["t"]) == [None, None]
    assert str(found["w"]) == "['NaT' 'NaT']"
    assert found["i"].tolist() == [3, 3]


def test_many_rows_fill_an_empty_scope_as_they_are(store: Store) -> None:
    """What fills an empty scope at once, copies included, stands beside other scopes and is found equal afterwards."""
    other = SCOPE | {"breaker": "other"}
    store.replace("breaker_transitions", other, [ROW])
    rows = [ROW | {"position": place // 2, "labels": {}} for place in range(1200)]
    assert store.replace("breaker_transitions", SCOPE, rows) == 1200
    assert store.replace("breaker_transitions", SCOPE, rows[::-1]) == 0
    assert store.replace("breaker_transitions", SCOPE, rows[1:]) == 1
    assert store.replace("breaker_transitions", SCOPE, []) == 1199
    assert store.replace("breaker_transitions", SCOPE, []) == 0
    assert len(row_ids(store)) == 1


def test_many_rows_that_fill_a_dense_relation_are_published(store: Store) -> None:
    """The span of what fills an empty scope of a dense relation is marked as changed, like that of any difference."""
    scope = {"environment": "prod", "service": "checkout"}
    rows = [
        {"sampled_at": 1_795_000_000_000_000 + place, "queue": "q", "depth": 1.0, "labels": {}} for place in range(600)
    ]
    store.replace("queue_depths", scope, rows)
    (span,) = store.rows("SELECT start_us, end_us FROM meta.changed_spans WHERE relation = 'kept.queue_depths'")
    assert span == {"start_us": 1_795_000_000_000_000, "end_us": 1_795_000_000_000_599}


def test_rows_may_name_different_columns(store: Store) -> None:
    """A column that one row names and another does not is NULL in the other."""
    store.replace(
        "breaker_transitions", SCOPE, [ROW, {"position": 1, "to_state": "open"}, {"position": 2, "from_state": "open"}]
    )
    found = store.rows("SELECT from_state, to_state FROM breaker_transitions ORDER BY position")
    assert [tuple(row.values()) for row in found] == [(None, "open"), (None, "open"), ("open", None)]


PLACES = st.one_of(st.integers(0, 3).map(lambda length: list(range(length))), st.lists(st.integers(0, 3), max_size=3))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["breaker", "breaker", "breaker", "whole", "direct", "undone"]),
        st.dictionaries(st.sampled_from(["a", "b"]), PLACES, min_size=1),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_is_remembered_is_what_is_stored(store: Store, steps: list[tuple[str, dict[str, list[int]]]]) -> None:
    """In any order of growing, changing, undone and foreign writes, by any scope, the rows are those last said."""
    store.replace("breaker_transitions", {}, [])
    expected: dict[str, list[int]] = {}
    for how, said in steps:
        rows = [{"service": "s", "breaker": name, "position": place} for name in said for place in said[name]]
        if how == "whole":
            store.replace("breaker_transitions", {}, rows)
            expected = dict(said)
        elif how == "breaker":
            store.replace("breaker_transitions", [{"service": "s", "breaker": name} for name in said], rows)
            expected |= said
        elif how == "direct":
            with store.transaction():
                store.execute("DELETE FROM kept.breaker_transitions")
            expected = {}
        else:
            with pytest.raises(KeyError), store.transaction():
                store.replace("breaker_transitions", [{"service": "s", "breaker": name} for name in said], rows)
                raise KeyError
        stored = store.rows("SELECT breaker, position FROM kept.breaker_transitions ORDER BY ALL")
        assert [tuple(row.values()) for row in stored] == sorted(
            (name, place) for name, places in expected.items() for place in places
        )


def test_scopes_by_other_columns_are_not_mixed_up(store: Store) -> None:
    """What one scope says goes for another that holds it, whichever was said before."""
    rows = [ROW | SCOPE | {"position": place} for place in range(4)]
    for scope, length in (("breaker", 2), ("service", 1), ("breaker", 3), ("service", 4), ("breaker", 4)):
        store.replace("breaker_transitions", [{scope: SCOPE[scope]}], rows[:length])
        assert len(row_ids(store)) == length


def test_rows_that_are_only_added_touch_no_others(store: Store) -> None:
    """A history that grows is written at its end: what stands keeps its number, and so is not published again."""
    for length in (1, 2, 5):
        store.replace("breaker_transitions", [SCOPE], [ROW | SCOPE | {"position": place} for place in range(length)])
    first = row_ids(store)
    assert store.replace("breaker_transitions", [SCOPE], [ROW | SCOPE | {"position": place} for place in range(7)]) == 2
    assert row_ids(store)[:5] == first
