"""Which of the files that people copy into a folder are complete?

In:    the files that are there, as often as somebody looks, and a clock.
Out:   those whose size and time of change stood still for long enough.
Never: an empty file: a copy that has only begun looks like one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

_Look: TypeAlias = tuple[int, int, int]


@dataclass(slots=True)
class StableFiles:
    """Remembers since when each file has looked as it does; `clock` gives seconds."""

    stable_for_s: float
    clock: Callable[[], float]
    is_changing: bool = False
    _since: dict[Path, tuple[_Look, float]] = field(default_factory=dict)

    def sift(self, files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
        """Give the complete ones, and those that stay empty; `is_changing` if there are others."""
        now = self.clock()
        looks = {file: look for file in files if (look := _look_at(file)) is not None}
        before = self._since
        self._since = {
            file: before[file] if file in before and before[file][0] == look else (look, now)
            for file, look in looks.items()
        }
        still = [
            file for file, (_, since) in self._since.items() if now - since >= self.stable_for_s
        ]
        self.is_changing = len(still) < len(looks)
        return [f for f in still if looks[f][0] > 0], [f for f in still if looks[f][0] == 0]

    def is_unchanged(self, file: Path) -> bool:
        """Whether a file looks as it did when it was sifted last."""
        return file in self._since and self._since[file][0] == _look_at(file)


def _look_at(file: Path) -> _Look | None:
    """Size, time of change and inode; None if somebody took the file away."""
    try:
        facts = file.lstat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns, facts.st_ino
