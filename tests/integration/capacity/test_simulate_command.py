"""Does `clayload simulate` answer people and machines, draw, and change nothing?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from support.servers.warm_process import run_warm

CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path


def simulate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: one for key, one in os.environ.items() if not key.startswith("CLAY")}
    environ["COLUMNS"] = "100"
    return run_warm("clayload", "simulate", *arguments, cwd=folder, env=environ)


def answer(folder: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    done = simulate(folder, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_people_get_it_in_lines_that_fit_their_terminal_and_no_trace_is_left(folder: Path) -> None:
    done = simulate(folder, "--leads", "1000000", "--workspaces", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert done.stdout.startswith("1,000,000 leads in 30 days over 2 workspaces at 10/s")
    for heading in ("By table", "Peaks and troubles", "Credits and Actions", "Assumed"):
        assert f"\n{heading}" in done.stdout
    assert [path.name for path in folder.iterdir()] == ["config"]


def test_a_million_leads_are_simulated_and_all_of_them_end(folder: Path) -> None:
    month = answer(folder, "--leads", "1000000", "--workspaces", "4")
    total = month["total"]
    assert total["n_leads"] == 1_000_000
    assert total["n_delivered"] + total["n_in_doubt"] + total["n_owed"] == 1_000_000
    assert sum(map(sum, month["sent"].values())) == total["n_delivered"] + total["n_in_doubt"]
    assert month["busiest_hour"]["n_leads"] <= 4 * (10 * 3_600 + 20)


def test_without_a_number_the_configured_volumes_cost_what_capacity_says(folder: Path) -> None:
    month = answer(folder, "--failures", "none")
    assert month["total"]["n_leads"] == 11_000
    assert month["spend"]["likely"] == {"credits": 77_200, "actions": 55_000}
    assert (month["total"]["n_slots"], month["total"]["n_made"]) == (4, 0)


def test_the_same_seed_gives_the_same_answer(folder: Path) -> None:
    asked = ("--leads", "30000", "--seed", "5", "--failures", "many")
    assert answer(folder, *asked) == answer(folder, *asked)


def test_a_month_that_is_too_short_ends_with_20(folder: Path) -> None:
    done = simulate(folder, "--leads", "10000000", "--days", "1", "--json")
    assert done.returncode == 20
    assert json.loads(done.stdout)["total"]["n_owed"] > 9_000_000


def test_the_plot_is_an_svg_with_what_goes_wrong_where_something_does(folder: Path) -> None:
    for failures, n_figures in (("some", 3), ("none", 2)):
        plot = folder / f"{failures}.svg"
        assert simulate(folder, "--failures", failures, "--plot", str(plot)).returncode == 0
        root = ET.parse(plot).getroot()  # noqa: S314 - ours
        assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == n_figures


@pytest.mark.parametrize(
    "wrong",
    [
        ("--plot", "month.png"),
        ("--rate", "0"),
        ("--rate", "nan"),
        ("--credits-per-day", "nan"),
        ("--failures", "all"),
    ],
)
def test_what_cannot_be_asked_is_refused(folder: Path, wrong: tuple[str, str]) -> None:
    assert simulate(folder, *wrong).returncode == 2


def test_a_folder_that_is_not_there_is_said(folder: Path) -> None:
    done = simulate(folder, "--plot", "nowhere/month.svg")
    assert done.returncode == 22
    assert "nowhere cannot be written" in done.stderr


def test_a_budget_that_does_not_reach_ends_with_23_and_is_told(folder: Path) -> None:
    asked = ("--leads", "100000", "--failures", "none", "--credits-per-day")
    cut = simulate(folder, *asked, "15000", "--plot", "month.svg")
    assert (cut.returncode, cut.stderr) == (23, "")
    assert max(map(len, cut.stdout.splitlines())) <= 100
    said = " ".join(cut.stdout.split())
    assert "are still deferred by a budget at its end" in said
    assert "workspace.budget.credits_per_day 15,000 449,9" in said
    assert "outbound-leads-finance" in said
    assert "deferred</text>" in (folder / "month.svg").read_text()
    month = json.loads(simulate(folder, *asked, "15000", "--json").stdout)
    (line,) = month["budgets"].values()
    assert line["most_in_a_period"] <= line["limit"] == 15_000
    assert line["n_deferred"] >= month["most_deferred"]["n_leads"] >= month["total"]["n_deferred"]
    assert answer(folder, *asked, "1e9")["total"]["n_deferred"] == 0


def test_the_budgets_of_the_configuration_can_be_left_aside(folder: Path) -> None:
    tables = folder / "config" / "tables.yaml"
    tables.write_text(tables.read_text().replace("  # budget: {", "  budget: {", 1))
    assert simulate(folder, "--leads", "100000").returncode == 23
    assert answer(folder, "--leads", "100000", "--no-budgets")["budgets"] == {}
