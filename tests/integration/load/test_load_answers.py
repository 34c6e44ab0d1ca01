"""What does a load make of a Clay that is too busy, broken, silent or not there?"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from support.scenes.down_load import OPTIONS, SECRET, DownLoad
from support.scenes.load_kit import CYCLE, Process, Workbench, end, ends_of
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.refusing_server import ANSWER, start_refusing_server
from support.servers.standin_process import StandIn, start_standin

CLOCK_S = 0.001
"""What two readings of one clock may be rounded by."""
LEADS = make_leads("Software", 150) + make_leads("Banking", 50)


@pytest.fixture(scope="module", autouse=True)
def failing_load(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Workbench, Process]]:
    """Load into a Clay that fails for every lead: it mostly waits, so nobody waits for it."""
    with start_standin() as failing:
        bench = Workbench(failing, tmp_path_factory.mktemp("failing"))
        failing.faults({"kind": "answer", "code": 503})
        command = ("load", bench.write_csv(LEADS), "--cycle", CYCLE, "--json")
        with bench.start(*command, CLAYLOAD_REQUESTS_PER_CHUNK="1") as process:
            yield bench, process


def test_a_storm_of_429_loses_no_lead_uses_no_attempt_and_is_not_hammered(
    bench: Workbench,
) -> None:
    bench.standin.faults({"kind": "answer", "code": 429})
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE, "--json") as process:
        bench.wait_for_posts(1)
        bench.standin.faults({"kind": "answer", "code": 429, "for_s": 3.0})
        ended = end(process)
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 200})
    assert sorted(itertools.chain.from_iterable(bench.delivered().values())) == sorted(
        lead["email"] for lead in LEADS
    )
    assert bench.query("SELECT MIN(n_attempts), MAX(n_attempts) FROM submissions") == [(1, 1)]
    n_refused = bench.standin.traffic("main")["answers"]["429"]
    # 3 s at 1,000/s would be 3,000; each second's silence lets at most 4 chunks x 10 in flight by.
    assert 0 < n_refused <= 6 * 40
    assert bench.query("SELECT n_rate_limited FROM workspaces") == [(n_refused,)]


def test_after_a_429_nothing_is_begun_until_retry_after_is_over(bench: Workbench) -> None:
    bench.standin.faults({"kind": "answer", "code": 429, "count": 1})
    one_by_one = {"CLAYLOAD_CHUNKS_AT_ONCE": "1", "CLAYLOAD_REQUESTS_PER_CHUNK": "1"}
    ended = bench.load(bench.write_csv(LEADS), **one_by_one)
    assert ends_of(ended.json) == {"delivered": 200}
    traffic = bench.standin.traffic("main")
    assert traffic["answers"] == {"200": 200, "429": 1}
    # The first POST met the 429; in the second of silence after it there is no other.
    first, following = traffic["per_second"][:2]
    assert first[1:] == [1, 0]
    assert following[0] > first[0]


def test_a_load_keeps_to_the_rate_and_no_lead_leaves_before_its_moment(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=20))
    bench.load(bench.write_csv(LEADS))
    assert bench.standin.traffic("main")["answers"]["200"] == 200
    assert bench.is_paced()
    moments = bench.send_moments()
    assert moments[-1] - moments[0] >= (200 - 20) / 100
    sent_at = dict(bench.query("SELECT lead_key, send_at FROM submissions"))
    for row in bench.standin.rows("tech"):
        arrived_at = datetime.fromisoformat(row["received_at"]).timestamp()
        assert arrived_at >= sent_at[row["payload"]["lead_key"]] - CLOCK_S


def test_leads_whose_answer_proves_nothing_are_in_doubt_listed_and_never_sent_again(
    bench: Workbench,
) -> None:
    bench.standin.faults(
        {"kind": "reset_before_store", "count": 2},
        {"kind": "answer", "code": 503, "count": 3},
        {"kind": "reset_after_store", "count": 4},
        {"kind": "answer", "code": 500, "stored": True, "count": 5},
    )
    extract = bench.write_csv(LEADS)
    # Chunks of two: no chunk meets so many doubts in a row that it rests.
    ended = bench.load(extract, CLAYLOAD_CHUNK_ROWS="2")
    assert ended.exit_code == 21
    assert ends_of(ended.json) == {"delivered": 186, "in doubt": 14}
    assert bench.n_rows() == 200 - 2 - 3
    in_doubt = {lead["lead_key"] for lead in ended.json["in_doubt"]}
    assert in_doubt == set(itertools.chain.from_iterable(bench.keys_in("in_doubt").values()))
    assert len(in_doubt) == 14
    statuses = Counter(lead["status"] for lead in ended.json["in_doubt"])
    assert statuses == {None: 6, 503: 3, 500: 5}
    n_posts = bench.n_posts()
    again = bench.load(extract)
    assert (again.exit_code, bench.n_posts()) == (21, n_posts)
    assert {lead["lead_key"] for lead in again.json["in_doubt"]} == in_doubt


def test_a_silent_clay_is_given_up_after_the_time_out_and_the_lead_is_in_doubt(
    bench: Workbench,
) -> None:
    bench.standin.faults({"kind": "latency", "latency_s": 3.0, "count": 2})
    ended = bench.load(bench.write_csv(LEADS[:30]), CLAYLOAD_REQUEST_TIMEOUT_S="0.5")
    assert ended.exit_code == 21
    assert ends_of(ended.json) == {"delivered": 28, "in doubt": 2}
    assert {lead["reason"] for lead in ended.json["in_doubt"]} == {"no answer within 0.5 s"}
    assert bench.n_rows() == 30


def test_a_refused_lead_is_listed_with_status_and_answer_and_the_others_are_delivered(
    bench: Workbench,
) -> None:
    bad = {**make_leads("Banking", 1, first=90)[0], "notes": "refuse me"}
    extract = bench.write_csv([*make_leads("Banking", 20), bad])
    with start_refusing_server() as url:
        ended = bench.load(extract, CLAY_WEBHOOK_FINANCE_1=f"{url}/hook")
    assert ended.exit_code == 21
    assert ends_of(ended.json) == {"delivered": 20, "refused": 1}
    (refused,) = ended.json["refused"]
    assert (refused["lead_key"], refused["status"], refused["body"]) == (bad["email"], 400, ANSWER)
    assert refused["row_number"] == 21


def test_a_host_that_is_down_stops_the_load_after_its_back_off_and_loses_nothing(
    standin: StandIn, down_load: DownLoad
) -> None:
    ended = down_load.wait()
    assert ended.exit_code == 20
    assert ends_of(ended.json) == {"pending": 20}
    (problem,) = ended.json["problems"]
    assert (problem["code"], "run the same load again" in problem["hint"]) == ("CLY-DST-01", True)
    assert SECRET not in ended.stdout + ended.stderr
    # 5 s and 10 s, each with jitter from a half to one and a half.
    assert ended.json["duration_s"] >= 7.5
    bench = Workbench(standin, down_load.folder, OPTIONS)
    assert bench.query("SELECT SUM(used) FROM slots") == [(0,)]
    assert bench.load(down_load.extract).exit_code == 0
    assert bench.n_posts() == bench.n_rows() == 20


def test_a_clay_that_fails_for_every_lead_ends_the_load_after_a_few_of_them(
    failing_load: tuple[Workbench, Process],
) -> None:
    bench, process = failing_load
    ended = end(process)
    ends = ends_of(ended.json)
    assert (ended.exit_code, ends["pending"]) == (20, 200 - ends["in doubt"])
    # Three chunks: each meets three in a row, then one and one.
    assert 5 <= ends["in doubt"] <= 3 * 5
    assert (
        "nothing accepted in 3 attempts: the server failed" in ended.json["problems"][0]["message"]
    )
    bench.standin.faults()
    again = bench.load(bench.folder / "leads.csv")
    assert ends_of(again.json) == {"delivered": ends["pending"], "in doubt": ends["in doubt"]}
    assert bench.n_rows() == ends["pending"]
