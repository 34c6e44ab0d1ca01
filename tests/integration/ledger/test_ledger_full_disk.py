"""Does a disk that is full stop the load with a word to the wise, and lose nothing?"""

from __future__ import annotations

import resource
import secrets
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.scenes.ledger_scene import TABLE, LedgerScene, each, take_grant

from clayload.delivery.verdict import Answered, judge
from clayload.errors import Code, LedgerError
from clayload.ledger.audit.export import export
from clayload.ledger.books.run_books import Books
from clayload.ledger.store import Ledger
from clayload.model import RowEnd

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DELIVERED = judge(Answered(200, {}, ""), NOW)
KEYS = [f"someone.{i}@example.com" for i in range(3_000)]


@contextmanager
def _no_more_pages(engine: Engine) -> Iterator[None]:
    """SQLite's own quota: the database may not grow by another page."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    yield
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")


@contextmanager
def _no_larger_files(_engine: Engine) -> Iterator[None]:
    """The operating system's quota: no file of this process may grow past 100 KB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


Quota = Callable[[Engine], AbstractContextManager[None]]


@pytest.mark.parametrize("quota", [_no_more_pages, _no_larger_files])
def test_a_full_disk_is_told_without_a_leads_key_and_nothing_is_half_written(
    sqlite_scene: LedgerScene, quota: Quota
) -> None:
    ledger = sqlite_scene.open()
    sqlite_scene.start_run(ledger, "run-1")
    with quota(ledger.engine), pytest.raises(LedgerError) as caught:
        sqlite_scene.register(ledger, "run-1", "chunk-1", KEYS)
    error = caught.value
    assert error.code is Code.LEDGER_WRITE_FAILED
    assert "disk space" in error.hint
    whole = "".join(traceback.format_exception(error)) + repr(error)
    assert "someone." not in whole
    assert "INSERT" not in f"{error}{error!r}{error.facts}"
    assert sqlite_scene.query("SELECT COUNT(*) FROM submissions") == [(0,)]
    assert sqlite_scene.query("SELECT COUNT(*) FROM chunks") == [(0,)]
    assert sqlite_scene.register(ledger, "run-1", "chunk-1", KEYS) == len(KEYS)


def test_an_export_to_a_full_disk_is_a_failure_of_the_folder_and_leaves_nothing(
    sqlite_scene: LedgerScene, tmp_path: Path
) -> None:
    sqlite_scene.load([secrets.token_hex(64) for _ in range(3_000)])
    sqlite_scene.close()
    ledger = Ledger.open(sqlite_scene.url, read_only=True)
    with _no_larger_files(ledger.engine), pytest.raises(OSError, match="File too large"):
        export(ledger, tmp_path / "export")
    ledger.close()
    assert list((tmp_path / "export").iterdir()) == []


def test_a_disk_that_fills_during_the_load_leaves_the_open_grant_and_no_more_in_doubt(
    sqlite_scene: LedgerScene,
) -> None:
    grants = sqlite_scene.load(KEYS[:200])
    grant = take_grant(grants, 10)
    ledger = sqlite_scene.opened[0]
    with _full_wal(ledger), pytest.raises(LedgerError) as caught:
        grants.grant(10, each(grant.leads, DELIVERED))
    assert caught.value.code is Code.LEDGER_WRITE_FAILED
    assert sorted(sqlite_scene.states.values()) == ["pending"] * 190 + ["sending"] * 10
    sqlite_scene.clock.at += 3_600
    assert ledger.give_up_overdue() == 10
    assert sqlite_scene.used == {"tech-1": 10}
    again = sqlite_scene.grants(ledger, "run-1", "chunk-1")
    assert not {lead.lead_key for lead in take_grant(again, 10).leads} & {
        lead.lead_key for lead in grant.leads
    }


def test_a_ledger_on_a_full_disk_can_still_be_read(sqlite_scene: LedgerScene) -> None:
    sqlite_scene.load(KEYS[:20])
    sqlite_scene.opened[0].close()
    with _full():
        reader = Ledger.open(sqlite_scene.url, read_only=True)
        assert Books(reader).count_ends("run-1") == {TABLE: {RowEnd.PENDING: 20}}
        reader.close()


@contextmanager
def _full_wal(ledger: Ledger) -> Iterator[None]:
    with _full():
        yield
    ledger.engine.dispose()


@contextmanager
def _full() -> Iterator[None]:
    """Nothing at all can be written: files may not pass the size they had at the very first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
