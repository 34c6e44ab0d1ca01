"""Nobody on a suppression list reaches Clay, and every account of the load says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, Workbench
from support.scenes.load_tables import BenchOptions, describe_config, make_leads

from clayload.errors import Code, ConfigError, RunError
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.run import run_load
from clayload.model import RowEnd
from clayload.monitoring.doctor import diagnose_run
from clayload.monitoring.run_account import read_report
from clayload.monitoring.trace import trace_lead
from clayload.setup import Setup, read_setup

LEADS = make_leads("Software", 6) + make_leads("Banking", 4)
OUT, RIVAL = LEADS[1]["email"], "software3.example"


@pytest.fixture
def setup(bench: Workbench) -> Setup:
    """Two lists, of which one holds for tech only; a lead of tech takes two credits."""
    lists = {"outs": {"file": "outs.csv"}, "rivals": {"file": "rivals.txt", "tables": ["tech"]}}
    tables = describe_config("main", BenchOptions())["tables"]
    tables["tech"] |= {"credits_per_lead": 2.0}
    bench.write_config(suppression=lists, tables=tables)
    (bench.folder / "outs.csv").write_text(f"Work Email,Since\n{OUT.upper()},2026-10-01\n")
    (bench.folder / "rivals.txt").write_text(f"# rivals\n@{RIVAL}\nbanking0.example\n")
    return read_setup(bench.environ)


def request(bench: Workbench) -> LoadRequest:
    leads = [*LEADS, *([{**LEADS[1], "first_name": "again"}] * 3)]
    return LoadRequest((str(bench.write_csv(leads)),), CYCLE)


def test_a_load_keeps_listed_leads_from_clay_and_every_account_says_so(
    bench: Workbench, setup: Setup
) -> None:
    asked = request(bench)
    planned = plan_load(asked, setup, asks_clay=False)
    assert (planned.n_to_send, planned.extract.n_suppressed) == (8, 5)
    report = run_load(asked, setup, on_message=lambda _: None)
    kept = {OUT, LEADS[3]["email"]}
    arrived = {key for keys in bench.delivered().values() for key in keys}
    assert arrived == {lead["email"] for lead in LEADS} - kept
    ends = {end: n for end, n in report.ends.items() if n}
    assert ends == {RowEnd.SUPPRESSED: 5, RowEnd.DELIVERED: 8}
    savings = [(one.rule, one.n_leads, one.credits) for one in report.extract.savings]
    assert savings == [("outs", 4, 8.0), ("rivals", 1, 2.0)]
    assert planned.extract.savings == report.extract.savings
    assert read_report(None, setup).extract.savings == report.extract.savings
    assert (Path(report.extract.folder) / "suppressed.csv").exists()

    story = trace_lead(OUT, setup)
    assert [one.what for one in story.events] == [
        f"line {line} of leads.csv: suppressed, not sent: by outs, of table tech"
        for line in (3, 12, 13, 14)
    ]
    assert story.next_steps[0].startswith("nothing, if that is meant")
    (finding,) = diagnose_run(None, setup).findings
    assert finding.what == "5 of 13 rows (38%) are suppressed: outs 4, rivals 1"


def test_who_opted_out_since_is_not_sent_by_the_same_load_again(
    bench: Workbench, setup: Setup
) -> None:
    first = run_load(
        LoadRequest(request(bench).files, CYCLE, limit=2), setup, on_message=lambda _: None
    )
    assert first.n_delivered == 2
    (bench.folder / "rivals.txt").write_text("software4.example\nsoftware5.example\n")
    run_load(request(bench), setup, on_message=lambda _: None)
    arrived = bench.delivered()["tech"]
    assert not {LEADS[4]["email"], LEADS[5]["email"]} & set(arrived)


def test_a_list_that_is_gone_stops_a_load_before_a_run_begins(
    bench: Workbench, setup: Setup
) -> None:
    (bench.folder / "rivals.txt").unlink()
    with pytest.raises(ConfigError) as caught:
        run_load(request(bench), setup, on_message=lambda _: None)
    assert caught.value.code is Code.SUPPRESSION_UNUSABLE
    assert bench.n_posts() == 0
    with pytest.raises(RunError):
        read_report(None, setup)


def test_check_says_how_many_are_on_the_lists_and_fails_without_one(
    bench: Workbench, setup: Setup
) -> None:
    assert setup.config.suppression
    (bench.folder / "outs.csv").write_text("nobody in particular\n")
    ended = bench.run("check", "--json")
    assert ended.exit_code == 10
    (failed,) = (one for one in ended.json if not one["is_ok"])  # type: ignore[index]
    assert failed["check"] == "suppression"  # type: ignore[index]
    assert "CLY-CFG-12" in failed["said"]  # type: ignore[index]
