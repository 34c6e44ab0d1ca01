"""Is what holds a chunk up logged once, and that it goes on?"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from clayload.delivery.grant import Exhausted, Finished, Grant, GrantedLead, Limit, Wait
from clayload.ledger.granting.grant_log import GrantLog
from clayload.model import ChunkRef

CHUNK = ChunkRef("run-1", "tech-0001", "tech", 1, Path("tech-0001.parquet"))
GRANT = Grant("grant-1", "tech-1", (GrantedLead(1, "ana@example.com", 0.0),), 1.0, 0.0)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> GrantLog:
    caplog.set_level(logging.DEBUG, logger="clayload.ledger.granting.grant_log")
    return GrantLog(CHUNK, "main")


def infos(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]


def test_a_pause_is_logged_once_however_often_the_chunk_asks(
    log: GrantLog, caplog: pytest.LogCaptureFixture
) -> None:
    for is_paused in (False, True, True, True):
        log.note_answer(Wait(1.0), is_paused=is_paused)
    for _ in range(2):
        log.note_answer(GRANT, is_paused=False)
    assert infos(caplog) == [
        "held up: tech-0001 by a pause of workspace main",
        "goes on: tech-0001 after a pause",
    ]


def test_a_throttle_is_logged_with_its_length_and_the_next_grant_says_that_it_is_over(
    log: GrantLog, caplog: pytest.LogCaptureFixture
) -> None:
    log.note_throttle(2.5)
    log.note_answer(Wait(2.5), is_paused=False)
    log.note_answer(GRANT, is_paused=False)
    assert infos(caplog) == [
        "throttled: workspace main, for 2.5 s",
        "goes on: tech-0001 after a throttle",
    ]


def test_every_answer_is_there_for_a_maintainer_and_no_lead_is(
    log: GrantLog, caplog: pytest.LogCaptureFixture
) -> None:
    for answer in (GRANT, Wait(0.5), Exhausted(Limit.TABLE_FULL, "full"), Finished()):
        log.note_answer(answer, is_paused=False)
    assert [one.getMessage() for one in caplog.records] == [
        "granted: tech-0001 through tech-1, leads: 1",
        "waits: tech-0001 for 0.50 s",
        "refused: no grant for tech-0001, Exhausted",
        "nothing more to grant: tech-0001",
    ]
    assert "ana@example.com" not in str([one.__dict__ for one in caplog.records])
