"""`clayload approve`: decide whether the rest may follow a run's sample."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Annotated

import typer

from clayload.account.sample_account import SampleAccount
from clayload.clay.command import LiveCounts, Unknown
from clayload.cli.console import err, out, print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_sentence
from clayload.cli.options import AsJson, OneTable
from clayload.cli.suggestions import suggest_runs
from clayload.delivery.sample import Decision
from clayload.loading.followups.approve import (
    Approved,
    SampleDecision,
    choose_ready,
    count_rows_in_clay,
    decide,
    find_samples,
)
from clayload.plural import count
from clayload.setup import Setup

APPROVED_GROUP = "clayload.approved"
"""Packages above the core hear of an approval by an entry point of this group.

It is called with what is approved, and returns whether somebody goes on by itself now.
"""


def approve(
    run: Annotated[
        str,
        typer.Argument(help="The id of a run that sent the sample.", autocompletion=suggest_runs),
    ],
    table: OneTable = None,
    n_more: Annotated[
        int | None, typer.Option("--next", min=1, help="So many leads more, then ask again.")
    ] = None,
    *,
    stop: Annotated[bool, typer.Option("--stop", help="Send nothing more of it.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the sample stands; decide nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how a run's sample ended, and let the rest of its table follow."""
    decision = _choose_decision(n_more, stop=stop)
    setup = read_existing(os.environ)
    samples = find_samples(run, table, setup)
    rows = count_rows_in_clay(samples, setup)
    if not as_json:
        for line in _describe(samples, rows):
            print_sentence(line)
    if not dry_run:
        ready = choose_ready(samples, decision.decision)
        _print_decision(ready, decision, replace(setup, read_only=False), as_json=as_json)
        samples = find_samples(run, table, setup)
    if as_json:
        print_json(_to_json(run, samples, rows))


def _choose_decision(n_more: int | None, *, stop: bool) -> SampleDecision:
    if stop and n_more is not None:
        raise typer.BadParameter("give --next or --stop, not both")
    if stop:
        return SampleDecision(Decision.STOP)
    return (
        SampleDecision(Decision.GO_ON) if n_more is None else SampleDecision(Decision.NEXT, n_more)
    )


def _describe(
    samples: Sequence[SampleAccount], rows: dict[str, LiveCounts | Unknown]
) -> Iterator[str]:
    for one in samples:
        yield one.describe()
        match rows.get(one.table):
            case LiveCounts(n_rows=n):
                yield f"  {count(n, 'row')} in Clay now"
            case Unknown(why):
                yield f"  rows in Clay are not known: {why}"


def _print_decision(
    samples: Sequence[SampleAccount], decision: SampleDecision, setup: Setup, *, as_json: bool
) -> None:
    """Write the decision down and print it; with JSON, on standard error."""
    decide(samples, decision, setup)
    on_message = err if as_json else out
    for one in samples:
        on_message.print(f"{one.table}: {decision}", soft_wrap=True)
    if decision.decision is Decision.STOP or not any(one.n_owed for one in samples):
        return
    run_id = samples[0].run_id
    if _print_next(Approved(run_id, tuple(one.table for one in samples))):
        on_message.print("announced: resume-deferred goes on with it in Prefect")
    else:
        on_message.print("next: the same load again, or `clayload resume-deferred`")


def _print_next(approved: Approved) -> bool:
    hooks = sorted(entry_points(group=APPROVED_GROUP), key=lambda hook: hook.name)
    heard = [hook.load()(approved) for hook in hooks]
    return any(heard)


def _to_json(
    run_id: str, samples: Sequence[SampleAccount], rows: dict[str, LiveCounts | Unknown]
) -> str:
    counts = {name: n.n_rows if isinstance(n, LiveCounts) else None for name, n in rows.items()}
    said = [
        one.model_dump(mode="json")
        | {"needs_approval": one.needs_approval, "rows_in_clay": counts.get(one.table)}
        for one in samples
    ]
    return json.dumps({"run_id": run_id, "samples": said}, indent=2)
