"""How are processes on one ledger started together, and heard?

In:    the name of a program beside this file, and its arguments.
Out:   processes that wait for the word, and what each of them printed.
Never: a process left behind by a test that passes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parents[2]
_HANGS_AFTER_S = 300
PROGRAMS = Path(__file__).parent


def start_program(name: str, *arguments: str) -> subprocess.Popen[str]:
    """Start it; it will say "ready" and wait."""
    return subprocess.Popen(
        [sys.executable, str(PROGRAMS / name), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def release(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Let them all go once all are ready."""
    for process in processes:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "ready\n", process.communicate()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def finish(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Wait until they end well, and give what each printed."""
    outputs = [process.communicate(timeout=_HANGS_AFTER_S) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return [output for output, _ in outputs]
