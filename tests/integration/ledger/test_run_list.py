"""Does the list of runs say of each what it delivered and owes, whether it is closed or not?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from support.scenes.clocked_setup import ClockedSetup, make_setup
from support.scenes.ledger_scene import CYCLE, LedgerScene, each, take_grant
from support.scenes.report_scene import make_extract

from clayload.delivery.verdict import Answered, judge
from clayload.ledger.books.run_activity import RunStatus
from clayload.ledger.store import RunStart
from clayload.model import Outcome, RunKind
from clayload.monitoring.run_list import read_run_list
from clayload.report.run_list import render_run_list

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DELIVERED = judge(Answered(200, {}, ""), NOW)
KEYS = [f"lead-{i}@example.com" for i in range(10)]


@pytest.fixture
def setup(scene: LedgerScene, tmp_path: Path) -> ClockedSetup:
    """Three runs: one that delivered 4 of 10 and was closed, a replay of the rest, and a new one.

    The replay has 2 in flight and 3 delivered; the new one has written nothing down yet.
    """
    ledger = scene.open()
    for number, kind in enumerate((RunKind.LOAD, RunKind.REPLAY, RunKind.LOAD), start=1):
        n_rows = {1: 10, 2: 6, 3: 7}[number]
        extract = make_extract(
            files=("a.csv", "b.csv"), n_rows=n_rows, n_quarantined=0, n_duplicates=0, n_unrouted=0
        )
        parent = "run-1" if kind is RunKind.REPLAY else None
        run = RunStart(f"run-{number}", "e", CYCLE, extract.model_dump_json(), kind, parent)
        ledger.start_run(run, scene.config)
        if number < 3:
            scene.register(ledger, run.run_id, "chunk-1", KEYS[:10] if number == 1 else KEYS[4:])
            grants = scene.grants(ledger, run.run_id, "chunk-1")
            leads = take_grant(grants, 4 if number == 1 else 3).leads
            scene.clock.at += 10
            grants.record(each(leads, DELIVERED))
        if number == 1:
            ledger.finish_run("run-1", Outcome.PENDING, "[]")
        if number == 2:
            take_grant(grants, 2)
        scene.clock.at += 10
    return make_setup(scene, tmp_path)


def test_each_run_has_its_own_deliveries_and_what_of_it_is_still_owed(setup: ClockedSetup) -> None:
    newest, replay, first = read_run_list(setup, 20)
    assert [run.run_id for run in (newest, replay, first)] == ["run-3", "run-2", "run-1"]
    assert (first.n_delivered, first.n_owed, first.outcome) == (4, 3, Outcome.PENDING)
    assert (replay.n_delivered, replay.n_owed, replay.parent_run_id) == (3, 3, "run-1")
    # All that it accepted: it has still to be written down.
    assert (newest.n_delivered, newest.n_owed) == (0, 7)


def test_an_open_run_counts_on_and_one_that_nobody_works_on_ended_with_its_last_move(
    setup: ClockedSetup, scene: LedgerScene
) -> None:
    newest, replay, first = read_run_list(setup, 20)
    assert (first.status, first.took_s) == (RunStatus.CLOSED, 10)
    assert (replay.status, replay.took_s) == (RunStatus.RUNNING, 30)
    assert (newest.status, newest.took_s) == (RunStatus.RUNNING, 10)
    scene.clock.at += 3_600
    newest, replay, first = read_run_list(setup, 20)
    assert (replay.status, replay.took_s) == (RunStatus.ABANDONED, 10)
    assert (newest.status, newest.took_s) == (RunStatus.ABANDONED, 0)
    # Nobody awaits the answers of the two in flight any more: in doubt, and owed no longer.
    assert replay.n_owed == first.n_owed == 1


def test_a_limit_keeps_the_newest(setup: ClockedSetup) -> None:
    assert [run.run_id for run in read_run_list(setup, 2)] == ["run-3", "run-2"]


def test_closed_runs_take_no_question_each(setup: ClockedSetup, scene: LedgerScene) -> None:
    for run_id in ("run-2", "run-3"):
        scene.opened[0].finish_run(run_id, Outcome.PENDING, "[]")
    asked: list[str] = []
    event.listen(
        setup.ledger.engine,
        "before_cursor_execute",
        lambda _conn, _cursor, sql, *_: asked.append(sql),
    )
    read_run_list(setup, 1)
    n_for_one = len(asked)
    asked.clear()
    assert len(read_run_list(setup, 20)) == 3
    assert len(asked) == n_for_one


def test_the_grid_shows_files_and_how_a_run_is_doing(setup: ClockedSetup) -> None:
    grid = render_run_list(read_run_list(setup, 20))
    shown = [dict(zip(grid.header, row, strict=True)) for row in grid.rows]
    assert [row["outcome"] for row in shown] == ["running", "running", "pending"]
    assert [row["files"] for row in shown] == ["a.csv +1"] * 3
    assert [(row["delivered"], row["owed"]) for row in shown] == [
        ("0", "7"),
        ("3", "3"),
        ("4", "3"),
    ]
    assert shown[2]["took"] == "10 s"
