"""The story of the sample, by date: what fails, what is changed, what nobody sees. All times are UTC, year 2026.

The machines decide what follows from it: when a breaker opens, how often it opens again, when it closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_data.generator.happenings import (
    Backlog,
    Deploy,
    Failback,
    Fault,
    Forced,
    Gap,
    Maintenance,
    Restart,
    Setting,
)
from sample_data.generator.timeline import at

if TYPE_CHECKING:
    from sample_data.generator.happenings import Happening

STORY: tuple[Happening, ...] = (
    # Three days of little: one blip that only the counters of accounts show.
    Fault("accounts/ldap", at("10-22 16:05:10.200"), 9, "LDAP pool drained, a short stall", rush_per_s=3),
    # A maintenance window, with a breaker forced open.
    Maintenance("search", at("10-24 04:30:00"), at("10-24 05:10:00"), "db-team", "catalog index rebuild"),
    Forced("search", "search-0", at("10-24 04:31:04.118"), "forced_open", "db-team"),
    Forced("search", "search-0", at("10-24 05:08:40.007"), "closed", "db-team"),
    Deploy("cart", at("10-26 11:20:00"), "3.2.0", "ci"),
    Fault("cart/redis", at("10-27 12:12:20.400"), 35, "redis master failover"),
    # The primary database dies; traffic moves to the replica within seconds, and back by hand two hours later.
    Fault("payments/pg-primary", at("10-28 18:40:03.250"), 7_250, "host of pg-primary lost power", error="Timeout"),
    Failback("payments", at("10-28 20:52:00"), "dba"),
    Fault("payments/ledger-db", at("10-29 13:05:44.600"), 25, "vacuum blocks writes", instances=("payments-1",)),
    Fault("payments/pg-primary", at("10-30 06:17:31.900"), 41, "pg-primary kernel upgrade", error="Timeout"),
    Failback("payments", at("10-30 06:31:00"), "dba"),
    Deploy("payments", at("10-30 12:00:00"), "2.12.2", "ci"),
    # A queue grows and drains again; seven messages end as dead letters.
    Backlog("cart", at("10-31 15:00:00"), at("10-31 15:35:00"), 42, 33, 7),
    # A cascade: payments' database locks up, payments fails, checkout's fallback is full: users are hurt.
    Fault("payments/ledger-db", at("11-03 13:20:02.700"), 372, "lock storm after a migration", error="LockTimeout"),
    Fault("checkout", at("11-03 13:20:02.700"), 400, "pay-later queue is full", fallback_too=True, share=0.0),
    Deploy("checkout", at("11-04 12:15:00"), "7.4.0", "ci", "room for more in the pay-later queue"),
    Deploy("payments", at("11-04 17:00:00"), "2.12.3", "ci", "migrations without locks"),
    Deploy("assistant", at("11-05 11:00:00"), "1.0.0", "ci", "first release"),
    Deploy("search", at("11-06 10:30:00"), "5.6.0", "ci", "exports latency and retries"),
    Fault("assistant/openai", at("11-06 17:22:40.100"), 95, "openai answers 503", error="HTTP 503"),
    # Contained: payments fails for twelve minutes, checkout's fallback answers everyone.
    Fault("payments", at("11-07 23:14:05"), 724, "issuer gateway down", error="HTTP 502"),
    Fault("checkout/payments", at("11-08 05:12:08.300"), 16, "network blip", instances=("checkout-1",), rush_per_s=1),
    Deploy("checkout", at("11-09 10:30:00"), "7.4.1", "ci"),
    # Slower since a release, and it stays so.
    Deploy("search", at("11-09 12:00:00"), "5.7.0", "ci", "new ranking"),
    Setting("search", at("11-09 12:00:30"), "slow", 1, "ci", "ranking model v2 on"),
    # A retry storm: more attempts, no growth between them, and the breaker made blind for 429.
    Setting("assistant", at("11-10 19:05:00"), "storm", 1, "ines", "chat: 8 attempts, 50 ms apart, 429 not counted"),
    Fault("assistant/openai", at("11-10 19:20:15"), 1_070, "openai rate limit", error="HTTP 429", share=0.85),
    Setting("assistant", at("11-10 19:37:30"), "storm", 0, "ines", "chat: back to 3 attempts, 429 counted"),
    # A breaker made too eager: open for 0.3 s only, so that openings hide between two scrapes.
    Setting("accounts", at("11-11 16:00:00"), "open_s", 0.3, "tom", "ldap breaker: open time 60 s to 300 ms"),
    Fault("accounts/ldap", at("11-11 16:20:07.300"), 21, "LDAP node restarts", rush_per_s=2),
    Fault("accounts/ldap", at("11-11 17:07:12.610"), 0.3, "connections reset at a login rush", rush_per_s=24),
    Setting("accounts", at("11-11 18:30:00"), "open_s", 60, "tom", "ldap breaker: open time back to 60 s"),
    Deploy("payments", at("11-12 12:10:00"), "2.13.0", "ci"),
    Setting("checkout", at("11-13 11:00:00"), "replicas", 3, "autoscaler", "replicas 2 to 3"),
    Fault("assistant/openai", at("11-13 15:41:02.500"), 260, "openai answers slowly", error="Timeout"),
    # Nobody scrapes accounts for two hours; its counters tell afterwards what happened meanwhile.
    Gap("accounts", at("11-14 20:00:00"), at("11-14 22:00:00"), "scrape configuration lost"),
    Fault("accounts/ldap", at("11-14 20:47:21.800"), 70, "LDAP failover", rush_per_s=2),
    # A restart that finds a breaker open: the new process knows nothing of it.
    Fault("cart/redis", at("11-16 11:27:11.150"), 770, "redis out of memory"),
    Restart("cart", "cart-0", at("11-16 11:31:10.020"), "OOMKilled"),
    # Hours: the directory's certificate has run out; sessions fall.
    Fault("accounts/ldap", at("11-17 10:15:42.600"), 11_820, "LDAP certificate expired", error="TLSError"),
    Fault("assistant/openai", at("11-17 21:03:18"), 48, "openai answers 503", error="HTTP 503"),
    Setting("cart", at("11-18 17:40:00"), "redis_timeout_ms", 20, "mara", "redis timeout 50 ms to 20 ms"),
    Fault("cart/redis", at("11-18 17:42:31.400"), 130, "redis slower than 20 ms at peak", error="Timeout", share=0.8),
    Setting("cart", at("11-18 17:44:50"), "redis_timeout_ms", 50, "mara", "redis timeout back to 50 ms"),
    # The last day.
    Deploy("cart", at("11-19 13:20:00"), "3.3.0", "ci"),
    Deploy("search", at("11-19 16:05:00"), "5.8.1", "ci", "catalog query rewritten"),
    Fault("search/catalog-db", at("11-19 16:19:48.200"), 1_292, "5.8.1 exhausts catalog-db connections"),
    Deploy("search", at("11-19 16:41:20"), "5.7.0", "lena", "rollback of 5.8.1"),
    Fault("cart/redis", at("11-19 18:03:11.700"), 905, "redis cluster resharding"),
    Deploy("assistant", at("11-19 20:04:00"), "1.2.0", "ci"),
    Fault("accounts/ldap", at("11-19 20:29:33"), 640, "LDAP replica lag", error="Timeout", share=0.9),
    Fault("assistant/openai", at("11-19 22:02:10.400"), 240, "openai answers 503", error="HTTP 503"),
    Deploy("accounts", at("11-20 00:10:00"), "4.1.0", "ci", "directory index rebuilt"),
    # Opened by hand a moment before a scrape; the log's clock is 120 ms fast and says it was a moment after.
    Forced("cart", "cart-0", at("11-20 00:40:08.660"), "open", "mara"),
    Fault("payments/pg-primary", at("11-20 03:35:12.750"), 45, "pg-primary switch reboot", error="Timeout"),
    Failback("payments", at("11-20 03:52:00"), "dba"),
    Fault("checkout/payments", at("11-20 05:12:04.900"), 15.5, "network blip", instances=("checkout-1",), rush_per_s=1),
    Fault("cart/redis", at("11-20 06:27:33.100"), 4, "redis save to disk", rush_per_s=2),
    Fault("assistant/openai", at("11-20 11:11:58.300"), 560, "openai answers 429", error="HTTP 429"),
    # Still open at the end: a release of payments on one instance, and those who call it.
    Deploy("payments", at("11-20 11:31:10"), "2.14.0", "ci", "canary in zone a", instances=("payments-1",)),
    Fault("payments", at("11-20 11:34:49.500"), 86_400, "2.14.0 leaks connections", "HTTP 500", 1.0, ("payments-1",)),
)
