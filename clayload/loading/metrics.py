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

from clayload.alerts import Level
from clayload.capacity.forecast import LineUse
from clayload.delivery.grant import SlotState
from clayload.errors import ClayloadError
from clayload.ledger.alerts import read_told
from clayload.ledger.books import Books
from clayload.ledger.days import count_submissions
from clayload.ledger.left import find_left
from clayload.ledger.loads import find_newest_of_kinds
from clayload.ledger.usage import read_workspaces
from clayload.loading.settle import read_counts
from clayload.loading.setup import Setup
from clayload.loading.usage import read_line_uses
from clayload.report import metrics
from clayload.report.account import Outcome
from clayload.report.metrics import Family, Sample, make_families

_DIGITS = 3


class LedgerCollector(Collector):
    """Reads the ledger at each scrape; `error` is why the last could not."""

    def __init__(self, read: Callable[[], Setup]) -> None:
        self._read = read
        self.error: ClayloadError | None = None

    def collect(self) -> Iterator[Family]:
        """Give all metrics, or only that the ledger cannot be read."""
        self.error = None
        samples: list[Sample] = [(metrics.LEDGER_UP, (), 1.0)]
        try:
            samples += read_samples(self._read())
        except ClayloadError as error:
            self.error = error
            samples = [(metrics.LEDGER_UP, (), 0.0)]
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
        yield metrics.LEADS, (table, state), n
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
        yield metrics.TABLE_ROWS, (name,), found.rows_used
        if not table.auto_delete:
            yield metrics.TABLE_ROW_LIMIT, (name,), found.row_limit
        for slot in found.slots:
            yield metrics.SLOT_USED, (name, slot.name), slot.used
            yield metrics.SLOT_ACTIVE, (name, slot.name), slot.state is SlotState.ACTIVE
            if not table.auto_delete:
                yield metrics.SLOT_LIMIT, (name, slot.name), slot.safe_limit


def _read_rates(setup: Setup) -> Iterator[Sample]:
    for use in read_workspaces(setup.ledger):
        of = (use.workspace,)
        yield metrics.RATE_CONFIGURED, of, use.rate_per_s
        yield metrics.RATE_ALLOWED, of, use.allowed_per_s
        yield metrics.RATE_ACHIEVED, of, use.achieved_per_s
        yield metrics.RATE_LIMITED, of, use.n_rate_limited_ever
        yield metrics.PAUSED, of, use.held_at is not None


def _describe_line(line: LineUse) -> Iterator[Sample]:
    of = (line.key, line.unit)
    yield metrics.BUDGET_USED, of, line.used
    if line.limit is not None:
        yield metrics.BUDGET_LIMIT, of, line.limit
        yield metrics.BUDGET_LEFT, of, round(max(line.limit - line.used, 0.0), _DIGITS)
    if line.forecast is not None:
        for estimate in ("low", "likely", "high"):
            yield metrics.BUDGET_FORECAST, (*of, estimate), getattr(line.forecast, estimate)


def _read_newest(setup: Setup) -> Iterator[Sample]:
    books = Books(setup.ledger, find_left(setup.ledger, setup.departures_folder))
    for run in find_newest_of_kinds(setup.ledger):
        yield metrics.RUN_STARTED, (run.kind,), run.started_at
        if run.finished_at is not None:
            yield metrics.RUN_FINISHED, (run.kind,), run.finished_at
        for outcome in Outcome:
            yield metrics.RUN_OUTCOME, (run.kind, outcome), run.outcome == outcome
        for end, n in read_counts(books, run).ends.items():
            yield metrics.RUN_ROWS, (run.kind, end), n


def _read_alerts(setup: Setup) -> Iterator[Sample]:
    told = read_told(setup.ledger, setup.config.workspace.name)
    active = Counter((one.kind, one.level) for one in told if one.level is not Level.FINE)
    for (kind, level), n in sorted(active.items()):
        yield metrics.ALERTS, (kind, level), n
