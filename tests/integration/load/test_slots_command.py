"""Do `clayload slots` and `clayload ledger` do what they say, from the shell?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from support.scenes.load_kit import WORKSPACE, Workbench, ends_of
from support.scenes.load_tables import (
    BenchOptions,
    BenchSlot,
    BenchTable,
    describe_config,
    make_leads,
)

from clayload.ledger.database.schema import metadata

NEARLY_FULL = BenchTable(
    "tech", "Software", (BenchSlot("tech-1", already_used=44_980), BenchSlot("tech-2"))
)
NEW_SLOT = BenchSlot("tech-3")


def options(*slots: BenchSlot) -> BenchOptions:
    return BenchOptions((BenchTable("tech", "Software", slots),))


def slots_of(bench: Workbench) -> dict[str, dict[str, object]]:
    (table,) = bench.run("slots", "list", "--json").json["tables"]
    return {slot["slot"]: slot for slot in table["slots"]}


def test_list_and_status_tell_use_and_rate_and_warn_and_so_does_the_report(
    bench: Workbench,
) -> None:
    bench.reconfigure(BenchOptions((NEARLY_FULL,)))
    extract = bench.write_csv(make_leads("Software", 30))
    report = bench.load(extract).json
    assert report["outcome"] == "complete"
    first, second = slots_of(bench).values()
    assert (first["used"], first["n_left"], first["runs_out_on"]) == (45_000, 0, None)
    assert (second["used"], second["n_left"], second["state"]) == (10, 44_990, "active")
    assert first["pace"] == {"per_day_week": 20 / 7, "per_day_month": 20 / 7}
    listed = bench.run("slots", "list").stdout
    (warning,) = [line for line in listed.splitlines() if line.startswith("soon:")]
    assert warning.startswith("soon: tech: 45,010 of 50,000 rows (90%)")
    assert f"soon: {report['warnings'][0]}" == warning
    (use,) = bench.run("status", "--json").json["workspaces"]
    assert (use["workspace"], use["allowed_per_s"], use["n_rate_limited"]) == ("main", 1_000, 0)
    assert 30 / 70 <= use["achieved_per_s"] <= 30 / 60
    assert (
        "workspace main: allowed now 1000.0/s of 1000/s; sent"
        in bench.run("status", "--details").stdout
    )
    markdown = next((bench.home / "runs").glob("*/report.md")).read_text()
    assert "## Running out soon\n\n- tech: 45,010 of 50,000 rows (90%)" in markdown


def test_the_list_before_there_is_a_ledger_makes_none(bench: Workbench) -> None:
    assert bench.run("slots", "list").exit_code == 0
    assert not bench.home.exists()


def test_an_added_slot_is_taken_up_by_the_next_load_and_its_name_is_for_ever(
    bench: Workbench,
) -> None:
    full = BenchSlot("tech-1", already_used=44_990)
    bench.reconfigure(options(full))
    extract = bench.write_csv(make_leads("Software", 30))
    assert ends_of(bench.load(extract).json) == {"delivered": 10, "pending": 20}
    config = bench.folder / "tables.yaml"
    before = config.read_text()
    given = ("--url", f"env:{NEW_SLOT.url_variable}", "--token", f"env:{NEW_SLOT.token_variable}")
    unset = bench.run("slots", "add", "tech", "tech-3", *given)
    assert (unset.exit_code, config.read_text()) == (10, before)
    assert NEW_SLOT.url_variable in unset.error_lines[0]
    bench.reconfigure(options(full, NEW_SLOT))
    config.write_text(before)
    added = bench.run("slots", "add", "tech", "tech-3", *given)
    assert added.exit_code == 0
    assert "tech-3 is slot 2 of 2 of tech" in added.stdout
    assert config.read_text().startswith(before)
    assert ends_of(bench.load(extract).json) == {"already delivered": 10, "delivered": 20}
    assert slots_of(bench)["tech-3"]["used"] == 20
    config.write_text(before)
    refused = bench.run("slots", "add", "tech", "tech-3", *given)
    assert (refused.exit_code, config.read_text()) == (10, before)
    assert refused.error_lines[0] == (
        "CLY-CFG-03 the name tech-3 was given to a slot of tech before, which took 20 submissions"
    )


def test_the_leads_of_a_retired_slot_go_through_the_next(bench: Workbench) -> None:
    bench.reconfigure(options(BenchSlot("tech-1"), BenchSlot("tech-2")))
    extract = bench.write_csv(make_leads("Software", 30))
    bench.load(extract, "--limit", "10")
    retired = bench.run("slots", "retire", "tech-1", "--because", "its token leaked")
    assert (retired.exit_code, "tech-2 takes its leads" in retired.stdout) == (0, True)
    assert ends_of(bench.load(extract).json) == {"already delivered": 10, "delivered": 20}
    first, second = slots_of(bench).values()
    assert (first["state"], first["reason"]) == ("retired", "its token leaked")
    assert (first["used"], second["used"]) == (10, 20)


def test_the_last_slot_is_retired_only_by_force_and_a_retired_one_can_come_back(
    bench: Workbench,
) -> None:
    bench.reconfigure(options(BenchSlot("tech-1")))
    last = bench.run("slots", "retire", "tech-1")
    assert last.exit_code == 20
    assert last.error_lines[0].startswith(
        "CLY-SLT-02 tech-1 is the last usable slot of tech (0 used, 45,000 left)"
    )
    assert bench.run("slots", "retire", "tech-1", "--force").exit_code == 0
    assert slots_of(bench)["tech-1"]["state"] == "retired"
    (problem,) = bench.load(bench.write_csv(make_leads("Software", 3))).json["problems"]
    assert "no webhook slot is left in use (tech-1 0 of 45,000 (retired))" in problem["message"]
    assert "`clayload slots retire SLOT --undo`" in problem["hint"]
    assert bench.run("slots", "retire", "tech-1", "--undo").exit_code == 0
    assert slots_of(bench)["tech-1"]["state"] == "active"
    unknown = bench.run("slots", "retire", "tech-9")
    assert unknown.error_lines[0].startswith("CLY-CFG-10 there is no slot 'tech-9'")


@pytest.mark.parametrize("n_others", [0, 1])
def test_retiring_a_retired_slot_again_changes_nothing_and_keeps_why(
    bench: Workbench, n_others: int
) -> None:
    bench.reconfigure(options(BenchSlot("tech-1"), *[BenchSlot("tech-2")][:n_others]))
    first = ("slots", "retire", "tech-1", "--force", "--because", "its URL leaked")
    assert bench.run(*first).exit_code == 0
    for again in ((), ("--because", "another reason"), ("--force",)):
        ended = bench.run("slots", "retire", "tech-1", *again)
        assert (ended.exit_code, ended.stdout) == (
            0,
            "slot tech-1 of tech is retired already (its URL leaked): nothing was changed\n",
        )
        assert slots_of(bench)["tech-1"]["reason"] == "its URL leaked"


def test_a_slot_without_a_limit_is_told_so_when_it_is_used_again(bench: Workbench) -> None:
    bench.reconfigure(options(BenchSlot("tech-1")))
    document = describe_config(WORKSPACE, bench.options)
    document["workspace"]["plan"] = "enterprise"
    document["tables"]["tech"]["auto_delete"] = True
    bench.write_config(**document)
    assert bench.run("slots", "retire", "tech-1", "--force").exit_code == 0
    undone = bench.run("slots", "retire", "tech-1", "--undo")
    assert (undone.exit_code, undone.stdout) == (
        0,
        "slot tech-1 of tech is used again: no limit\n",
    )


def test_the_ledger_is_exported_and_checked_by_the_shell(bench: Workbench, tmp_path: Path) -> None:
    none = bench.run("ledger", "export", "--to", tmp_path / "x")
    assert (none.exit_code, none.error_lines[0][:10]) == (22, "CLY-RUN-02")
    assert (bench.home.exists(), (tmp_path / "x").exists()) == (False, False)
    bench.reconfigure(options(BenchSlot("tech-1")))
    bench.load(bench.write_csv(make_leads("Software", 30)))
    assert bench.run("ledger", "export", "--to", tmp_path / "x").exit_code == 0
    assert {path.stem for path in (tmp_path / "x").iterdir()} == set(metadata.tables)
    submissions = pl.read_parquet(tmp_path / "x" / "submissions.parquet")
    assert submissions.get_column("state").to_list() == ["delivered"] * 30
    assert "nothing was changed" in bench.run("ledger", "migrate").stdout
    assert "its books agree" in bench.run("ledger", "check").stdout
    with closing(sqlite3.connect(bench.home / "ledger.db")) as connection, connection:
        connection.execute("UPDATE slots SET used = 31")
    damaged = bench.run("ledger", "check", "--json")
    assert damaged.exit_code == 12
    assert (damaged.json["is_whole"], len(damaged.json["findings"])) == (False, 1)
    assert damaged.error_lines[0].startswith("CLY-LED-06 the ledger is damaged: 1 finding")
