"""When does an earlier delivery stand for a lead, and when is it owed again?"""

from __future__ import annotations

import pytest

from clayload.ledger.rules.owing import Known, Lead, edition_of, find_standing, is_owed
from clayload.ledger.rules.states import SubmissionState
from clayload.tables.table import Resend, Table

OCTOBER, NOVEMBER = "2026-10", "2026-11"
LEAD = Lead(1, "ada@example.com", "new")
NEVER, EACH_CYCLE, WHEN_CHANGED = Resend.NEVER, Resend.EACH_CYCLE, Resend.WHEN_CHANGED


def _known(
    cycle: str = OCTOBER,
    state: str = "delivered",
    payload_hash: str | None = "old",
    n_attempts: int = 1,
) -> Known:
    return Known(1, LEAD.lead_key, cycle, "", state, payload_hash, n_attempts)


def _table(on_in_doubt: str) -> Table:
    slot = {"name": "tech-1", "url": "env:URL_1"}
    return Table.model_validate(
        {
            "filter": "email IS NOT NULL",
            "volume_per_month": 1,
            "fields": ["email"],
            "slots": [slot],
            "on_in_doubt": on_in_doubt,
        }
    )


@pytest.mark.parametrize("resend", Resend)
def test_a_lead_nobody_knows_is_owed(resend: Resend) -> None:
    assert find_standing(resend, NOVEMBER, LEAD, []) is None


@pytest.mark.parametrize("resend", [NEVER, EACH_CYCLE])
@pytest.mark.parametrize("state", SubmissionState)
def test_within_a_cycle_one_submission_stands_whatever_became_of_it(
    resend: Resend, state: SubmissionState
) -> None:
    known = _known(NOVEMBER, state)
    assert find_standing(resend, NOVEMBER, LEAD, [known]) is known


def test_each_cycle_owes_a_lead_anew() -> None:
    assert find_standing(EACH_CYCLE, NOVEMBER, LEAD, [_known()]) is None


@pytest.mark.parametrize("state", ["delivered", "in_doubt", "sending", "pending"])
def test_never_owes_a_lead_again_that_was_or_may_be_delivered(state: str) -> None:
    known = _known(state=state)
    assert find_standing(NEVER, NOVEMBER, LEAD, [known]) is known


@pytest.mark.parametrize("resend", [NEVER, WHEN_CHANGED])
def test_what_clay_refused_in_an_earlier_cycle_may_be_tried_again(resend: Resend) -> None:
    assert find_standing(resend, NOVEMBER, LEAD, [_known(state="refused")]) is None


@pytest.mark.parametrize("cycle", [OCTOBER, NOVEMBER])
def test_a_changed_lead_is_owed_again_in_any_cycle(cycle: str) -> None:
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, [_known(cycle)]) is None


@pytest.mark.parametrize("payload_hash", ["new", None])
def test_an_unchanged_lead_and_one_of_which_no_change_can_be_proved_is_not(
    payload_hash: str | None,
) -> None:
    known = _known(payload_hash=payload_hash)
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, [known]) is known


def test_a_changed_lead_that_was_not_sent_yet_goes_out_once_as_it_is_now() -> None:
    known = _known(state="pending")
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, [known]) is known


def test_the_newest_submission_tells_whether_a_lead_has_changed() -> None:
    older, newer = _known(payload_hash="new"), _known(payload_hash="old")
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, [older, newer]) is None


def _edition(n: int, edition: str, payload_hash: str) -> Known:
    return Known(n, LEAD.lead_key, NOVEMBER, edition, "delivered", payload_hash, 1)


def test_a_second_submission_of_a_cycle_is_named_by_what_changed() -> None:
    first = _edition(1, "", "old")
    assert edition_of(LEAD, NOVEMBER, [_known()]) == ""
    assert edition_of(LEAD, NOVEMBER, [first]) == "new"


def test_a_lead_that_changed_back_to_how_it_was_sent_once_in_its_cycle_is_owed_anew() -> None:
    known = [_edition(1, "", "old"), _edition(2, "new", "new"), _edition(3, "newer", "newer")]
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, known) is None
    assert edition_of(LEAD, NOVEMBER, known) == "new.3"
    back = _edition(4, "new.3", "new")
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, [*known, back]) is back


def test_a_lead_that_was_overtaken_before_it_was_sent_is_owed_when_it_changes_back() -> None:
    known = [_edition(1, "", "old"), _edition(2, "new", "newer")]
    assert find_standing(WHEN_CHANGED, NOVEMBER, LEAD, known) is None
    assert edition_of(LEAD, NOVEMBER, known) == "new.2"


@pytest.mark.parametrize(
    ("on_in_doubt", "state", "n_attempts", "expected"),
    [
        ("hold", "pending", 0, True),
        ("hold", "in_doubt", 1, False),
        ("resend", "in_doubt", 1, True),
        ("resend", "in_doubt", 3, False),
        ("resend", "delivered", 1, False),
        ("resend", "refused", 1, False),
    ],
)
def test_a_lead_in_doubt_is_owed_only_where_its_table_resends_and_three_times_at_most(
    on_in_doubt: str, state: str, n_attempts: int, *, expected: bool
) -> None:
    known = _known(NOVEMBER, state, n_attempts=n_attempts)
    assert is_owed(known, _table(on_in_doubt)) == expected
