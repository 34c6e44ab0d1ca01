"""How are the processes that `clayload serve` is made of started, waited for, and ended?

In:    a Python module with its arguments, and an environment.
Out:   a `Part`: its process, in a session of its own, and the file with what it says.
Never: a process left behind; whoever does not end in time is killed with its session.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from clayload.errors import Code, ConfigError

HOST = "127.0.0.1"
_START_TIMEOUT_S, _LOOK_EVERY_S = 120.0, 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """A process of ours, and where it writes what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(
    name: str, module: Sequence[str], environ: Mapping[str, str], home: Path, stop_within_s: float
) -> Iterator[Part]:
    """Run a Python module in a session of its own: Ctrl-C is for us to hand on."""
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - Prefect's commands and our own
            [sys.executable, "-m", *module],
            env=dict(environ),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Part(name, process, log)
        finally:
            _stop(process, stop_within_s)


def run_to_end(module: Sequence[str], environ: Mapping[str, str], stop_within_s: float) -> int:
    """Run a Python module that speaks for itself; give its exit code."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", *module], env=dict(environ), start_new_session=True
    )
    try:
        return process.wait()
    finally:
        _stop(process, stop_within_s)


def _stop(process: subprocess.Popen[bytes], within_s: float) -> None:
    """End a process as its own Ctrl-C would, and after a while whatever is left of its session."""
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def check_free(port: int) -> None:
    """See that nobody listens at a port: another server there would be taken for ours.

    Raises:
        ConfigError: NO_PREFECT_SERVER.
    """
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise ConfigError(
            Code.NO_PREFECT_SERVER,
            f"Prefect's server cannot have the port {port}: {os.strerror(error.errno or 0)}",
            hint="choose another with --port",
        ) from error


def wait_for(part: Part, url: str, is_there: Callable[[httpx.Response], bool]) -> None:
    """Wait until a server that the part is, or speaks to, answers as it should.

    Raises:
        ConfigError: NO_PREFECT_SERVER: the part ended, or took too long.
    """
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    with httpx.Client(trust_env=False) as http:
        while time.monotonic() < give_up_at:
            # In this order: the answer must not be that of another server, which ended ours.
            has_answered = _has_answered(http, url, is_there)
            if part.process.poll() is not None:
                break
            if has_answered:
                return
            time.sleep(_LOOK_EVERY_S)
    raise _refuse(part, "did not start")


def _has_answered(http: httpx.Client, url: str, is_there: Callable[[httpx.Response], bool]) -> bool:
    with suppress(httpx.TransportError):
        answer = http.get(url)
        # A server whose database is busy says so with 503.
        return answer.is_success and is_there(answer)
    return False


def watch(parts: Sequence[Part]) -> None:
    """Return never: the parts run until we are told to end.

    Raises:
        ConfigError: NO_PREFECT_SERVER: a part ended by itself.
    """
    while True:
        for part in parts:
            if part.process.poll() is not None:
                raise _refuse(part, f"ended by itself with {part.process.returncode}")
        time.sleep(_LOOK_EVERY_S)


def _refuse(part: Part, what: str) -> ConfigError:
    return ConfigError(
        Code.NO_PREFECT_SERVER,
        f"Prefect's {part.name} {what}",
        hint=f"see {part.log}; then start it again",
    )
