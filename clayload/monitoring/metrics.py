"""What do all figures for a monitoring system come to now?

In:    configuration and ledger.
Out:   a registry of Prometheus' client library, which reads them each time it is asked.
Never: a write; and never figures that are not there: without a ledger, only that it is not up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from clayload.alerts import AlertLevel
from clayload.capacity.forecast import LineUse
from clayload.delivery.grant import SlotState
from clayload.errors import ClayloadError
from clayload.ledger.books.daily_usage import count_submissions
from clayload.ledger.books.run_books import Books, open_books
from clayload.ledger.books.runs import find_newest_of_kinds
from clayload.ledger.books.traffic import read_workspaces
from clayload.ledger.granting.reported_alerts import read_reported
from clayload.model import Outcome
from clayload.monitoring import metric_names
from clayload.monitoring.metric_names import Family, Sample, make_families
from clayload.monitoring.run_account import describe_counts
from clayload.monitoring.run_facts import read_counts
from clayload.monitoring.usage import read_line_uses
from clayload.setup import Setup

_DIGITS = 3


class LedgerCollector(Collector):
    """Reads the ledger at each scrape; `error` is why the last could not."""

    def __init__(self, read: Callable[[], Setup]) -> None:
        self._read = read
        self.error: ClayloadError | None = None

    def collect(self) -> Iterator[Family]:
        """Give all metrics, or only that the ledger cannot be read."""
        self.error = None
        samples: list[Sample] = [(metric_names.LEDGER_UP, (), 1.0)]
        try:
            samples += read_samples(self._read())
        except ClayloadError as error:
            self.error = error
            samples = [(metric_names.LEDGER_UP, (), 0.0)]
        yield from make_families(samples)


def make_registry(collector: LedgerCollector) -> CollectorRegistry:
    """Make a registry that holds nothing of the process itself."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return registry


def read_samples(setup: Setup) -> Iterator[Sample]:
    """Read every figure.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    for (table, state), n in sorted(count_submissions(setup.ledger).items()):
        yield metric_names.LEADS, (table, state), n
    yield from _read_tables(setup)
    yield from _read_rates(setup)
    for line in read_line_uses(setup):
        yield from _describe_line(line)
    yield from _read_newest(setup)
    yield from _read_alerts(setup)


def _read_tables(setup: Setup) -> Iterator[Sample]:
    books = Books(setup.ledger)
    for name, table in setup.config.tables.items():
        found = books.read_table(name, table)
        yield metric_names.TABLE_ROWS, (name,), found.rows_used
        if not table.auto_delete:
            yield metric_names.TABLE_ROW_LIMIT, (name,), found.row_limit
        for slot in found.slots:
            yield metric_names.SLOT_USED, (name, slot.name), slot.used
            yield metric_names.SLOT_ACTIVE, (name, slot.name), slot.state is SlotState.ACTIVE
            if not table.auto_delete:
                yield metric_names.SLOT_LIMIT, (name, slot.name), slot.safe_limit


def _read_rates(setup: Setup) -> Iterator[Sample]:
    for use in read_workspaces(setup.ledger):
        of = (use.workspace,)
        yield metric_names.RATE_CONFIGURED, of, use.rate_per_s
        yield metric_names.RATE_ALLOWED, of, use.allowed_per_s
        yield metric_names.RATE_ACHIEVED, of, use.achieved_per_s
        yield metric_names.RATE_LIMITED, of, use.n_rate_limited_ever
        yield metric_names.PAUSED, of, use.paused_at is not None


def _describe_line(line: LineUse) -> Iterator[Sample]:
    of = (line.key, line.unit)
    yield metric_names.BUDGET_USED, of, line.used
    if line.limit is not None:
        yield metric_names.BUDGET_LIMIT, of, line.limit
        yield metric_names.BUDGET_LEFT, of, round(max(line.limit - line.used, 0.0), _DIGITS)
    if line.forecast is not None:
        for estimate in ("low", "likely", "high"):
            yield metric_names.BUDGET_FORECAST, (*of, estimate), getattr(line.forecast, estimate)


def _read_newest(setup: Setup) -> Iterator[Sample]:
    with open_books(setup.ledger, setup.departures_folder) as books:
        newest = [read_counts(books, run) for run in find_newest_of_kinds(books.ledger)]
    for counts in newest:
        run = counts.run
        yield metric_names.RUN_STARTED, (run.kind,), run.started_at
        if run.finished_at is not None:
            yield metric_names.RUN_FINISHED, (run.kind,), run.finished_at
        for outcome in Outcome:
            yield metric_names.RUN_OUTCOME, (run.kind, outcome), run.outcome == outcome
        for end, n in describe_counts(counts).ends.items():
            yield metric_names.RUN_ROWS, (run.kind, end), n


def _read_alerts(setup: Setup) -> Iterator[Sample]:
    reported = read_reported(setup.ledger, setup.config.workspace.name)
    active = Counter((one.kind, one.level) for one in reported if one.level is not AlertLevel.FINE)
    for (kind, level), n in sorted(active.items()):
        yield metric_names.ALERTS, (kind, level), n
