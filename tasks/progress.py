"""How does a person follow a load while it runs?

In:    a load whose chunks are on their way.
Out:   a progress artifact that moves, a line now and then, and at the end what stopped.
Never: a decision: whatever is seen here, the load goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture

from clayload.loading.follow import Follower
from clayload.loading.prepare import PreparedLoad
from clayload.loading.progress import ProgressMeter
from clayload.loading.settle import describe_problem
from clayload.loading.setup import read_setup
from clayload.model import ChunkRef
from clayload.report.account import Problem

_LOOK_EVERY_S = 2.0
_LOOKING_SHARE = 0.05
_SAY_EVERY_S = 10.0
_SAY_LATER_EVERY_S = 60.0
_LATER_AFTER_S = 60.0


class Arrivals(Protocol):
    """Those that are waited for."""

    def wait(self, seconds: float) -> bool:
        """Wait for the last one, at most so long; whether all are through."""
        ...


def follow_progress(load: PreparedLoad, arrivals: Arrivals) -> None:
    """Wait for the chunks while the progress artifact moves."""
    follower = Follower(read_setup(os.environ), tell=print)
    meter = ProgressMeter(load, follower.setup)
    meter.read()  # so that the first rate told is a rate
    artifact_id = _create_artifact(load)
    teller, look_again_s = _Teller(), _LOOK_EVERY_S
    last_hold = None
    while not arrivals.wait(look_again_s):
        began_at = time.monotonic()
        follower.look()
        progress = meter.read()
        update_progress_artifact(artifact_id, progress.percent, description=str(progress))
        teller.tell(str(progress), is_news=progress.hold != last_hold)
        last_hold = progress.hold
        # The ledger counts a great load for longer, and has other things to do.
        look_again_s = max(_LOOK_EVERY_S, (time.monotonic() - began_at) / _LOOKING_SHARE)
    progress = meter.read()
    through = f"{progress.n_done:,} of {progress.n_owed:,} leads are through"
    update_progress_artifact(artifact_id, progress.percent, description=through)
    print(through)


def _create_artifact(load: PreparedLoad) -> UUID:
    # Prefect's annotation admits a coroutine, which it gives only to async callers.
    description = f"{load.n_owed:,} leads owed"
    return cast("UUID", create_progress_artifact(0.0, key="load-progress", description=description))


class ChunkArrivals:
    """Counts the chunks that are through.

    Not `prefect.futures.wait`: with a time-out it leaves a callback on each future each time.
    """

    def __init__(self, futures: Sequence[PrefectFuture[Any]]) -> None:
        self._n_awaited = len(futures)
        self._arrived: SimpleQueue[object] = SimpleQueue()
        for future in futures:
            future.add_done_callback(self._arrived.put)

    def wait(self, seconds: float) -> bool:
        """Wait for the last one, at most so long; whether all are through."""
        until = time.monotonic() + seconds
        while self._n_awaited and (left_s := until - time.monotonic()) > 0:
            with suppress(Empty):
                self._arrived.get(timeout=left_s)
                self._n_awaited -= 1
        return self._n_awaited == 0


class _Teller:
    """Prints the first line at once, then one every ten seconds, after a minute every minute.

    News, such as a pause, is told at once.
    """

    def __init__(self) -> None:
        self._began_at = time.monotonic()
        self._due_at = 0.0

    def tell(self, line: str, *, is_news: bool = False) -> None:
        now = time.monotonic()
        if now < self._due_at and not is_news:
            return
        print(line)
        is_later = now - self._began_at >= _LATER_AFTER_S
        self._due_at = now + (_SAY_LATER_EVERY_S if is_later else _SAY_EVERY_S)


def find_problems(
    chunks: Sequence[ChunkRef], futures: Sequence[PrefectFuture[Any]]
) -> list[Problem]:
    """Tell what stopped chunks."""
    results: list[object] = [future.result(raise_on_failure=False) for future in futures]
    return [
        describe_problem(result, chunk.table)
        for chunk, result in zip(chunks, results, strict=True)
        if isinstance(result, BaseException)
    ]
