"""Is a ledger made once, read without a trace, and refused when it is not ours?"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, func, select, update
from support.scenes.ledger_scene import LedgerScene, take_grant

from clayload.errors import Code, LedgerError
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_run
from clayload.ledger.database.engine import open_engine
from clayload.ledger.database.migrate import migrate
from clayload.ledger.database.schema import LEDGER_VERSION, metadata, runs, slots, submissions
from clayload.ledger.moment import consistent_read
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import Outcome

NOBODY = 65_534
COUNT_PENDING = (
    select(func.count())
    .select_from(submissions)
    .where(submissions.c.state == SubmissionState.PENDING)
)


def _fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


@contextmanager
def _without_privileges() -> Iterator[None]:
    """The super-user may write what is read-only; give that up for a while, if we are it."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder that anyone may enter, with its parents."""
    above = takewhile(
        lambda folder: folder.name.startswith(("pytest-", "popen-")), tmp_path.parents
    )
    for folder in (tmp_path, *above):
        folder.chmod(0o755)
    return tmp_path


def test_the_migrations_make_what_the_schema_says(scene: LedgerScene) -> None:
    with scene.open().engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_ledgers_version_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "clayload.ledger:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [LEDGER_VERSION]


def test_a_new_ledger_makes_its_folder_and_opening_it_again_changes_nothing(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'a' / 'b' / 'ledger.db'}"
    Ledger.open(url).close()
    before = _fingerprint(tmp_path / "a" / "b")
    Ledger.open(url).close()
    assert {name: sha for name, (sha, _) in _fingerprint(tmp_path / "a" / "b").items()} == {
        name: sha for name, (sha, _) in before.items()
    }


def test_commits_are_durable_before_they_are_told(sqlite_scene: LedgerScene) -> None:
    with sqlite_scene.open().engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA fullfsync").scalar() == 1


@pytest.mark.parametrize("name", ["a b", "100%25", "what?mode=rw", "a#b", "ä&c", "file:x"])
def test_any_folder_name_is_taken_literally(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "ledger.db"
    open_engine(f"sqlite:///{quote(str(path))}").dispose()
    assert path.is_file()


def test_read_only_leaves_no_trace(sqlite_scene: LedgerScene, ledger_path: Path) -> None:
    take_grant(sqlite_scene.load(["a@example.com"]), 1)
    sqlite_scene.close()
    before = _fingerprint(ledger_path.parent)
    assert list(before) == ["ledger.db"]
    ledger = Ledger.open(sqlite_scene.url, read_only=True)
    assert find_run(ledger).run_id == "run-1"
    assert _fingerprint(ledger_path.parent) == before
    ledger.close()
    assert _fingerprint(ledger_path.parent) == before


def test_read_only_sees_what_a_running_load_has_committed_so_far(scene: LedgerScene) -> None:
    grants = scene.load(["a@example.com", "b@example.com"])
    ledger = Ledger.open(scene.url, read_only=True)
    assert Books(ledger).slots()[0].used == 0
    take_grant(grants, 2)
    assert Books(ledger).slots()[0].used == 2
    ledger.close()


def test_read_only_does_not_hold_up_a_load(scene: LedgerScene) -> None:
    grants = scene.load(["a@example.com", "b@example.com"])
    reader = Ledger.open(scene.url, read_only=True)
    with reader.read_only() as connection:
        connection.exec_driver_sql("SELECT * FROM submissions").all()
        assert len(take_grant(grants, 2).leads) == 2
    reader.close()


def test_a_reader_sees_one_moment_though_a_load_begins_and_ends_meanwhile(
    sqlite_scene: LedgerScene, ledger_path: Path
) -> None:
    keys = [f"lead-{number}" for number in range(3_000)]
    sqlite_scene.load(keys)
    sqlite_scene.opened.pop().close()
    reader = Ledger.open(sqlite_scene.url, read_only=True)
    with consistent_read(reader) as moment:
        connection = moment.connection
        assert connection.execute(select(slots.c.used)).scalars().all() == [0]
        load = sqlite_scene.open()
        with load.transaction() as tx:
            tx.execute(update(submissions).values(state=SubmissionState.DELIVERED, body="x" * 99))
        load.close()
        assert connection.execute(COUNT_PENDING).scalar_one() == len(keys)
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    reader.close()
    assert sqlite_scene.states[keys[0]] == SubmissionState.DELIVERED
    assert [path.name for path in ledger_path.parent.iterdir()] == [ledger_path.name]


def test_read_only_cannot_write(scene: LedgerScene) -> None:
    scene.open().close()
    ledger = Ledger.open(scene.url, read_only=True)
    with pytest.raises(LedgerError, match=r"read-?only"):
        ledger.finish_run("run-1", Outcome.COMPLETE, "[]")
    ledger.close()


def test_read_only_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(f"sqlite:///{tmp_path / 'none' / 'ledger.db'}", read_only=True)
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_of_another_version_is_refused_and_left_alone(
    scene: LedgerScene, *, read_only: bool
) -> None:
    scene.open()
    scene.close()
    scene.query("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"is of version 9999.* needs " + LEDGER_VERSION) as e:
        Ledger.open(scene.url, read_only=read_only)
    assert e.value.code is Code.LEDGER_OTHER_VERSION
    assert scene.query("SELECT version_num FROM alembic_version") == [("9999",)]


def _make_garbage(path: Path) -> None:
    path.write_bytes(b"this is not a database " * 100)


def _make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_make_garbage, _make_folder])
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_ledger_is_refused_by_name(
    tmp_path: Path, make: Callable[[Path], None], *, read_only: bool
) -> None:
    path = tmp_path / "ledger.db"
    make(path)
    with pytest.raises(LedgerError, match=r"ledger\.db cannot be used") as caught:
        Ledger.open(f"sqlite:///{path}", read_only=read_only)
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert "CLAYLOAD_LEDGER_URL" in caught.value.hint


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"file cannot be used") as caught:
        Ledger.open(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    assert caught.value.code is Code.LEDGER_UNUSABLE


@pytest.mark.parametrize(
    "url", ["no url", "nosuchbase://host/ledger", "postgresql+nosuchdriver://host/ledger", "://"]
)
def test_a_url_nothing_can_open_is_a_ledger_error(url: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(url)
    assert caught.value.code is Code.LEDGER_UNUSABLE


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://clayload@127.0.0.1:hunter2/ledger",
        "nosuchbase://clayload:hunter2@127.0.0.1/ledger",
        "nosuchbase://127.0.0.1/ledger?sslpassword=hunter2",
        # Nobody listens at port 1.
        "postgresql+psycopg://127.0.0.1:1/ledger?sslpassword=hunter2",
    ],
)
def test_a_ledger_that_cannot_be_opened_is_named_without_what_may_be_secret(url: str) -> None:
    with pytest.raises(LedgerError) as caught:
        Ledger.open(url)
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.facts}"


