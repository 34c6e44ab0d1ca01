"""Since which of its starts has this machine been running?

In:    what the kernel names the start: a file on Linux, a value of sysctl on macOS.
Out:   a name that no other start has, of this machine or another; none where no kernel gives one.
Never: a moment, such as `psutil.boot_time()`. That one moves when the clock is set, so two of them
       could only be compared with a tolerance, and a machine whose clock begins anew with each
       start has the same one twice. Then notes that a power cut took would count as whole, and
       leads that had left would be sent, and paid for, a second time.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from uuid import UUID

_LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACOS_BOOT_ID = "kern.bootsessionuuid"
_SYSCTL = "/usr/sbin/sysctl"
_ANSWERS_WITHIN_S = 10


def _read_sysctl(name: str) -> str:
    command = [_SYSCTL, "-n", name]
    return subprocess.run(  # noqa: S603 - the system's own
        command, capture_output=True, text=True, timeout=_ANSWERS_WITHIN_S, check=True
    ).stdout


# A process lives within one start, and on macOS each question is a process of its own.
@cache
def read_boot_id(
    platform: str = sys.platform, read_sysctl: Callable[[str], str] = _read_sysctl
) -> str:
    """Name this start of the machine; empty where the system does not."""
    try:
        named = read_sysctl(_MACOS_BOOT_ID) if platform == "darwin" else _LINUX_BOOT_ID.read_text()
        # Whatever else a system may answer could be the same after its next start.
        return str(UUID(named.strip()))
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
