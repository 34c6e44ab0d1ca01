"""Does each answer mean what clay-facts.md §1 says it means?"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.delivery.verdict import (
    Answer,
    Answered,
    AnswerLost,
    NotConnected,
    SlotEffect,
    VerdictKind,
    judge,
    retry_after_s,
    too_large,
    unsent,
)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
LIMIT_REACHED = '{"type":"Forbidden","message":"Record limit reached for webhook"}'

DELIVERED, REFUSED = VerdictKind.DELIVERED, VerdictKind.REFUSED
RETRY, IN_DOUBT = VerdictKind.RETRY, VerdictKind.IN_DOUBT
USED_UP, SUSPENDED = SlotEffect.USED_UP, SlotEffect.SUSPENDED


def _answer(status: int, body: str = "", retry_after: str | None = None) -> Answered:
    return Answered(status, {} if retry_after is None else {"retry-after": retry_after}, body)


def _in(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


# (answer, kind, uses an attempt, pause in s, effect on the slot, counted against slot and table)
TABLE: list[tuple[str, Answer, VerdictKind, bool, float | None, SlotEffect | None, bool]] = [
    ("200", _answer(200, "OK"), DELIVERED, True, None, None, True),
    ("202", _answer(202, '{"success":true}'), DELIVERED, True, None, None, True),
    ("299, body of any kind", _answer(299, "\ufffd<html>"), DELIVERED, True, None, None, True),
    ("302, a wrong URL or a login page", _answer(302), RETRY, False, None, SUSPENDED, False),
    ("308", _answer(308), RETRY, False, None, SUSPENDED, False),
    ("400", _answer(400), REFUSED, True, None, None, False),
    ("401", _answer(401), RETRY, False, None, SUSPENDED, False),
    ("402", _answer(402), RETRY, False, None, SUSPENDED, False),
    ("403 limit", _answer(403, LIMIT_REACHED), RETRY, False, None, USED_UP, False),
    ("403, in capitals", _answer(403, "RECORD LIMIT REACHED"), RETRY, False, None, USED_UP, False),
    ("403 otherwise", _answer(403, "plan"), RETRY, False, None, SUSPENDED, False),
    ("404", _answer(404), RETRY, False, None, SUSPENDED, False),
    ("405", _answer(405), RETRY, False, None, SUSPENDED, False),
    ("410", _answer(410), RETRY, False, None, SUSPENDED, False),
    ("limit words with a 400", _answer(400, LIMIT_REACHED), REFUSED, True, None, None, False),
    ("413", _answer(413), REFUSED, True, None, None, False),
    ("422", _answer(422), REFUSED, True, None, None, False),
    ("429, Retry-After: 1", _answer(429, "", "1"), RETRY, False, 1.0, None, False),
    ("429, a fraction", _answer(429, "", "0.25"), RETRY, False, 0.25, None, False),
    ("429, 0", _answer(429, "", "0"), RETRY, False, 0.0, None, False),
    ("429, a date ahead", _answer(429, "", _in(7)), RETRY, False, 7.0, None, False),
    ("429, a date gone by", _answer(429, "", _in(-7)), RETRY, False, 0.0, None, False),
    ("429, a date far ahead", _answer(429, "", _in(9e6)), RETRY, False, 300.0, None, False),
    ("429, a day", _answer(429, "", "86400"), RETRY, False, 300.0, None, False),
    ("429, without end", _answer(429, "", "inf"), RETRY, False, 300.0, None, False),
    ("429, no number", _answer(429, "", "nan"), RETRY, False, 1.0, None, False),
    ("429, garbage", _answer(429, "", "soon"), RETRY, False, 1.0, None, False),
    ("429, two values", _answer(429, "", "1, 2"), RETRY, False, 1.0, None, False),
    ("429, negative", _answer(429, "", "-3"), RETRY, False, 1.0, None, False),
    ("429, no header", _answer(429), RETRY, False, 1.0, None, False),
    ("500", _answer(500), IN_DOUBT, True, None, None, True),
    ("502", _answer(502), IN_DOUBT, True, None, None, True),
    ("503, Retry-After", _answer(503, "", "9"), IN_DOUBT, True, None, None, True),
    ("599", _answer(599), IN_DOUBT, True, None, None, True),
    ("no connection", NotConnected("refused"), RETRY, True, None, None, False),
    ("time-out", AnswerLost("no answer within 30 s"), IN_DOUBT, True, None, None, True),
    ("reset", AnswerLost("ReadError"), IN_DOUBT, True, None, None, True),
]


@pytest.mark.parametrize(
    ("answer", "kind", "is_attempt", "throttle_s", "slot_effect", "is_charged"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_an_answer_means(  # noqa: PLR0913 - one argument for each column of the table
    answer: Answer,
    kind: VerdictKind,
    throttle_s: float | None,
    slot_effect: SlotEffect | None,
    *,
    is_attempt: bool,
    is_charged: bool,
) -> None:
    verdict = judge(answer, NOW)
    found = (verdict.kind, verdict.is_attempt, verdict.throttle_s, verdict.slot_effect)
    assert found == (kind, is_attempt, throttle_s, slot_effect)
    assert verdict.is_charged == is_charged
    assert verdict.was_sent


@pytest.mark.parametrize("status", range(200, 600))
def test_only_a_2xx_delivers_and_nothing_after_a_5xx_or_408_is_sent_again(status: int) -> None:
    verdict = judge(_answer(status), NOW)
    assert (verdict.kind is DELIVERED) == (status < 300)
    assert (verdict.kind is IN_DOUBT) == (status >= 500 or status == 408)


@pytest.mark.parametrize("status", [400, 401, 403, 413, 500])
def test_the_answers_body_is_kept_clipped_for_a_person(status: int) -> None:
    verdict = judge(_answer(status, "x" * 5_000), NOW)
    assert verdict.body == "x" * 300
    assert verdict.status == status


def test_a_delivered_leads_answer_is_not_kept() -> None:
    assert judge(_answer(200, "whatever Clay says"), NOW).body == ""


@given(st.text(max_size=60) | st.floats().map(str) | st.integers().map(str))
def test_any_retry_after_gives_a_wait_between_0_and_300_s(header: str) -> None:
    wait_s = retry_after_s(header, NOW)
    assert 0 <= wait_s <= 300
    assert not math.isnan(wait_s)


@given(
    st.sampled_from(["Mon", "Sunday", ""]),
    st.integers(-1, 99),
    st.sampled_from(["Nov", "Foo", "13"]),
    st.integers(-1, 10**12),
    st.sampled_from(["GMT", "+9999", "-0000", "+99999999999", ""]),
)
def test_any_date_like_retry_after_gives_a_wait(
    day_name: str, day: int, month: str, year: int, zone: str
) -> None:
    assert 0 <= retry_after_s(f"{day_name}, {day} {month} {year} 12:00:00 {zone}", NOW) <= 300


def test_a_lead_that_was_granted_but_not_sent_stays_owed_and_costs_nothing() -> None:
    verdict = unsent("its moment had passed")
    assert verdict.kind is RETRY
    assert (verdict.is_attempt, verdict.is_charged, verdict.was_sent) == (False, False, False)


def test_a_body_over_the_limit_is_refused_with_its_figures_and_not_charged() -> None:
    verdict = too_large(123_456, 100_000)
    assert verdict.kind is REFUSED
    assert verdict.reason == "payload of 123,456 bytes is over 100,000"
    assert (verdict.is_attempt, verdict.is_charged, verdict.was_sent) == (False, False, False)
