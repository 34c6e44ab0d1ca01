"""Where do leads go in a dry run?

In:    the bodies the real run would send.
Out:   a file with one JSON object per line, to be looked at.
Never: a network connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write_bodies(path: Path, bodies: Iterable[bytes]) -> int:
    """Append the bodies to `path`, a line each; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n_written = 0
    with path.open("ab") as file:
        for body in bodies:
            file.write(body + b"\n")
            n_written += 1
    return n_written
