"""How does a person follow a load while it runs?

In:    a load whose chunks are on their way.
Out:   a progress artifact that moves, a line now and then, and at the end what stopped.
Never: a decision: whatever is seen here, the load goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.futures import PrefectFuture

from clayload.account.problem import Problem, describe_problem
from clayload.ledger.books.pauses import Pause
from clayload.loading.config_reload import ConfigReloader
from clayload.loading.prepare import PreparedLoad
from clayload.loading.progress import ProgressMeter
from clayload.model import ChunkRef
from clayload.setup import read_setup
from tasks.best_effort import ThrottledPrinter, best_effort

_LOOK_EVERY_S = 2.0
_LOOKING_SHARE = 0.05


class Arrivals(Protocol):
    """Those that are waited for."""

    def wait(self, seconds: float) -> bool:
        """Wait for the last one, at most so long; whether all are through."""
        ...


def follow_progress(load: PreparedLoad, arrivals: Arrivals) -> None:
    """Wait for the chunks while the progress artifact moves."""
    shown = _ShownProgress(load, ConfigReloader(read_setup(os.environ), on_message=print))
    shown.begin()
    look_again_s = _LOOK_EVERY_S
    while not arrivals.wait(look_again_s):
        began_at = time.monotonic()
        shown.look()
        # The ledger counts a great load for longer, and has other things to do.
        look_again_s = max(_LOOK_EVERY_S, (time.monotonic() - began_at) / _LOOKING_SHARE)
    shown.end()


class _ShownProgress:
    """The progress artifact and the lines in the log; what cannot be shown is only logged."""

    def __init__(self, load: PreparedLoad, reloader: ConfigReloader) -> None:
        self._reloader = reloader
        self._meter = ProgressMeter(load, reloader.setup)
        self._artifact_id: UUID | None = None
        self._printer, self._of_trouble = ThrottledPrinter(), ThrottledPrinter()
        self._last_pause: Pause | None = None

    def begin(self) -> None:
        with self._best_effort():
            progress = self._meter.read()  # so that the first rate shown is a rate
            self._move_artifact(0.0, f"{progress.n_owed:,} leads owed")

    def look(self) -> None:
        with self._best_effort():
            self._reloader.reload_changes()
            progress = self._meter.read()
            self._printer.print_due(str(progress), is_news=progress.pause != self._last_pause)
            self._last_pause = progress.pause
            self._move_artifact(progress.percent, str(progress))

    def end(self) -> None:
        with self._best_effort():
            progress = self._meter.read()
            through = f"{progress.n_done:,} of {progress.n_owed:,} leads are through"
            print(through)
            self._move_artifact(progress.percent, through)

    def _move_artifact(self, percent: float, description: str) -> None:
        if self._artifact_id is None:
            made = create_progress_artifact(percent, key="load-progress", description=description)
            # Prefect's annotation admits a coroutine, which it gives only to async callers.
            self._artifact_id = cast("UUID", made)
        else:
            update_progress_artifact(self._artifact_id, percent, description=description)

    def _best_effort(self) -> AbstractContextManager[None, bool | None]:
        return best_effort("progress cannot be shown", self._of_trouble)


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


def find_problems(
    chunks: Sequence[ChunkRef], futures: Sequence[PrefectFuture[Any]]
) -> list[Problem]:
    """Find what stopped chunks."""
    results: list[object] = [future.result(raise_on_failure=False) for future in futures]
    return [
        describe_problem(result, chunk.table)
        for chunk, result in zip(chunks, results, strict=True)
        if isinstance(result, BaseException)
    ]
