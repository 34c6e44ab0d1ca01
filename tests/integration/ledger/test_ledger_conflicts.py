"""Do loads that write the same leads at the same time on a server get on with each other?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from support.scenes.ledger_places import PostgresPlace
from support.scenes.ledger_scene import CYCLE, TABLE, LedgerScene, each, make_config, take_grant

from clayload.delivery.verdict import unsent
from clayload.errors import Code, LedgerConflictError
from clayload.ledger.database.retry import CONFLICT_ATTEMPTS

KEYS = [f"lead-{i:03}@example.com" for i in range(100)]
FAST = {"rate_per_s": 10_000.0, "burst": 10_000}
LATE = unsent("its moment had passed")
ENOUGH_S = 10.0


@contextmanager
def meanwhile(statement: str, *values: object, scene: LedgerScene) -> Iterator[None]:
    """Another process has done this and not committed yet; it commits in the end."""
    other = PostgresPlace(scene.url)
    other.query("BEGIN")
    other.query(statement, *values)
    try:
        yield
    finally:
        other.query("COMMIT")
        other.close()


def test_a_grant_does_not_wait_for_a_load_that_registers_the_same_leads(
    postgres_scene: LedgerScene,
) -> None:
    grants = postgres_scene.load(KEYS)
    registering = "INSERT INTO chunk_leads SELECT 1, 1000, MIN(submission_id) FROM submissions"
    granting = Thread(target=take_grant, args=(grants, 5))
    with meanwhile(registering, scene=postgres_scene):
        granting.start()
        granting.join(ENOUGH_S)
        assert not granting.is_alive()


@pytest.mark.parametrize("resend", ["each_cycle", "when_changed"])
def test_leads_may_be_registered_in_any_order_while_they_are_granted(
    scene: LedgerScene, resend: str
) -> None:
    scene.config = make_config(workspace=FAST, resend=resend)
    content = "c" if resend == "when_changed" else None
    ledger, other = scene.open(), scene.open()
    scene.start_run(ledger, "run")
    scene.register(ledger, "run", "chunk-1", KEYS, content)
    grants = scene.grants(ledger, "run", "chunk-1")

    def register_again() -> None:
        for n in range(8):
            scene.start_run(other, f"run-{n}")
            scene.register(other, f"run-{n}", "chunk-1", KEYS[::-1], content)

    registering = Thread(target=register_again)
    registering.start()
    while registering.is_alive():
        grants.record(each(take_grant(grants, 25).leads, LATE))
        scene.clock.at += 1
    registering.join()
    assert scene.query("SELECT COUNT(*) FROM chunks") == [(9,)]


def give_up(scene: LedgerScene, n: int) -> None:
    """Have the server give the next `n` transactions that register leads up, as if deadlocked."""
    scene.query("CREATE SEQUENCE tries")
    scene.query(
        "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('tries') <= {n} THEN "
        "RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF; "
        "RETURN NULL; END $$"
    )
    scene.query(
        "CREATE TRIGGER give_up AFTER INSERT ON chunk_leads "
        "FOR EACH STATEMENT EXECUTE FUNCTION give_up()"
    )


def test_what_the_server_gave_up_for_another_load_is_done_again(
    postgres_scene: LedgerScene,
) -> None:
    ledger = postgres_scene.open()
    postgres_scene.start_run(ledger, "run")
    give_up(postgres_scene, CONFLICT_ATTEMPTS - 1)
    assert postgres_scene.register(ledger, "run", "chunk-1", KEYS) == len(KEYS)
    assert postgres_scene.query("SELECT COUNT(*) FROM submissions") == [(len(KEYS),)]


def test_what_is_given_up_again_and_again_is_told_as_what_it_is(
    postgres_scene: LedgerScene,
) -> None:
    ledger = postgres_scene.open()
    postgres_scene.start_run(ledger, "run")
    give_up(postgres_scene, CONFLICT_ATTEMPTS)
    with pytest.raises(LedgerConflictError, match="deadlock detected") as caught:
        postgres_scene.register(ledger, "run", "chunk-1", KEYS)
    assert caught.value.code is Code.LEDGER_UNUSABLE
    assert "run the same load again" in caught.value.hint
    assert postgres_scene.query("SELECT COUNT(*) FROM submissions") == [(0,)]


def test_two_loads_that_meet_a_new_lead_at_once_both_have_it_sent(
    postgres_scene: LedgerScene,
) -> None:
    postgres_scene.config = make_config(resend="when_changed")
    ledger = postgres_scene.open()
    postgres_scene.start_run(ledger, "run")
    # As it stands once the other has been granted it: there is no way back to one submission.
    written = (
        "INSERT INTO submissions (table_name, cycle, lead_key, payload_hash, state, n_attempts, "
        "updated_at) VALUES (?, ?, ?, 'theirs', 'delivered', 1, 0)"
    )
    n_owed: list[int] = []

    def register() -> None:
        n_owed.append(postgres_scene.register(ledger, "run", "chunk-1", KEYS[:1], "ours"))

    registering = Thread(target=register)
    with meanwhile(written, TABLE, CYCLE, KEYS[0], scene=postgres_scene):
        registering.start()
        while not postgres_scene.query(_WAITS):
            time.sleep(0.01)
    registering.join()
    assert n_owed == [1]
    found = postgres_scene.query("SELECT edition, payload_hash FROM submissions ORDER BY edition")
    assert found == [("", "theirs"), ("ours", "ours")]


_WAITS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
