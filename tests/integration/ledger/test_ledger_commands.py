"""Can a ledger be brought to this version, checked, exported, and asked how fast it is used?"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from alembic import command
from alembic.config import Config
from polars.testing import assert_frame_equal
from support.scenes.ledger_places import Place, PostgresPlaces, SqlitePlace
from support.scenes.ledger_scene import NOVEMBER, LedgerScene, each, make_config, take_grant

from clayload.delivery.grant import SlotState, Wait
from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.errors import Code, LedgerError
from clayload.ledger.audit.audit import audit
from clayload.ledger.audit.export import export
from clayload.ledger.books.run_traffic import read_run_traffic
from clayload.ledger.books.runs import find_run
from clayload.ledger.books.traffic import SlotTraffic, read_slot_traffic, read_workspaces
from clayload.ledger.database.engine import open_to_migrate
from clayload.ledger.database.migrate import migrate
from clayload.ledger.database.schema import LEDGER_VERSION, metadata
from clayload.ledger.store import Ledger

KEYS = [f"lead{i}@example.com" for i in range(8)]
DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
REFUSED = Verdict(VerdictKind.REFUSED, "bad", 400)
IN_DOUBT = Verdict(VerdictKind.IN_DOUBT, "server error", 500)

OLD_ROWS: dict[str, list[tuple[object, ...]]] = {
    "workspaces": [("main", 1793500000.25, 0.0, 7)],
    "clay_tables": [("tech", 5), ("finance", 0)],
    "slots": [("tech-1", "tech", 3, "used_up", "full"), ("tech-2", "tech", 2, "active", "")],
    "runs": [
        ("run-1", "x1", "2026-10", '{"a": "ä"}', 1.5, 2.5, "complete", "[]", None),
        ("run-2", "x2", "2026-11", "{}", 3.5, None, None, None, "interrupted"),
    ],
    "chunks": [(4, "run-1", "tech-0001-aa", "tech"), (9, "run-2", "tech-0001-bb", "tech")],
    "submissions": [
        (
            n,
            "tech",
            "2026-11" if n % 2 else "2026-10",
            f"lead{n}@example.com",
            state,
            "run-2",
            "tech-1" if n < 4 else "tech-2",
            f"g{n}",
            30.5 + n,
            n,
            200 + n,
            "why",
            "body ü",
            10.25 * n,
        )
        for n, state in enumerate(
            ["delivered", "delivered", "in_doubt", "refused", "delivered", "sending", "pending"], 1
        )
    ],
    "chunk_leads": [(4, 1, 2), (4, 2, 4), (9, 1, 1), (9, 2, 3), (9, 3, 5), (9, 4, 6), (9, 5, 7)],
}


@dataclass(frozen=True)
class OldLedger:
    """A ledger of version 0001, filled."""

    place: Place

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row, in the columns that 0001 had, as they are called by now."""
        ((version,),) = self.place.query("SELECT version_num FROM alembic_version")
        names = _RENAMED if version == LEDGER_VERSION else {}
        return {
            table: sorted(
                self.place.query(
                    f"SELECT {', '.join(names.get(one, one) for one in columns)} FROM {table}"  # noqa: S608
                )
            )
            for table, columns in _COLUMNS.items()
        }


_RENAMED = {"paused_until": "throttled_until", "preparation": "extract_summary"}


_COLUMNS: dict[str, list[str]] = {
    "workspaces": ["workspace", "tat", "paused_until", "n_rate_limited"],
    "clay_tables": ["table_name", "rows_used"],
    "slots": ["slot", "table_name", "used", "state", "reason"],
    "runs": [
        "run_id",
        "extract_id",
        "cycle",
        "preparation",
        "started_at",
        "finished_at",
        "outcome",
        "problems",
        "halted_by",
    ],
    "chunks": ["chunk_no", "run_id", "chunk_id", "table_name"],
    "submissions": [
        "submission_id",
        "table_name",
        "cycle",
        "lead_key",
        "state",
        "run_id",
        "slot",
        "grant_id",
        "give_up_at",
        "n_attempts",
        "status",
        "reason",
        "body",
        "updated_at",
    ],
    "chunk_leads": ["chunk_no", "row_number", "submission_id"],
}


