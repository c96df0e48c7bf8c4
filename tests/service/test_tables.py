"""Tables for a terminal line up, and show no empty column."""

from analysis.verdicts.scores import Score
from service.scoring import score_words
from service.tables import text_table


def test_columns_line_up_and_empty_ones_are_left_out() -> None:
    """Each column is as wide as its widest cell, without blanks at the ends of lines."""
    lines = list(text_table(["name", "empty", "n"], [["a", "", "1"], ["longer", "", "22"]]))
    assert lines == ["name    n", "a       1", "longer  22"]


def test_a_score_is_rounded_outwards() -> None:
    """0.996 is never printed as 1.00 low, and a range never narrower than it is."""
    assert score_words(Score(0.996, 0.996, 0.0, 3)) == "0.99"
    assert score_words(Score(0.711, 0.852, 0.14, 7)) == "0.71 to 0.86 (14 % unproved)"
    assert score_words(Score(None, None, 1.0, 2)) == "cannot be told: nothing is proved"
