"""How does a person put an extract in place, to be loaded for an event?

In:    a file, the event's name, the folder where extracts land.
Out:   a copy at `<folder>/<event>/<file name>`, checked, announced, and noted as announced.
Never: the person's file changed or moved; other content overwritten.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from clayload.extracts.facts import read_blocks, read_facts
from clayload.extracts.find import check_file
from clayload.extracts.landing.place import Announcer, Landed, LandingPlace, find_free
from clayload.extracts.open import open_extract
from clayload.tables.headers import HeaderAliases


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a drop: where the extract lies, whether it lay there, and was announced now."""

    landed: Landed
    was_there: bool
    is_announced: bool


@dataclass(frozen=True, slots=True)
class DropFolder:
    """The folder where dropped extracts land, one folder below it for each event."""

    folder: Path
    aliases: HeaderAliases
    announcer: Announcer

    def ingest(self, file: Path, event_name: str, *, again: bool = False) -> Ingested:
        """Copy an extract into its event's folder, and announce it.

        The same content there already is not announced twice, unless `again`.

        Raises:
            UnreadableExtractError: the file cannot be opened as an extract.
            AnnounceError: it cannot be announced; nothing was put in place, or what was is
                announced by the same drop later.
            RunError: the folder cannot be written.
        """
        check_file(file)
        self.announcer.check()
        place = LandingPlace((self.folder / event_name).resolve(), self.announcer)
        with place.alone(is_waiting=True), place.scratch() as scratch:
            copy = scratch / "copy" / file.name
            with place.writing():
                sha256, n_bytes = _copy(file, copy)
            open_extract([copy], self.aliases, scratch / "work")
            known = place.find(sha256)
            if known is not None and _lies_there(known):
                return _announce_known(place, known, again=again)
            target = find_free(place.folder, file.name, sha256)
            landed = Landed(event_name, target, sha256, n_bytes)
            place.land(copy, landed)
        return Ingested(landed, was_there=False, is_announced=True)


def _lies_there(known: Landed) -> bool:
    """Whether its file is there and is still the same: another one may have taken its name."""
    return known.file.exists() and read_facts(known.file).sha256 == known.sha256


def _announce_known(place: LandingPlace, known: Landed, *, again: bool) -> Ingested:
    """Announce what lies there already if that is still owed, or asked for."""
    is_owed = known in place.list_unannounced()
    if is_owed:
        place.finish(known)
    elif again:
        place.announcer.announce(known)
    return Ingested(known, was_there=True, is_announced=is_owed or again)


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file to the disk; give the sha256 and size of what was copied."""
    target.parent.mkdir()
    digest, n_bytes = hashlib.sha256(), 0
    with target.open("xb") as file:
        for block in read_blocks(source):
            digest.update(block)
            n_bytes += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), n_bytes
