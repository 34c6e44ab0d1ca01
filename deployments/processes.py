"""How are the processes that `clayload serve` is made of started, waited for, and ended?

In:    a Python module with its arguments, and an environment.
Out:   a `Service`: its process, in a session of its own, and the file with its output.
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
class Service:
    """A process of ours, and the file with its output."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def run_service(
    name: str, module: Sequence[str], environ: Mapping[str, str], home: Path, stop_within_s: float
) -> Iterator[Service]:
    """Run a Python module in a session of its own: Ctrl-C is for us to hand on."""
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - Prefect's commands and our own
            [sys.executable, "-m", *module],
            env=dict(environ),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Service(name, process, log)
        finally:
            _stop(process, stop_within_s)


def run_to_end(module: Sequence[str], environ: Mapping[str, str], stop_within_s: float) -> int:
    """Run a Python module on this terminal; give its exit code."""
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


def check_port(port: int) -> None:
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


def wait_for_answer(service: Service, url: str, is_there: Callable[[httpx.Response], bool]) -> None:
    """Wait until a server that the service is, or asks, answers as it should.

    Raises:
        ConfigError: NO_PREFECT_SERVER: the service ended, or took too long.
    """
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    with httpx.Client(trust_env=False) as http:
        while time.monotonic() < give_up_at:
            # In this order: the answer must not be that of another server, which ended ours.
            has_answered = _has_answered(http, url, is_there)
            if service.process.poll() is not None:
                break
            if has_answered:
                return
            time.sleep(_LOOK_EVERY_S)
    raise _refuse(service, "did not start")


def _has_answered(http: httpx.Client, url: str, is_there: Callable[[httpx.Response], bool]) -> bool:
    with suppress(httpx.TransportError):
        answer = http.get(url)
        # A server whose database is busy answers 503.
        return answer.is_success and is_there(answer)
    return False


def watch_services(services: Sequence[Service]) -> None:
    """Return never: the services run until a signal ends us.

    Raises:
        ConfigError: NO_PREFECT_SERVER: a service ended by itself.
    """
    while True:
        for service in services:
            if service.process.poll() is not None:
                raise _refuse(service, f"ended by itself with {service.process.returncode}")
        time.sleep(_LOOK_EVERY_S)


def _refuse(service: Service, what: str) -> ConfigError:
    return ConfigError(
        Code.NO_PREFECT_SERVER,
        f"Prefect's {service.name} {what}",
        hint=f"see {service.log}; then start it again",
    )
