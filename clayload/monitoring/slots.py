"""How do all tables and slots stand, when do they run out, and what must be done?

In:    configuration and ledger.
Out:   a forecast for each table, and the warnings of all.
Never: a write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from clayload.capacity.near_limits import warn_of
from clayload.capacity.slots import (
    Pace,
    SlotForecast,
    TableForecast,
    forecast_table,
    measure_pace,
)
from clayload.delivery.grant import TableSnapshot
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.traffic import SlotTraffic, read_slot_traffic
from clayload.ledger.database.engine import is_new
from clayload.ledger.moment import consistent_read
from clayload.ledger.rules.snapshot import unused_table
from clayload.setup import Setup
from clayload.tables.table import Table
from clayload.tables.tables_file import TablesConfig

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What the ledger has counted of tables and of slots, by name, as of `at` (epoch seconds)."""

    at: float
    tables: Mapping[str, TableSnapshot]
    traffic: Mapping[str, SlotTraffic]


def forecast_slots(setup: Setup) -> tuple[TableForecast, ...]:
    """Forecast every table of the configuration, as of today by the ledger's clock (UTC).

    Before there is a ledger nothing is used.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    if is_new(setup.settings.ledger_url):
        unused = {name: unused_table(table) for name, table in setup.config.tables.items()}
        return forecast_tables(SlotFacts(datetime.now(UTC).timestamp(), unused, {}), setup.config)
    with consistent_read(setup.ledger) as moment:
        facts = read_slot_facts(Books(moment), setup.config)
    return forecast_tables(facts, setup.config)


def read_slot_facts(books: Books, config: TablesConfig) -> SlotFacts:
    """Read how the configuration's tables and slots stand, and what went through them."""
    return SlotFacts(
        at=books.ledger.now(),
        tables={name: books.read_table(name, table) for name, table in config.tables.items()},
        traffic=read_slot_traffic(books.ledger),
    )


def forecast_tables(facts: SlotFacts, config: TablesConfig) -> tuple[TableForecast, ...]:
    """Forecast every table of the configuration by these facts, as of their day (UTC)."""
    today = datetime.fromtimestamp(facts.at, UTC).date()
    return tuple(
        forecast_table(
            name,
            facts.tables[name],
            _measure_paces(table, facts),
            table.volume_per_month,
            today,
        )
        for name, table in config.tables.items()
    )


def warn_of_slots(tables: Sequence[TableForecast]) -> tuple[str, ...]:
    """Say of all tables what is near its end, and what to do."""
    return tuple(warning for table in tables for warning in warn_of(table))


def describe_tables(tables: Sequence[TableForecast]) -> Iterator[dict[str, object]]:
    """Give the forecasts for machines: days as text, with what follows from the figures."""
    for table in tables:
        slots = [asdict(slot) | _describe_use(table, slot) for slot in table.slots]
        said = {
            "slots": slots,
            "part_of_rows_used": table.part_of_rows_used,
            "n_left_in_slots": None if table.auto_delete else table.n_left_in_slots,
            "slots_run_out_on": table.slots_run_out_on,
        }
        yield asdict(table) | said


def _describe_use(table: TableForecast, slot: SlotForecast) -> dict[str, object]:
    if table.auto_delete:
        return dict.fromkeys(("safe_limit", "n_left", "part_used"))
    return {"part_used": slot.part_used}


def _measure_paces(table: Table, facts: SlotFacts) -> list[Pace]:
    """Measure each slot over the same days: since the first of them was used."""
    none = SlotTraffic(0, 0, facts.at)
    of_slots = [facts.traffic.get(slot.name, none) for slot in table.slots]
    days_known = (facts.at - min(one.first_at for one in of_slots)) / _DAY_S
    return [measure_pace(one.n_in_week, one.n_in_month, days_known) for one in of_slots]
