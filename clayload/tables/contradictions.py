"""Do the parts of `tables.yaml`, each right by itself, agree with one another?

In:    the workspace and the tables that are right by themselves; either may be missing.
Out:   one flaw per contradiction, with the key it stands at.
Never: a question about one table alone; those are its model's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clayload.tables.problems import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clayload.tables.table import Table
    from clayload.tables.workspace import Workspace

WEBHOOK_PLANS = ("growth", "enterprise", "trial", "explorer", "pro")
"""The plans that have webhooks (clay-facts.md §1 and §2)."""

ROW_CAP, TRIAL_ROW_CAP = 50_000, 1_000
"""Rows a Clay table holds on a paid plan and on the trial (clay-facts.md §1, table cap)."""


def find_contradictions(workspace: Workspace | None, tables: Mapping[str, Table]) -> Iterator[Flaw]:
    """Every contradiction, first those with the workspace's plan, then those between tables."""
    if workspace is not None:
        yield from _with_plan(workspace, tables)
    yield from _between_slots(tables)


def _with_plan(workspace: Workspace, tables: Mapping[str, Table]) -> Iterator[Flaw]:
    plan = workspace.plan.value
    if plan not in WEBHOOK_PLANS:
        hint = f"webhooks need one of {', '.join(WEBHOOK_PLANS)}"
        yield Flaw(f"the plan '{plan}' has no webhooks", hint, at=("workspace", "plan"))
    cap = TRIAL_ROW_CAP if plan == "trial" else ROW_CAP
    for name, table in tables.items():
        if table.auto_delete and plan != "enterprise":
            what = f"the plan '{plan}' has no auto-delete, only enterprise has"
            yield Flaw(what, "set auto_delete: false", at=("tables", name, "auto_delete"))
        if table.row_limit > cap:
            what = f"{table.row_limit} rows is above the {cap} a table holds on the plan '{plan}'"
            yield Flaw(what, f"set row_limit: {cap}", at=("tables", name, "row_limit"))


def _between_slots(tables: Mapping[str, Table]) -> Iterator[Flaw]:
    """Slots are counted by name, webhooks by URL: both must be one to one or the counts lie."""
    name_at: dict[str, str] = {}
    url_at: dict[str, str] = {}
    every = (
        (name, i, slot) for name, table in tables.items() for i, slot in enumerate(table.slots)
    )
    for table, i, slot in every:
        here = f"tables.{table}.slots[{i}]"
        if slot.name in name_at:
            what = f"the slot name '{slot.name}' is taken by {name_at[slot.name]}"
            at = ("tables", table, "slots", i, "name")
            yield Flaw(what, "give each slot a name of its own", at=at)
        if slot.url in url_at:
            what = f"'{slot.url}' is the URL of {url_at[slot.url]} already"
            at = ("tables", table, "slots", i, "url")
            yield Flaw(what, "one webhook is one slot, or its count would be wrong", at=at)
        name_at.setdefault(slot.name, here)
        url_at.setdefault(slot.url, here)
