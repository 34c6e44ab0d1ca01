"""What is asked for when somebody says "load this"?

In:    what a person, a schedule or a trigger gives.
Out:   one value that every step understands.
Never: a frame, a secret, or anything personal: it may become a Prefect parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.model import Priority
from clayload.tables.hints import Hints

NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """Which extract, for which cycle, and how much of it.

    `files` are paths or glob patterns, read as one extract. Without `cycle`, it is the one the
    same extract was loaded for before, or else the current month. `priority` replaces that of the
    tables. `parent_run_id` is the run that had set the files' rows aside, if one had. `hints` say
    how the files are to be read; with `is_first` a load is refused that was done before. `plan_id`
    names the plan that the load must not go past.
    """

    files: tuple[str, ...]
    cycle: str | None = None
    table: str | None = None
    limit: int | None = None
    priority: Priority | None = None
    parent_run_id: str | None = None
    hints: Hints = NO_HINTS
    is_first: bool = False
    plan_id: str | None = None
