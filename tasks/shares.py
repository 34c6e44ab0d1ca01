"""How do several workers deliver one load?

In:    a prepared load; or one worker's share of it.
Out:   a flow run for each share, of a deployment of its own; and what stopped.
Never: a share that others wait for: what its worker leaves behind they take over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from pydantic import TypeAdapter

from clayload.ledger.books import Books
from clayload.loading.prepare import PreparedLoad
from clayload.loading.replay import settle_ended
from clayload.loading.run_folder import RunFolder, open_run_folder
from clayload.loading.setup import Setup, read_setup
from clayload.loading.shares import find_left, keep_chunks, read_share
from clayload.model import ChunkRef
from clayload.report.account import Problem
from tasks.discretion import telling_no_data
from tasks.load import start_delivery
from tasks.places import keeping_places
from tasks.progress import ChunkArrivals, find_problems

DEPLOYMENT = "deliver-share/deliver-share"
_LOOK_EVERY_S = 2.0
_PROBLEMS = TypeAdapter(list[Problem])


class ShareArrivals:
    """Waits for the flow runs of all shares, or until nothing of the load is owed any more.

    A share whose worker is gone ends late, once its heartbeats are missed; nobody waits for that.
    """

    def __init__(self, run_id: str, flow_runs: Sequence[UUID]) -> None:
        self._run_id = run_id
        self._flow_runs = flow_runs

    def wait(self, seconds: float) -> bool:
        """Wait until all is through, at most so long; whether it is."""
        until = time.monotonic() + seconds
        with get_client(sync_client=True) as client:
            while not (is_through := self._is_through(client)) and time.monotonic() < until:
                time.sleep(min(_LOOK_EVERY_S, max(until - time.monotonic(), 0.0)))
        return is_through

    def _is_through(self, client: SyncPrefectClient) -> bool:
        if not Books(read_setup(os.environ).ledger).chunks_with_owed(self._run_id):
            return True
        states = (client.read_flow_run(one).state for one in self._flow_runs)
        return all(state is not None and state.is_final() for state in states)


def start_shares(load: PreparedLoad, n_shares: int) -> ShareArrivals:
    """Start a flow run for each share."""
    with telling_no_data():
        keep_chunks(load, read_setup(os.environ))
    numbers = range(1, n_shares + 1)
    return ShareArrivals(load.run_id, [_start(load.run_id, n, n_shares) for n in numbers])


def _start(run_id: str, number: int, n_shares: int) -> UUID:
    share = {"run": run_id, "number": number, "of": n_shares}
    started = run_deployment(DEPLOYMENT, parameters={"share": share}, timeout=0)
    # Prefect's annotation admits a coroutine, which it gives only to async callers.
    return cast("FlowRun", started).id


def deliver_share(run_id: str, number: int, n_shares: int) -> list[Problem]:
    """Deliver a share, then what other shares have left; tell what stopped, and write it down."""
    setup = read_setup(os.environ)
    with telling_no_data():
        own = read_share(run_id, number, n_shares, setup)
    problems = _deliver(own)
    if not problems:
        with telling_no_data():
            # What a killed worker of this machine had not sent need not wait for its deadline.
            settle_ended(setup)
            left = find_left(run_id, setup)
        problems = _deliver(left)
    _open_folder(run_id, setup).write(_name_problems(number), _PROBLEMS.dump_json(problems))
    return problems


def _deliver(chunks: Sequence[ChunkRef]) -> list[Problem]:
    with keeping_places():
        futures = start_delivery(chunks)
        arrivals = ChunkArrivals(futures)
        while not arrivals.wait(_LOOK_EVERY_S):
            pass
    return find_problems(chunks, futures)


def read_problems(run_id: str, n_shares: int) -> list[Problem]:
    """Read what stopped in any share."""
    folder = _open_folder(run_id, read_setup(os.environ))
    kept = (folder.read(_name_problems(number)) for number in range(1, n_shares + 1))
    return [problem for one in kept if one for problem in _PROBLEMS.validate_json(one)]


def _open_folder(run_id: str, setup: Setup) -> RunFolder:
    return open_run_folder(Books(setup.ledger).find_run(run_id), setup)


def _name_problems(number: int) -> str:
    return f"problems-{number}.json"
