"""Is a slow run told from a young one, and a waiting one from one that nobody works on?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import BEGAN_AT, make_traffic
from support.scenes.signs_scene import (
    RUNNING,
    make_process,
    make_signs,
    make_use,
    names_of,
    only_finding,
)

from clayload.ledger.books.run_activity import RunStatus
from clayload.ledger.books.traffic import LAST_S
from clayload.monitoring.diagnosis.finding import Severity, Trouble
from clayload.monitoring.diagnosis.pace import rate_to_come

_THROTTLED = [Trouble.THROTTLED]


@pytest.mark.parametrize(
    ("n_429", "n_answers", "found"),
    [(0, 100, []), (2, 10, []), (3, 290, _THROTTLED), (3, 300, []), (40, 3_960, _THROTTLED)],
)
def test_a_run_is_throttled_from_three_429_and_a_hundredth_of_its_answers(
    n_429: int, n_answers: int, found: list[Trouble]
) -> None:
    traffic = make_traffic(n_answers, rate_limited=((int(BEGAN_AT), n_429),))
    assert names_of(make_signs(traffic=traffic)) == found


def test_a_running_load_that_is_slowed_now_is_throttled_by_fewer() -> None:
    traffic = make_traffic(10_000, rate_limited=((int(BEGAN_AT), 3),))
    slow = make_use(part=0.7)
    running = make_signs(50, traffic=traffic, workspace=slow, process=RUNNING)
    assert names_of(running) == _THROTTLED
    assert names_of(make_signs(traffic=traffic, workspace=slow)) == []


def test_throttling_is_told_with_what_is_allowed_configured_and_reached() -> None:
    traffic = make_traffic(
        90,
        rate_limited=((int(BEGAN_AT), 10),),
        workspace_per_s=6.2,
        slowed_at=BEGAN_AT + 5,
        slowed_to=0.49,
    )
    finding = only_finding(make_signs(traffic=traffic, workspace=make_use(part=0.7)))
    for part in ("10 of 100 submissions (10%)", "7.0/s of 10/s", "6.2/s reached", "up to 5.1/s"):
        assert part in finding.what
    assert finding.severity is Severity.SOON
    owing = make_signs(9, traffic=traffic, process=RUNNING)
    assert only_finding(owing).severity is Severity.TROUBLE


@pytest.mark.parametrize(("n_owed", "found"), [(72_000, []), (72_001, ["queue-backing-up"])])
def test_a_queue_backs_up_once_it_takes_longer_than_it_may(n_owed: int, found: list[str]) -> None:
    use = make_use(achieved_per_s=10.0)
    signs = make_signs(50, n_owed_all=n_owed, workspace=use, process=RUNNING)
    assert names_of(signs) == found


def test_who_else_is_in_the_queue_is_told() -> None:
    signs = make_signs(50, n_owed_all=100_050, n_ahead=7_000, process=RUNNING)
    finding = only_finding(signs)
    assert "owes 50 leads, and other runs 100,000 at the same rate, 7,000 of them" in finding.what
    assert "fewer loads at once" in finding.next_step
    alone = make_signs(100_050, process=RUNNING, tables=())
    assert "--limit N" in only_finding(alone).next_step


def test_a_closed_an_abandoned_and_a_paused_run_have_no_queue() -> None:
    many = {"n_owed_all": 1_000_000}
    held = make_use(paused_at=BEGAN_AT, paused_because="a look")
    assert names_of(make_signs(50, **many)) == [Trouble.STOPPED]
    gone = make_process(status=RunStatus.ABANDONED, idle_s=700.0)
    assert names_of(make_signs(50, process=gone, **many)) == [Trouble.PROCESS_ENDED]
    assert names_of(make_signs(50, process=RUNNING, workspace=held, **many)) == [Trouble.PAUSED]


@given(
    achieved=st.floats(0, 1_000),
    part=st.floats(0.1, 1),
    started_s=st.floats(0, 10_000),
)
def test_the_rate_to_come_is_never_nothing_and_never_more_than_is_allowed(
    achieved: float, part: float, started_s: float
) -> None:
    use = make_use(achieved_per_s=achieved, part=part)
    signs = make_signs(process=replace(RUNNING, started_s=started_s))
    rate = rate_to_come(signs, use)
    assert 0 < rate <= use.rate_per_s * part
    if started_s < LAST_S:
        assert rate == use.rate_per_s * part


@pytest.mark.parametrize("status", RunStatus)
def test_the_process_has_ended_of_a_run_that_is_abandoned_and_of_no_other(
    status: RunStatus,
) -> None:
    found = names_of(make_signs(9, process=make_process(status=status)))
    assert (Trouble.PROCESS_ENDED in found) is (status is RunStatus.ABANDONED)


def test_a_run_whose_leads_another_took_up_is_missed_by_nobody() -> None:
    abandoned = make_process(status=RunStatus.ABANDONED)
    assert names_of(make_signs(process=abandoned)) == []


def test_of_a_paused_workspace_a_waiting_run_is_well_and_a_killed_one_is_told() -> None:
    held = make_use(paused_at=BEGAN_AT)
    waiting = make_process(status=RunStatus.WAITING, idle_s=1_200.0)
    assert names_of(make_signs(9, process=waiting, workspace=held)) == [Trouble.PAUSED]
    killed = make_process(status=RunStatus.ABANDONED, idle_s=1_200.0)
    assert names_of(make_signs(9, process=killed, workspace=held)) == [
        Trouble.PAUSED,
        Trouble.PROCESS_ENDED,
    ]


def test_leads_of_a_process_that_died_are_told_while_another_goes_on() -> None:
    finding = only_finding(make_signs(9, process=replace(RUNNING, n_left_behind=4)))
    assert finding.name is Trouble.PROCESS_ENDED
    ended = "a process of the run ended; 9 leads are still to be sent, 4 of them granted"
    assert finding.what == ended


def test_a_pause_without_owed_leads_is_told_for_the_next_load() -> None:
    finding = only_finding(make_signs(workspace=make_use(paused_at=BEGAN_AT)))
    assert (finding.name, finding.severity) == (Trouble.PAUSED, Severity.SOON)
