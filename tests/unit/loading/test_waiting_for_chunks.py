"""Does the load see its chunks end, and may a signal come at any step while it waits for them?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from types import FrameType
from typing import Any

from clayload.loading.run import as_ended

LOOK_EVERY_S = 0.001


class _SignalError(Exception):
    pass


class _AtStep:
    """Raises at one step of Python, as a signal's handler may; counts from the first look on."""

    def __init__(self, step: int) -> None:
        self.n_left = step
        self.n_looks = 0

    def look(self) -> None:
        self.n_looks += 1

    def trace(self, _frame: FrameType, _event: str, _arg: object) -> Callable[..., Any]:
        if self.n_looks > 0:
            self.n_left -= 1
            if self.n_left == 0:
                sys.settrace(None)
                raise _SignalError
        return self.trace


def _wait_with_signal_at(step: int, futures: list[Future[object]]) -> int:
    """Wait in vain until the signal comes; gives how many looks that took."""
    at, before = _AtStep(step), sys.gettrace()
    sys.settrace(at.trace)
    try:
        for _ in as_ended(futures, at.look, LOOK_EVERY_S):
            break
    except _SignalError:
        return at.n_looks
    finally:
        sys.settrace(before)
    raise AssertionError("a chunk ended that never began")


def _can_end(future: Future[object]) -> bool:
    chunk = threading.Thread(target=future.set_result, args=(None,), daemon=True)
    chunk.start()
    chunk.join(timeout=2)
    return future.done() and not chunk.is_alive()


def test_each_chunk_is_seen_once_as_it_ends() -> None:
    futures: list[Future[object]] = [Future() for _ in range(3)]
    ended = as_ended(futures, lambda: None, LOOK_EVERY_S)
    for future in (futures[2], futures[0], futures[1]):
        future.set_result(None)
        assert next(ended) is future
    assert list(ended) == []


def test_it_looks_about_while_nothing_ends() -> None:
    future: Future[object] = Future()
    looks = count(1)

    def look() -> None:
        if next(looks) == 5:
            future.set_result(None)

    assert list(as_ended([future], look, LOOK_EVERY_S)) == [future]


def test_a_signal_at_any_step_leaves_every_chunk_free_to_end() -> None:
    n_looks = step = 0
    # From the first look to the third, each step of Python has its turn.
    while n_looks < 3:
        step += 1
        futures: list[Future[object]] = [Future() for _ in range(3)]
        n_looks = _wait_with_signal_at(step, futures)
        assert all(map(_can_end, futures)), step
    assert step > 5
