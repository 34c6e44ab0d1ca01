"""Is what is told of a run of one moment, though a load writes between any two of its reads?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import event
from support.scenes.clocked_setup import ClockedSetup, make_setup
from support.scenes.ledger_scene import CYCLE, TABLE, LedgerScene, make_config, take_grant
from support.scenes.report_scene import make_extract

from clayload.account.run_report import RunReport
from clayload.delivery.grant import Verdicts
from clayload.delivery.verdict import Answered, Verdict, judge
from clayload.ledger.granting.grants import ChunkGrants
from clayload.ledger.store import Ledger, RunStart
from clayload.model import RowEnd, RunKind
from clayload.monitoring.doctor import read_signs
from clayload.monitoring.run_account import read_report

KEYS = [f"lead-{i:03}@example.com" for i in range(400)]
PARENT, CHILD = "run-1", "run-2"
NOW = datetime(2026, 11, 2, tzinfo=UTC)
ANSWERS = [judge(Answered(status, {}, ""), NOW) for status in (200, 400, 500)]
"""Delivered, refused, in doubt."""


@dataclass
class Load:
    """A load that goes on a grant at a time, over a connection of its own."""

    scene: LedgerScene
    grants: ChunkGrants
    n_grants: int = 0
    verdicts: Verdicts = ()
    answers: Iterator[Verdict] = field(default_factory=lambda: cycle(ANSWERS))

    def go_on(self, *_: object) -> None:
        """Record what was answered to the last three leads, and send three more."""
        self.scene.clock.at += 10
        leads = take_grant(self.grants, 3, self.verdicts).leads
        self.verdicts = [(lead, next(self.answers)) for lead in leads]
        self.n_grants += 1


@pytest.fixture
def load(scene: LedgerScene) -> Load:
    """A run, and another that took up its leads and sends them."""
    scene.config = make_config(sample_first=len(KEYS))
    ledger = scene.open()
    extract = make_extract(n_rows=len(KEYS), n_unrouted=0).model_dump_json()
    for run_id, kind, parent in ((PARENT, RunKind.LOAD, None), (CHILD, RunKind.REPLAY, PARENT)):
        run = RunStart(run_id, "extract-1", CYCLE, extract, kind, parent)
        ledger.start_run(run, scene.config)
        scene.register(ledger, run_id, "chunk-1", KEYS)
    load = Load(scene, scene.grants(ledger, CHILD, "chunk-1"))
    load.go_on()
    return load


@pytest.fixture
def setup(load: Load, tmp_path: Path) -> ClockedSetup:
    return make_setup(load.scene, tmp_path)


@contextmanager
def heard(ledger: Ledger, name: str, do: Callable[..., object]) -> Iterator[None]:
    """Do something at each event of the connections of a ledger."""
    event.listen(ledger.engine, name, do)
    yield
    event.remove(ledger.engine, name, do)


def read_beside(load: Load, setup: ClockedSetup, run_id: str) -> RunReport:
    """Read a report while the load goes on after each statement."""
    before = load.n_grants
    with heard(setup.ledger, "after_cursor_execute", load.go_on):
        report = read_report(run_id, setup)
    assert load.n_grants > before + 10, "nothing was written meanwhile: the test proves nothing"
    return report


def test_the_parts_of_a_report_add_up_and_its_lists_agree_with_its_counts_while_a_load_writes(
    load: Load, setup: ClockedSetup
) -> None:
    report = read_beside(load, setup, CHILD)
    ends = report.ends
    assert (report.n_unaccounted, sum(ends.values())) == (0, len(KEYS))
    assert len(report.in_doubt) == ends[RowEnd.IN_DOUBT]
    assert len(report.refused) == ends[RowEnd.REFUSED]
    (sample,), (slot,) = report.samples, report.slots
    assert sample.ends == {end: ends[end] for end in sample.ends}
    assert sample.n_owed == ends[RowEnd.PENDING] - sample.n_in_flight
    n_taken = ends[RowEnd.DELIVERED] + ends[RowEnd.IN_DOUBT]
    assert (slot.used_by_run, slot.used) == (n_taken, n_taken + sample.n_in_flight)


def test_what_a_run_and_the_one_that_took_up_its_leads_say_agrees_while_that_one_writes(
    load: Load, setup: ClockedSetup
) -> None:
    report = read_beside(load, setup, PARENT)
    (child,) = report.children
    n_delivered = child.ends.get(RowEnd.DELIVERED, 0)
    assert report.ends[RowEnd.ALREADY_DELIVERED] == n_delivered == child.n_recovered
    for end in (RowEnd.PENDING, RowEnd.REFUSED, RowEnd.IN_DOUBT):
        assert report.ends[end] == child.ends.get(end, 0)


def test_all_signs_of_a_run_are_of_one_moment_while_a_load_writes(
    load: Load, setup: ClockedSetup
) -> None:
    with heard(setup.ledger, "after_cursor_execute", load.go_on):
        signs = read_signs(CHILD, setup, 7_200.0)
    ends = signs.report.ends
    n_in_flight = signs.process.charged[TABLE]
    assert signs.count_owed(TABLE) == ends[RowEnd.PENDING] - n_in_flight
    assert signs.queue.n_owed_all == signs.queue.n_owed == ends[RowEnd.PENDING]
    assert sum(one.n for one in signs.refusals) == ends[RowEnd.REFUSED]
    n_answered = len(KEYS) - ends[RowEnd.PENDING]
    assert signs.traffic.n_answers == n_answered
    (slot,) = signs.tables[0].slots
    assert slot.used == n_answered - ends[RowEnd.REFUSED] + n_in_flight


def test_a_report_and_a_diagnosis_are_each_read_in_one_transaction(setup: ClockedSetup) -> None:
    begun: list[object] = []
    with heard(setup.ledger, "begin", begun.append):
        read_report(PARENT, setup)
        assert len(begun) == 1
        read_signs(PARENT, setup, 7_200.0)
        assert len(begun) == 2
