"""Which of its granted leads had a process put on the wire when it ended?

In:    a folder on this machine's disk, and the leads as they leave.
Out:   a file per process, held locked while it lives: eight bytes for each lead, written just
       before the lead goes on the wire.
Never: a fsync: what a process has written outlives it, whatever kills it. A power cut it does not
       outlive, so the file counts only until the machine has started anew.

Without it, every lead of a grant would be in doubt once its process is killed; with it, only those
that really left.
"""

from __future__ import annotations

# Not by a locking library: the lock here is a sign of life, on the very file that is written. It
# must end with the process and never before, a fork shares it, and many may look at it at once.
# Linux and macOS both promise that of flock(2); libraries take a file of their own, for one taker,
# and give it back with the object that took it: then a living process would pass for ended, and its
# leads be sent twice.
import fcntl
import os
import struct
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clayload.errors import Code, LedgerError
from clayload.ledger.rules.boot_session import read_boot_id

_ID = struct.Struct("<q")
_SUFFIX = ".departures"


@dataclass(frozen=True, slots=True)
class Departures:
    """What one process notes. `sender` names the process in the ledger; empty if nobody notes."""

    sender: str = ""
    file_no: int = -1

    def note(self, submission_id: int) -> None:
        """Note that a lead goes on the wire now.

        Raises:
            LedgerError: it cannot be written; the lead must not be sent.
        """
        if not self.sender:
            return
        try:
            os.write(self.file_no, _ID.pack(submission_id))
        except OSError as error:
            raise LedgerError(
                Code.LEDGER_WRITE_FAILED,
                f"the note of a departing lead could not be written: {error.strerror}",
                hint="free some disk space and run the same load again: it resumes",
            ) from error


NO_DEPARTURES = Departures()


def open_departures(folder: Path, find_boot_id: Callable[[], str] = read_boot_id) -> Departures:
    """Begin this process's file; without boot ids or locks nobody notes anything.

    Raises:
        OSError: the folder cannot be written.
    """
    boot_id = find_boot_id()
    if not boot_id:
        return NO_DEPARTURES
    folder.mkdir(parents=True, exist_ok=True)
    sender = f"{boot_id}.{uuid.uuid4().hex}"
    new, path = folder / f"{sender}.new", folder / f"{sender}{_SUFFIX}"
    file_no = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(file_no, fcntl.LOCK_EX)
    except OSError:
        # A disk that knows no locks, such as some that lie on a network.
        os.close(file_no)
        new.unlink()
        return NO_DEPARTURES
    # Only now may others see it: whoever finds it unlocked takes its process for ended.
    new.rename(path)
    return Departures(sender, file_no)


@dataclass(frozen=True, slots=True)
class EndedSender:
    """A process of this machine that ended, and the submissions it put on the wire."""

    sender: str
    departed: frozenset[int]


@contextmanager
def ended_senders(
    folder: Path, find_boot_id: Callable[[], str] = read_boot_id
) -> Iterator[list[EndedSender]]:
    """Find the processes that ended; their files are deleted once the block is through.

    Files of before the machine's last start tell nothing: they are left out, and deleted.
    """
    boot_id = find_boot_id()
    # Where the start has no name, none of them can be said to be of another one.
    found = _read_ended(folder) if boot_id else {}
    yield _of_start(boot_id, found)
    for path in found:
        path.unlink(missing_ok=True)


def look_for_ended(folder: Path) -> list[EndedSender]:
    """Find the processes that ended, and leave their files to whoever settles what they left."""
    boot_id = read_boot_id()
    return _of_start(boot_id, _read_ended(folder)) if boot_id else []


def _read_ended(folder: Path) -> dict[Path, frozenset[int]]:
    return {
        path: departed
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
        if (departed := _read_if_ended(path)) is not None
    }


def _of_start(boot_id: str, found: Mapping[Path, frozenset[int]]) -> list[EndedSender]:
    return [
        EndedSender(path.stem, departed)
        for path, departed in found.items()
        if path.stem.startswith(f"{boot_id}.")
    ]


def _read_if_ended(path: Path) -> frozenset[int] | None:
    """Read what a process noted; None while it lives, or if somebody else has settled it."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            content = file.read()
    except OSError:
        return None
    # A write that was cut short belongs to a lead that did not leave.
    whole = len(content) - len(content) % _ID.size
    return frozenset(submission_id for (submission_id,) in _ID.iter_unpack(content[:whole]))
