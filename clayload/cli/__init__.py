"""The `clayload` command: the core for people, without an orchestrator.

In:    arguments and the environment.
Out:   text for people, or JSON with `--json`; a typed exit code (README, "Exit codes").
Never: a traceback for what a person can fix; a secret.
"""

from __future__ import annotations

import atexit
import gc
import sys


def main(platform: str = sys.platform) -> None:
    """Run the command; what a person can fix comes as one line, with its exit code."""
    # What is imported lives until the end. To look for garbage in it, while it comes in and again
    # at the end, took two fifths of a short command's time (benchmarks/start.py).
    gc.disable()
    atexit.register(gc.freeze)
    # Imported here: what only uses a part of this room, such as a flow, needs no command line.
    from clayload.cli.root import run  # noqa: PLC0415

    run(platform)
