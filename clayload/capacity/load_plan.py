"""What does a load plan hold?

In:    figures that others have worked out.
Out:   the plan of each table and of the load, with a verdict; as JSON for machines.
Never: a lead, its key, or a secret: a plan is kept, shown and signed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from clayload.account.extract_summary import ExtractSummary
from clayload.capacity.credits import SpendRange, add_up
from clayload.delivery.budget import Unit


class Fit(StrEnum):
    """Whether the leads find room, budget and balance."""

    FITS = "fits"
    IN_PART = "fits in part"
    NOT = "does not fit"


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True)


class TableLoadPlan(_Plan):
    """One table's part of a load.

    Of `n_to_send` leads `n_unplaced` find no room, and `n_over_budget` of the others no budget;
    those left go, through `by_slot`. `n_unpaid` of them Clay takes without enriching them, as its
    balances stand. `fills_at` has the slots that are full then. `row_limit` is None where Clay
    deletes rows itself. `spend` is for the leads that go.
    """

    n_accepted: int
    n_already_done: int
    n_to_send: int
    n_chunks: int
    by_slot: dict[str, int]
    left_in_slots: dict[str, int]
    n_unplaced: int
    n_over_budget: int
    n_unpaid: int
    rows_after: int
    row_limit: int | None
    spend: SpendRange
    first_at: datetime | None
    last_at: datetime | None
    fills_at: dict[str, datetime]

    @property
    def n_going(self) -> int:
        """Leads that find room and budget."""
        return self.n_to_send - self.n_unplaced - self.n_over_budget

    @property
    def is_full(self) -> bool:
        """Whether the Clay table holds no further row after the load."""
        return self.row_limit is not None and self.rows_after >= self.row_limit


class FundPlan(_Plan):
    """A budget or a balance: what is left of it, and what the load takes of it."""

    name: str
    unit: Unit
    left: float
    likely: float
    high: float


class LoadPlan(_Plan):
    """What a load would do if it began at `starts_at`, from silence, at the workspace's rate.

    `tables` stand in the order in which they go out, those with nothing to send last; moments are
    in the workspace's `time_zone`. `notes` say how many leads of a table are a sample that goes
    first, and where Clay's own word is not known, or differs from
    the ledger's.
    """

    cycle: str
    extract_id: str
    extract: ExtractSummary
    table: str | None
    limit: int | None
    tables: dict[str, TableLoadPlan]
    rate_per_s: float
    sending_time_s: float
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    funds: tuple[FundPlan, ...]
    notes: tuple[str, ...]

    @property
    def n_to_send(self) -> int:
        """Leads the load would send, over all tables, room or no room."""
        return sum(table.n_to_send for table in self.tables.values())

    @property
    def n_going(self) -> int:
        """Leads that find room and budget."""
        return sum(table.n_going for table in self.tables.values())

    @property
    def spend(self) -> SpendRange:
        """What the leads that go take in credits and Actions."""
        return add_up(table.spend for table in self.tables.values())

    @property
    def fit(self) -> Fit:
        """The verdict: whether every lead, some or none finds room, budget and balance."""
        n_well = self.n_going - sum(table.n_unpaid for table in self.tables.values())
        if n_well == self.n_to_send:
            return Fit.FITS
        return Fit.IN_PART if n_well else Fit.NOT

    @property
    def is_fitting(self) -> bool:
        """Whether every lead finds room, budget and balance."""
        return self.fit is Fit.FITS

    @property
    def is_only_over_budget(self) -> bool:
        """Whether nothing but a budget keeps leads from being sent: they would be deferred."""
        others = sum(table.n_unplaced + table.n_unpaid for table in self.tables.values())
        return not self.is_fitting and not others

    def describe_lacks(self) -> Iterator[str]:
        """Say, a sentence each, what of the load does not fit, why, and what to do."""
        for name, table in self.tables.items():
            of = f"of {table.n_to_send:,}"
            if table.n_unplaced and table.is_full:
                yield f"{name}: {table.n_unplaced:,} {of} find the Clay table full: split the table"
            elif table.n_unplaced:
                yield f"{name}: {table.n_unplaced:,} {of} find no slot with life left: add a slot"
            if table.n_over_budget:
                yield (
                    f"{name}: {table.n_over_budget:,} {of} are over a budget and would be deferred:"
                    " raise it, or wait until it renews"
                )
            if table.n_unpaid:
                yield (
                    f"{name}: Clay would take {table.n_unpaid:,} {of} without enriching them, for "
                    "want of credits or Actions: add some first, or load less with --limit"
                )

    def describe_risks(self) -> Iterator[str]:
        """Say, a sentence each, what suffices if leads cost what is likely, and not at worst."""
        for fund in self.funds:
            if fund.likely <= fund.left < fund.high:
                left = f"{fund.left:,.10g} {fund.unit.label}"
                yield (
                    f"{fund.name}: {left} are enough for what is likely, not for what is the most: "
                    f"{fund.high:,.10g}"
                )

    def to_json(self, **more: object) -> str:
        """Give the plan for machines, without the folder it was made in, which is gone by now."""
        plan = self.model_dump(mode="json", exclude={"extract": {"folder"}})
        spend = SpendOf(spend=self.spend).model_dump(mode="json")
        said = {
            "n_to_send": self.n_to_send,
            "n_going": self.n_going,
            "fit": self.fit,
            "is_fitting": self.is_fitting,
            "lacks": list(self.describe_lacks()),
        }
        return json.dumps(plan | spend | said | more)


class SpendOf(_Plan):
    """A spend by itself, so that it is written as all others are."""

    spend: SpendRange
