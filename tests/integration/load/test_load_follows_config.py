"""Does a running load take up what is changed in tables.yaml, and bear what is wrong in it?"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from support.scenes.load_kit import CYCLE, Workbench, end
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, BenchSlot, make_leads
from support.servers.standin_process import StandIn

SLOW = BenchOptions(rate_per_s=10, burst=20)
"""Of 60 leads the last 35 take 3.5 s: time enough to change something."""
LEADS = make_leads("Software", 220)


@pytest.fixture
def slow_bench(standin: StandIn, tmp_path: Path) -> Workbench:
    """A loader that believes in 10/s, at a Clay that takes 1,000/s."""
    bench = Workbench(standin, tmp_path, BenchOptions())
    bench.options = SLOW
    bench.write_config()
    return bench


def test_a_raised_rate_counts_from_the_next_grant_on(slow_bench: Workbench) -> None:
    slow_bench.options = replace(SLOW, rate_per_s=1)
    slow_bench.write_config()
    extract = slow_bench.write_csv(LEADS)
    with slow_bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
        slow_bench.wait_for_rows(SLOW.burst // 2)
        slow_bench.reconfigure(replace(SLOW, rate_per_s=400, burst=100))
        ended = end(process)
    # 200 leads at 1/s would have taken three minutes.
    moments = slow_bench.send_moments()
    assert moments[-1] - moments[0] < 90
    assert ended.exit_code == 0
    assert "has changed: 400/s, burst 100" in ended.stderr
    assert slow_bench.n_rows() == len(LEADS)


def test_another_load_paces_by_the_rate_of_the_newest_configuration(
    slow_bench: Workbench,
) -> None:
    extract = slow_bench.write_csv(LEADS)
    slow_bench.load(extract, "--limit", "1")
    assert slow_bench.query("SELECT rate_per_s, burst FROM workspaces") == [(10.0, 20)]
    slow_bench.reconfigure(replace(SLOW, rate_per_s=400, burst=100))
    slow_bench.load(extract, "--limit", "1")
    assert slow_bench.query("SELECT rate_per_s, burst FROM workspaces") == [(400.0, 100)]


def test_a_lowered_rate_opens_no_burst_at_a_clay_that_allows_no_more(
    standin: StandIn, tmp_path: Path
) -> None:
    # A tenth of the burst is kept free: the machine may bring leads a second late.
    at_clays_own = BenchOptions(rate_per_s=10, burst=100)
    bench = Workbench(standin, tmp_path, at_clays_own)
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE) as process:
        bench.wait_for_rows(100)
        bench.options = replace(at_clays_own, rate_per_s=4)
        bench.write_config()
        bench.wait_for_rows(115)
        process.send_signal(signal.SIGTERM)
        ended = end(process)
    assert "has changed: 4/s, burst 100" in ended.stderr
    assert bench.query("SELECT n_rate_limited FROM workspaces") == [(0,)]
    bench.options = at_clays_own
    assert bench.is_paced()


@pytest.mark.parametrize(
    ("renamed", "code"), [("workspace", "CLY-CFG-09"), ("table", "CLY-CFG-08")]
)
def test_a_load_goes_on_under_the_names_it_began_with(
    slow_bench: Workbench, renamed: str, code: str
) -> None:
    extract = slow_bench.write_csv(LEADS[:60])
    config = slow_bench.folder / "tables.yaml"
    with slow_bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
        slow_bench.wait_for_rows(25)
        document = yaml.safe_load(config.read_text())
        if renamed == "workspace":
            document["workspace"]["name"] = "another"
        else:
            document["tables"]["industry"] = document["tables"].pop("tech")
        config.write_text(yaml.safe_dump(document, sort_keys=False))
        ended = end(process)
    assert ended.exit_code == 0
    assert f"this load goes on with what it read: {code}" in ended.stderr
    assert slow_bench.n_rows() == 60
    assert slow_bench.query("SELECT COUNT(*) FROM workspaces") == [(1,)]


def test_an_edit_that_is_wrong_stops_nobody(slow_bench: Workbench) -> None:
    extract = slow_bench.write_csv(LEADS[:60])
    with slow_bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
        slow_bench.wait_for_rows(25)
        (slow_bench.folder / "tables.yaml").write_text("version: [\n")
        ended = end(process)
    assert ended.exit_code == 0
    assert "this load goes on with what it read: CLY-CFG-01" in ended.stderr
    assert slow_bench.n_rows() == 60


def test_a_slot_without_its_secret_stops_nobody(slow_bench: Workbench) -> None:
    extract = slow_bench.write_csv(LEADS[:60])
    spare = replace(TECH, slots=(*TECH.slots, BenchSlot("tech-3")))
    with slow_bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
        slow_bench.wait_for_rows(25)
        slow_bench.options = replace(SLOW, tables=(spare, FINANCE))
        slow_bench.write_config()
        ended = end(process)
    assert ended.exit_code == 0
    assert "this load goes on with what it read: CLY-CFG-06" in ended.stderr
