"""`clayload usage`, `alerts` and `metrics`: what do they say of a load that a budget cut short?"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from support.scenes.load_kit import WORKSPACE, Workbench
from support.scenes.load_tables import BenchOptions, describe_config, make_leads
from support.servers.standin_process import StandIn
from typer.testing import CliRunner, Result

from clayload.cli.root import app
from clayload.errors import ConfigError, ExitCode, LedgerError, RunError


@pytest.fixture(scope="module")
def cut_short(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A load of 30 leads, of which a budget lets 20 through."""
    bench = Workbench(standin, tmp_path_factory.mktemp("cut-short"))
    set_budget(bench, 120)
    ended = bench.load(bench.write_csv(make_leads("Software", 30)))
    assert ended.exit_code == ExitCode.DEFERRED
    return bench


def set_budget(bench: Workbench, n_credits: float) -> None:
    document = describe_config(WORKSPACE, BenchOptions())
    for table in document["tables"].values():
        table |= {"credits_per_lead": 6, "actions_per_lead": 2}
    document["workspace"]["budget"] = {"credits_per_billing_month": n_credits}
    bench.write_config(**document)


def run(bench: Workbench, *arguments: str | Path) -> Result:
    """Run a command in this process: starting one takes longer than all that it does."""
    return CliRunner().invoke(app, [*map(str, arguments)], env=bench.environ)


def on_one_line(shown: Result) -> str:
    """What was printed, however wide the terminal is taken to be."""
    return " ".join(shown.stdout.split())


def test_usage_shows_the_day_the_budget_and_what_is_owed(cut_short: Workbench) -> None:
    said = cut_short.run("usage").stdout
    assert "workspace.budget.credits_per_billing_month" in said
    assert "10 leads are still owed; they will take 60 credits and 20 Actions" in said
    used = json.loads(run(cut_short, "usage", "--days", "2", "--json").stdout)
    assert sum(day["n_accepted"] for day in used["days"]) == 20
    assert sum(day["credits"] for day in used["days"]) == 120
    (line,) = (line for line in used["lines"] if line["limit"] is not None)
    assert (line["used"], line["limit"], line["part_used"]) == (120, 120, 1)


def test_alerts_are_shown_as_often_as_one_likes_and_told_once(cut_short: Workbench) -> None:
    for _ in range(2):
        shown = run(cut_short, "alerts")
        assert shown.exit_code == ExitCode.ATTENTION
        over = "over: workspace.budget.credits_per_billing_month: 120 of 120 credits"
        assert over in on_one_line(shown)
    assert "deferred: 20 delivered, 10 deferred" in on_one_line(shown)
    told = run(cut_short, "alerts", "--new", "--json")
    assert [one["kind"] for one in json.loads(told.stdout)] == ["budget", "load"]
    again = run(cut_short, "alerts", "--new")
    assert (told.exit_code, again.exit_code, again.stdout) == (ExitCode.ATTENTION, ExitCode.OK, "")
    assert 'clayload_alerts_active{kind="budget",level="over"} 1.0' in scraped(cut_short)
    set_budget(cut_short, 10_000)
    try:
        recovered = run(cut_short, "alerts", "--new")
    finally:
        set_budget(cut_short, 120)
    assert recovered.exit_code == ExitCode.OK
    over = "recovered: workspace.budget.credits_per_billing_month: 120 of"
    assert on_one_line(recovered).startswith(over)


def test_nothing_to_tell_is_said_where_somebody_asks(bench: Workbench) -> None:
    shown = run(bench, "alerts")
    assert (shown.exit_code, shown.stdout) == (ExitCode.OK, "of 5 things watched, all are fine\n")
    assert run(bench, "alerts", "--new").stdout == ""
    assert not bench.home.exists()


def scraped(bench: Workbench) -> list[str]:
    return run(bench, "metrics").stdout.splitlines()


def test_metrics_are_printed_and_written_whole(cut_short: Workbench, tmp_path: Path) -> None:
    lines = scraped(cut_short)
    assert 'clayload_leads{state="pending",table="tech"} 10.0' in lines
    assert 'clayload_last_run_outcome{kind="load",outcome="deferred"} 1.0' in lines
    assert 'clayload_last_run_rows{end="delivered",kind="load"} 20.0' in lines
    path = tmp_path / "clayload.prom"
    assert run(cut_short, "metrics", "--textfile", path).exit_code == 0
    assert 'clayload_leads{state="pending",table="tech"} 10.0' in path.read_text().splitlines()
    assert [one.name for one in tmp_path.iterdir()] == ["clayload.prom"]
    refused = run(cut_short, "metrics", "--textfile", tmp_path / "no" / "such.prom")
    assert isinstance(refused.exception, RunError)
    assert not any(secret in "".join(lines) for secret in cut_short.secrets)


def test_without_a_ledger_only_that_is_told(bench: Workbench) -> None:
    found = run(bench, "metrics")
    assert found.stdout.splitlines()[-1] == "clayload_ledger_up 0.0"
    assert isinstance(found.exception, LedgerError)
    assert not bench.home.exists()


def test_a_scraper_is_answered_from_the_ledger_as_it_is_then(cut_short: Workbench) -> None:
    with cut_short.start("metrics", "--serve", "0") as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[2].rstrip(",")
        assert url.startswith("http://127.0.0.1:")
        answer = httpx.get(url, trust_env=False)
        process.terminate()
        assert process.wait(10) == ExitCode.TERMINATED
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "clayload_ledger_up 1.0" in answer.text


def test_a_port_that_is_taken_is_said_in_words(cut_short: Workbench) -> None:
    host = httpx.URL(cut_short.standin.url)
    taken = run(cut_short, "metrics", "--serve", f"{host.host}:{host.port}")
    assert isinstance(taken.exception, ConfigError)
    assert run(cut_short, "metrics", "--serve", "nonsense").exit_code == ExitCode.USAGE


def test_a_good_load_does_not_hide_what_an_earlier_one_owes(cut_short: Workbench) -> None:
    """The last of this file: it adds a load to those that the others look at."""
    set_budget(cut_short, 126)
    other = cut_short.write_csv(make_leads("Software", 1, first=500), "other.csv")
    assert cut_short.load(other).exit_code == ExitCode.OK
    shown = run(cut_short, "alerts")
    said = " ".join(shown.stdout.split())
    assert "for 2026-11: 10 leads of earlier loads are still owed" in said
