"""Is a plan what the run then does: its slots to the lead, its credits to the credit?"""

from __future__ import annotations

from pathlib import Path

from support.benches.plan_bench import WORN, PlanBench
from support.scenes.load_tables import FINANCE, make_leads
from support.servers.standin_process import StandIn

LEADS = make_leads("Software", 150) + make_leads("Banking", 50)


def test_slots_credits_and_actions_are_exact_and_no_load_is_faster_than_planned(
    standin: StandIn, tmp_path: Path, commands: Path
) -> None:
    bench = PlanBench.make(standin, tmp_path, commands, (WORN, FINANCE), rate_per_s=80, burst=8)
    extract = bench.write_csv(LEADS)
    plan = bench.plan(extract, "--save").json
    before = bench.standin.balances()
    report = bench.load(extract, "--plan", plan["plan_id"]).json

    tables = plan["tables"]
    used = {slot["slot"]: slot["used_by_run"] for slot in report["slots"]}
    assert used == tables["tech"]["by_slot"] | tables["finance"]["by_slot"]
    assert used == {"tech-1": 30, "tech-2": 120, "finance-1": 50}

    spent = [one - two for one, two in zip(before, bench.standin.balances(), strict=True)]
    assert spent == [plan["spend"]["likely"]["credits"], plan["spend"]["likely"]["actions"]]

    # A machine with other work makes it slower; how exact it is without, `make chaos` measures.
    moments = bench.send_moments()
    assert moments[-1] - moments[0] >= plan["sending_time_s"] * 0.95
