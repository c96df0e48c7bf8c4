"""Facts: what counters, gauges and log events say happened, kept ready by minute and by event.

Everything is recomputed from raw for the span that new evidence touched, so order and repetition of collections cannot
matter; what has no news of its kind is left alone. Call ``refresh_facts`` inside the transaction of
``analysis.refresh``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.news import News, news

if TYPE_CHECKING:
    from breakwatch.config import Config
    from store import Store

__all__ = ["News", "news", "refresh_facts"]


def refresh_facts(store: Store, config: Config, new: News) -> None:
    """Bring the kept facts up to date with the evidence marked stale, of which ``new`` says the kinds.

    The marks of counters are cleared here.

    Must run inside a transaction, after level changes were kept and before the marks of subjects are cleared.
    """
    # Here: what happened is kept by now, and need not wait until all this is loaded.
    from analysis.facts.cascades import refresh_cascades
    from analysis.facts.counters import refresh_counters
    from analysis.facts.coverage import refresh_coverage
    from analysis.facts.declared import refresh_declared
    from analysis.facts.events import refresh_attempts, refresh_changes
    from analysis.facts.experiments import refresh_experiments, refresh_faults
    from analysis.facts.failovers import refresh_failovers
    from analysis.facts.gauges import refresh_gauges
    from analysis.facts.health_states import refresh_health_states
    from analysis.facts.imported import refresh_imported
    from analysis.facts.outages import refresh_outages
    from analysis.facts.restarts import refresh_restarts
    from analysis.facts.services import refresh_spells, refresh_targets
    from analysis.regressions.keeping import refresh_regressions

    if new.counted:
        refresh_counters(store)
    refresh_gauges(store, new.sampled)
    if "retry_attempt" in new.sighted:
        refresh_attempts(store, config.services)
    if new.explained:
        refresh_changes(store)
    moved = new.failed_over and refresh_failovers(store, config.services)
    if new.counted or new.explained:
        refresh_restarts(store)
    if "scrape" in new.sampled:
        refresh_coverage(store)
    if "import" in new.domains:
        refresh_imported(store)
    refresh_declared(store, config.services)
    if "health" in new.domains:
        refresh_health_states(store)
    if "level" in new.domains:
        refresh_spells(store)
    if new.counted or moved or any(service.fallbacks for service in config.services):
        refresh_targets(store, config.services, counted=new.counted)
    told = "import" in new.domains and refresh_faults(store)
    refresh_outages(store, config, new)
    refresh_experiments(store, config, new, told=told)
    refresh_cascades(store, config.services, new)
    refresh_regressions(store, config, store.now_us, imported="import" in new.domains)
    store.execute("truncate raw.stale_counters")
    store.execute("truncate raw.stale_sightings")
