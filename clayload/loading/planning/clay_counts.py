"""What does Clay itself say before a load, and does the ledger agree?

In:    Clay's own command; how tables and slots stand by the ledger.
Out:   balances to pay with; tables and slots by whichever count is the larger; where the two
       differ, or Clay's word is not known, a sentence.
Never: a stop: a plan is made without Clay's word, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from clayload.capacity.funds import Fund
from clayload.clay.command import Balances, ClayCommand, LiveCounts, Unknown
from clayload.delivery.budget import Unit
from clayload.delivery.grant import SlotSnapshot, TableSnapshot
from clayload.plural import count
from clayload.tables.table import Table

BALANCE = "balance in Clay"
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ClayCounts:
    """Clay's word: `counts` by table, where they were asked for."""

    balances: Balances | Unknown
    counts: Mapping[str, LiveCounts | Unknown]

    @property
    def funds(self) -> list[Fund]:
        """What there is to pay with, as far as it is known."""
        if isinstance(self.balances, Unknown):
            return []
        left = {Unit.CREDITS: self.balances.credits, Unit.ACTIONS: self.balances.actions}
        return [Fund(BALANCE, unit, n) for unit, n in left.items()]

    def describe_unknown(self) -> Iterator[str]:
        """Say what is not known, and why, each reason once."""
        said = []
        if isinstance(self.balances, Unknown):
            said.append(f"credits and Actions left in Clay are not known: {self.balances.why}")
        for name, counts in self.counts.items():
            if isinstance(counts, Unknown):
                said.append(f"{name}: rows in Clay are not known: {counts.why}")
        yield from said

    def apply(self, name: str, snapshot: TableSnapshot) -> tuple[TableSnapshot, list[str]]:
        """Give a table by the larger of two counts, and say where they differ."""
        counts = self.counts.get(name)
        if not isinstance(counts, LiveCounts):
            return snapshot, []
        notes = list(_compare_rows(name, snapshot, counts))
        slots = []
        for slot in snapshot.slots:
            n_records = _find_records(slot, snapshot, counts)
            if n_records is None:
                notes.append(_describe_unmatched(name, slot))
                slots.append(slot)
                continue
            if n_records != slot.used:
                notes.append(_describe_difference(name, slot, n_records))
            slots.append(replace(slot, used=max(slot.used, n_records)))
        rows_used = max(snapshot.rows_used, counts.n_rows)
        return replace(snapshot, rows_used=rows_used, slots=slots), notes


UNASKED = ClayCounts(Unknown("they were not asked for"), {})


def read_clay_counts(command: ClayCommand, tables: Mapping[str, Table]) -> ClayCounts:
    """Ask Clay for balances, and how full these tables are; all at once, as each may be slow.

    A table without `clay_table_id` is not asked for, nor one that Clay keeps lean itself.
    """
    ids = {
        name: table.clay_table_id
        for name, table in tables.items()
        if table.clay_table_id is not None and not table.auto_delete
    }
    with ThreadPoolExecutor(_AT_ONCE, "clay") as pool:
        balances = pool.submit(command.read_balances)
        counts = pool.map(command.read_counts, ids.values())
        return ClayCounts(balances.result(), dict(zip(ids, counts, strict=True)))


def _compare_rows(name: str, snapshot: TableSnapshot, counts: LiveCounts) -> Iterator[str]:
    if counts.n_rows != snapshot.rows_used:
        yield (
            f"{name}: Clay counts {count(counts.n_rows, 'row')}, the ledger "
            f"{snapshot.rows_used:,}; the larger is counted"
        )


def _find_records(slot: SlotSnapshot, snapshot: TableSnapshot, counts: LiveCounts) -> int | None:
    """Find what Clay counts for a slot: the source of its name, or the only one there is."""
    named = [n for name, n in counts.sources if name.strip().lower() == slot.name]
    if len(named) == 1:
        return named[0]
    if len(snapshot.slots) == len(counts.sources) == 1:
        return counts.sources[0][1]
    return None


def _describe_difference(name: str, slot: SlotSnapshot, n_records: int) -> str:
    more = n_records - slot.used
    fix = f"; raise its already_used by {more:,}" if more > 0 else ""
    return (
        f"{name}: Clay counts {count(n_records, 'submission')} through {slot.name}, the ledger "
        f"{slot.used:,}; the larger is counted{fix}"
    )


def _describe_unmatched(name: str, slot: SlotSnapshot) -> str:
    return (
        f"{name}: no webhook is called {slot.name} in Clay, or several are: how many submissions "
        "it has taken is not known there"
    )
