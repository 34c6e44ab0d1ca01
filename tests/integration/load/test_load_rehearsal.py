"""Do `plan` and `--dry-run` say what a load will do, and change nothing?"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from support.scenes.first_loads import FirstLoads
from support.scenes.load_kit import CYCLE, Workbench, ends_of
from support.scenes.load_tables import BenchOptions, BenchSlot, BenchTable, make_leads
from support.servers.standin_process import Document, StandIn

LEADS = make_leads("Software", 60) + make_leads("Banking", 25)
REHEARSALS = [("plan",), ("load", "--dry-run")]


def _state_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "dry-run" not in path.parts
    }


def _bodies(bench: Workbench, table: str) -> list[Document]:
    text = (bench.home / "dry-run" / f"{table}.ndjson").read_text()
    return [_without_run(json.loads(line)) for line in text.splitlines()]


def _without_run(payload: Document) -> Document:
    return {key: value for key, value in payload.items() if key != "run_id"}


def _sent(bench: Workbench, table: str) -> list[Document]:
    rows = [_without_run(row["payload"]) for row in bench.standin.rows(table)]
    return sorted(rows, key=lambda payload: str(payload["lead_key"]))


@pytest.mark.parametrize("command", REHEARSALS)
def test_a_rehearsal_leaves_the_ledger_and_its_folder_as_they_were(
    bench: Workbench, first_loads: FirstLoads, command: tuple[str, ...]
) -> None:
    shutil.copytree(first_loads.bench.home, bench.home)
    before = _state_of(bench.home)
    ended = bench.run(*command, bench.write_csv(LEADS), "--cycle", CYCLE)
    assert ended.exit_code == 0
    assert "It fits." in ended.stdout
    assert _state_of(bench.home) == before
    assert bench.n_posts() == 0


def test_a_rehearsal_without_a_ledger_makes_none_and_needs_no_secret(bench: Workbench) -> None:
    bench.environ = {k: v for k, v in bench.environ.items() if not k.startswith("CLAY_")}
    ended = bench.run("load", bench.write_csv(LEADS), "--dry-run", "--json")
    assert ended.exit_code == 0
    assert ended.json["n_to_send"] == 85
    assert "folder" not in ended.json["extract"]  # that of the rehearsal is gone by now
    assert _state_of(bench.folder).keys() == {"tables.yaml", "headers.yaml", "leads.csv"}
    assert bench.n_posts() == 0


def test_a_dry_run_writes_the_very_bodies_that_the_load_then_sends(bench: Workbench) -> None:
    bench.load(bench.write_csv(LEADS[:10]))
    extract = bench.write_csv(LEADS)
    bench.standin.delete_rows("tech")
    (bench.home / "dry-run").mkdir()
    for name in ("tech", "a-table-of-last-year"):
        (bench.home / "dry-run" / f"{name}.ndjson").write_text("{}\n")
    bench.load(extract, "--dry-run")
    assert len(list((bench.home / "dry-run").iterdir())) == 2  # nothing of an earlier dry run
    rehearsed = {name: _bodies(bench, name) for name in ("tech", "finance")}
    bench.load(extract)
    for name, n_sent in (("tech", 50), ("finance", 25)):
        bodies = sorted(rehearsed[name], key=lambda payload: str(payload["lead_key"]))
        assert bodies == _sent(bench, name)
        assert len(bodies) == n_sent


def test_a_plan_names_the_slots_and_leads_that_the_load_then_uses(
    standin: StandIn, tmp_path: Path
) -> None:
    slots = (
        BenchSlot("tech-1", already_used=44_980),
        BenchSlot("tech-2", already_used=970, safe_limit=1_000),
        BenchSlot("tech-3"),
    )
    tech = BenchTable("tech", "Software", slots)
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(tech,)))
    extract = bench.write_csv(make_leads("Software", 60))
    plan = bench.run("plan", extract, "--cycle", CYCLE, "--json").json["tables"]["tech"]
    assert plan["by_slot"] == {"tech-1": 20, "tech-2": 30, "tech-3": 10}
    report = bench.load(extract).json
    assert {slot["slot"]: slot["used_by_run"] for slot in report["slots"]} == plan["by_slot"]
    assert ends_of(report) == {"delivered": plan["n_to_send"]}


def test_a_plan_that_does_not_fit_says_so_and_ends_with_20(
    standin: StandIn, tmp_path: Path
) -> None:
    tech = BenchTable("tech", "Software", (BenchSlot("tech-1", already_used=44_990),))
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(tech,)))
    extract = bench.write_csv(make_leads("Software", 60))
    planned = bench.run("plan", extract, "--json")
    assert planned.exit_code == 20
    assert planned.json["tables"]["tech"]["n_unplaced"] == 50
    assert planned.json["is_fitting"] is False
