"""Does a load keep to a budget, defer what does not fit, and send just that once there is more?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.scenes.load_kit import CYCLE, WORKSPACE, Workbench, end, ends_of
from support.scenes.load_tables import BenchOptions, describe_config, make_leads
from support.servers.refusing_server import start_refusing_server
from support.servers.standin_process import Document, StandIn

CREDITS = 6
LEADS = make_leads("Software", 50) + make_leads("Banking", 30)
Limits = Mapping[str, float]


def _set_budget(bench: Workbench, workspace: Limits | None = None, **of_tables: Limits) -> None:
    """Let each lead cost 6 credits and 2 Actions, and write these budgets."""
    document = describe_config(WORKSPACE, bench.options)
    for name, table in document["tables"].items():
        table |= {"credits_per_lead": CREDITS, "actions_per_lead": 2}
        if name in of_tables:
            table["budget"] = dict(of_tables[name])
    if workspace is not None:
        document["workspace"]["budget"] = dict(workspace)
    bench.write_config(**document)


def _problems(report: Document) -> list[tuple[str, str]]:
    return [(problem["code"], problem["table"]) for problem in report["problems"]]


def _spent(bench: Workbench) -> float:
    ((n_milli,),) = bench.query("SELECT SUM(credits_milli) FROM spending")
    return int(n_milli) / 1_000


def test_what_does_not_fit_is_deferred_and_after_a_raise_exactly_the_rest_is_sent(
    bench: Workbench,
) -> None:
    _set_budget(bench, tech={"credits_per_billing_month": 20 * CREDITS + 5})
    extract = bench.write_csv(LEADS)
    stopped = bench.load(extract)
    assert (stopped.exit_code, stopped.json["outcome"]) == (23, "deferred")
    assert ends_of(stopped.json) == {"delivered": 50, "deferred": 30}
    assert stopped.json["tables"]["finance"] == {"delivered": 30}
    assert _problems(stopped.json) == [("CLY-BUD-01", "tech")]
    assert "raise tables.tech.budget.credits_per_billing_month" in stopped.json["next_step"]
    assert len(stopped.json["deferred"]) == 30
    assert (bench.n_taken(), _spent(bench)) == (50, 300)

    again = bench.load(extract)
    assert (again.exit_code, bench.n_taken()) == (23, 50)
    assert ends_of(again.json) == {"already delivered": 50, "deferred": 30}

    _set_budget(bench, tech={"credits_per_billing_month": 50 * CREDITS})
    resumed = bench.load(extract)
    assert (resumed.exit_code, ends_of(resumed.json)) == (
        0,
        {"already delivered": 50, "delivered": 30},
    )
    assert (bench.n_taken(), _spent(bench)) == (80, 480)
    assert sorted(bench.delivered()["tech"]) == sorted(lead["email"] for lead in LEADS[:50])


def test_four_processes_never_pass_a_budget_by_one_lead_and_a_raise_sends_the_rest(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=200, burst=40))
    n_fitting, n_leads = 100, 60
    _set_budget(bench, {"credits_per_day": n_fitting * CREDITS + 5.9})
    extracts = [
        bench.write_csv(make_leads("Software", n_leads, first=n * n_leads), f"leads-{n}.csv")
        for n in range(4)
    ]
    commands = [("load", extract, "--cycle", CYCLE, "--json") for extract in extracts]
    with (
        bench.start(*commands[0]) as one,
        bench.start(*commands[1]) as two,
        bench.start(*commands[2]) as three,
        bench.start(*commands[3]) as four,
    ):
        ended = [end(process) for process in (one, two, three, four)]
    assert {process.exit_code for process in ended} <= {0, 23}
    ends = [ends_of(process.json) for process in ended]
    assert sum(of_one.get("delivered", 0) for of_one in ends) == n_fitting
    assert sum(of_one.get("deferred", 0) for of_one in ends) == 4 * n_leads - n_fitting
    assert (bench.n_taken(), _spent(bench)) == (n_fitting, n_fitting * CREDITS)

    _set_budget(bench, {"credits_per_day": 4 * n_leads * CREDITS})
    resumed = [ends_of(bench.load(extract).json) for extract in extracts]
    assert sum(of_one.get("delivered", 0) for of_one in resumed) == 4 * n_leads - n_fitting
    assert bench.n_taken() == len(set(bench.delivered()["tech"])) == 4 * n_leads
    assert _spent(bench) == 4 * n_leads * CREDITS


def test_a_running_load_takes_up_a_raised_budget(standin: StandIn, tmp_path: Path) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=20, burst=20))
    _set_budget(bench, {"credits_per_day": 60 * CREDITS})
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE, "--json") as process:
        bench.wait_for_rows(25)
        _set_budget(bench, {"credits_per_day": 80 * CREDITS})
        ended = end(process)
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 80})
    assert _spent(bench) == 480


def test_answers_429_take_nothing_of_the_budget(standin: StandIn, tmp_path: Path) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=1_000, burst=200))
    bench.standin.faults({"kind": "answer", "code": 429, "count": 15})
    _set_budget(bench, {"credits_per_day": len(LEADS) * CREDITS})
    ended = bench.load(bench.write_csv(LEADS))
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": 80})
    assert _spent(bench) == 480
    assert bench.n_taken() == 80


def test_refused_leads_take_nothing_of_the_budget(bench: Workbench) -> None:
    _set_budget(bench, finance={"credits_per_billing_month": 5 * CREDITS})
    leads = make_leads("Banking", 8)
    for lead in leads[:3]:
        lead["notes"] = "refuse me"
    with start_refusing_server() as url:
        ended = bench.load(bench.write_csv(leads), CLAY_WEBHOOK_FINANCE_1=f"{url}/hook")
    assert (ended.exit_code, ends_of(ended.json)) == (21, {"delivered": 5, "refused": 3})
    assert _spent(bench) == 30


def test_a_plan_says_how_many_leads_are_over_budget_as_the_load_then_finds(
    bench: Workbench,
) -> None:
    _set_budget(bench, {"actions_per_day": 120}, finance={"credits_per_day": 60})
    extract = bench.write_csv(LEADS)
    planned = bench.run("plan", extract, "--cycle", CYCLE, "--json")
    over = {name: table["n_over_budget"] for name, table in planned.json["tables"].items()}
    assert (planned.exit_code, over) == (23, {"tech": 0, "finance": 20})
    assert not bench.home.exists()
    assert ends_of(bench.load(extract).json) == {"delivered": 60, "deferred": 20}
    told = bench.run("plan", extract, "--cycle", CYCLE)
    assert "20 of 20 are over a budget and would be deferred" in " ".join(told.stdout.split())


def test_the_budget_command_says_what_is_spent_and_left_and_until_when(bench: Workbench) -> None:
    _set_budget(bench, {"credits_per_billing_month": 600}, finance={"actions_per_day": 20})
    before = json.loads(bench.run("budget", "--json").stdout)
    assert [(line["key"], line["spent"], line["left"]) for line in before] == [
        ("workspace.budget.credits_per_billing_month", 0, 600),
        ("tables.finance.budget.actions_per_day", 0, 20),
    ]
    assert not bench.home.exists()
    bench.load(bench.write_csv(LEADS))
    workspace, finance = json.loads(bench.run("budget", "--json").stdout)
    assert (workspace["spent"], workspace["reserved"], workspace["left"]) == (360, 0, 240)
    assert (finance["spent"], finance["left"], finance["part_used"]) == (20, 0, 1)
    assert workspace["renews_on"].endswith("-01")
    told = bench.run("budget").stdout
    assert "workspace.budget.credits_per_billing_month" in told
    assert "60.0%" in told


def test_status_report_and_trace_tell_of_deferred_leads(bench: Workbench) -> None:
    _set_budget(bench, tech={"credits_per_day": 49 * CREDITS})
    loaded = bench.load(bench.write_csv(LEADS)).json
    (deferred,) = bench.keys_in("pending")["tech"]
    status = bench.run("status", "--json").json
    assert ends_of(status) == {"delivered": 79, "deferred": 1}
    assert [lead["lead_key"] for lead in status["deferred"]] == [deferred]
    assert status["budgets"][0]["left"] == 0
    assert bench.run("status").stdout.startswith("deferred: 79 leads delivered in ")
    (step,) = bench.run("trace", deferred, "--json").json["next_steps"]
    assert step.startswith("tech, cycle 2026-11: deferred: the budget tables.tech.budget.")
    assert "it renews on" in step
    folder = bench.home / "runs" / loaded["run_id"]
    markdown = (folder / "report.md").read_text()
    assert "## Deferred by a budget" in markdown
    assert "- CLY-BUD-01 tech: " in markdown
    assert bench.run("report").exit_code == 0
    assert "Deferred by a budget" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("key", "value"), [("credits_per_day", -1), ("credits_per_week", 1), ("renews_on_day", 32)]
)
def test_a_wrong_budget_is_refused_by_name(bench: Workbench, key: str, value: Any) -> None:  # noqa: ANN401 - whatever the YAML holds
    _set_budget(bench, {key: value})
    ended = bench.run("check", "--json")
    assert ended.exit_code == 10
    assert key in ended.stderr
