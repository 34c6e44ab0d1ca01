"""What happens to a load when webhook slots wear out, or Clay refuses them?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.scenes.load_kit import Ended, Workbench, ends_of
from support.scenes.load_tables import FINANCE, BenchOptions, BenchSlot, BenchTable, make_leads
from support.servers.standin_process import Document, StandIn

SPARE = BenchSlot("tech-2")
WORN = BenchSlot("tech-1", already_used=44_990)
ANOTHER_TOKEN = "another-token"  # noqa: S105 - a local stand-in's
TECH_LEADS = make_leads("Software", 30)


def _options(*slots: BenchSlot) -> BenchOptions:
    return BenchOptions(tables=(BenchTable("tech", "Software", slots), FINANCE))


def _used(ended: Ended) -> dict[str, int]:
    return {slot["slot"]: slot["used_by_run"] for slot in ended.json["slots"]}


def _slot_of(ended: Ended, slot: str) -> Document:
    (found,) = (account for account in ended.json["slots"] if account["slot"] == slot)
    return dict(found)


def _problems(ended: Ended) -> list[tuple[str, str]]:
    problems: list[Document] = ended.json["problems"]
    return [(problem["code"], problem["table"]) for problem in problems]


def test_leads_go_on_through_the_spare_when_a_slot_reaches_its_safe_limit(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, _options(WORN, SPARE))
    ended = bench.load(bench.write_csv(TECH_LEADS))
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 30})
    assert _used(ended) == {"tech-1": 10, "tech-2": 20, "finance-1": 0}
    assert bench.standin.source_records("tech") == {WORN.source_id: 45_000, SPARE.source_id: 20}
    assert len(set(bench.delivered()["tech"])) == 30


def test_without_a_spare_the_rest_waits_others_go_on_and_a_new_slot_takes_exactly_the_rest(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, _options(WORN))
    extract = bench.write_csv(TECH_LEADS + make_leads("Banking", 40))
    stopped = bench.load(extract)
    assert stopped.exit_code == 20
    assert ends_of(stopped.json) == {"delivered": 50, "pending": 20}
    assert stopped.json["tables"]["finance"] == {"delivered": 40}
    assert _problems(stopped) == [("CLY-CAP-01", "tech")]
    assert "tech-1 45,000 of 45,000" in stopped.json["problems"][0]["message"]
    assert "add a slot" in stopped.json["next_step"]

    bench.reconfigure(_options(WORN, SPARE))
    resumed = bench.load(extract)
    assert (resumed.exit_code, ends_of(resumed.json)) == (
        0,
        {"already delivered": 50, "delivered": 20},
    )
    assert bench.n_taken() == 70
    assert len(set(bench.delivered()["tech"])) == 30


def test_leads_move_on_when_clay_says_used_up_earlier_than_we_counted(
    standin: StandIn, tmp_path: Path
) -> None:
    early = BenchSlot("tech-1", lifetime_limit=7)
    bench = Workbench(standin, tmp_path, _options(early, SPARE))
    ended = bench.load(bench.write_csv(TECH_LEADS))
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 30})
    assert _used(ended) == {"tech-1": 7, "tech-2": 23, "finance-1": 0}
    assert _slot_of(ended, "tech-1")["state"] == "used_up"
    assert bench.query("SELECT MAX(n_attempts) FROM submissions") == [(1,)]
    assert len(set(bench.delivered()["tech"])) == 30


@pytest.mark.parametrize(
    ("broken", "status"), [({"deleted": True}, 404), ({"token": ANOTHER_TOKEN}, 401)]
)
def test_a_slot_that_clay_refuses_is_benched_and_the_next_one_takes_its_leads(
    standin: StandIn, tmp_path: Path, broken: Document, status: int
) -> None:
    first = BenchSlot("tech-1")
    bench = Workbench(standin, tmp_path, _options(first, SPARE))
    bench.standin.set_source(first.source_id, **broken)
    ended = bench.load(bench.write_csv(TECH_LEADS))
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 30})
    assert _used(ended) == {"tech-1": 0, "tech-2": 30, "finance-1": 0}
    assert _slot_of(ended, "tech-1")["state"] == "suspended"
    assert f"slot answers {status}" in _slot_of(ended, "tech-1")["reason"]


def test_a_table_whose_only_slot_is_refused_waits_and_the_next_load_tries_the_slot_anew(
    standin: StandIn, tmp_path: Path
) -> None:
    only = BenchSlot("tech-1")
    bench = Workbench(standin, tmp_path, _options(only))
    bench.standin.set_source(only.source_id, token=ANOTHER_TOKEN)
    extract = bench.write_csv(TECH_LEADS + make_leads("Banking", 5))
    stopped = bench.load(extract)
    assert stopped.exit_code == 20
    assert ends_of(stopped.json) == {"delivered": 5, "pending": 30}
    assert _problems(stopped) == [("CLY-SLT-01", "tech")]
    assert "slot answers 401" in stopped.json["problems"][0]["message"]

    bench.standin.set_source(only.source_id, token=only.token)
    resumed = bench.load(extract)
    assert (resumed.exit_code, ends_of(resumed.json)["delivered"]) == (0, 30)
    assert _slot_of(resumed, "tech-1")["state"] == "active"
    assert _used(resumed)["tech-1"] == 30


def test_a_full_table_waits_and_its_slots_keep_their_life(standin: StandIn, tmp_path: Path) -> None:
    small = replace(FINANCE, slots=(BenchSlot("finance-1", already_used=100),))
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(small,)))
    bench.write_config(tables={"finance": small.describe() | {"row_limit": 112}})
    ended = bench.load(bench.write_csv(make_leads("Banking", 40)))
    assert ended.exit_code == 20
    assert ends_of(ended.json) == {"delivered": 12, "pending": 28}
    assert _problems(ended) == [("CLY-CAP-02", "finance")]
    assert bench.n_posts() == bench.n_rows() == 12
