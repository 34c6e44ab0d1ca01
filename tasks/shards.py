"""How do several workers deliver one load?

In:    a prepared load; or one shard of it.
Out:   a flow run for each shard, of a deployment of its own; and what stopped, or that none begins.
Never: a shard that others wait for: what its worker leaves behind they take over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.objects import State as AnyState
from prefect.deployments import run_deployment
from pydantic import TypeAdapter

from clayload.account.problem import Problem, describe_problem
from clayload.errors import ClayloadError, Code, ConfigError
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_run
from clayload.ledger.granting.recovery import recover_ended
from clayload.loading.prepare import PreparedLoad
from clayload.loading.shards import find_undelivered, keep_chunks, read_shard
from clayload.model import ChunkRef, RowEnd
from clayload.runs.run_folder import RunFolder, open_run_folder
from clayload.setup import Setup, read_setup
from tasks.best_effort import ThrottledPrinter, best_effort
from tasks.limits import read_n_places
from tasks.load import start_delivery, stop_on_interrupt
from tasks.places import limit_places
from tasks.progress import ChunkArrivals, find_problems
from tasks.redaction import scrubbed_errors

DEPLOYMENT = "deliver-shard/deliver-shard"
_LOOK_EVERY_S = 2.0
_PROBLEMS = TypeAdapter(list[Problem])
State: TypeAlias = AnyState[Any]


@dataclass(slots=True)
class Shards:
    """The flow runs of a load's shards, by number, and what becomes of them.

    A shard whose worker is gone ends late, once its heartbeats are missed; nobody waits for that.
    """

    run_id: str
    flow_runs: Mapping[int, UUID]
    patience_s: float = 60.0
    _waiting_since: float = field(default_factory=time.monotonic)
    _printer: ThrottledPrinter = field(default_factory=ThrottledPrinter)
    _of_trouble: ThrottledPrinter = field(default_factory=ThrottledPrinter)

    def wait(self, seconds: float) -> bool:
        """Wait until all is through, at most so long; whether it is."""
        until = time.monotonic() + seconds
        while not (is_through := self._is_through()) and time.monotonic() < until:
            time.sleep(min(_LOOK_EVERY_S, max(until - time.monotonic(), 0.0)))
        return is_through

    def _is_through(self) -> bool:
        """Whether nothing of the load is owed any more, or no shard is left to send it."""
        is_through = False
        with self._best_effort():
            is_through = self._is_all_sent()
        if not is_through:
            with self._best_effort():
                is_through = self._have_all_ended()
        return is_through

    def _is_all_sent(self) -> bool:
        return not Books(read_setup(os.environ).ledger).chunks_with_owed(self.run_id)

    def _have_all_ended(self) -> bool:
        states = self._read_states().values()
        self._print_if_none_runs(states)
        return all(state is not None and state.is_final() for state in states)

    def _read_states(self) -> dict[int, State | None]:
        with get_client(sync_client=True) as client:
            return {n: client.read_flow_run(one).state for n, one in self.flow_runs.items()}

    def _print_if_none_runs(self, states: Iterable[State | None]) -> None:
        """Print that no worker takes the shards: the load would seem to hang."""
        if any(state is not None and state.is_running() for state in states):
            self._waiting_since = time.monotonic()
        elif time.monotonic() - self._waiting_since >= self.patience_s:
            self._printer.print_due(
                "the shards of this load wait for a worker: start another one, or "
                "raise the `--limit` of those there are; this flow run takes a place of its own"
            )

    def _best_effort(self) -> AbstractContextManager[None, bool | None]:
        return best_effort("the shards cannot be looked at", self._of_trouble)

    def read_problems(self) -> list[Problem]:
        """Read what stopped in any shard; of one that left leads and no problem, how it ended."""
        folder = _open_folder(self.run_id, read_setup(os.environ))
        kept = {number: folder.read(_name_problems(number)) for number in self.flow_runs}
        problems = [
            problem for one in kept.values() if one for problem in _PROBLEMS.validate_json(one)
        ]
        with self._best_effort():
            problems += self._describe_failed(
                [number for number, one in kept.items() if one is None]
            )
        return problems

    def _describe_failed(self, numbers: Container[int]) -> Iterator[Problem]:
        ends = [
            f"shard {number} ended {state.name} ({state.message})"
            for number, state in self._read_states().items()
            if number in numbers and state and state.is_final() and not state.is_completed()
        ]
        if ends and not self._is_all_sent():
            hint = "fix what ended them, and run the same load again: it sends what they left"
            yield Problem(code=Code.SHARD_ENDED, table="", message="; ".join(ends), hint=hint)


def start_shards(load: PreparedLoad, n_shards: int) -> Shards:
    """Start a flow run for each shard; one that cannot be started is left to the others.

    Raises:
        ConfigError: NOT_DEPLOYED: none could be started.
    """
    with scrubbed_errors():
        keep_chunks(load, read_setup(os.environ))
    flow_runs: dict[int, UUID] = {}
    for number in range(1, n_shards + 1):
        with best_effort(f"shard {number} cannot be started"):
            flow_runs[number] = _start(load.run_id, number, n_shards)
    if not flow_runs:
        what = f"none of {n_shards} shards could be started: see the log"
        hint = (
            f"`clayload deploy` makes the deployment '{DEPLOYMENT}'; then run the same load again"
        )
        raise ConfigError(Code.NOT_DEPLOYED, what, hint=hint)
    return Shards(load.run_id, flow_runs)


def _start(run_id: str, number: int, n_shards: int) -> UUID:
    shard = {"run": run_id, "number": number, "of": n_shards}
    started = run_deployment(DEPLOYMENT, parameters={"shard": shard}, timeout=0)
    # Prefect's annotation admits a coroutine, which it gives only to async callers.
    return cast("FlowRun", started).id


def deliver_shard(run_id: str, number: int, n_shards: int) -> list[Problem]:
    """Deliver a shard, then what other shards have left; write down and give what stopped."""
    setup = read_setup(os.environ)
    try:
        with scrubbed_errors():
            problems = _deliver_what_is_owed(run_id, number, n_shards, setup)
    except ClayloadError as error:
        problems = [describe_problem(error, "")]
    _open_folder(run_id, setup).write(_name_problems(number), _PROBLEMS.dump_json(problems))
    return problems


def _deliver_what_is_owed(run_id: str, number: int, n_shards: int, setup: Setup) -> list[Problem]:
    # The first to start would take all places, and the other workers would be idle.
    part = max(1, read_n_places() // n_shards)
    problems = _deliver(run_id, read_shard(run_id, number, n_shards, setup), at_most=part)
    while not problems and (rest := _find_undelivered(run_id, setup)):
        problems = _deliver(run_id, rest)
        # What others have in hand may come back: they are stopped, or end with their worker.
        time.sleep(_LOOK_EVERY_S)
    return problems


def _find_undelivered(run_id: str, setup: Setup) -> Sequence[ChunkRef]:
    """Find the chunks that are owed in part, or in the hands of others; none once halted."""
    if find_run(setup.ledger, run_id).halted_by is not None:
        return ()
    # What a killed worker of this machine had not sent need not wait for its deadline.
    recover_ended(setup.ledger, setup.departures_folder)
    return find_undelivered(run_id, setup)


def _deliver(run_id: str, chunks: Sequence[ChunkRef], at_most: int | None = None) -> list[Problem]:
    with limit_places(at_most), stop_on_interrupt(run_id):
        futures = start_delivery(chunks)
        arrivals = ChunkArrivals(futures)
        while not arrivals.wait(_LOOK_EVERY_S):
            pass
    return find_problems(chunks, futures)


def describe_rest(run_id: str) -> str:
    """Describe what of the load is left once a shard is through."""
    with scrubbed_errors():
        ledger = read_setup(os.environ).ledger
        ends, halted_by = Books(ledger).count_ends(run_id), find_run(ledger, run_id).halted_by
    n_left = sum(of_table.get(RowEnd.PENDING, 0) for of_table in ends.values())
    if not n_left:
        return "nothing of the load is owed any more"
    if halted_by is not None:
        return f"the load was stopped ({halted_by}): {n_left:,} of its leads are still owed"
    return f"this shard is done; {n_left:,} leads of the load are in the hands of other shards"


def _open_folder(run_id: str, setup: Setup) -> RunFolder:
    return open_run_folder(find_run(setup.ledger, run_id), setup)


def _name_problems(number: int) -> str:
    return f"problems-{number}.json"
