"""Does `clayload capacity` answer people and machines, from the shell, and change nothing?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.servers.warm_process import run_warm

CONFIG = Path(__file__).parents[3] / "config"
EXAMPLE = ("--leads", "50000", "--credits-per-lead", "6")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {key: one for key, one in os.environ.items() if not key.startswith("CLAY")}
    environ["COLUMNS"] = "100"
    return run_warm("clayload", *arguments, cwd=folder, env=environ)


def answer(folder: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    done = run(folder, "capacity", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def replace(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "config" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_the_requests_example_is_answered_and_no_trace_is_left(folder: Path) -> None:
    month = answer(folder, *EXAMPLE)
    likely = month["offer"]["likely"]
    assert (likely["credits"], likely["actions"], likely["plan"]) == (
        300_000,
        250_000,
        "enterprise",
    )
    assert (likely["dollars"], likely["is_by_agreement"]) == (13_500, True)
    (part,) = month["tables"]
    assert (part["n_pairs_a_month"], part["n_pairs_a_year"], part["n_tables"]) == (2, 14, 5)
    assert month["simple"] == {
        "n_credits": 300_000,
        "plan": "enterprise",
        "dollars": None,
        "n_webhooks_a_year": 12,
        "n_tables": 5,
    }
    assert month["on_own_keys"]["likely"]["credits"] == 0
    assert [path.name for path in folder.iterdir()] == ["config"]


def test_people_get_it_in_lines_that_fit_their_terminal(folder: Path) -> None:
    for arguments in (EXAMPLE, (), ("--own-api-keys",)):
        done = run(folder, "capacity", *arguments, "--details")
        assert (done.returncode, done.stderr) == (0, "")
        assert max(map(len, done.stdout.splitlines())) <= 100
    told = run(folder, "capacity", *EXAMPLE, "--details").stdout
    assert "\n50,000 leads a month at 10/s: 1 h 23 min, 300,000 data credits," in told
    for heading in ("Credits, Actions and the plan", "Webhooks and tables", "Own API keys"):
        assert f"\n{heading}" in told
    assert "save 300,000 data credits a month" in " ".join(told.split())


def test_without_a_number_each_table_is_shown(folder: Path) -> None:
    told = run(folder, "capacity", "--details").stdout
    assert "\n11,000 leads a month at 10/s: 18 min, 77,200 data credits," in told
    assert "outbound-leads-finance" in told


def test_what_the_tables_and_the_catalogue_say_is_what_counts(folder: Path) -> None:
    steps = "enrichment: [full-waterfall]\n    volume_per_month: 3000"
    told = f"{steps}\n    credits_per_lead: 2.5\n    actions_per_lead: 4"
    replace(folder, "tables.yaml", steps, told)
    finance = answer(folder)["tables"][-1]
    assert finance["spend"]["high"] == {"credits": 7_500, "actions": 12_000}
    replace(folder, "clay.yaml", "  likely: 0.04\n", "  likely: 0.03\n")
    assert answer(folder, *EXAMPLE)["offer"]["likely"]["dollars"] == 10_500


def test_a_month_that_the_workspaces_plan_does_not_hold_ends_with_20(folder: Path) -> None:
    replace(folder, "tables.yaml", "plan: enterprise", "plan: growth")
    replace(folder, "tables.yaml", "auto_delete: true", "auto_delete: false")
    assert run(folder, "capacity").returncode == 0
    replace(folder, "tables.yaml", "volume_per_month: 5000", "volume_per_month: 50000")
    done = run(folder, "capacity")
    assert done.returncode == 20
    said = " ".join(done.stdout.split())
    assert "your plan in tables.yaml, growth, is not enough: it holds 200,000 data credits" in said
    # What is only asked is answered, whatever the workspace has.
    assert run(folder, "capacity", *EXAMPLE).returncode == 0


def test_a_wrong_catalogue_or_argument_has_its_exit_code(folder: Path) -> None:
    for wrong in ("nan", "inf", "-1", "six"):
        assert run(folder, "capacity", "--credits-per-lead", wrong).returncode == 2
    assert run(folder, "capacity", "--leads", "0").returncode == 2
    replace(folder, "clay.yaml", "  growth:", "  growht:")
    done = run(folder, "capacity")
    assert done.returncode == 10
    assert "config/clay.yaml:" in done.stderr
    assert "nearest: 'growth'" in done.stderr


def test_check_warns_of_a_step_that_the_catalogue_does_not_know(folder: Path) -> None:
    replace(folder, "tables.yaml", "[full-waterfall, claygent]", "[full-waterfall, claygnt]")
    checks = json.loads(run(folder, "check", "--json").stdout)
    (prices,) = (one for one in checks if one["check"] == "prices")
    assert prices["is_ok"]
    assert "config/clay.yaml: as of 2026-11-23" in prices["said"]
    lines = (folder / "config/tables.yaml").read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "claygnt" in text)
    assert f"config/tables.yaml:{line} tables.outbound-leads-tech.enrichment[1]:" in prices["said"]
    assert "nearest: 'claygent'" in prices["said"]
