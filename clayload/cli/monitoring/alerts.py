"""`clayload alerts`: what is near its end or degraded, and what of it is news?"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from clayload.alerts import AlertLevel, Change, Condition
from clayload.cli.console import out, print_json
from clayload.cli.layout import print_sentence
from clayload.cli.options import AsJson
from clayload.errors import ExitCode
from clayload.monitoring.alerts import look_around, report_changes
from clayload.plural import count
from clayload.setup import Setup, read_setup

_STYLES = {
    AlertLevel.FINE: "green",
    AlertLevel.NEAR: "yellow",
    AlertLevel.OVER: "red",
}


def alerts(
    *,
    new: Annotated[
        bool,
        typer.Option("--new", help="Print only what has changed since the last look, and note it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which budgets, slots and tables are near their end, and which loads are degraded."""
    setup = read_setup(os.environ, read_only=not new)
    if new:
        _print_new(setup, as_json=as_json)
    else:
        _print(setup, as_json=as_json)


def _print(setup: Setup, *, as_json: bool) -> None:
    look = look_around(setup)
    if as_json:
        print_json(json.dumps([asdict(one) for one in look.alerts], indent=2))
    elif look.alerts:
        _print_all((one.level, one) for one in look.alerts)
    else:
        n_watched = count(len(look.conditions), "thing")
        print_sentence(f"of {n_watched} watched, all are fine")
    raise typer.Exit(ExitCode.ATTENTION if look.alerts else ExitCode.OK)


def _print_new(setup: Setup, *, as_json: bool) -> None:
    def print_changes(changes: Sequence[Change]) -> None:
        if not as_json:
            _print_all((_headline(one), one.condition) for one in changes)
            out.file.flush()

    changes = report_changes(look_around(setup), setup, print_changes)
    if as_json:
        said = [asdict(one.condition) | {"before": one.before} for one in changes]
        print_json(json.dumps(said, indent=2))
    is_alert = any(not one.is_recovery for one in changes)
    raise typer.Exit(ExitCode.ATTENTION if is_alert else ExitCode.OK)


def _headline(change: Change) -> str:
    return "recovered" if change.is_recovery else str(change.condition.level)


def _print_all(found: Iterable[tuple[str, Condition]]) -> None:
    for headline, condition in found:
        style = _STYLES[condition.level]
        print_sentence(f"{headline}: {condition.what}", indent="  ", style=style)
        if condition.next_step:
            print_sentence(f"  next: {condition.next_step}", indent="  ")
