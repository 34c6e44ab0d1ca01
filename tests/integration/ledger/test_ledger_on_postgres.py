"""Does a ledger on a server share one clock and one rate, and outlive the server's restarts?"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from threading import Thread, Timer

import pytest
from support.benches.ledger_processes import Program, finish, release
from support.scenes.fakes import TokenBucket
from support.scenes.ledger_places import PostgresPlace, PostgresPlaces
from support.scenes.ledger_scene import LedgerScene, each, make_config, take_grant
from support.servers.answer_cutter import AnswerCutter, cut_answers
from support.servers.postgres_server import GUARDED, PASSWORD, PostgresServer, StopMode

from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.errors import Code, LedgerError
from clayload.ledger.books.run_books import Books
from clayload.ledger.database.schema import LEDGER_VERSION
from clayload.ledger.rules.unanswered import LOST
from clayload.ledger.store import Ledger

KEYS = [f"lead-{i:03}@example.com" for i in range(300)]
PACE = {"rate_per_s": 100.0, "burst": 20}
FAST = {"rate_per_s": 10_000.0, "burst": 10_000}
HOUR_S = 3_600.0
DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
REFUSED = Verdict(VerdictKind.REFUSED, "refused with 400", 400)
WRONG = "open-sesame"


@pytest.fixture
def server(postgres_places: PostgresPlaces) -> Iterator[PostgresServer]:
    yield postgres_places.server
    if postgres_places.server.process is None:
        postgres_places.server.start()


@pytest.fixture
def shared(postgres_scene: LedgerScene) -> LedgerScene:
    """Two runs of the same leads, by the server's clock."""
    postgres_scene.config = make_config(workspace=PACE)
    with_servers_clock = Ledger.open(postgres_scene.url)
    for run_id in ("run-1", "run-2"):
        postgres_scene.start_run(with_servers_clock, run_id)
        postgres_scene.register(with_servers_clock, run_id, "chunk-1", KEYS)
    with_servers_clock.close()
    return postgres_scene


def test_two_processes_of_which_one_is_an_hour_off_never_pass_the_rate(
    shared: LedgerScene,
) -> None:
    processes = [
        Program("asking_process", shared.url, run_id, str(clock_off_s))
        for run_id, clock_off_s in (("run-1", 0.0), ("run-2", HOUR_S))
    ]
    release(processes)
    told = [json.loads(output) for output in finish(processes)]
    delays_s = told[0] | told[1]
    assert sorted(delays_s) == KEYS
    assert len(told[0]) + len(told[1]) == len(KEYS), "granted twice"
    assert min(len(one) for one in told) >= len(KEYS) / 10, "one of them starved"
    assert max(delays_s.values()) < 2
    given_at = dict(shared.query("SELECT lead_key, updated_at FROM submissions"))
    moments = sorted(given_at[key] + delay_s for key, delay_s in delays_s.items())
    bucket = TokenBucket(PACE["rate_per_s"], int(PACE["burst"]))
    assert all(bucket.take(at) for at in moments)
    assert moments[-1] - moments[0] < HOUR_S / 10


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_restarted_between_two_grants_is_not_noticed(
    postgres_scene: LedgerScene, server: PostgresServer, mode: StopMode
) -> None:
    grants = postgres_scene.load(KEYS)
    first = take_grant(grants, 5)
    server.stop(mode)
    server.start()
    second = take_grant(grants, 5, each(first.leads, DELIVERED))
    assert [lead.lead_key for lead in second.leads] == KEYS[5:10]
    assert list(postgres_scene.states.values())[:10] == ["delivered"] * 5 + ["sending"] * 5
    assert postgres_scene.used == {"tech-1": 10}


def test_a_grant_waits_for_a_server_that_is_away_for_a_moment(
    postgres_scene: LedgerScene, server: PostgresServer
) -> None:
    grants = postgres_scene.load(KEYS)
    server.stop("immediate")
    back = Timer(0.5, server.start)
    back.start()
    grant = take_grant(grants, 5)
    back.join()
    assert [lead.lead_key for lead in grant.leads] == KEYS[:5]


