"""Does a load keep to the plan it names, or refuse before anything is sent?"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.benches.plan_bench import WORN, PlanBench
from support.scenes.load_kit import CYCLE, Ended, ends_of
from support.scenes.load_tables import FINANCE, BenchOptions, BenchSlot, make_leads

from clayload.loading.planning.saved_plan import PLAN_ID

LEADS = make_leads("Software", 40) + make_leads("Banking", 10)


def is_refused(ended: Ended, why: str, bench: PlanBench, n_sent: int = 0) -> None:
    """Check that nothing was sent or owed, and that the message says why."""
    assert (ended.exit_code, ended.is_told) == (10, True)
    assert "CLY-PLN-02" in ended.stderr
    assert why in ended.stderr
    assert bench.n_rows() == n_sent
    runs = bench.query("SELECT COUNT(*) FROM runs")
    assert runs == [(1 if n_sent else 0,)]


def test_a_plan_is_kept_under_a_readable_id_with_figures_and_nothing_else(
    bench: PlanBench,
) -> None:
    plan_id = bench.save(bench.write_csv([{**LEADS[0], "Secret Column": "x"}, *LEADS[1:]][:1]))
    assert re.fullmatch(PLAN_ID, plan_id)
    text = (bench.home / "plans" / f"{plan_id}.json").read_text()
    kept = json.loads(text)
    assert (kept["cycle"], kept["fit"], kept["n_to_send"]) == (CYCLE, "fits", 1)
    assert len(kept["config"]) == 16
    assert kept["spend"]["likely"] == {"credits": 2, "actions": 2}
    hidden = [*bench.secrets, "lead0", "leads.csv", "Secret Column", str(bench.folder), "env:"]
    assert [word for word in hidden if word in text] == []


def test_without_save_a_plan_leaves_no_trace(bench: PlanBench) -> None:
    bench.plan(bench.write_csv(LEADS))
    assert not bench.home.exists()


def test_plans_are_listed_the_newest_first_and_what_is_none_is_passed_over(
    bench: PlanBench,
) -> None:
    assert bench.run("plans", "--json").json == []
    ids = [bench.save(bench.write_csv(LEADS[:n])) for n in (1, 2)]
    (bench.home / "plans" / "plan-broken.json").write_text("{")
    kept = bench.run("plans", "--json").json
    assert [(one["plan_id"], one["n_to_send"]) for one in kept] == [(ids[1], 2), (ids[0], 1)]  # type: ignore[index]
    assert ids[0] in bench.run("plans").stdout


def test_a_load_by_its_plan_sends_what_was_planned_through_the_slots_planned(
    bench: PlanBench,
) -> None:
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    ended = bench.load(extract, "--plan", plan_id)
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 50})
    used = {slot["slot"]: slot["used_by_run"] for slot in ended.json["slots"]}
    planned = bench.read_saved(plan_id)["tables"]
    assert used == {"tech-2": 0} | planned["tech"]["by_slot"] | planned["finance"]["by_slot"]


def test_another_extract_is_refused_be_it_one_lead_more(bench: PlanBench) -> None:
    plan_id = bench.save(bench.write_csv(LEADS))
    changed = bench.write_csv([*LEADS, *make_leads("Banking", 1, first=10)])
    ended = bench.load(changed, "--plan", plan_id)
    is_refused(ended, "it is for extract ", bench)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("--cycle", "2026-12"), "it is for cycle 2026-11, not 2026-12"),
        (("--table", "tech"), "it is for table any, not tech"),
        (("--limit", "5"), "it is for limit any, not 5"),
    ],
)
def test_another_cycle_table_or_limit_is_refused(
    bench: PlanBench, asked: tuple[str, str], why: str
) -> None:
    extract = bench.write_csv(LEADS)
    ended = bench.run("load", extract, "--plan", bench.save(extract), *asked)
    assert (ended.exit_code, bench.n_posts()) == (10, 0)
    assert why in ended.stderr


def test_a_plan_of_one_table_and_a_few_leads_is_loaded_as_it_is(bench: PlanBench) -> None:
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract, "--table", "tech", "--limit", "7")
    ended = bench.run("load", extract, "--plan", plan_id, "--json")
    assert (ended.exit_code, bench.n_rows()) == (0, 7)
    assert ended.json["cycle"] == CYCLE


def test_more_leads_than_planned_are_refused_and_the_changed_filter_is_named(
    bench: PlanBench,
) -> None:
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    finance = FINANCE.describe() | {"filter": "TRUE"}
    bench.write_config(tables={"finance": finance, "tech": WORN.describe()})
    ended = bench.load(extract, "--plan", plan_id)
    is_refused(ended, "50 leads are owed to finance, the plan has 10", bench)
    assert "the configuration was changed since" in ended.stderr


def test_another_slot_than_planned_is_refused(bench: PlanBench) -> None:
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    worn_more = BenchSlot("tech-1", already_used=44_990)
    bench.reconfigure(
        BenchOptions(tables=(replace(WORN, slots=(worn_more, WORN.slots[1])), FINANCE))
    )
    ended = bench.load(extract, "--plan", plan_id)
    is_refused(ended, "slot tech-2 would take 30 leads, the plan has 10", bench)


def test_a_higher_price_is_refused_and_a_lower_one_is_not(bench: PlanBench) -> None:
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    bench.price(1.6, 2.0)
    ended = bench.load(extract, "--plan", plan_id)
    is_refused(ended, "it would take 80 credits (likely), the plan has 75", bench)
    bench.price(1.4, 2.0)
    assert bench.load(extract, "--plan", plan_id).exit_code == 0


@pytest.mark.parametrize("plan_id", ["plan-20261126T0712Z-3fa9c1", "../plans/x", ""])
def test_a_plan_that_is_not_there_is_told(bench: PlanBench, plan_id: str) -> None:
    ended = bench.load(bench.write_csv(LEADS), "--plan", plan_id)
    assert (ended.exit_code, bench.n_posts()) == (10, 0)
    assert "CLY-PLN-01" in ended.stderr


def test_a_plan_that_fits_in_part_is_not_passed_even_when_room_is_made(
    bench: PlanBench,
) -> None:
    bench.price(1, 1, row_limit=44_995)
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    assert bench.read_saved(plan_id)["tables"]["tech"]["n_unplaced"] == 15
    bench.price(1, 1)  # room for all
    ended = bench.load(extract, "--plan", plan_id)
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 35, "pending": 15})
    assert bench.standin.row_count("tech") == 25
    again = bench.load(extract, "--plan", plan_id)
    assert ends_of(again.json) == {"already delivered": 35, "pending": 15}
    assert bench.load(extract).json["ends"]["delivered"] == 15
    assert bench.n_rows() == 50


def test_a_resumed_load_goes_as_far_as_the_plan_and_no_further(bench: PlanBench) -> None:
    bench.price(1, 1, row_limit=44_995)
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    bench.price(1, 1)
    assert bench.load(extract, "--limit", "9").exit_code == 0  # somebody sends some meanwhile
    ended = bench.load(extract, "--plan", plan_id)
    assert ends_of(ended.json) == {"already delivered": 9, "delivered": 26, "pending": 15}
    assert bench.n_rows() == 35


def test_a_rehearsal_by_a_plan_writes_just_what_the_plan_lets_go(bench: PlanBench) -> None:
    bench.price(1, 1, row_limit=44_995)
    extract = bench.write_csv(LEADS)
    plan_id = bench.save(extract)
    bench.price(1, 1)
    assert bench.load(extract, "--plan", plan_id, "--dry-run").json["n_to_send"] == 35
    bodies = (bench.home / "dry-run" / "tech.ndjson").read_text().splitlines()
    assert len(bodies) == 25
    other = bench.load(bench.write_csv(LEADS[:3], "other.csv"), "--plan", plan_id, "--dry-run")
    assert (other.exit_code, bench.n_posts()) == (10, 0)


def test_a_plan_that_cannot_be_kept_is_told(bench: PlanBench, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    ended = bench.plan(bench.write_csv(LEADS), "--save", CLAYLOAD_LEDGER_URL="sqlite:///other.db")
    assert ended.exit_code == 22
    assert "CLY-RUN-01" in ended.stderr
