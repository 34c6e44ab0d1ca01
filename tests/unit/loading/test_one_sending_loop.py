"""How many event loops send for a process, and what ends them?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from clayload.loading import deliver


def test_chunks_that_begin_at_the_same_moment_share_one_event_loop() -> None:
    deliver._start_sending.cache_clear()  # noqa: SLF001 - as in a new process
    together = threading.Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return id(deliver._sending())  # noqa: SLF001 - what deliver_chunk asks

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_a_ctrl_c_that_polars_raises_in_a_reading_thread_does_not_end_the_event_loop() -> None:
    interrupts = iter([KeyboardInterrupt, KeyboardInterrupt])

    def read() -> str:
        if (interrupt := next(interrupts, None)) is not None:
            raise interrupt
        return "bodies"

    assert deliver.read_on(read) == "bodies"
