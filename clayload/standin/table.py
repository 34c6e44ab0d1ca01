"""What does one Clay table hold?

In:    accepted submissions with the time of their arrival.
Out:   rows in order of arrival, the columns they made, and the counts of them.
Never: a decision whether a submission is accepted; `judge` makes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from clayload.standin.plans import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clayload.standin.spec import TableSpec
    from clayload.standin.workspace import Workspace

DEDUPE_LIMIT_CHARS = 200
"""Auto-dedupe skips longer values (clay-facts.md §1)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the submission's body as it came (the source cell), its source, its arrival."""

    body: bytes
    source_id: str
    received_s: float

    def payload(self) -> object:
        """Return the submission as JSON data."""
        payload: object = json.loads(self.body)
        return payload


class Table:
    """A table of a workspace; `n_runs` counts the rows on which auto-run would start enrichment.

    `n_unpaid` counts those on which it would not, for want of credits or Actions.
    """

    def __init__(self, name: str, spec: TableSpec, workspace: Workspace) -> None:
        self.name = name
        self.spec = spec
        self.workspace = workspace
        self.n_runs = 0
        self.n_unpaid = 0
        self._rows: dict[int, Row] = {}
        self._n_ever = 0
        self._keys: dict[str, None] = {}
        self._kept: dict[str, int] = {}

    @property
    def n_rows(self) -> int:
        """How many rows the table holds now."""
        return len(self._rows)

    @property
    def row_limit(self) -> int:
        """The table's own limit, or the plan's."""
        own = self.spec.row_limit
        return PLANS[self.workspace.spec.plan].row_limit if own is None else own

    @property
    def columns(self) -> tuple[str, ...]:
        """The mapped columns: those set, or one per top-level key seen (behaviour 11)."""
        return self.spec.columns if self.spec.columns is not None else tuple(self._keys)

    def adjust(self, spec: TableSpec, workspace: Workspace) -> None:
        """Change the settings; auto-dedupe then knows the rows already there, and keeps them."""
        self.spec, self.workspace = spec, workspace
        self._kept = {}
        if spec.auto_dedupe is not None:
            for number, row in self._rows.items():
                value = self._dedupe_value(row.payload())
                if value is not None:
                    self._kept.setdefault(value, number)

    def store(self, row: Row, payload: object) -> None:
        """Add one row, then let auto-run count it and auto-dedupe look at it."""
        number = self._n_ever
        self._n_ever += 1
        self._rows[number] = row
        if isinstance(payload, dict):
            self._keys.update(dict.fromkeys(payload))
        if self.spec.auto_run:
            self._enrich()
        if self.spec.auto_dedupe is not None:
            self._dedupe(number, payload)

    def rows(self, offset: int = 0, limit: int | None = None) -> Iterator[Row]:
        """Yield rows in order of arrival."""
        stop = None if limit is None else offset + limit
        return islice(self._rows.values(), offset, stop)

    def delete_rows(self, first: int | None = None) -> int:
        """Delete the `first` oldest rows, or all; return how many. No counter goes back."""
        numbers = list(islice(self._rows, first))
        for number in numbers:
            del self._rows[number]
        self._kept = {value: n for value, n in self._kept.items() if n in self._rows}
        return len(numbers)

    def _enrich(self) -> None:
        if self.workspace.balance.pay_for_row(self.spec):
            self.n_runs += 1
        else:
            self.n_unpaid += 1

    def _dedupe_value(self, payload: object) -> str | None:
        dedupe = self.spec.auto_dedupe
        value = payload.get(dedupe.column) if dedupe and isinstance(payload, dict) else None
        if not isinstance(value, str) or not value.strip() or len(value) > DEDUPE_LIMIT_CHARS:
            return None
        return value

    def _dedupe(self, number: int, payload: object) -> None:
        dedupe, value = self.spec.auto_dedupe, self._dedupe_value(payload)
        if dedupe is None or value is None:
            return
        kept = self._kept.setdefault(value, number)
        if kept == number:
            return
        is_missed = self._rows[number].received_s - self._rows[kept].received_s < dedupe.blind_s
        loser = number if dedupe.keep == "oldest" else kept
        if dedupe.keep == "newest":
            self._kept[value] = number
        if not is_missed:
            del self._rows[loser]
