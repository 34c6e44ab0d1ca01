"""How does a test put the command on a full disk, or in a folder it may not write?

In:    nothing, or a size in bytes.
Out:   launchers for `Workbench.launcher`: the command runs as ever, in a harder place.
Never: a mount or another user: these work for root and for anybody else alike (on Linux).
"""

from __future__ import annotations

import resource
import sys

_EXEC = "os.execv(sys.argv[1], sys.argv[1:])"
_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


def bound_by_file_modes() -> list[str]:
    """Launch without root's privilege to write where the file mode says no."""
    drops = "; ".join(
        f"prctl({_CAPBSET_DROP}, {capability}, 0, 0, 0)"
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH)
    )
    return _launch(f"import ctypes; prctl = ctypes.CDLL(None).prctl; {drops}")


def with_room_for(n_bytes: int) -> list[str]:
    """Launch where no file may grow past `n_bytes`, as on a disk that is nearly full."""
    limit = f"resource.setrlimit(resource.RLIMIT_FSIZE, ({n_bytes}, {n_bytes}))"
    return _launch(f"import resource; {limit}")


def fill_disk_of(pid: int) -> None:
    """Let no file of a running process grow any more, as when the disk fills meanwhile."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, 1))


def _launch(preparation: str) -> list[str]:
    return [sys.executable, "-S", "-c", f"import os, sys; {preparation}; {_EXEC}"]
