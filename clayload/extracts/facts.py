"""What can be told from a file's bytes alone, in one reading?

In:    a path.
Out:   sha256, size, newlines, and whether a NUL byte occurs; memory does not grow with the file.
Never: a decoded character.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from clayload.errors import Code, UnreadableExtractError

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ByteFacts:
    """`n_lines` counts a last line without a newline too."""

    sha256: str
    n_bytes: int
    n_lines: int
    has_nul: bool


def read_facts(path: Path) -> ByteFacts:
    """Read a file once, block by block.

    Raises:
        UnreadableExtractError: the file cannot be opened or read.
    """
    digest = hashlib.sha256()
    n_bytes, n_newlines, has_nul, last = 0, 0, False, b""
    # Hashing lets go of the interpreter, so the block is counted at the same time.
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(digest.update, b"")
        for block in read_blocks(path):
            hashed.result()
            hashed = pool.submit(digest.update, block)
            n_bytes += len(block)
            n_newlines += block.count(b"\n")
            has_nul = has_nul or b"\0" in block
            last = block[-1:]
    return ByteFacts(digest.hexdigest(), n_bytes, n_newlines + (last not in b"\n"), has_nul)


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes in blocks of `BLOCK_BYTES`.

    Raises:
        UnreadableExtractError: the file cannot be opened or read.
    """
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as exc:
        raise UnreadableExtractError(
            Code.EXTRACT_UNREADABLE,
            f"{path.name} cannot be read: {exc.strerror}",
            hint="check the file's permissions and that it is still there",
            file=path.name,
        ) from exc