def test_a_server_restarted_again_and_again_costs_no_lead_and_doubles_none(
    postgres_scene: LedgerScene, server: PostgresServer
) -> None:
    postgres_scene.config = make_config(workspace=FAST)
    postgres_scene.load(KEYS)
    process = Program("granting_process", postgres_scene.url, "run-1", "chunk-1")
    modes: list[StopMode] = ["immediate", "fast", "immediate"]
    release([process])
    for n_granted, mode in zip((50, 120, 190), modes, strict=True):
        while int(process.stderr.readline()) < n_granted:
            pass
        server.stop(mode)
        server.start()
    (output,) = finish([process])
    assert sorted(json.loads(output)["granted"]) == KEYS
    assert set(postgres_scene.states.values()) == {"delivered"}
    assert postgres_scene.used == {"tech-1": len(KEYS)}
    assert postgres_scene.rows_used == len(KEYS)


def test_a_connection_lost_while_a_grant_is_given_grants_once(
    postgres_scene: LedgerScene,
) -> None:
    postgres_scene.config = make_config(credits_per_lead=6)
    grants = postgres_scene.load(KEYS)
    first = take_grant(grants, 5)
    other = PostgresPlace(postgres_scene.url)
    other.query("BEGIN")
    other.query("SELECT * FROM workspaces FOR UPDATE")

    def hang_up_on_who_waits() -> None:
        while not postgres_scene.query(_HANG_UP_WAITING):
            pass
        other.close()

    hanging_up = Thread(target=hang_up_on_who_waits)
    hanging_up.start()
    second = take_grant(grants, 5, each(first.leads, DELIVERED))
    hanging_up.join()
    assert [lead.lead_key for lead in second.leads] == KEYS[5:10]
    assert list(postgres_scene.states.values())[:10] == ["delivered"] * 5 + ["sending"] * 5
    assert postgres_scene.used == {"tech-1": 10}
    assert [n_credits for n_credits, _ in postgres_scene.spent.values()] == [60_000]


@pytest.mark.parametrize("is_granted_anew", [False, True])
def test_verdicts_are_written_though_their_leads_were_given_up_while_the_connection_was_lost(
    postgres_scene: LedgerScene, *, is_granted_anew: bool
) -> None:
    grants = postgres_scene.load(KEYS[:3])
    leads = take_grant(grants, 3).leads
    postgres_scene.clock.at += HOUR_S
    other = PostgresPlace(postgres_scene.url)
    other.query("BEGIN")
    other.query("SELECT * FROM workspaces FOR UPDATE")

    def hang_up_and_give_up() -> None:
        while not postgres_scene.query(_HANG_UP_WAITING):
            pass
        other.query(_GIVE_UP)
        if is_granted_anew:
            other.query(_GRANT_ANEW)
        other.query("COMMIT")
        other.close()

    giving_up = Thread(target=hang_up_and_give_up)
    giving_up.start()
    grants.record([*each(leads[:2], DELIVERED), *each(leads[2:], REFUSED)])
    giving_up.join()
    assert postgres_scene.used == {"tech-1": 2}
    assert postgres_scene.query("SELECT n_accepted, n_refused FROM traffic") == [(2, 1)]
    # Of a lead that somebody has taken up, the newer grant speaks.
    states = ["sending"] * 3 if is_granted_anew else ["delivered", "delivered", "refused"]
    assert list(postgres_scene.states.values()) == states


_GIVE_UP = f"UPDATE submissions SET state = 'in_doubt', reason = '{LOST}'"  # noqa: S608
_GRANT_ANEW = """
INSERT INTO past_verdicts (submission_id, at, what, run_id, slot, reason)
SELECT submission_id, updated_at, state, run_id, slot, reason FROM submissions;
UPDATE submissions SET state = 'sending', grant_id = 'another'
"""

_HANG_UP_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def cutter(postgres_places: PostgresPlaces) -> Iterator[AnswerCutter]:
    with cut_answers(postgres_places.server.port) as cutter:
        yield cutter


@pytest.fixture
def cut_scene(postgres_scene: LedgerScene, cutter: AnswerCutter) -> Iterator[LedgerScene]:
    """The same ledger, reached through the cutter."""
    direct = f":{cutter.to_port}/"
    url = postgres_scene.url.replace(direct, f":{cutter.port}/")
    scene = LedgerScene(PostgresPlace(url), clock=postgres_scene.clock)
    yield scene
    scene.close()


