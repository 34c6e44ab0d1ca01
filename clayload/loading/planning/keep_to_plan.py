"""Does a load keep to the plan that somebody signed?

In:    a request that names a plan; the frames of its extract; the ledger as it stands.
Out:   the frames, cut to what the plan lets go; without a plan, as they were.
Never: a lead more of a table, another slot, or a higher cost than was signed; a refusal comes
       before anything is sent or owed.

What went since, by whichever run, counts: all loads of a plan together never pass it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from clayload.capacity.credits import SpendRange, add_up, spend_for
from clayload.capacity.load_plan import TableLoadPlan
from clayload.capacity.placement import plan_table
from clayload.delivery.budget import Unit
from clayload.errors import Code, PlanError
from clayload.loading.intake.ledger_view import LedgerView
from clayload.loading.intake.read_extract import PreparedFrames
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.saved_plan import SavedPlan, fingerprint, read_plan
from clayload.model import ChunkRef
from clayload.plural import count
from clayload.setup import Setup
from clayload.tables.catalogue import Level
from clayload.tables.costs import cost_of_lead

_SIGNED_LEVELS = (Level.LIKELY, Level.HIGH)


def apply_plan(request: LoadRequest, setup: Setup) -> LoadRequest:
    """Ask for what the plan was made for: its cycle, table and limit, where none is given.

    Raises:
        PlanError: there is no such plan, or other ones are given.
    """
    if request.plan_id is None:
        return request
    plan = read_plan(request.plan_id, setup)
    asked = {"cycle": request.cycle, "table": request.table, "limit": request.limit}
    planned = {"cycle": plan.cycle, "table": plan.table, "limit": plan.limit}
    for name, value in asked.items():
        if value not in (None, planned[name]):
            raise _refuse(plan, f"it is for {name} {planned[name] or 'any'}, not {value}", setup)
    return replace(request, cycle=plan.cycle, table=plan.table, limit=plan.limit)


def cut_to_plan(
    request: LoadRequest, frames: PreparedFrames, cycle: str, ledger_view: LedgerView, setup: Setup
) -> PreparedFrames:
    """Cut the frames to what the plan lets go; what is cut off is left for a later load.

    Raises:
        PlanError: the load is another than the plan's, or would take more than it says.
    """
    if request.plan_id is None:
        return frames
    plan = read_plan(request.plan_id, setup)
    if frames.extract_id != plan.extract_id:
        raise _refuse(plan, f"it is for extract {plan.extract_id}, not {frames.extract_id}", setup)
    keys_of = {
        chunk: ledger_view.owed_keys(chunk, setup.config.tables[chunk.table], cycle)
        for chunk in frames.chunks
    }
    load = _Load(plan, keys_of, ledger_view, setup)
    for excess in load.find_excess():
        raise _refuse(plan, excess, setup)
    return _cut(frames, keys_of, load.n_allowed)


def _refuse(plan: SavedPlan, why: str, setup: Setup) -> PlanError:
    changed = "" if fingerprint(setup) == plan.config else "; the configuration was changed since"
    return PlanError(
        Code.PLAN_NOT_KEPT,
        f"the load does not keep to {plan.plan_id}: {why}{changed}",
        hint="nothing was sent; plan it anew with `clayload plan … --save`, and load by that",
        plan_id=plan.plan_id,
    )


@dataclass(frozen=True, slots=True)
class _Load:
    """A load that is about to begin, beside its plan."""

    plan: SavedPlan
    keys_of: Mapping[ChunkRef, frozenset[str]]
    ledger_view: LedgerView
    setup: Setup

    @property
    def n_owed(self) -> dict[str, int]:
        """Count what the load would send of each table if there were no plan."""
        n_of = dict.fromkeys(self.setup.config.tables, 0)
        for chunk, keys in self.keys_of.items():
            n_of[chunk.table] += len(keys)
        return n_of

    @property
    def n_allowed(self) -> dict[str, int]:
        """Count what the plan lets go of each table, less what is owed no more since then."""
        allowed = {}
        for name, n_owed in self.n_owed.items():
            planned = self.plan.tables.get(name)
            n_since = 0 if planned is None else planned.n_to_send - n_owed
            n_left = 0 if planned is None else planned.n_going - n_since
            allowed[name] = min(max(n_left, 0), n_owed)
        return allowed

    def find_excess(self) -> Iterator[str]:
        """Say in what the load is more than was planned."""
        for name, n_owed in self.n_owed.items():
            planned = self.plan.tables.get(name)
            n_planned = 0 if planned is None else planned.n_to_send
            if n_owed > n_planned:
                owed = count(n_owed, "lead is", "leads are")
                yield f"{owed} owed to {name}, the plan has {n_planned:,}"
            elif planned is not None:
                yield from self._find_other_slots(name, planned)
        yield from self._find_costs()

    def _find_other_slots(self, name: str, planned: TableLoadPlan) -> Iterator[str]:
        snapshot = self.ledger_view.read_table(name, self.setup.config.tables[name])
        for slot, n in plan_table(snapshot, self.n_allowed[name]).by_slot.items():
            n_planned = planned.by_slot.get(slot, 0)
            if n > n_planned:
                yield f"slot {slot} would take {count(n, 'lead')}, the plan has {n_planned:,}"

    def _find_costs(self) -> Iterator[str]:
        now, planned = self._spend(), self.plan.spend
        for level in _SIGNED_LEVELS:
            for unit in Unit:
                n, n_planned = (getattr(one.at(level), unit) for one in (now, planned))
                if n > n_planned:
                    yield f"it would take {n:,} {unit.label} ({level}), the plan has {n_planned:,}"

    def _spend(self) -> SpendRange:
        setup = self.setup
        return add_up(
            spend_for(cost_of_lead(table, setup.config.workspace, setup.catalogue), n)
            for name, table in setup.config.tables.items()
            if (n := self.n_allowed[name])
        )


def _cut(
    frames: PreparedFrames, keys_of: Mapping[ChunkRef, frozenset[str]], n_allowed: Mapping[str, int]
) -> PreparedFrames:
    """Take the leads beyond what is allowed out of the chunks, in their order."""
    left, chunks, n_cut = dict(n_allowed), [], 0
    for chunk in frames.chunks:
        n_owed = len(keys_of[chunk])
        n_going = min(n_owed, left[chunk.table])
        left[chunk.table] -= n_going
        n_cut += n_owed - n_going
        kept = chunk if n_going == n_owed else _cut_chunk(chunk, keys_of[chunk], n_going)
        if kept.n_leads:
            chunks.append(kept)
    if not n_cut:
        return frames
    return replace(frames, chunks=tuple(chunks), n_cut=n_cut)


def _cut_chunk(chunk: ChunkRef, owed: frozenset[str], n_going: int) -> ChunkRef:
    """Keep the first leads that are owed, and those that need not be sent."""
    leads = pl.read_parquet(chunk.path)
    is_owed = pl.col("lead_key").is_in(list(owed))
    kept = leads.filter(~is_owed | (is_owed.cum_sum() <= n_going))
    kept.write_parquet(chunk.path)
    return replace(chunk, n_leads=kept.height)
