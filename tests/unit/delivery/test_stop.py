"""Is work cut once the word to stop has come, whenever it began, and not before?"""

from __future__ import annotations

import asyncio

import pytest
from support.scenes.fakes import run_virtually

from clayload.delivery.stop import Stop

GRACE_S = 7.0


def _end_of_block(*, told_at_s: float, begun_at_s: float, lasts_s: float) -> float:
    """Run a block of work beside the word to stop; gives when it was over."""

    async def work() -> float:
        stop, loop = Stop(), asyncio.get_running_loop()
        loop.call_at(told_at_s, stop.ask)
        await asyncio.sleep(begun_at_s)
        async with stop.cutting(GRACE_S):
            await asyncio.sleep(lasts_s)
        return loop.time()

    return run_virtually(work())


@pytest.mark.parametrize(
    ("told_at_s", "begun_at_s", "lasts_s", "ends_at_s"),
    [
        pytest.param(100.0, 50.0, 20.0, 70.0, id="over before the word comes"),
        pytest.param(100.0, 95.0, 10.0, 105.0, id="over within its grace"),
        pytest.param(100.0, 95.0, 300.0, 107.0, id="begun before the word"),
        pytest.param(100.0, 101.0, 300.0, 107.0, id="begun after the word"),
        pytest.param(100.0, 120.0, 300.0, 120.0, id="begun after its grace"),
    ],
)
def test_work_is_cut_at_the_end_of_its_grace(
    told_at_s: float, begun_at_s: float, lasts_s: float, ends_at_s: float
) -> None:
    took_s = _end_of_block(told_at_s=told_at_s, begun_at_s=begun_at_s, lasts_s=lasts_s)
    assert took_s == pytest.approx(ends_at_s)


def test_a_time_out_of_the_work_itself_is_not_taken_for_a_cut() -> None:
    async def work() -> None:
        async with Stop().cutting(GRACE_S), asyncio.timeout(1.0):
            await asyncio.sleep(2.0)

    with pytest.raises(TimeoutError):
        run_virtually(work())