def make_version(place: Place, version: str) -> None:
    engine = open_to_migrate(place.url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "clayload.ledger:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def make_old(place: Place) -> OldLedger:
    make_version(place, "0001")
    for table, rows in OLD_ROWS.items():
        for row in rows:
            marks = ", ".join("?" * len(row))
            place.query(f"INSERT INTO {table} VALUES ({marks})", *row)  # noqa: S608
    return OldLedger(place)


@pytest.fixture(params=["sqlite", "postgres"])
def old(
    request: pytest.FixtureRequest, ledger_path: Path, postgres_places: PostgresPlaces
) -> Iterator[OldLedger]:
    if request.param == "sqlite":
        yield make_old(SqlitePlace(ledger_path))
        return
    with postgres_places.empty() as place:
        yield make_old(place)


def test_an_older_ledger_is_refused_with_the_command_that_fixes_it(old: OldLedger) -> None:
    before = old.rows()
    with pytest.raises(LedgerError, match="is of version 0001") as caught:
        Ledger.open(old.place.url)
    assert caught.value.code is Code.LEDGER_OTHER_VERSION
    assert "`clayload ledger migrate`" in caught.value.hint
    assert old.rows() == before


def test_a_migration_keeps_every_row_and_makes_the_ledger_as_a_new_one(old: OldLedger) -> None:
    before = old.rows()
    assert {table: sorted(rows) for table, rows in OLD_ROWS.items()} == before
    done = migrate(old.place.url)
    assert (done.before, done.after) == ("0001", LEDGER_VERSION)
    assert old.rows() == before
    ledger = Ledger.open(old.place.url)
    # The lead in `sending` lost its process long ago; nothing else is to be said.
    (remark,) = audit(ledger)
    assert remark.what.startswith("1 lead is granted")
    ledger.close()


def test_the_command_names_the_backup_on_one_line_however_narrow_the_terminal(
    ledger_path: Path,
) -> None:
    make_old(SqlitePlace(ledger_path))
    environ = {**os.environ, "CLAYLOAD_LEDGER_URL": f"sqlite:///{ledger_path}", "COLUMNS": "40"}
    ended = subprocess.run(
        [sys.executable, "-m", "clayload", "ledger", "migrate"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    backup = ledger_path.with_name("ledger.db.bak-0001")
    assert f"it lies in {backup}: delete that when all is well" in ended.stdout


def test_a_migration_lets_each_chunk_send_what_it_was_to_send(old: OldLedger) -> None:
    make_version(old.place, "0002")
    old.place.query("UPDATE submissions SET payload_hash = 'content' WHERE submission_id > 4")
    migrate(old.place.url)
    hashes = old.place.query("SELECT submission_id, payload_hash FROM chunk_leads ORDER BY 1")
    assert hashes == [(n, "content" if n > 4 else None) for n in range(1, 8)]


def test_a_migration_takes_what_was_sent_before_for_free_and_counts_from_then_on(
    old: OldLedger,
) -> None:
    make_version(old.place, "0003")
    before = old.rows()
    migrate(old.place.url)
    assert old.rows() == before
    charged = "SELECT DISTINCT charged_on, credits_milli, actions_milli FROM submissions"
    assert old.place.query(charged) == [(None, 0, 0)]
    assert old.place.query("SELECT COUNT(*) FROM spending") == [(0,)]
    assert old.place.query("SELECT budgets FROM workspaces") == [(None,)]


def test_a_migration_keeps_what_a_person_has_paused_and_decided_and_what_was_reported(
    old: OldLedger,
) -> None:
    make_version(old.place, "0007")
    old.place.query("UPDATE workspaces SET held_at = 12.5, held_because = 'lunch'")
    old.place.query("UPDATE workspaces SET budgets = ?", '{"workspace":{"credits_per_cycle":9.0}}')
    decided = "INSERT INTO samples VALUES (1, 'x1', '2026-10', 'tech', 5, 9, 'next', 7.5)"
    old.place.query(decided)
    old.place.query("INSERT INTO alerts VALUES ('a', 'main', 'slot', 'near', 8.5, 'why', NULL)")
    migrate(old.place.url)
    paused = "SELECT paused_at, paused_because, throttled_until, budgets FROM workspaces"
    budgets = '{"workspace":{"credits_per_billing_month":9.0}}'
    assert old.place.query(paused) == [(12.5, "lunch", 0.0, budgets)]
    assert old.place.query("SELECT decision, decided_at FROM samples") == [("next", 7.5)]
    assert old.place.query("SELECT level, reported_at FROM alerts") == [("near", 8.5)]


def test_a_migration_invents_neither_when_a_lead_was_sent_nor_what_was_allowed_then(
    old: OldLedger,
) -> None:
    make_version(old.place, "0007")
    old.place.query("INSERT INTO traffic VALUES ('tech-1', 1793500000, 'main', 3, 1, 0, 2)")
    migrate(old.place.url)
    assert old.place.query("SELECT DISTINCT send_at FROM submissions") == [(None,)]
    counted = "SELECT n_accepted, n_refused, n_in_doubt, n_rate_limited, rate_per_s FROM traffic"
    assert old.place.query(counted) == [(3, 1, 0, 2, None)]
    ledger = Ledger.open(old.place.url)
    traffic = read_run_traffic(ledger, find_run(ledger, "run-2"), "main")
    ledger.close()
    assert (traffic.n_answers, traffic.sent, traffic.allowed) == (3, (), ())


def test_a_second_migration_changes_nothing(old: OldLedger) -> None:
    migrate(old.place.url)
    before = old.rows()
    done = migrate(old.place.url)
    assert (done.before, done.after, done.backup) == (LEDGER_VERSION, LEDGER_VERSION, None)
    assert old.rows() == before


def test_on_sqlite_a_copy_of_the_ledger_as_it_was_is_made_first(ledger_path: Path) -> None:
    old = make_old(SqlitePlace(ledger_path))
    before = old.rows()
    taken = ledger_path.with_name("ledger.db.bak-0001")
    taken.write_text("somebody else's")
    backup = migrate(old.place.url).backup
    assert backup == ledger_path.with_name("ledger.db.bak-0001-2")
    assert taken.read_text() == "somebody else's"
    copy = OldLedger(SqlitePlace(backup))
    assert copy.rows() == before
    assert copy.place.query("SELECT version_num FROM alembic_version") == [("0001",)]


def test_a_ledger_that_a_load_uses_is_not_migrated(old: OldLedger) -> None:
    old.place.query("UPDATE submissions SET give_up_at = 9e9 WHERE state = 'sending'")
    with pytest.raises(LedgerError, match="in use: 1 leads are under way"):
        migrate(old.place.url)
    assert old.place.query("SELECT version_num FROM alembic_version") == [("0001",)]


def test_a_ledger_of_which_a_load_is_paused_is_not_migrated(scene: LedgerScene) -> None:
    scene.clock.at = time.time()
    grants = scene.load(KEYS)
    scene.opened[0].pause("main", "lunch")
    assert isinstance(grants.grant(1, ()), Wait)
    scene.close()
    scene.query("UPDATE alembic_version SET version_num = '0006'")
    with pytest.raises(LedgerError, match="in use: a load waits to send") as caught:
        migrate(scene.url)
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert scene.query("SELECT version_num FROM alembic_version") == [("0006",)]


def test_a_load_that_was_waiting_some_time_ago_does_not_stop_a_migration(old: OldLedger) -> None:
    make_version(old.place, "0002")
    waited = time.time() - 1
    old.place.query(f"UPDATE workspaces SET present_until_low = {waited}")  # noqa: S608
    assert migrate(old.place.url).after == LEDGER_VERSION


def test_on_postgres_the_servers_clock_says_whether_a_load_is_alive(
    postgres_places: PostgresPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_places.empty() as place:
        old = make_old(place)
        place.query("UPDATE submissions SET give_up_at = 8e9 WHERE state = 'sending'")
        monkeypatch.setattr("time.time", lambda: 9e9)
        with pytest.raises(LedgerError, match="in use: 1 leads are under way"):
            migrate(old.place.url)


def test_a_load_that_begins_while_a_migration_begins_stops_it(
    postgres_places: PostgresPlaces,
) -> None:
    count_waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
    with postgres_places.empty() as place, ThreadPoolExecutor(1) as pool:
        make_old(place)
        place.query("BEGIN")
        place.query("UPDATE submissions SET give_up_at = 9e9 WHERE state = 'sending'")
        migration = pool.submit(migrate, place.url)
        give_up_at = time.monotonic() + 20
        while place.query(count_waiting) == [(0,)] and time.monotonic() < give_up_at:
            time.sleep(0.02)
        place.query("COMMIT")
        with pytest.raises(LedgerError, match="in use: 1 leads are under way"):
            migration.result()
        assert place.query("SELECT version_num FROM alembic_version") == [("0001",)]


def test_rows_that_point_nowhere_stop_a_migration_and_it_leaves_no_trace(
    ledger_path: Path,
) -> None:
    old = make_old(SqlitePlace(ledger_path))
    old.place.query("INSERT INTO chunk_leads VALUES (4, 99, 1234)")
    before = old.rows()
    with pytest.raises(LedgerError, match="point at rows that are not there") as caught:
        migrate(old.place.url)
    assert caught.value.code is Code.LEDGER_DAMAGED
    assert old.rows() == before
    assert old.place.query("SELECT version_num FROM alembic_version") == [("0001",)]


def test_a_newer_ledger_is_not_migrated_either(scene: LedgerScene) -> None:
    scene.open()
    scene.close()
    scene.query("UPDATE alembic_version SET version_num = '9999'")
    for attempt in (migrate, Ledger.open):
        with pytest.raises(LedgerError, match="is of version 9999") as caught:
            attempt(scene.url)
        assert "use a newer clayload" in caught.value.hint


def load_some(scene: LedgerScene) -> Ledger:
    """Three delivered, one refused, two in doubt, one still with its process, one never sent."""
    grants = scene.load(KEYS)
    first = take_grant(grants, 6)
    verdicts = [DELIVERED, DELIVERED, DELIVERED, REFUSED, IN_DOUBT, IN_DOUBT]
    take_grant(grants, 1, list(zip(first.leads, verdicts, strict=True)))
    return scene.opened[0]


def test_a_whole_ledger_in_use_has_nothing_to_tell(scene: LedgerScene) -> None:
    assert audit(load_some(scene)) == []


def test_an_answer_long_awaited_is_a_remark_and_no_damage(scene: LedgerScene) -> None:
    ledger = load_some(scene)
    scene.clock.at += 100
    assert [(one.what[:17], one.is_damage) for one in audit(ledger)] == [
        ("1 lead is granted", False)
    ]


def test_resent_and_late_answered_leads_do_not_upset_the_books(scene: LedgerScene) -> None:
    scene.config = make_config(on_in_doubt="resend")
    grants = scene.load(KEYS[:4])
    first = take_grant(grants, 4)
    grants.record(each(first.leads, IN_DOUBT))
    scene.clock.at += 60
    again = take_grant(grants, 4)
    scene.clock.at += 60
    scene.opened[0].give_up_overdue()
    grants.record([*each(again.leads[:2], DELIVERED), *each(again.leads[2:], REFUSED)])
    assert audit(scene.opened[0]) == []


DAMAGES = {
    "UPDATE slots SET used = 9": "slot tech-1 was charged 9 submissions, and the leads .* are 6",
    "UPDATE clay_tables SET rows_used = 7": "was charged 7 rows, and the leads sent to it are 6",
    "UPDATE submissions SET state = 'lost' WHERE state = 'refused'": "1 submissions have a state",
    "UPDATE slots SET state = 'lost'": "1 slots have a state there is not",
    "UPDATE submissions SET slot = 'x' WHERE state = 'refused'": "1 submissions .* unknown slot",
    "UPDATE submissions SET slot = NULL WHERE state = 'sending'": "nobody knows through which",
    "UPDATE submissions SET give_up_at = NULL WHERE state = 'sending'": "without a deadline",
    "UPDATE chunks SET table_name = 'other'": "8 leads of chunks have a submission to another",
    "DROP INDEX submissions_sending": "not as this version makes them: add_index",
    "ALTER TABLE runs DROP COLUMN kind": "not as this version makes them: add_column .*kind",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_with_its_figures(sqlite_scene: LedgerScene, damage: str) -> None:
    ledger = load_some(sqlite_scene)
    sqlite_scene.query(damage)
    found = [one.what for one in audit(ledger) if one.is_damage]
    assert any(re.search(DAMAGES[damage], what) for what in found), found


def test_several_damages_are_told_at_once_on_postgres_too(postgres_scene: LedgerScene) -> None:
    ledger = load_some(postgres_scene)
    postgres_scene.query("DROP INDEX submissions_sending")
    postgres_scene.query("UPDATE slots SET used = 9, state = 'lost'")
    postgres_scene.query("UPDATE chunks SET table_name = 'other'")
    assert [one.what for one in audit(ledger)] == [
        "the tables are not as this version makes them: add_index submissions_sending",
        "8 leads of chunks have a submission to another table",
        "1 slots have a state there is not",
        "slot tech-1 was charged 9 submissions, and the leads sent through it are 6",
    ]


def test_a_lead_without_its_submission_is_found(sqlite_scene: LedgerScene) -> None:
    ledger = load_some(sqlite_scene)
    # SQLite checks keys only where a connection asks for it; this one does not.
    sqlite_scene.query("DELETE FROM submissions WHERE state = 'pending'")
    assert [one.what for one in audit(ledger)] == ["1 leads of chunks have no submission"]


def test_rows_lowered_by_a_person_are_a_remark(scene: LedgerScene) -> None:
    ledger = load_some(scene)
    scene.query("UPDATE clay_tables SET rows_used = 2")
    (remark,) = audit(ledger)
    assert "counts 2 rows, and the leads sent to it are 6" in remark.what
    assert not remark.is_damage


def test_a_damaged_file_is_told_and_nothing_else(
    sqlite_scene: LedgerScene, ledger_path: Path
) -> None:
    load_some(sqlite_scene)
    sqlite_scene.close()
    with closing(sqlite3.connect(ledger_path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        (page, size) = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master "
            "WHERE name = 'submissions'"
        ).fetchone()
    with ledger_path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    ledger = Ledger.open(sqlite_scene.url, read_only=True)
    (finding,) = audit(ledger)
    ledger.close()
    assert finding.what.startswith("the file is damaged: ")


def test_an_export_holds_every_row_of_every_table(scene: LedgerScene, tmp_path: Path) -> None:
    load_some(scene)
    folder = tmp_path / "to" / "here"
    ledger = Ledger.open(scene.url, read_only=True)
    n_rows = export(ledger, folder)
    ledger.close()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{name}.parquet" for name in metadata.tables
    )
    for name, table in metadata.tables.items():
        columns = ", ".join(table.columns.keys())
        key = ", ".join(table.primary_key.columns.keys())
        rows = scene.query(f"SELECT {columns} FROM {name} ORDER BY {key}")  # noqa: S608
        frame = pl.read_parquet(folder / f"{name}.parquet")
        assert frame.columns == table.columns.keys()
        plain = frame.with_columns(pl.col(pl.Datetime).dt.epoch("us") / 1e6)
        expected = pl.DataFrame(rows, schema=plain.schema, orient="row")
        assert_frame_equal(plain, expected, rel_tol=0, abs_tol=1e-6)
        assert n_rows[name] == len(rows)


def test_moments_are_moments_in_an_export(scene: LedgerScene, tmp_path: Path) -> None:
    export(load_some(scene), tmp_path)
    frame = pl.read_parquet(tmp_path / "submissions.parquet")
    assert frame.schema["updated_at"] == pl.Datetime("us", "UTC")
    at = frame.get_column("updated_at").dt.timestamp("ms")
    assert at.unique().to_list() == [int(NOVEMBER * 1000)]
    assert pl.read_parquet(tmp_path / "runs.parquet").get_column("finished_at").to_list() == [None]


def test_a_second_export_takes_the_place_of_the_first(scene: LedgerScene, tmp_path: Path) -> None:
    ledger, folder = load_some(scene), tmp_path / "export"
    export(ledger, folder)
    ledger.mark_slot("tech-1", SlotState.RETIRED, "old")
    export(ledger, folder)
    assert pl.read_parquet(folder / "slots.parquet").get_column("state").to_list() == ["retired"]
    assert len(list(folder.iterdir())) == len(metadata.tables)


def test_an_export_that_fails_leaves_the_one_before_whole(
    scene: LedgerScene, tmp_path: Path
) -> None:
    ledger, folder = load_some(scene), tmp_path / "export"
    export(ledger, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ledger.mark_slot("tech-1", SlotState.RETIRED, "old")
    *_, last = metadata.tables
    scene.query(f"DROP TABLE {last}")
    with pytest.raises(LedgerError, match=last):
        export(ledger, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_export_takes_away_what_a_killed_one_left(scene: LedgerScene, tmp_path: Path) -> None:
    left = tmp_path / "export" / ".exporting-killed"
    left.mkdir(parents=True)
    (left / "submissions.parquet").write_text("lead_keys")
    export(load_some(scene), left.parent)
    assert not left.exists()


def test_a_slot_retired_during_a_load_gets_nothing_after_the_grant_under_way(
    scene: LedgerScene,
) -> None:
    scene.config = make_config({"name": "tech-1"}, {"name": "tech-2"})
    grants = scene.load(KEYS)
    first = take_grant(grants, 3)
    scene.opened[0].mark_slot("tech-1", SlotState.RETIRED, "its token leaked")
    second = take_grant(grants, 5, each(first.leads, DELIVERED))
    grants.record(each(second.leads, DELIVERED))
    assert (first.slot, second.slot) == ("tech-1", "tech-2")
    assert scene.used == {"tech-1": 3, "tech-2": 5}


DAY_S = 86_400


def test_traffic_is_counted_by_slot_over_the_last_week_and_month(scene: LedgerScene) -> None:
    ledger = load_some(scene)
    rows = [
        ("tech-1", int(NOVEMBER) - days * DAY_S, "main", 100, 50, 1, 9, 10.0)
        for days in (6, 20, 29, 40)
    ]
    for row in rows:
        scene.query("INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    # Three delivered and two in doubt were counted by the load itself.
    assert read_slot_traffic(ledger) == {
        "tech-1": SlotTraffic(5 + 101, 5 + 3 * 101, NOVEMBER - 40 * DAY_S)
    }


def test_a_workspace_tells_what_it_may_does_and_met(scene: LedgerScene) -> None:
    ledger = load_some(scene)
    (idle,) = read_workspaces(ledger)
    assert (idle.allowed_per_s, idle.achieved_per_s) == (10.0, 6 / 60)
    assert (idle.slowed_at, idle.paused_at, idle.n_rate_limited) == (0.0, None, 0)
    scene.query(
        "UPDATE workspaces SET slowed_to = 0.5, slowed_at = ?, n_rate_limited = 3", NOVEMBER - 5
    )
    scene.query(
        "INSERT INTO traffic VALUES (?, ?, 'main', 90, 0, 0, 2, 10)", "tech-1", int(NOVEMBER) - 60
    )
    (slowed,) = read_workspaces(ledger)
    assert slowed.part == pytest.approx(0.5 + 5 * 0.03)
    assert slowed.allowed_per_s == pytest.approx(6.5)
    assert slowed.achieved_per_s == pytest.approx(96 / 60)
    assert (slowed.n_rate_limited, slowed.n_rate_limited_ever) == (2, 3)
    ledger.pause("main", "lunch")
    (held,) = read_workspaces(ledger)
    assert (held.allowed_per_s, held.paused_at, held.paused_because) == (0.0, NOVEMBER, "lunch")
