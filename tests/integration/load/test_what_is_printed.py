"""Do people read the verdict first, on one screen, and do programs get errors as JSON?"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, Ended, Workbench, end
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.refusing_server import start_refusing_server
from support.servers.standin_process import StandIn

SAMPLE = Path(__file__).parents[3] / "samples" / "leads-2026-11.csv"
WIDTH, HEIGHT = 80, 24
LEADS = make_leads("Software", 200)
SLOW = BenchOptions(rate_per_s=5, burst=5)


def print_at(bench: Workbench, width: int, *arguments: str | Path) -> Ended:
    return bench.run(*arguments, COLUMNS=str(width))


def lines_of(ended: Ended) -> list[str]:
    assert ended.exit_code in (0, 21), ended.stderr
    return [line.rstrip() for line in ended.stdout.splitlines()]


def test_on_the_sample_each_summary_fits_one_screen_and_details_are_more(bench: Workbench) -> None:
    load = ("load", SAMPLE, "--cycle", CYCLE)
    for command in (("plan", *load[1:]), load, ("status",), ("capacity",)):
        lines = lines_of(print_at(bench, WIDTH, *command))
        assert len(lines) <= HEIGHT, "\n".join(lines)
        assert max(map(len, lines)) <= WIDTH
    status = lines_of(print_at(bench, WIDTH, "status", "--details"))
    assert len(status) > HEIGHT
    assert {"The books", "Clay tables", "Webhook slots", "Quarantine by reason"} <= set(status)


def test_a_terminal_a_wide_one_and_a_pipe_get_every_address_whole(bench: Workbench) -> None:
    leads = make_leads("Banking", 3)
    for n, lead in enumerate(leads):
        lead["email"] = f"a.very.long.name.of.somebody.{n}@a-company-with-a-long-name.example"
        lead["notes"] = "refuse me"
    with start_refusing_server() as url:
        refused = bench.load(bench.write_csv(leads), CLAY_WEBHOOK_FINANCE_1=f"{url}/hook")
    assert refused.exit_code == 21
    narrow, wide = (print_at(bench, width, "status", "--details") for width in (WIDTH, 140))
    bench.environ.pop("COLUMNS")
    piped = bench.run("status", "--details")
    for lead in leads:
        assert all(lead["email"] in ended.stdout for ended in (narrow, wide, piped))
    assert max(map(len, lines_of(narrow))) <= WIDTH
    # Where no terminal is, a row is a line.
    assert sum("@a-company-with-a-long-name.example" in line for line in lines_of(piped)) == 3


def test_a_running_load_says_so_with_its_rate_and_once_stopped_counts_no_longer(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, SLOW)
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE) as process:
        bench.wait_for_rows(15)
        running = bench.run("status").stdout
        as_json = bench.run("status", "--json").json
        process.send_signal(signal.SIGTERM)
        assert end(process).exit_code == 143
    verdict = running.splitlines()[0]
    assert verdict.startswith("running: ")
    assert "/s, " in verdict
    assert verdict.endswith(" to go")
    assert "again" not in running + as_json["next_step"]
    assert as_json["standing"]["is_running"] is True
    stopped, later = (bench.run("status", "--json").json for _ in range(2))
    assert stopped["standing"]["is_running"] is False
    assert "again" in stopped["next_step"]
    # It took until its last answer, whenever that is asked.
    assert stopped["duration_s"] == later["duration_s"] < 60
    assert bench.run("status").stdout.startswith("interrupted ")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("status",), 22, "CLY-RUN-02"),
        (("load", "nowhere.csv"), 11, "CLY-EXT-01"),
        (("plan", "nowhere.csv"), 11, "CLY-EXT-01"),
        (("load", "leads.csv", "--limit", "0"), 2, "usage"),
        (("status", "--no-such-option"), 2, "usage"),
        (("ledger", "check"), 22, "CLY-RUN-02"),
    ],
)
def test_with_json_an_error_is_json_too_on_standard_output(
    bench: Workbench, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    ended = bench.run(*arguments, "--json")
    error = ended.json["error"]
    assert (ended.exit_code, error["exit_code"], error["code"]) == (exit_code, exit_code, code)
    assert error["message"]
    assert error["hint"]
    # People still read it, where they did.
    assert ended.stderr


def test_without_json_nothing_of_an_error_is_on_standard_output(bench: Workbench) -> None:
    ended = bench.run("status")
    assert (ended.exit_code, ended.stdout) == (22, "")
