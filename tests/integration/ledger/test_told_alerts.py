"""What is watched is told once over all watchers, and never lost with one that could not tell."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.scenes.clocked_setup import ClockedSetup, make_setup
from support.scenes.ledger_scene import TABLE, LedgerScene, each, make_config, take_grant
from support.scenes.report_scene import make_extract

from clayload.alerts import AlertLevel, Change, Condition, Kind, Look
from clayload.delivery.verdict import Answered, judge
from clayload.ledger.granting.reported_alerts import (
    CLAIM_S,
    claim_changes,
    read_reported,
    record_reported,
)
from clayload.ledger.store import RunStart
from clayload.monitoring.alerts import find_news, look_around, report_changes
from clayload.monitoring.thresholds import judge_line
from clayload.monitoring.usage import read_line_uses

WORN = make_config({"name": "tech-1", "safe_limit": 1_000, "already_used": 900})
SLOT = "clayload.slot.main.tech-1"


def look(*levels: AlertLevel) -> Look:
    conditions = (
        Condition(f"subject-{n}", Kind.BUDGET, level, f"{n} is {level}")
        for n, level in enumerate(levels)
    )
    return Look(tuple(conditions), frozenset({Kind.BUDGET}))


def subjects(changes: Sequence[Change]) -> list[str]:
    return [change.condition.subject for change in changes]


def nobody(_changes: Sequence[Change]) -> None:
    message = "nobody answers"
    raise ConnectionError(message)


@pytest.fixture
def setup(scene: LedgerScene, tmp_path: Path) -> ClockedSetup:
    scene.config = WORN
    return make_setup(scene, tmp_path)


def test_a_look_tells_what_is_near_its_end_once_and_that_it_is_fine_again(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    heard: list[Change] = []
    for _ in range(2):
        report_changes(look_around(setup), setup, heard.extend)
    assert subjects(heard) == [SLOT]
    (told,) = read_reported(setup.ledger, "main")
    assert (told.subject, told.level, told.reported_at) == (SLOT, AlertLevel.NEAR, scene.clock.at)
    scene.config = make_config({"name": "tech-1", "already_used": 10})
    fixed = make_setup(scene, setup.settings.home)
    for _ in range(2):
        report_changes(look_around(fixed), fixed, heard.extend)
    assert [one.is_recovery for one in heard] == [False, True]


def test_what_could_not_be_told_is_told_by_the_next_look(setup: ClockedSetup) -> None:
    heard: list[Change] = []
    with pytest.raises(ConnectionError):
        report_changes(look(AlertLevel.OVER), setup, nobody)
    report_changes(look(AlertLevel.OVER), setup, heard.extend)
    assert subjects(heard) == ["subject-0"]


def test_nobody_tells_what_another_is_telling_just_now(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    other = make_setup(scene, setup.settings.home)
    heard: list[Change] = []

    def tell_slowly(changes: Sequence[Change]) -> None:
        assert report_changes(look(AlertLevel.NEAR, AlertLevel.OVER), other, heard.extend) != []
        heard.extend(changes)

    report_changes(look(AlertLevel.NEAR), setup, tell_slowly)
    assert subjects(heard) == ["subject-1", "subject-0"]


def test_what_a_watcher_that_died_had_claimed_is_told_a_minute_later(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    setup.ledger.introduce(setup.config)
    assert len(claim_changes(setup.ledger, "main", look(AlertLevel.OVER))) == 1
    heard: list[Change] = []
    report_changes(look(AlertLevel.OVER), setup, heard.extend)
    assert heard == []
    scene.clock.at += CLAIM_S + 1
    report_changes(look(AlertLevel.OVER), setup, heard.extend)
    assert subjects(heard) == ["subject-0"]


def test_two_watchers_at_once_tell_each_change_once(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    both = (setup, make_setup(scene, setup.settings.home))
    at_once = threading.Barrier(2)
    heard: list[Change] = []

    def watch(one: ClockedSetup) -> None:
        for level in (AlertLevel.NEAR, AlertLevel.OVER, AlertLevel.FINE):
            at_once.wait()
            report_changes(look(level, level, level), one, heard.extend)
            at_once.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(watch, both))
    told = [(one.condition.subject, one.condition.level) for one in heard]
    assert len(told) == len(set(told)) == 9


def test_other_workspaces_things_are_left_alone(setup: ClockedSetup) -> None:
    ledger = setup.ledger
    ledger.introduce(setup.config)
    record_reported(ledger, claim_changes(ledger, "another", look(AlertLevel.OVER)))
    assert subjects(find_news(look(), setup)) == []
    assert len(read_reported(ledger, "another")) == 1


def test_a_budget_that_is_used_up_is_told_and_recovers_as_it_renews(
    scene: LedgerScene, tmp_path: Path
) -> None:
    budget = {"credits_per_day": 18}
    scene.config = make_config(workspace={"budget": budget}, credits_per_lead=6)
    grants = scene.load([f"lead-{n}@example.com" for n in range(3)])
    grant = take_grant(grants, 3)
    grants.record(each(grant.leads, judge(Answered(200, {}, ""), datetime.now(UTC))))
    setup = make_setup(scene, tmp_path)
    heard: list[Change] = []
    report_changes(budgets_of(setup), setup, heard.extend)
    scene.clock.at += 86_400
    report_changes(budgets_of(setup), setup, heard.extend)
    assert [(one.condition.level, one.before) for one in heard] == [
        (AlertLevel.OVER, AlertLevel.FINE),
        (AlertLevel.FINE, AlertLevel.OVER),
    ]
    assert "18 of 18 credits are used (100.0%)" in heard[0].condition.what


def budgets_of(setup: ClockedSetup) -> Look:
    lines = (judge_line(line, "main", 80) for line in read_line_uses(setup) if line.limit)
    return Look(tuple(lines), frozenset({Kind.BUDGET}))


def loads_of(setup: ClockedSetup) -> list[Condition]:
    return [one for one in look_around(setup).conditions if one.kind is Kind.LOAD]


def test_a_killed_load_is_judged_once_nobody_works_on_it_any_more(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    extract = make_extract(n_rows=3, n_unrouted=0).model_dump_json()
    setup.ledger.start_run(RunStart("run-1", "extract-1", "2026-11", extract), setup.config)
    scene.register(setup.ledger, "run-1", "chunk-1", ["a@b.example", "c@d.example", "e@f.example"])
    assert loads_of(setup) == []
    scene.clock.at += 3_600
    (killed,) = loads_of(setup)
    assert killed.level is AlertLevel.OVER
    assert killed.subject == f"clayload.load.main.load.2026-11.{TABLE}"
    assert "run-1 for 2026-11: pending: 3 pending" in killed.what
    assert "@" not in f"{killed}"
    scene.clock.at += setup.config.workspace.alerts.watch_loads_days * 86_400
    assert loads_of(setup) == []