@pytest.mark.parametrize(
    "url",
    [
        "no url",
        "postgres://host/ledger",
        "mysql+pymysql://host/ledger",
        "postgresql+asyncpg://host/ledger",
        "postgresql+psycopg://127.0.0.1:1/ledger?nosuch=1",
    ],
)
def test_a_url_nothing_can_open_is_told_with_how_to_write_one(url: str) -> None:
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        Ledger.open(url)
    assert caught.value.hint.startswith("write CLAYLOAD_LEDGER_URL as in postgresql+psycopg://")


def test_a_server_that_does_not_answer_is_told_with_where_to_look() -> None:
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        Ledger.open("postgresql+psycopg://127.0.0.1:1/ledger")
    assert caught.value.hint.startswith("see that the server runs")


def test_an_empty_file_is_told_to_be_no_ledger_yet(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with pytest.raises(LedgerError, match="it holds no ledger yet") as caught:
        Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", read_only=True)
    assert caught.value.hint.startswith("load an extract first")


def test_a_file_that_is_no_database_is_told_with_naming_the_right_one(tmp_path: Path) -> None:
    _make_garbage(tmp_path / "ledger.db")
    with pytest.raises(LedgerError, match="not a database") as caught:
        Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert caught.value.hint.startswith("name the ledger you mean")


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('0001')",
        "UPDATE alembic_version SET version_num = 'ae1027a6acf'",
        "UPDATE alembic_version SET version_num = '000a27a6acf'",
    ],
)
def test_a_version_that_is_none_of_ours_is_refused_with_naming_the_right_ledger(
    scene: LedgerScene, change: str
) -> None:
    scene.open()
    scene.close()
    scene.query(change)
    for attempt in (Ledger.open, migrate):
        with pytest.raises(LedgerError, match="names none of clayload's versions") as caught:
            attempt(scene.url)
        assert caught.value.code is Code.LEDGER_UNUSABLE
        assert caught.value.hint.startswith("name the ledger you mean")


def test_a_read_only_ledger_file_is_refused_before_anything_is_sent(
    open_folder: Path,
) -> None:
    path = open_folder / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with _without_privileges(), pytest.raises(LedgerError, match=r"ledger\.db") as caught:
        Ledger.open(f"sqlite:///{path}")
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert "writable" in caught.value.hint


def test_a_read_only_folder_is_refused_when_the_ledger_is_new(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with _without_privileges(), pytest.raises(LedgerError) as caught:
        Ledger.open(f"sqlite:///{open_folder / 'new' / 'ledger.db'}")
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert list(open_folder.iterdir()) == []


def test_a_ledger_that_may_only_be_read_can_be_read(open_folder: Path) -> None:
    path = open_folder / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    with _without_privileges():
        ledger = Ledger.open(f"sqlite:///{path}", read_only=True)
        assert Books(ledger).slots() == []
        ledger.close()


def test_a_ledger_held_by_another_process_says_so(
    sqlite_scene: LedgerScene, ledger_path: Path
) -> None:
    ledger = sqlite_scene.open()
    with closing(sqlite3.connect(ledger_path)) as other:
        other.execute("BEGIN IMMEDIATE")
        # A reading transaction that turns to writing is told at once, not after half a minute.
        with (
            pytest.raises(LedgerError, match=r"held by another process") as caught,
            ledger.read_only() as connection,
        ):
            connection.execute(delete(runs))
    assert caught.value.code is Code.LEDGER_UNUSABLE
    sqlite_scene.start_run(ledger, "run-1")


OPEN_MANY_TIMES = """
import sys
from clayload.ledger.store import Ledger
for i in range(15):
    ledger = Ledger.open(sys.argv[1])
    ledger.give_up_overdue()
    ledger.close()
"""


def test_processes_may_open_and_close_a_new_ledger_all_at_once(scene: LedgerScene) -> None:
    command = [sys.executable, "-c", OPEN_MANY_TIMES, scene.url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    failures = [process.communicate()[1] for process in processes]
    assert failures == [""] * 3
    assert scene.query("SELECT version_num FROM alembic_version") == [(LEDGER_VERSION,)]
