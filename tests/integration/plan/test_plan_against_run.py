"""Is a plan what the run then does: its time, its slots to the lead, its credits to the credit?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.benches.plan_bench import WORN, PlanBench
from support.scenes.load_tables import FINANCE, make_leads
from support.servers.standin_process import Document, StandIn

LEADS = make_leads("Software", 150) + make_leads("Banking", 50)
WITHIN = 0.05
SMALL_CHUNKS = {"CLAYLOAD_CHUNK_ROWS": "5"}
# Which of the chunks that are under way gets the next grant, the ledger's lock decides.
UNDER_WAY_S = 4 * 5 / 20


def arrivals(rows: list[Document]) -> list[datetime]:
    return sorted(datetime.fromisoformat(row["received_at"]) for row in rows)


def test_time_is_within_a_twentieth_and_slots_credits_and_actions_are_exact(
    standin: StandIn, tmp_path: Path, commands: Path
) -> None:
    bench = PlanBench.make(standin, tmp_path, commands, (WORN, FINANCE), rate_per_s=20, burst=8)
    bench.environ |= SMALL_CHUNKS
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

    rows = {name: bench.standin.rows(name) for name in tables}
    all_of_them = arrivals([row for of_table in rows.values() for row in of_table])
    took_s = (all_of_them[-1] - all_of_them[0]).total_seconds()
    assert took_s == pytest.approx(plan["sending_time_s"], rel=WITHIN)
    tolerance_s = WITHIN * plan["sending_time_s"] + UNDER_WAY_S
    for name, table in tables.items():
        of_table = arrivals(rows[name])
        for planned_at, at in ((table["first_at"], of_table[0]), (table["last_at"], of_table[-1])):
            assert _since(plan, planned_at) == pytest.approx(
                (at - all_of_them[0]).total_seconds(), abs=tolerance_s
            )
    worn = WORN.slots[0].source_id
    full_at = arrivals([row for row in rows["tech"] if row["source"] == worn])[-1]
    assert _since(plan, tables["tech"]["fills_at"]["tech-1"]) == pytest.approx(
        (full_at - all_of_them[0]).total_seconds(), abs=tolerance_s
    )


def _since(plan: Document, moment: str) -> float:
    starts_at = datetime.fromisoformat(plan["starts_at"])
    return (datetime.fromisoformat(moment) - starts_at).total_seconds()
