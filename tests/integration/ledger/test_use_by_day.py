"""What a workspace uses by local day, what it comes to, and the figures for a scraper."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import generate_latest
from support.scenes.clocked_setup import ClockedSetup, make_setup
from support.scenes.ledger_places import SqlitePlace
from support.scenes.ledger_scene import TABLE, LedgerScene, make_config

from clayload.capacity.forecast import LineUse
from clayload.capacity.usage import DayUse
from clayload.ledger.store import Ledger
from clayload.monitoring.metrics import LedgerCollector, make_registry
from clayload.monitoring.usage import read_line_uses, read_usage
from clayload.report.usage import render_days, render_lines

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 10, 26, 12, tzinfo=BERLIN)


@pytest.fixture
def setup(scene: LedgerScene, tmp_path: Path) -> ClockedSetup:
    """A workspace in Berlin, the day after its clocks were set back."""
    budget = {"credits_per_billing_month": 200, "actions_per_day": 100}
    scene.config = make_config(
        workspace={"time_zone": "Europe/Berlin", "budget": budget},
        credits_per_lead=6,
        actions_per_lead=1.5,
    )
    scene.clock.at = NOON.timestamp()
    made = make_setup(scene, tmp_path)
    made.ledger.introduce(made.config)
    return made


def answer(scene: LedgerScene, at: datetime, n_accepted: int, n_in_doubt: int = 0) -> None:
    bucket = int(at.timestamp()) // 10 * 10
    scene.query(
        "INSERT INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        *("tech-1", bucket, "main", n_accepted, 0, n_in_doubt, 0, 10.0),
    )


def spend(scene: LedgerScene, day: str, n_credits: int, n_actions: int) -> None:
    scene.query(
        "INSERT INTO spending VALUES (?, ?, ?, ?, ?)",
        *(day, TABLE, "main", n_credits * 1_000, n_actions * 1_000),
    )


def test_days_are_those_of_the_workspace_even_the_long_one(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    answer(scene, datetime(2026, 10, 24, 23, 59, 55, tzinfo=BERLIN), 1)
    answer(scene, datetime(2026, 10, 25, 0, 0, 0, tzinfo=BERLIN), 2)
    answer(scene, datetime(2026, 10, 25, 23, 59, 55, tzinfo=BERLIN), 3, 1)
    answer(scene, NOON, 4)
    spend(scene, "2026-10-25", 30, 7)
    spend(scene, "2026-10-23", 6, 0)
    usage = read_usage(setup, 3)
    assert usage.days == (
        DayUse("2026-10-24", TABLE, 1, 0, 0.0, 0.0),
        DayUse("2026-10-25", TABLE, 5, 1, 30.0, 7.0),
        DayUse("2026-10-26", TABLE, 4, 0, 0.0, 0.0),
    )
    assert render_days(usage).rows[-1] == ("in all", "10", "1", "30", "7")
    assert render_days(usage, by_table=True).rows[1] == ("2026-10-25", TABLE, "5", "1", "30", "7")


def test_every_budget_has_its_forecast_and_so_has_what_no_budget_limits(
    scene: LedgerScene, setup: ClockedSetup
) -> None:
    for day in range(20, 27):
        spend(scene, f"2026-10-{day}", 20, 5)
    lines = {line.key: line for line in read_line_uses(setup)}
    whole, by_cycle, by_day = (
        lines[key]
        for key in (
            "workspace, all Actions",
            "workspace.budget.credits_per_billing_month",
            "workspace.budget.actions_per_day",
        )
    )
    assert len(lines) == 3
    assert (whole.used, whole.limit, whole.part_used) == (35, None, None)
    assert (by_cycle.used, by_cycle.part_used, by_cycle.least) == (140, 0.7, 6)
    assert (by_day.used, by_day.forecast) == (5, None)
    at_end = by_cycle.forecast
    assert at_end is not None
    assert at_end.low == at_end.high == pytest.approx(140 + 5.5 * 140 / 6.5)
    assert str(at_end.used_up_on) == "2026-10-29"
    assert say(by_cycle)[-2:] == ("2026-10-29", "2026-11-01")


def say(line: LineUse) -> tuple[str, ...]:
    (row,) = render_lines([line]).rows
    return row


def test_what_is_owed_is_told_with_its_cost(scene: LedgerScene, setup: ClockedSetup) -> None:
    scene.load([f"lead-{n}@example.com" for n in range(4)])
    owed = read_usage(setup, 1).owed
    assert (owed.n_leads, owed.credits, owed.actions) == (4, 24.0, 6.0)


def test_before_there_is_a_ledger_nothing_is_used(tmp_path: Path) -> None:
    ledger = tmp_path / "none.db"
    read = make_setup(LedgerScene(SqlitePlace(ledger)), tmp_path, is_new=True)
    usage = read_usage(read, 30)
    assert [line.used for line in usage.lines] == [0, 0]
    assert not ledger.exists()


def scrape(setup: ClockedSetup) -> list[str]:
    text = generate_latest(make_registry(LedgerCollector(lambda: setup))).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_scrape_gives_every_figure_as_it_stands(scene: LedgerScene, setup: ClockedSetup) -> None:
    scene.query(
        "INSERT INTO submissions (table_name, cycle, lead_key, state, n_attempts, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        *(TABLE, "2026-10", "a@b.example", "in_doubt", 1, 0.0),
    )
    spend(scene, "2026-10-26", 20, 5)
    found = scrape(setup)
    for line in (
        "clayload_ledger_up 1.0",
        f'clayload_leads{{state="in_doubt",table="{TABLE}"}} 1.0',
        f'clayload_slot_safe_limit{{slot="tech-1",table="{TABLE}"}} 45000.0',
        f'clayload_table_row_limit{{table="{TABLE}"}} 50000.0',
        'clayload_rate_allowed_per_second{workspace="main"} 10.0',
        'clayload_rate_limited_total{workspace="main"} 0.0',
        (
            'clayload_budget_left{budget="workspace.budget.credits_per_billing_month",'
            'unit="credits"} 180.0'
        ),
        'clayload_budget_used{budget="workspace, all Actions",unit="Actions"} 5.0',
    ):
        assert line in found
    assert "a@b.example" not in "".join(found)


def test_a_ledger_that_cannot_be_read_is_a_figure_too(scene: LedgerScene) -> None:
    def read() -> ClockedSetup:
        Ledger.open(f"sqlite:///{scene}/no/such", read_only=True)
        raise AssertionError

    collector = LedgerCollector(read)
    text = generate_latest(make_registry(collector)).decode()
    assert text.splitlines()[-1] == "clayload_ledger_up 0.0"
    assert collector.error is not None
