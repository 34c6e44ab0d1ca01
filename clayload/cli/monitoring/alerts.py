"""`clayload alerts`: what is near its end or degraded, and what of it is news?"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.text import Text

from clayload.alerts import Change, Condition, Level
from clayload.cli.console import out, say_json
from clayload.cli.options import AsJson
from clayload.errors import ExitCode
from clayload.monitoring.alerts import look_around, tell_changes
from clayload.setup import Setup, read_setup

_STYLES = {Level.FINE: "bold green", Level.NEAR: "bold yellow", Level.OVER: "bold red"}


def alerts(
    *,
    tell: Annotated[
        bool,
        typer.Option("--tell", help="Say only what has changed since it was told, and note it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which budgets, slots and tables are near their end, and which loads are degraded."""
    setup = read_setup(os.environ)
    if tell:
        _tell(setup, as_json=as_json)
    else:
        _show(replace(setup, read_only=True), as_json=as_json)


def _show(setup: Setup, *, as_json: bool) -> None:
    look = look_around(setup)
    if as_json:
        say_json(json.dumps([asdict(one) for one in look.alerts], indent=2))
    elif look.alerts:
        _say_all((one.level, one) for one in look.alerts)
    else:
        out.print(f"of {len(look.conditions):,} things watched, all are fine")
    raise typer.Exit(ExitCode.ATTENTION if look.alerts else ExitCode.OK)


def _tell(setup: Setup, *, as_json: bool) -> None:
    def say(changes: Sequence[Change]) -> None:
        if not as_json:
            _say_all((_headline(one), one.condition) for one in changes)
            out.file.flush()

    changes = tell_changes(look_around(setup), setup, say)
    if as_json:
        said = [asdict(one.condition) | {"before": one.before} for one in changes]
        say_json(json.dumps(said, indent=2))
    is_alert = any(not one.is_recovery for one in changes)
    raise typer.Exit(ExitCode.ATTENTION if is_alert else ExitCode.OK)


def _headline(change: Change) -> str:
    return "recovered" if change.is_recovery else str(change.condition.level)


def _say_all(told: Iterable[tuple[str, Condition]]) -> None:
    for headline, condition in told:
        out.print(
            Text(f"{headline}:", style=_STYLES[condition.level]), condition.what, soft_wrap=True
        )
        if condition.next_step:
            out.print(f"  next: {condition.next_step}", soft_wrap=True)
