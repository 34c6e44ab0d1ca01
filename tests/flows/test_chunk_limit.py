"""How many chunks go out at once: the project makes the limit, and a person may change it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

import pytest
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound
from support.benches.flow_bench import ARRIVE_WITHIN_S, FlowBench, client, wait_for
from support.scenes.load_tables import make_leads

from clayload.model import Priority
from tasks.limits import CHUNK_LIMIT
from tasks.places import KEEP_S, ChunkPlaces, chunk_place, keeping_places

CHUNK_ROWS, N_CHUNKS, AT_ONCE = 8, 4, 2

Span = tuple[datetime, datetime]


@pytest.fixture(autouse=True)
def _no_limit_yet(bench: FlowBench) -> None:  # noqa: ARG001 - its server must be there
    with client() as prefect, suppress(ObjectNotFound):
        prefect.delete_global_concurrency_limit_by_name(CHUNK_LIMIT)


def read_limit() -> int:
    with client() as prefect:
        return prefect.read_global_concurrency_limit_by_name(CHUNK_LIMIT).limit


def set_limit(limit: int) -> None:
    with client() as prefect:
        change = GlobalConcurrencyLimitUpdate(limit=limit)
        prefect.update_global_concurrency_limit(CHUNK_LIMIT, change)


def load_slowly(bench: FlowBench) -> list[Span]:
    """Load four chunks at a slow destination; when the first and last lead of each arrived."""
    os.environ |= {
        "CLAYLOAD_CHUNK_ROWS": str(CHUNK_ROWS),
        "CLAYLOAD_CHUNKS_AT_ONCE": str(AT_ONCE),
        "CLAYLOAD_REQUESTS_PER_CHUNK": "1",
    }
    bench.work.standin.faults({"kind": "latency", "latency_s": 0.15})
    leads = make_leads("Software", CHUNK_ROWS * N_CHUNKS)
    chunk_of = {lead["email"]: number // CHUNK_ROWS for number, lead in enumerate(leads)}
    bench.load(bench.work.write_csv(leads))
    arrivals: dict[int, list[datetime]] = {}
    for row in bench.work.standin.rows("tech"):
        arrived_at = datetime.fromisoformat(row["received_at"])
        arrivals.setdefault(chunk_of[row["payload"]["email"]], []).append(arrived_at)
    return [(min(moments), max(moments)) for moments in arrivals.values()]


def count_at_once(spans: Sequence[Span]) -> int:
    """Count how many spans overlap where most do."""
    return max(sum(begin <= at <= end for begin, end in spans) for at, _ in spans)


def test_the_first_load_makes_the_limit_that_the_settings_ask_for(bench: FlowBench) -> None:
    os.environ["CLAYLOAD_CHUNKS_AT_ONCE"] = "3"
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    assert read_limit() == 3


def test_a_limit_that_a_person_changed_stays_and_holds(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Banking", 1)))
    set_limit(1)
    spans = sorted(load_slowly(bench))
    assert read_limit() == 1
    assert len(spans) == N_CHUNKS
    assert all(end < begin for (_, end), (begin, _) in pairwise(spans))


def test_without_a_tighter_limit_several_chunks_go_out_at_once(bench: FlowBench) -> None:
    assert count_at_once(load_slowly(bench)) == AT_ONCE


def take_one_after_the_other(n: int) -> float:
    """Take and leave a place so often; how long one takes, in seconds."""
    began_at = time.monotonic()
    for _ in range(n):
        with chunk_place(Priority.NORMAL, never):
            pass
    return (time.monotonic() - began_at) / n


def never() -> bool:
    """Nobody tells these to stop."""
    return False


def count_taken() -> int:
    with client() as prefect:
        return int(prefect.read_global_concurrency_limit_by_name(CHUNK_LIMIT).active_slots)


def test_a_load_hands_its_place_on_and_gives_it_back_at_its_end(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    anew_s = take_one_after_the_other(5)
    with keeping_places():
        take_one_after_the_other(1)
        handed_on_s = take_one_after_the_other(200)
        assert count_taken() == 1
    assert count_taken() == 0
    # Each taken anew is calls to Prefect there and back, on a busy machine as on another.
    assert handed_on_s < anew_s / 10


def test_a_place_that_no_chunk_wants_is_given_back_while_the_load_goes_on(
    bench: FlowBench,
) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    places = ChunkPlaces(keep_s=0.5)
    with places.keeping():
        with places.one(CHUNK_LIMIT, never):
            assert count_taken() == 1
        give_up_at = time.monotonic() + ARRIVE_WITHIN_S
        while count_taken() and time.monotonic() < give_up_at:
            time.sleep(0.2)
        assert count_taken() == 0


def test_a_load_that_is_told_to_stop_waits_for_no_place(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    set_limit(1)
    with chunk_place(Priority.NORMAL, never):
        began_at = time.monotonic()
        with ChunkPlaces(KEEP_S).one(CHUNK_LIMIT, lambda: time.monotonic() - began_at > 1):
            waited_s = time.monotonic() - began_at
    assert 1 < waited_s < 4
    # What the thread got of Prefect in the meantime, nobody holds.
    assert wait_for(lambda _: count_taken() == 0, "the last place given back")


def test_a_worker_takes_no_more_than_its_part_of_the_places(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    places, held, may_end = ChunkPlaces(KEEP_S), threading.Semaphore(0), threading.Event()

    def hold_one() -> None:
        with places.one(CHUNK_LIMIT, never):
            held.release()
            assert may_end.wait(ARRIVE_WITHIN_S)

    with places.keeping(at_most=2), ThreadPoolExecutor(3) as pool:
        holding = [pool.submit(hold_one) for _ in range(3)]
        assert held.acquire(timeout=ARRIVE_WITHIN_S)
        assert held.acquire(timeout=ARRIVE_WITHIN_S)
        assert not held.acquire(timeout=0.5)
        assert count_taken() == 2
        may_end.set()
        assert all(one.result(timeout=ARRIVE_WITHIN_S) is None for one in holding)
