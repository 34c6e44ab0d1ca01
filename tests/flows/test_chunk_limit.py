"""How many chunks go out at once: the project makes the limit, and a person may change it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from support.benches.flow_bench import ARRIVE_WITHIN_S, FlowBench, client, wait_for
from support.scenes.load_tables import make_leads
from support.servers.link import Link, open_link

from clayload.model import Priority
from tasks.limits import CHUNK_LIMIT
from tasks.places import chunk_place, limit_places

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


def never() -> bool:
    """Nobody stops these."""
    return False


def count_taken() -> int:
    with client() as prefect:
        return int(prefect.read_global_concurrency_limit_by_name(CHUNK_LIMIT).active_slots)


def test_a_load_gives_its_places_back_at_its_end(bench: FlowBench) -> None:
    load_slowly(bench)
    assert count_taken() == 0


def test_a_load_that_is_stopped_waits_for_no_place(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    set_limit(1)
    with chunk_place(Priority.NORMAL, never):
        began_at = time.monotonic()
        with chunk_place(Priority.NORMAL, lambda: time.monotonic() - began_at > 1):
            waited_s = time.monotonic() - began_at
        assert count_taken() == 1
    assert waited_s > 1
    assert count_taken() == 0


def test_a_worker_takes_no_more_than_its_part_of_the_places(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    held, may_end = threading.Semaphore(0), threading.Event()

    def hold_one() -> None:
        with chunk_place(Priority.NORMAL, never):
            held.release()
            assert may_end.wait(ARRIVE_WITHIN_S)

    with limit_places(at_most=2), ThreadPoolExecutor(3) as pool:
        holding = [pool.submit(hold_one) for _ in range(3)]
        assert held.acquire(timeout=ARRIVE_WITHIN_S)
        assert held.acquire(timeout=ARRIVE_WITHIN_S)
        assert not held.acquire(timeout=0.5)
        assert count_taken() == 2
        may_end.set()
        assert all(one.result(timeout=ARRIVE_WITHIN_S) is None for one in holding)


@dataclass
class LeaseLink(Link):
    """A way to Prefect's server that counts how often a lease is renewed, and breaks on demand."""

    n_renewed: int = 0
    is_broken: bool = False

    def is_cut(self, piece: bytes) -> bool:
        is_renewing = b"/renew " in piece.partition(b"\r\n")[0]
        self.n_renewed += is_renewing
        return self.is_broken


@pytest.fixture
def link(bench: FlowBench) -> Iterator[LeaseLink]:
    bench.load(bench.work.write_csv(make_leads("Software", 1)))
    port = urlsplit(str(PREFECT_API_URL.value())).port
    assert port is not None
    with open_link(LeaseLink(port)) as link:
        ours = {PREFECT_API_URL: f"http://127.0.0.1:{link.port}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
        with temporary_settings(ours):
            yield link


def test_the_place_of_a_long_chunk_is_renewed_until_its_end(link: LeaseLink) -> None:
    with chunk_place(Priority.NORMAL, never, renew_every_s=0.1):
        assert wait_for(lambda _: link.n_renewed > 2 or None, "a third renewal")
        assert count_taken() == 1
    n_renewed = link.n_renewed
    time.sleep(1)
    assert link.n_renewed <= n_renewed + 1
    assert count_taken() == 0


def test_a_chunk_whose_place_cannot_be_given_back_ends_as_well(
    link: LeaseLink, capsys: pytest.CaptureFixture[str]
) -> None:
    with chunk_place(Priority.NORMAL, never):
        link.is_broken = True
    link.is_broken = False
    assert "a place cannot be given back: " in capsys.readouterr().out
    assert count_taken() == 1
