"""Which figures does a monitoring system get, and how are they called?

In:    samples: a metric, its labels, a value.
Out:   Prometheus' metric families; `docs/reference/metrics.md` lists them, and a test says so.
Never: a lead, a secret, or a figure by lead: few series, whatever is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: a gauge, or a counter where its name ends in `_total`."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    @property
    def is_counter(self) -> bool:
        """Whether it only ever grows."""
        return self.name.endswith("_total")


LEDGER_UP = Metric("clayload_ledger_up", "1 if the ledger could be read, else 0.")
LEADS = Metric(
    "clayload_leads",
    "Deliveries the ledger knows, by state: pending is owed, in_doubt needs a person.",
    ("table", "state"),
)
SLOT_USED = Metric(
    "clayload_slot_used", "Submissions charged to a webhook slot's life.", ("table", "slot")
)
SLOT_LIMIT = Metric(
    "clayload_slot_safe_limit", "Submissions after which the next slot follows.", ("table", "slot")
)
SLOT_ACTIVE = Metric(
    "clayload_slot_active", "1 if a slot may be sent through, else 0.", ("table", "slot")
)
TABLE_ROWS = Metric("clayload_table_rows", "Rows put into a Clay table.", ("table",))
TABLE_ROW_LIMIT = Metric("clayload_table_row_limit", "Rows a Clay table holds.", ("table",))
RATE_CONFIGURED = Metric(
    "clayload_rate_configured_per_second", "Submissions a second at most.", ("workspace",)
)
RATE_ALLOWED = Metric(
    "clayload_rate_allowed_per_second",
    "Submissions a second allowed now: less after a 429, 0 during a pause.",
    ("workspace",),
)
RATE_ACHIEVED = Metric(
    "clayload_rate_achieved_per_second",
    "Submissions a second that were answered in the last minute.",
    ("workspace",),
)
RATE_LIMITED = Metric(
    "clayload_rate_limited_total", "Answers 429 since the ledger was made.", ("workspace",)
)
PAUSED = Metric("clayload_workspace_paused", "1 while a person has paused it.", ("workspace",))
BUDGET_LIMIT = Metric(
    "clayload_budget_limit", "A budget's limit, in credits or Actions.", ("budget", "unit")
)
BUDGET_USED = Metric(
    "clayload_budget_used",
    "What is spent or reserved of a budget, or of a unit without one.",
    ("budget", "unit"),
)
BUDGET_LEFT = Metric("clayload_budget_left", "What a budget has left.", ("budget", "unit"))
BUDGET_FORECAST = Metric(
    "clayload_budget_forecast",
    "What will be used by the end of the billing month.",
    ("budget", "unit", "estimate"),
)
RUN_STARTED = Metric(
    "clayload_last_run_started_timestamp_seconds", "When the newest run of a kind began.", ("kind",)
)
RUN_FINISHED = Metric(
    "clayload_last_run_finished_timestamp_seconds",
    "When the newest run of a kind was closed; absent while it runs.",
    ("kind",),
)
RUN_OUTCOME = Metric(
    "clayload_last_run_outcome",
    "1 for the outcome of the newest run of a kind, else 0.",
    ("kind", "outcome"),
)
RUN_ROWS = Metric(
    "clayload_last_run_rows",
    "Rows of the newest run of a kind, by how they ended.",
    ("kind", "end"),
)
ALERTS = Metric(
    "clayload_alerts_active", "Alerts that were reported and have not recovered.", ("kind", "level")
)

METRICS = (
    LEDGER_UP,
    LEADS,
    SLOT_USED,
    SLOT_LIMIT,
    SLOT_ACTIVE,
    TABLE_ROWS,
    TABLE_ROW_LIMIT,
    RATE_CONFIGURED,
    RATE_ALLOWED,
    RATE_ACHIEVED,
    RATE_LIMITED,
    PAUSED,
    BUDGET_LIMIT,
    BUDGET_USED,
    BUDGET_LEFT,
    BUDGET_FORECAST,
    RUN_STARTED,
    RUN_FINISHED,
    RUN_OUTCOME,
    RUN_ROWS,
    ALERTS,
)
"""All there are, in the order in which they are given."""

Sample: TypeAlias = tuple[Metric, tuple[str, ...], float]
"""A metric, the values of its labels in their order, and its value."""
Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily


def make_families(samples: Iterable[Sample]) -> Iterator[Family]:
    """Give Prometheus' form of samples; a metric without any is left out."""
    families: dict[str, Family] = {}
    for metric, labels, value in samples:
        if metric.name not in families:
            make = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
            families[metric.name] = make(metric.name, metric.help, labels=metric.labels)
        families[metric.name].add_metric(labels, value)
    yield from (families[metric.name] for metric in METRICS if metric.name in families)
