"""What if the machine's clock is stepped while the command runs?

In:    a file that holds how many seconds the clock is off, and the command to run.
Out:   the command, run in this process, with `time.time` off by what the file says at each moment.
Never: an import of the loader before the clock is set up.

    python -P shifted_clock.py OFFSET_FILE python -m clayload load …
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

_read_true_clock = time.time


def _read_clock() -> float:
    return _read_true_clock() + float(offset_file.read_text())


if __name__ == "__main__":
    offset_file = Path(sys.argv[1])
    time.time = _read_clock
    _, _, _, dash_m, module, *arguments = sys.argv
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
