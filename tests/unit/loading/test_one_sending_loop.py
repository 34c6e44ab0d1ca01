"""How many event loops send for a process?"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from clayload.loading import deliver


def test_chunks_that_begin_at_the_same_moment_share_one_event_loop() -> None:
    deliver._start_sending_loop.cache_clear()  # noqa: SLF001 - as in a new process
    together = threading.Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return deliver._sending_loop()  # noqa: SLF001 - what deliver_chunk asks

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
