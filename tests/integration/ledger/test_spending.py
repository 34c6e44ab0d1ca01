"""Is what leads cost charged as they are granted, given back where it must be, never too much?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.scenes.ledger_scene import NOVEMBER, TABLE, LedgerScene, each, make_config, take_grant

from clayload.delivery.budget import OverBudget
from clayload.delivery.grant import Grant, Verdicts, Wait
from clayload.delivery.verdict import (
    Answered,
    AnswerLost,
    NotConnected,
    Verdict,
    judge,
    too_large,
    unsent,
)
from clayload.ledger.audit.audit import audit
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import recover
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import Departures
from clayload.ledger.rules.owing import Lead
from clayload.model import ChunkRef
from clayload.tables.costs import LeadCost
from clayload.tables.tables_file import TablesConfig

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"lead-{i:02}@example.com" for i in range(12)]
DELIVERED = judge(Answered(200, {}, ""), NOW)
TODAY, TOMORROW = "2026-11-01", "2026-11-02"
DAY_S = 86_400


def _config(
    workspace: dict[str, object] | None = None, table: dict[str, object] | None = None
) -> TablesConfig:
    """Leads of 6 credits and 1.5 Actions, these budgets, and a rate that holds nobody up."""
    fast = {"rate_per_s": 10_000.0, "burst": 10_000}
    return make_config(
        workspace={**fast, "budget": workspace},
        credits_per_lead=6,
        actions_per_lead=1.5,
        budget=table,
    )


def _deliver(grants: ChunkGrants, n: int) -> OverBudget:
    """Send the `n` leads that still fit, and no more."""
    grant = take_grant(grants, 9)
    assert len(grant.leads) == n
    over = grants.grant(9, each(grant.leads, DELIVERED))
    assert isinstance(over, OverBudget)
    return over


def _until(over: OverBudget) -> tuple[str, str]:
    assert over.until is not None
    return over.line.span, over.until.ends_on


@pytest.mark.parametrize(
    ("verdict", "is_kept"),
    [
        (DELIVERED, True),
        (judge(Answered(503, {}, ""), NOW), True),
        (judge(AnswerLost("reset"), NOW), True),
        (judge(Answered(400, {}, "bad JSON"), NOW), False),
        (too_large(200_000, 100_000), False),
        (judge(Answered(429, {"retry-after": "7"}, ""), NOW), False),
        (judge(Answered(401, {}, ""), NOW), False),
        (judge(NotConnected("refused"), NOW), False),
        (unsent("its moment had passed"), False),
    ],
)
def test_only_what_was_provably_not_accepted_is_given_back(
    scene: LedgerScene, verdict: Verdict, *, is_kept: bool
) -> None:
    scene.config = _config()
    grants = scene.load(KEYS[:3])
    grant = take_grant(grants, 3)
    assert scene.spent == {TODAY: (18_000, 4_500)}
    grants.record([*each(grant.leads[:1], DELIVERED), *each(grant.leads[1:], verdict)])
    n = 3 if is_kept else 1
    assert scene.spent == {TODAY: (n * 6_000, n * 1_500)}
    assert audit(scene.opened[0]) == []


def test_spending_is_kept_without_a_budget_and_nothing_is_written_where_leads_cost_nothing(
    scene: LedgerScene,
) -> None:
    scene.config = make_config()
    take_grant(scene.load(KEYS), 5)
    assert scene.spent == {}
    assert scene.query("SELECT DISTINCT charged_on, credits_milli FROM submissions") == [(None, 0)]


@pytest.mark.parametrize(
    ("workspace", "table", "n_fitting"),
    [
        ({"credits_per_billing_month": 47.9}, None, 7),
        ({"actions_per_day": 12}, None, 8),
        (None, {"credits_per_day": 30}, 5),
        ({"credits_per_billing_month": 600}, {"actions_per_billing_month": 4.5}, 3),
        ({"credits_per_day": 0}, None, 0),
    ],
)
def test_what_fits_is_granted_and_not_one_lead_more(
    scene: LedgerScene,
    workspace: dict[str, object] | None,
    table: dict[str, object] | None,
    n_fitting: int,
) -> None:
    scene.config = _config(workspace, table)
    grants = scene.load(KEYS)
    n_granted = 0
    told: Verdicts = ()
    while isinstance(answer := grants.grant(2, told), Grant):
        n_granted += len(answer.leads)
        told = each(answer.leads, DELIVERED)
    assert isinstance(answer, OverBudget)
    assert n_granted == n_fitting
    assert list(scene.states.values()).count("pending") == len(KEYS) - n_fitting


def test_a_new_day_brings_a_new_budget_and_the_month_goes_on(scene: LedgerScene) -> None:
    scene.config = _config({"credits_per_day": 12, "credits_per_billing_month": 30})
    grants = scene.load(KEYS)
    assert _until(_deliver(grants, 2)) == ("day", TOMORROW)
    scene.clock.at = NOVEMBER // DAY_S * DAY_S + DAY_S
    assert _until(_deliver(grants, 2)) == ("day", "2026-11-03")
    assert scene.spent == {TODAY: (12_000, 3_000), TOMORROW: (12_000, 3_000)}
    scene.clock.at += DAY_S
    assert _until(_deliver(grants, 1)) == ("billing_month", "2026-12-01")
    scene.clock.at += 28 * DAY_S
    _deliver(grants, 2)


def test_a_raised_budget_counts_from_the_next_grant_on_whoever_takes_it_up(
    scene: LedgerScene,
) -> None:
    scene.config = _config({"credits_per_day": 12})
    grants = scene.load(KEYS)
    _deliver(grants, 2)
    scene.open().follow(_config({"credits_per_day": 30}))
    _deliver(grants, 3)
    scene.opened[0].follow(_config({"credits_per_day": 1}))
    assert isinstance(grants.grant(9, ()), OverBudget)


def test_nobody_is_deferred_while_others_may_give_back_what_they_reserved(
    scene: LedgerScene,
) -> None:
    scene.config = _config({"credits_per_day": 12})
    first = scene.load(KEYS)
    scene.start_run(scene.opened[0], "run-2")
    scene.register(scene.opened[0], "run-2", "chunk-1", KEYS)
    second = scene.grants(scene.opened[0], "run-2", "chunk-1")
    grant = take_grant(first, 2)
    assert isinstance(second.grant(9, ()), Wait)
    mixed = [*each(grant.leads[:1], DELIVERED), *each(grant.leads[1:], unsent("late"))]
    first.record(mixed)
    _deliver(second, 1)
    assert isinstance(first.grant(9, ()), OverBudget)


def test_an_answer_gives_back_to_the_day_on_which_its_grant_was_charged(
    scene: LedgerScene,
) -> None:
    scene.config = _config()
    scene.clock.at = NOVEMBER // DAY_S * DAY_S + DAY_S - 1
    grants = scene.load(KEYS)
    grant = take_grant(grants, 2)
    scene.clock.at += 2
    grants.grant(1, each(grant.leads, judge(NotConnected("refused"), NOW)))
    assert scene.spent == {TODAY: (0, 0), TOMORROW: (6_000, 1_500)}


def test_what_a_process_left_unsent_is_given_back_as_it_was_charged(
    scene: LedgerScene, tmp_path: Path
) -> None:
    scene.config = _config()
    scene.load(KEYS)
    sender, ledger = f"{read_boot_id()}.7", scene.opened[0]
    dear = GrantTerms(scene.config, 30.0, Departures(sender), {TABLE: LeadCost(10.25, 0)})
    take_grant(ChunkGrants(ledger, scene.chunk("run-1", "chunk-1"), dear), 4)
    take_grant(scene.grants(ledger, "run-1", "chunk-1"), 1)
    assert scene.spent == {TODAY: (4 * 10_250 + 6_000, 1_500)}
    (tmp_path / f"{sender}.departures").write_bytes(b"")
    assert recover(ledger, tmp_path).n_taken_back == 4
    assert scene.spent == {TODAY: (6_000, 1_500)}
    assert audit(ledger) == []


def test_the_tables_of_a_workspace_share_its_budget(scene: LedgerScene) -> None:
    one = _config({"credits_per_day": 30}).model_dump()
    (table,) = one["tables"].values()
    slot = {**table["slots"][0], "name": "finance-1", "url": "env:URL_FINANCE"}
    other = {**table, "slots": [slot], "credits_per_lead": 10}
    scene.config = TablesConfig.model_validate(
        {**one, "tables": {**one["tables"], "finance": other}}
    )
    ledger = scene.open()
    scene.start_run(ledger, "run-1")
    scene.register(ledger, "run-1", "chunk-1", KEYS)
    finance = ChunkRef("run-1", "chunk-2", "finance", 0, Path("chunk-2"))
    leads = [Lead(row_number, key) for row_number, key in enumerate(KEYS)]
    owing = Owing("2026-11", scene.config.tables["finance"])
    register_chunk(ledger, finance, owing, leads)
    costs = {"finance": LeadCost(10, 0)}
    dear = ChunkGrants(ledger, finance, GrantTerms(scene.config, 30.0, costs=costs))
    grant = take_grant(dear, 2)
    dear.record(each(grant.leads, DELIVERED))
    _deliver(scene.grants(ledger, "run-1", "chunk-1"), 1)


def test_the_ledgers_own_check_finds_spending_that_no_lead_explains(scene: LedgerScene) -> None:
    scene.config = _config()
    take_grant(scene.load(KEYS), 2)
    scene.query("UPDATE spending SET credits_milli = 18000")
    (found,) = audit(scene.opened[0])
    assert found.is_damage
    assert found.what == (
        f"table {TABLE} was charged 18 credits and 3 Actions on {TODAY}, and the leads sent to it "
        "cost 12 credits and 3 Actions"
    )
