"""What can the shell offer for what a person has begun to type?

In:    the environment, as the command would read it.
Out:   run ids, newest first, and the names of tables, slots and workspaces, each with a few words.
Never: an error, a wait for longer than a second, or a write: at a TAB nothing is worth any of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from typing import TypeAlias

from clayload.ledger.books.runs import list_newest
from clayload.setup import Setup, read_setup

_WITHIN_S = 1.0
_NEWEST = 50

Suggestion: TypeAlias = tuple[str, str]
"""What may be typed, and what it is."""


def suggest_runs() -> list[Suggestion]:
    """Offer the newest runs."""
    return _read(_list_runs)


def suggest_tables() -> list[Suggestion]:
    """Offer the tables of the configuration."""
    return _read(lambda setup: ((name, "") for name in setup.config.tables))


def suggest_slots() -> list[Suggestion]:
    """Offer the slots of the configuration, each with its table."""
    return _read(
        lambda setup: (
            (slot.name, name) for name, table in setup.config.tables.items() for slot in table.slots
        )
    )


def suggest_workspaces() -> list[Suggestion]:
    """Offer the workspace of the configuration."""
    return _read(lambda setup: ((setup.config.workspace.name, ""),))


def _list_runs(setup: Setup) -> Iterator[Suggestion]:
    for run in list_newest(setup.ledger, _NEWEST):
        yield run.run_id, f"{run.cycle}, {run.outcome or 'open'}"


def _read(list_them: Callable[[Setup], Iterable[Suggestion]]) -> list[Suggestion]:
    found: list[Suggestion] = []
    # A server that does not answer is waited for by nobody: the thread ends with the process.
    thread = Thread(target=_collect, args=(list_them, found), daemon=True)
    thread.start()
    thread.join(_WITHIN_S)
    return found[:]


def _collect(list_them: Callable[[Setup], Iterable[Suggestion]], found: list[Suggestion]) -> None:
    try:
        found.extend(list_them(read_setup(os.environ, read_only=True)))
    except Exception:  # noqa: BLE001 - whatever it is, a command that is called says it
        return
