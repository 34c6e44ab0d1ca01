"""Which workspaces, tables and sources are there, and what has been counted for them?

In:    specs by name (a whole document, or one change), and a clock.
Out:   `Clay`, the whole state of the stand-in.
Never: HTTP, and never the judgement of a submission.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from clayload.standin.faults import Faults
from clayload.standin.spec import SourceSpec, StandinConfig, TableSpec, WorkspaceSpec
from clayload.standin.table import Table
from clayload.standin.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from clayload.standin.spec import RotationSpec

N_LAST_ANSWERS = 50
_UUID_LENGTH = 36

_T = TypeVar("_T")


class UnknownNameError(LookupError):
    """No workspace, table or source of that name."""


class Source:
    """One webhook source. `n_accepted` never falls; `n_records` became rows."""

    def __init__(self, source_id: str, spec: SourceSpec, table: Table) -> None:
        self.id = source_id
        self.spec = spec
        self.table = table
        self.n_accepted = spec.submissions
        self.n_records = spec.submissions
        self.token_from = 0.0

    @property
    def label(self) -> str:
        """What people see of it: its name, or its id; of one as long as Clay's own, the end."""
        # A UUID is a secret, of whatever Clay it is; what is shorter was made up for this one.
        own = self.id if len(self.id) < _UUID_LENGTH else f"…{self.id[-6:]}"
        return self.spec.name or own


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """One line of the page's list of answers."""

    at_s: float
    source: str
    table: str
    label: str
    why: str


class Clay:
    """The whole state. `clock` gives monotonic seconds; times for people start at `started_at`."""

    def __init__(self, clock: Callable[[], float], started_at: datetime | None = None) -> None:
        self._clock = clock
        self._zero = clock()
        self._started_at = started_at or datetime.now(UTC)
        self._document = StandinConfig()
        self.configure(self._document)

    def now(self) -> float:
        """Return the seconds since the stand-in started."""
        return self._clock() - self._zero

    def time_of(self, seconds: float) -> str:
        """Return a moment of the stand-in's clock as an ISO time in UTC, to the microsecond."""
        return (self._started_at + timedelta(seconds=seconds)).isoformat(timespec="microseconds")

    def configure(self, document: StandinConfig) -> None:
        """Start over as the document says: no rows, no faults, fresh counters."""
        self._document = document
        self.workspaces: dict[str, Workspace] = {}
        self.tables: dict[str, Table] = {}
        self.sources: dict[str, Source] = {}
        self.faults = Faults()
        self.unknown_source_answers = Counter[str]()
        self.last_answers: deque[LastAnswer] = deque(maxlen=N_LAST_ANSWERS)
        for name, workspace in document.workspaces.items():
            self.workspaces[name] = Workspace(name, workspace, self.now())
        for name, table in document.tables.items():
            self.tables[name] = Table(name, table, self.workspaces[table.workspace])
        for source_id, source in document.sources.items():
            self.sources[source_id] = Source(source_id, source, self.tables[source.table])

    def reset(self) -> None:
        """Go back to the last whole document."""
        self.configure(self._document)

    def put_workspace(self, name: str, fields: dict[str, Any]) -> Workspace:
        """Make a workspace, or change the given fields of one."""
        known = self.workspaces.get(name)
        if known is None:
            known = Workspace(name, WorkspaceSpec.model_validate(fields), self.now())
            self.workspaces[name] = known
        else:
            known.adjust(known.spec.changed(fields), self.now())
        return known

    def put_table(self, name: str, fields: dict[str, Any]) -> Table:
        """Make a table, or change the given fields of one."""
        known = self.tables.get(name)
        spec = known.spec.changed(fields) if known else TableSpec.model_validate(fields)
        workspace = self.workspace(spec.workspace)
        if known is None:
            known = self.tables[name] = Table(name, spec, workspace)
        else:
            known.adjust(spec, workspace)
        return known

    def put_source(self, source_id: str, fields: dict[str, Any]) -> Source:
        """Make a source, or change the given fields of one; `submissions` sets its counter."""
        known = self.sources.get(source_id)
        spec = known.spec.changed(fields) if known else SourceSpec.model_validate(fields)
        table = self.table(spec.table)
        if known is None:
            known = self.sources[source_id] = Source(source_id, spec, table)
        else:
            known.spec, known.table = spec, table
            if "submissions" in fields:
                known.n_accepted = known.n_records = spec.submissions
        return known

    def rotate_token(self, source_id: str, rotation: RotationSpec) -> str:
        """Give the source a new token and return it; the old one dies now (behaviour 5)."""
        source = self.source(source_id)
        token = rotation.token or secrets.token_urlsafe(24)
        source.spec = source.spec.changed({"token": token})
        source.token_from = self.now() + rotation.new_refused_for_s
        return token

    def workspace(self, name: str) -> Workspace:
        """Return the workspace or raise UnknownNameError."""
        return _find("workspace", self.workspaces, name)

    def table(self, name: str) -> Table:
        """Return the table or raise UnknownNameError."""
        return _find("table", self.tables, name)

    def source(self, source_id: str) -> Source:
        """Return the source or raise UnknownNameError."""
        return _find("source", self.sources, source_id)


def _find(kind: str, known: dict[str, _T], name: str) -> _T:
    if name not in known:
        raise UnknownNameError(f"unknown {kind} {name!r}")
    return known[name]
