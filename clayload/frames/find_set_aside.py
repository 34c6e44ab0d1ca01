"""Did a run set a lead aside, and why?

In:    a run's folder, and the keys under which the lead may be known.
Out:   the lines of quarantine.csv, unrouted.csv, duplicates.csv and suppressed.csv that are this
       lead.
Never: a match on anything but a key: another person's row may name this address, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.frames.lead import to_leads
from clayload.frames.route import UNROUTED_KEY, build_key
from clayload.frames.set_aside import (
    DUPLICATES_FILE,
    OUR_COLUMNS,
    OUR_PREFIX,
    QUARANTINE_FILE,
    SUPPRESSED_FILE,
    UNROUTED_FILE,
)
from clayload.frames.source import RAW
from clayload.model import LEAD_FIELDS, RowEnd
from clayload.tables.headers import HeaderAliases

_COPY = re.compile(r" \(\d+\)$")
_WHOLE_TEXT = "lead_id"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that a run did not send: under which end, on which line of which file, and why."""

    end: RowEnd
    file: str
    line: str
    why: str


@dataclass(frozen=True, slots=True)
class KeyReader:
    """Makes keys as the frames do: `keys` are the fields of each table's key."""

    aliases: HeaderAliases
    keys: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, aliases: HeaderAliases, keys: Collection[tuple[str, ...]]) -> KeyReader:
        """Read the keys of these tables, and e-mail addresses."""
        return cls(aliases, frozenset({UNROUTED_KEY, *keys}))

    def read(self, lead: str) -> frozenset[str]:
        """Read what a person typed: an address as the frames clean it, or a whole lead_key."""
        typed = pl.LazyFrame({"row_number": [1], f"{RAW}email": [lead], f"{RAW}whole": [lead]})
        leads = to_leads(typed, {"email": ["email"], _WHOLE_TEXT: ["whole"]})
        keys = leads.select(build_key(UNROUTED_KEY), build_key((_WHOLE_TEXT,)).alias("whole"))
        return frozenset(key for key in keys.collect().row(0) if key)

    def matches(self, rows: pl.LazyFrame, columns: Sequence[str], wanted: Sequence[str]) -> _Rows:
        """Keep the rows of a user's columns that are the wanted lead."""
        columns_of = self._map(columns)
        leads = to_leads(rows.rename({column: RAW + column for column in columns}), columns_of)
        found = [build_key(key).is_in(wanted) for key in sorted(self.keys)]
        return leads.filter(pl.any_horizontal(found)).collect().to_dicts()

    def _map(self, columns: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Find the columns of each field that a key is made of, or made from."""
        field_of = {column: self.aliases.field_for(_COPY.sub("", column)) for column in columns}
        return {
            field: named
            for field in LEAD_FIELDS
            if (named := [column for column, means in field_of.items() if means == field])
        }


_Rows = list[dict[str, str | None]]


def find_set_aside(folder: Path, keys: KeyReader, wanted: Collection[str]) -> list[SetAside]:
    """Look through what a run set aside.

    Raises:
        OSError: a file cannot be read.
        PolarsError: a file is not what the run wrote.
    """
    look: dict[str, Callable[[Path, KeyReader, Sequence[str]], Iterator[SetAside]]] = {
        QUARANTINE_FILE: _find_quarantined,
        UNROUTED_FILE: _find_unrouted,
        DUPLICATES_FILE: _find_duplicates,
        SUPPRESSED_FILE: _find_suppressed,
    }
    return [
        found
        for name, find in look.items()
        if (folder / name).exists()
        for found in find(folder / name, keys, sorted(wanted))
    ]


def _find_quarantined(path: Path, keys: KeyReader, wanted: Sequence[str]) -> Iterator[SetAside]:
    for row in _match(path, keys, wanted):
        why = f"{row[OUR_PREFIX + 'reasons']}: {row[OUR_PREFIX + 'hint']}"
        yield SetAside(
            RowEnd.QUARANTINED, row[OUR_PREFIX + "file"] or "", row[OUR_PREFIX + "line"] or "", why
        )


def _find_unrouted(path: Path, keys: KeyReader, wanted: Sequence[str]) -> Iterator[SetAside]:
    for row in _match(path, keys, wanted):
        why = "no table's filter took it"
        yield SetAside(
            RowEnd.UNROUTED, row[OUR_PREFIX + "file"] or "", row[OUR_PREFIX + "line"] or "", why
        )


def _find_duplicates(path: Path, _keys: KeyReader, wanted: Sequence[str]) -> Iterator[SetAside]:
    for row in _scan(path).filter(pl.col("lead_key").is_in(_spell(wanted))).collect().to_dicts():
        why = f"it repeats row {row['repeats_row_number']}"
        yield SetAside(RowEnd.DUPLICATE, row["file"], row["line"], why)


def _find_suppressed(path: Path, _keys: KeyReader, wanted: Sequence[str]) -> Iterator[SetAside]:
    is_wanted = pl.any_horizontal(pl.col("lead_key", "email").is_in(_spell(wanted)))
    for row in _scan(path).filter(is_wanted).collect().to_dicts():
        why = f"by {row['suppressed_by']}, of table {row['table']}"
        yield SetAside(RowEnd.SUPPRESSED, row["file"], row["line"], why)


def _spell(wanted: Sequence[str]) -> list[str]:
    """Give keys also as they are written where a spreadsheet would see a formula."""
    return [*wanted, *(f"'{key}" for key in wanted)]


def _match(path: Path, keys: KeyReader, wanted: Sequence[str]) -> _Rows:
    rows = _scan(path)
    delivered = [name for name in rows.collect_schema() if name not in OUR_COLUMNS]
    return keys.matches(rows, delivered, wanted)


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_csv(path, infer_schema=False)