def test_a_grant_whose_commit_was_never_answered_is_given_once(
    postgres_scene: LedgerScene, cut_scene: LedgerScene, cutter: AnswerCutter
) -> None:
    grants = cut_scene.load(KEYS)
    first = take_grant(grants, 5)
    cutter.armed.set()
    second = take_grant(grants, 5, each(first.leads, DELIVERED))
    assert cutter.n_cut == 1
    assert [lead.lead_key for lead in second.leads] == KEYS[5:10]
    found = postgres_scene.query("SELECT state, COUNT(*) FROM submissions GROUP BY state")
    assert dict(found) == {"delivered": 5, "sending": 5, "pending": len(KEYS) - 10}
    sending = "SELECT DISTINCT grant_id FROM submissions WHERE state = 'sending'"
    assert postgres_scene.query(sending) == [(second.grant_id,)]
    assert postgres_scene.used == {"tech-1": 10}
    assert postgres_scene.rows_used == 10


def test_verdicts_whose_commit_was_never_answered_count_once(
    postgres_scene: LedgerScene, cut_scene: LedgerScene, cutter: AnswerCutter
) -> None:
    grants = cut_scene.load(KEYS[:6])
    leads = take_grant(grants, 6).leads
    cutter.armed.set()
    grants.record([*each(leads[:3], DELIVERED), *each(leads[3:], REFUSED)])
    assert cutter.n_cut == 1
    found = postgres_scene.query("SELECT state, n_attempts FROM submissions ORDER BY lead_key")
    assert found == [("delivered", 1)] * 3 + [("refused", 1)] * 3
    assert postgres_scene.used == {"tech-1": 3}
    assert postgres_scene.query("SELECT n_accepted, n_refused FROM traffic") == [(3, 3)]


def _refused(server: PostgresServer) -> str:
    server.stop()
    return server.url("pristine", password=WRONG)


def _missing(server: PostgresServer) -> str:
    return server.url("no_such_database", password=WRONG)


def _wrong_password(server: PostgresServer) -> str:
    return server.url("pristine", user=GUARDED, password=WRONG)


@pytest.mark.parametrize(
    ("make_url", "says"),
    [
        (_refused, "Connection refused"),
        (_missing, 'database "no_such_database" does not exist'),
        (_wrong_password, "password authentication failed"),
    ],
)
def test_a_server_that_cannot_be_used_is_told_at_once_and_without_the_password(
    server: PostgresServer, make_url: Callable[[PostgresServer], str], says: str
) -> None:
    with pytest.raises(LedgerError, match=says) as caught:
        Ledger.open(make_url(server))
    error = caught.value
    assert error.code is Code.LEDGER_UNUSABLE
    assert "server" in error.hint
    whole = "".join(traceback.format_exception(error))
    assert WRONG not in f"{whole}{error!r}{error.facts}"
    assert WRONG not in _everything_of(error)


def _everything_of(error: BaseException | None) -> str:
    """What a careless log of the whole chain would show."""
    told = ""
    while error is not None:
        told += f"{error!r}{vars(error)}"
        origin = getattr(error, "orig", None)
        told += f"{vars(origin) if origin is not None else ''}{getattr(origin, 'pgconn', None)}"
        error = error.__cause__ or error.__context__
    return told


def test_a_password_that_is_right_opens_the_ledger(postgres_places: PostgresPlaces) -> None:
    url = postgres_places.server.url("pristine", user=GUARDED, password=PASSWORD)
    ledger = Ledger.open(url, read_only=True)
    assert Books(ledger).slots() == []
    ledger.close()


def test_a_database_without_a_ledger_is_not_read(postgres_places: PostgresPlaces) -> None:
    with postgres_places.empty() as place:
        with pytest.raises(LedgerError) as caught:
            Ledger.open(place.url, read_only=True)
        assert caught.value.code is Code.LEDGER_UNUSABLE
        assert place.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


OPEN_ONCE = "import sys; from clayload.ledger.store import Ledger; Ledger.open(sys.argv[1]).close()"


def test_processes_may_make_a_new_ledger_all_at_once(postgres_places: PostgresPlaces) -> None:
    with postgres_places.empty() as place:
        command = [sys.executable, "-c", OPEN_ONCE, place.url]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        assert [process.communicate()[1] for process in processes] == [""] * 4
        assert place.query("SELECT version_num FROM alembic_version") == [(LEDGER_VERSION,)]
