"""How are processes on one ledger started together, and heard?

In:    the name of a program beside this file, and its arguments.
Out:   processes that wait for the word, and what each of them printed.
Never: a process left behind by a test that passes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from support.servers.warm_process import WarmProcess

TESTS = Path(__file__).parents[2]
_HANGS_AFTER_S = 300
PROGRAMS = Path(__file__).parent


class Program(WarmProcess):
    """A started program, and what it reads."""

    def __init__(self, name: str, *arguments: str) -> None:
        reads, writes = os.pipe()
        self.stdin = os.fdopen(writes, "w")
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        super().__init__([name, *arguments], PROGRAMS, environ, stdin=reads)
        os.close(reads)


def release(processes: Sequence[Program]) -> None:
    """Let them all go once all are ready."""
    for process in processes:
        said = process.stdout.readline()
        assert said == "ready\n", process.communicate()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.close()


def finish(processes: Sequence[Program]) -> list[str]:
    """Wait until they end well, and give what each printed."""
    outputs = [process.communicate(timeout=_HANGS_AFTER_S) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return [output for output, _ in outputs]
