"""What if a folder of ours cannot be written, or must go?

In:    the folder, and what to do about it.
Out:   a RunError with the next step, whatever the operating system said; or no folder any more.
Never: a traceback for a full disk or a folder of somebody else's.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clayload.errors import Code, RunError

FREE_SPACE = "free some space, or point CLAYLOAD_HOME to a folder that can be written"
_REMOVALS, _BETWEEN_REMOVALS_S = 20, 0.05


@contextmanager
def writing_to(
    folder: Path, *, hint: str = FREE_SPACE, code: Code = Code.RUN_FOLDER_UNUSABLE
) -> Iterator[None]:
    """Write to a folder, in the block.

    Raises:
        RunError: the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            code,
            f"{folder} cannot be written: {error.strerror or error}",
            hint=hint,
            folder=str(folder),
        ) from error


def remove_folder(path: Path) -> None:
    """Remove a folder and all that is in it, as far as that can be done.

    Once a query of polars has failed, its other threads may still be making their files.
    """
    for _ in range(_REMOVALS):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(_BETWEEN_REMOVALS_S)


_PROBE_BYTES = 1 << 20


def probe_space(folder: Path) -> None:
    """Write and delete `_PROBE_BYTES` in the folder.

    Raises:
        OSError: the folder cannot take them.
    """
    probe = folder / "probe"
    try:
        probe.write_bytes(bytes(_PROBE_BYTES))
    finally:
        probe.unlink(missing_ok=True)
