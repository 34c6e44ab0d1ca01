"""How does a test start one of our programs in another process, without a second of imports?

In:    a module with its arguments, as for `python -m`, a folder, an environment.
Out:   `WarmProcess`, a process of its own that is signalled, read and waited for as any other. It
       is a fork of `warm_parent.py`, which has imported what takes long and done nothing else.
Never: anything that one program leaves to the next: no fork knows of another.
"""

from __future__ import annotations

import atexit
import functools
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self, TextIO

from support.servers.warm_parent import NUMBER


class WarmProcess:
    """A started program; what it has in common with `subprocess.Popen` does the same.

    Args:
        command: the module, and its arguments.
        cwd: the folder it runs in.
        env: all of its environment.
        stdin: what it reads, if not nothing.
        stderr: where its errors go, if not into a pipe of its own.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        stdin: int | None = None,
        stderr: int | None = None,
    ) -> None:
        self.args = list(command)
        self.returncode: int | None = None
        self._reading: list[Future[str]] = []
        self._end, its = socket.socketpair()
        with closing(its), ExitStack() as files:
            nothing = files.enter_context(Path(os.devnull).open())
            self.stdout, out = self._open_pipe(files)
            self.stderr, err = self._open_pipe(files) if stderr is None else (io.StringIO(), stderr)
            standard = [nothing.fileno() if stdin is None else stdin, out, err]
            socket.send_fds(_start_parent(), [b" "], [its.fileno(), *standard])
        asked = {"command": self.args, "cwd": str(cwd), "env": dict(env)}
        self._end.sendall(json.dumps(asked).encode() + b"\n")
        self.pid = self._hear_number()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()

    def poll(self) -> int | None:
        """Give the exit code if it has ended: negative if by a signal."""
        if self.returncode is None and self._has_news(0):
            self._hear_end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, at most so many seconds."""
        if self.returncode is None:
            if not self._has_news(timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
            self._hear_end()
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read all that it prints, to its end; after a time-out it can be called again."""
        if not self._reading:
            pool = ThreadPoolExecutor(2)
            self._reading = [pool.submit(file.read) for file in (self.stdout, self.stderr)]
            pool.shutdown(wait=False)
        if wait(self._reading, timeout).not_done:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(timeout)
        self.stdout.close()
        self.stderr.close()
        stdout, stderr = (read.result() for read in self._reading)
        return stdout, stderr

    def send_signal(self, number: int) -> None:
        """Signal it, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    @staticmethod
    def _open_pipe(files: ExitStack) -> tuple[TextIO, int]:
        extract, writing = os.pipe()
        files.callback(os.close, writing)
        return os.fdopen(extract, "r"), writing

    def _has_news(self, timeout: float | None) -> bool:
        return bool(select.select([self._end], [], [], timeout)[0])

    def _hear_end(self) -> None:
        self.returncode = self._hear_number()
        self._end.close()

    def _hear_number(self) -> int:
        told = self._end.recv(NUMBER.size, socket.MSG_WAITALL)
        (number,) = NUMBER.unpack(told)
        return int(number)


def run_warm(*command: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    with WarmProcess(command, cwd, env) as process:
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.wait(), stdout, stderr)


@functools.cache
def _start_parent() -> socket.socket:
    """Start the parent of all programs, once; it ends with the tests."""
    ours, its = socket.socketpair()
    command = [sys.executable, str(Path(__file__).with_name("warm_parent.py")), str(its.fileno())]
    with closing(its):
        parent = subprocess.Popen(
            command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
    atexit.register(_end_parent, parent, ours)
    return ours


def _end_parent(parent: subprocess.Popen[bytes], ours: socket.socket) -> None:
    ours.close()
    parent.wait()
