"""What happened to one lead, over all runs, from the file it came in to Clay's last answer?

In:    an e-mail address or a lead_key; the ledger, and the run folders it knows of.
Out:   the lead's story in time order, how it stands, and what can be done next.
Never: a write; and no "unknown" without saying where was looked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from clayload.errors import Code, RunError
from clayload.frames.find_set_aside import KeyReader, SetAside, find_set_aside
from clayload.frames.set_aside import ASIDE_FILES
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.runs import RunRow, list_all
from clayload.ledger.books.story import count_submissions, read_story
from clayload.plural import count
from clayload.report.lead_story import (
    LeadEvent,
    StoryPart,
    SubmissionStatus,
    describe_set_aside,
    describe_status,
    list_events,
    list_next_steps,
)
from clayload.runs.run_folder import find_run_folder
from clayload.setup import Setup
from clayload.tables.table import OnInDoubt

_MAIL = ("email",)


class LeadStory(StoryPart):
    """All that is known of a lead; `not_searched` says where nobody could look."""

    lead: str
    events: tuple[LeadEvent, ...]
    statuses: tuple[SubmissionStatus, ...]
    next_steps: tuple[str, ...]
    not_searched: tuple[str, ...]


def trace_lead(lead: str, setup: Setup) -> LeadStory:
    """Tell the story of a lead; reads only.

    Raises:
        RunError: LEAD_UNKNOWN, with what was searched.
    """
    runs = {run.run_id: run for run in list_all(setup.ledger)}
    keys = KeyReader.of(setup.aliases, {table.key for table in setup.config.tables.values()})
    search = _Search(setup, keys, keys.read(lead))
    folders = {run.run_id: search.folder_of(run) for run in runs.values()}
    wanted = search.wanted | search.keys_by_mail(folders.values())
    tables = setup.config.tables.items()
    resending = {name for name, table in tables if table.on_in_doubt is OnInDoubt.RESEND}
    orphans = find_orphans(setup.ledger, setup.departures_folder)
    found = read_story(setup.ledger, wanted, orphans)
    aside = [(run, one) for run in runs.values() for one in search.set_aside(folders[run.run_id])]
    told = [
        LeadEvent(at=run.started_at, run_id=run.run_id, what=describe_set_aside(one))
        for run, one in aside
    ]
    events = sorted([*told, *list_events(found)], key=lambda one: one.at)
    if not events:
        raise _unknown(lead, setup, search, len(runs))
    return LeadStory(
        lead=lead,
        events=tuple(events),
        statuses=tuple(describe_status(one) for one in found.submissions),
        next_steps=tuple(list_next_steps(found, aside, resending)),
        not_searched=tuple(search.not_searched),
    )


class _Search:
    """A search through run folders, some of which may be gone."""

    def __init__(self, setup: Setup, keys: KeyReader, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.not_searched: list[str] = []
        self._setup = setup
        self._keys = keys

    def folder_of(self, run: RunRow) -> Path | None:
        """Find a run's folder; one that is gone is noted."""
        try:
            return find_run_folder(run, self._setup, *self._names())
        except RunError as error:
            self.not_searched.append(error.message)
            return None

    def set_aside(self, folder: Path | None) -> Sequence[SetAside]:
        """Look through what a run set aside; what cannot be read is noted."""
        if folder is None:
            return ()
        try:
            return find_set_aside(folder, self._keys, self.wanted)
        except (OSError, pl.exceptions.PolarsError) as error:
            self.not_searched.append(f"what lies in {folder}: {str(error).splitlines()[0]}")
            return ()

    def _names(self) -> list[str]:
        """Name the files that are looked through, for runs that keep them elsewhere."""
        tables = sorted(self._by_other_key())
        return [*ASIDE_FILES, *(f"{name}/*.parquet" for name in tables)]

    def _by_other_key(self) -> frozenset[str]:
        """Name the tables whose key is not the address, but which hold it."""
        tables = self._setup.config.tables.items()
        return frozenset(
            name for name, table in tables if table.key != _MAIL and "email" in table.fields
        )

    def keys_by_mail(self, folders: Collection[Path | None]) -> frozenset[str]:
        """Find the lead_keys of an address in tables whose key is something else."""
        paths = [
            path
            for folder in folders
            if folder is not None
            for name in sorted(self._by_other_key())
            for path in sorted((folder / name).glob("*.parquet"))
        ]
        return frozenset(key for path in paths for key in self._keys_in(path))

    def _keys_in(self, path: Path) -> list[str]:
        rows = pl.scan_parquet(path)
        try:
            found = rows.filter(pl.col("email").is_in(sorted(self.wanted))).select("lead_key")
            return found.collect().to_series().to_list()
        except (OSError, pl.exceptions.PolarsError) as error:
            self.not_searched.append(f"{path}: {str(error).splitlines()[0]}")
            return []


def _unknown(lead: str, setup: Setup, search: _Search, n_runs: int) -> RunError:
    n = count_submissions(setup.ledger)
    keys = " and ".join(f"'{key}'" for key in sorted(search.wanted)) or "nothing"
    gone = f", but for {len(search.not_searched)} that are gone" if search.not_searched else ""
    return RunError(
        Code.LEAD_UNKNOWN,
        f"no run had the lead '{lead}': looked for {keys} among the keys of "
        f"{count(n, 'submission')}, and in what {count(n_runs, 'run')} set aside{gone}",
        hint="check its spelling; a table whose key is not the address knows it by its lead_key, "
        "and a row left out by --limit or --table leaves no trace",
        lead=lead,
    )
