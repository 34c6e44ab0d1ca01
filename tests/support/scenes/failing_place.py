"""Where do extracts land in a test, with a disk and a server that fail when it says so?

In:    a folder, and the steps at which the process dies, the disk is full, or nobody answers.
Out:   `FailingPlace`: what was heard, what lies where.
Never: a folder in memory: files are moved on a real disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clayload.errors import AnnounceError, Code
from clayload.extracts.landing.inbox import Inbox
from clayload.extracts.landing.place import NOTES, Landed, LandingPlace, move_durably
from clayload.extracts.landing.stable_files import StableFiles
from clayload.tables.headers import read_headers

ALIASES = read_headers(Path(__file__).parents[3] / "config" / "headers.yaml")
GOOD = [f"email\n{name}@example.com\n".encode() for name in ("ada", "alan", "grace")]
BAD = [b"email\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]


class Crash(BaseException):
    """The process is gone; nothing may catch it."""


@dataclass(slots=True)
class FailingPlace:
    """A landing place whose process dies, or whose disk or server fails, at chosen steps."""

    folder: Path
    fail_at: dict[int, str] = field(default_factory=dict)
    heard: list[Landed] = field(default_factory=list)
    heard_in_vain: list[str] = field(default_factory=list)
    on_check: Callable[[], object] = bool
    n_steps: int = 0
    unnoted: str = ""

    @property
    def place(self) -> LandingPlace:
        """The folder, with ourselves as its server and its disk."""
        return LandingPlace(self.folder, self, self.move)

    def inbox(self, event_name: str | None = None) -> Inbox:
        """Watch the folder; what is in it counts as complete at first sight."""
        return Inbox(self.place, ALIASES, StableFiles(0, lambda: 0), event_name)

    def put(self, name: str, content: bytes = GOOD[0]) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def look(self, inbox: Inbox | None = None) -> list[str]:
        """Look once as the process that is alone here."""
        inbox = inbox or self.inbox()
        with inbox.place.alone(is_waiting=False):
            return list(inbox.look())

    def tree(self) -> dict[str, bytes]:
        """Every file that people see, by its path in the folder."""
        files = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        seen = {path.relative_to(self.folder): path for path in files}
        return {str(at): seen[at].read_bytes() for at in seen if NOTES not in at.parts}

    def check(self) -> None:
        self.on_check()
        self._step("server")

    def announce(self, landed: Landed) -> None:
        content = landed.file.read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (
            landed.sha256,
            landed.n_bytes,
        )
        self._step("server")
        self.heard.append(landed)
        self.unnoted = landed.sha256
        self._step("server")

    def move(self, source: Path, target: Path) -> None:
        self._step("disk")
        move_durably(source, target)
        if target.parent.name == "announced":
            self.unnoted = ""
        self._step("crash")

    def _step(self, what_may_fail: str) -> None:
        self.n_steps += 1
        how = self.fail_at.pop(self.n_steps, "")
        if not how:
            return
        self.heard_in_vain += [self.unnoted] if self.unnoted else []
        self.unnoted = ""
        if how == "crash":
            raise Crash
        if what_may_fail == "disk":
            raise OSError(28, os.strerror(28))
        if what_may_fail == "server":
            raise AnnounceError(Code.NOT_ANNOUNCED, "nobody answers", hint="start the server")
