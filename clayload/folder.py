"""What if a folder of ours cannot be written?

In:    the folder, and what to do about it.
Out:   a RunError with the next step, whatever the operating system said.
Never: a traceback for a full disk or a folder of somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clayload.errors import Code, RunError

FREE_SPACE = "free some space, or point CLAYLOAD_HOME to a folder that can be written"


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
