"""Did polars fail because of what it read, or because it could not write?

In:    the folder that was being written.
Out:   an `OSError` when the folder takes no more bytes.
Never: a judgement by the words of an error: polars wraps a full disk in several of them.
"""

from __future__ import annotations

from pathlib import Path

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
