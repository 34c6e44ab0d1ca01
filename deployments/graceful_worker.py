"""How does a worker end without a lead in doubt?

In:    a work pool of Prefect's type `process`, and the signals that end a command.
Out:   flow runs in processes of their own; at the end each gets SIGTERM, and is waited for.
Never: a flow run killed that could still record what it sent.

Prefect's own process worker kills its flow runs at once when it ends: their last grants would
be in doubt. At SIGTERM, a load sends nothing more, records its answers, and ends as crashed. It did
not crash: the worker schedules it for the next one, whether or not it had begun to run.
"""

from __future__ import annotations

import asyncio
import os
import signal
from abc import ABC
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from anyio.abc import TaskStatus
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.logging.configuration import setup_logging
from prefect.states import AwaitingRetry
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from clayload.cli.console import out
from clayload.errors import Code, ConfigError, ExitCode
from deployments.pools import PROCESS_TYPE, read_pool
from deployments.server import reach_server
from deployments.signals import catch_first_signal
from deployments.stop_times import NOTE_S, SUBMIT_S
from tasks.restart_guard import MAX_RESTARTS

_RESUMABLE = "resumable"
"""The tag of deployments whose runs go on if begun again (`deployments/prefect.yaml`)."""
_CUT_SHORT = (StateType.CRASHED, StateType.PENDING, StateType.RUNNING)
_LOOK_EVERY_S = 0.2


@dataclass(slots=True)
class _Started:
    """Passes on that a flow run has its process, and remembers which."""

    status: TaskStatus[int]
    pid: asyncio.Future[int] = field(default_factory=asyncio.Future)

    def started(self, value: int | None = None) -> None:
        if value is not None:
            self.pid.set_result(value)
            self.status.started(value)


# ABC: for Prefect, its own class stays the one for pools of type `process`.
class GracefulWorker(ProcessWorker, ABC):
    """Prefect's process worker; before it ends, it lets its flow runs end."""

    grace_s = 45.0

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run a flow run in a process; if we are cancelled meanwhile, end it as SIGTERM does."""
        started = _Started(task_status or anyio.TASK_STATUS_IGNORED)
        running = asyncio.ensure_future(super().run(flow_run, configuration, started))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await self._end(running, started.pid)
                if _RESUMABLE in flow_run.tags:
                    await self._requeue(flow_run)
            raise

    async def _end(self, running: asyncio.Future[Any], pid: asyncio.Future[int]) -> None:
        with anyio.move_on_after(self.grace_s):
            await asyncio.wait([running, pid], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                # Once: a second one would keep the load from waiting for its answers.
                with suppress(ProcessLookupError):
                    os.kill(pid.result(), signal.SIGTERM)
            await asyncio.wait([running])
        running.cancel()
        await asyncio.wait([running])

    async def _requeue(self, flow_run: FlowRun) -> None:
        """Schedule a load that we have cut short for the next worker."""
        try:
            found = await self._read_ended(flow_run)
            if found.state is not None and found.state.type in _CUT_SHORT:
                # The name that Prefect itself gives to a run whose container gets SIGTERM.
                state: State[None] = AwaitingRetry(message="Its worker was stopped; it goes on.")
                await self.client.set_flow_run_state(flow_run.id, state)
        except (httpx.HTTPError, ObjectNotFound) as error:
            self._logger.warning("%s is not scheduled again: %r", flow_run.name, error)

    async def _read_ended(self, flow_run: FlowRun) -> FlowRun:
        """Read how a run ended, once `clayload-find-crashed` has taken note if it is going to.

        Its note would else come later, and end what the next worker has begun.
        """
        give_up_at = anyio.current_time() + NOTE_S
        found = await self.client.read_flow_run(flow_run.id)
        while _awaits_note(flow_run, found) and anyio.current_time() < give_up_at:
            await anyio.sleep(_LOOK_EVERY_S)
            found = await self.client.read_flow_run(flow_run.id)
        return found

    async def teardown(self, *exc_info: object) -> None:
        """End; a flow run that was fetched gets its process first, or it would stay Pending."""
        with anyio.move_on_after(SUBMIT_S, shield=True):
            while self._submitting_flow_run_ids:  # noqa: ASYNC110 - Prefect has no event for it
                await anyio.sleep(_LOOK_EVERY_S)
        await super().teardown(*exc_info)


def _awaits_note(before: FlowRun, now: FlowRun) -> bool:
    """Whether a run that ran is crashed, and may be begun again by itself."""
    return now.state_name == "Crashed" and before.run_count < now.run_count <= MAX_RESTARTS


def check_pool(name: str) -> None:
    """See that there is such a pool, and that its flow runs are processes.

    Raises:
        ConfigError: NO_PREFECT_SERVER, or NOT_DEPLOYED.
    """
    reach_server()
    with get_client(sync_client=True) as client:
        pool = read_pool(client, name)
    if pool.type != PROCESS_TYPE:
        raise ConfigError(
            Code.NOT_DEPLOYED,
            f"the work pool '{name}' starts its flow runs elsewhere: it is of type {pool.type}",
            hint=f"start Prefect's own worker for it: `prefect worker start --pool {name}`",
        )


def work(worker: GracefulWorker) -> ExitCode:
    """Work until a signal ends it; give the exit code that fits the signal."""
    setup_logging()
    return asyncio.run(_work(worker))


async def _work(worker: GracefulWorker) -> ExitCode:
    working = asyncio.ensure_future(worker.start(printer=out.print))
    codes: list[ExitCode] = []

    def end(code: ExitCode) -> None:
        codes.append(code)
        working.get_loop().call_soon_threadsafe(working.cancel)

    with catch_first_signal(end), suppress(asyncio.CancelledError):
        await working
    return codes[0]
