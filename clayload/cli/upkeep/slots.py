"""`clayload slots`: how are the webhook slots used up, and how is one added or retired?"""

import json
import os
from collections.abc import Sequence
from typing import Annotated

import typer

from clayload.capacity.slots import SlotForecast, TableForecast
from clayload.cli.console import out, print_json
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.cli.suggestions import suggest_slots, suggest_tables
from clayload.delivery.grant import SlotState
from clayload.errors import CapacityExhaustedError, Code, ConfigError
from clayload.ledger.books.run_books import Books
from clayload.monitoring.slots import describe_tables, forecast_slots, warn_of_slots
from clayload.plural import count
from clayload.report.slots import describe_table, render_forecast
from clayload.secrets import resolve_slots
from clayload.setup import Setup, read_setup
from clayload.tables.edit import NewSlot, add_slot, read_with_slot
from clayload.tables.problems import check_name

app = typer.Typer(
    help="See how the webhook slots are used up; add one, or retire one.", no_args_is_help=True
)


@app.command("list")
def list_slots(*, as_json: AsJson = False) -> None:
    """Show each slot's use, its rate, and the day it runs out; warn of what is near its end."""
    tables = forecast_slots(read_setup(os.environ, read_only=True))
    warnings = warn_of_slots(tables)
    if as_json:
        said = {"tables": list(describe_tables(tables)), "warnings": warnings}
        print_json(json.dumps(said, default=str, indent=2))
        return
    for table in tables:
        print_grid(render_forecast(table), describe_table(table))
        out.print()
    for warning in warnings:
        print_sentence(f"soon: {warning}", indent="  ")


@app.command("add")
def add(
    table: Annotated[
        str,
        typer.Argument(
            help="The table in tables.yaml that gets the slot.", autocompletion=suggest_tables
        ),
    ],
    slot: Annotated[str, typer.Argument(help="Its name; one that no slot ever had.")],
    *,
    url: Annotated[str, typer.Option(help="Where the webhook's URL is kept: env:NAME.")],
    token: Annotated[
        str | None, typer.Option(help="Where its token is kept: env:NAME; none by default.")
    ] = None,
    already_used: Annotated[
        int, typer.Option(min=0, help="Submissions the webhook took before now.")
    ] = 0,
    safe_limit: Annotated[
        int | None, typer.Option(min=1, help="Submissions after which the next slot follows.")
    ] = None,
) -> None:
    """Add a slot to tables.yaml, below the table's others; nothing else in the file changes."""
    setup = read_setup(os.environ)
    new = NewSlot(table, slot, url, token, already_used, safe_limit)
    planned = read_with_slot(setup.settings.config, new)
    _refuse_known_name(setup, slot)
    # Without its secret the slot would stop every load that meets it.
    resolve_slots(planned, setup.environ, [table])
    config = add_slot(setup.settings.config, new)
    setup.ledger.introduce(config)
    n = len(config.tables[table].slots)
    out.print(
        f"{setup.settings.config}: {slot} is slot {n} of {n} of {table}; nothing else changed"
    )


def _refuse_known_name(setup: Setup, name: str) -> None:
    """A slot is counted by its name: under an old name a new webhook would be used up already."""
    known = {use.slot: use for use in Books(setup.ledger).slots()}
    if name in known:
        raise ConfigError(
            Code.CONFIG_BAD_VALUE,
            f"the name {name} was given to a slot of {known[name].table} before, which took "
            f"{count(known[name].used, 'submission')}",
            hint="give the new webhook a name that no slot ever had",
            key=name,
        )


@app.command("retire")
def retire(
    slot: Annotated[str, typer.Argument(help="The slot's name.", autocompletion=suggest_slots)],
    because: Annotated[str, typer.Option(help="Why, for those who see it in a report.")] = "",
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Use a retired slot again.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even the table's last slot.")] = False,
) -> None:
    """Send nothing more through a slot, for good; its leads go through the table's next one."""
    setup = read_setup(os.environ)
    setup.ledger.introduce(setup.config)
    table, found = _find_slot(forecast_slots(setup), slot)
    if undo:
        _refuse_unretired(found)
        setup.ledger.mark_slot(slot, SlotState.ACTIVE, "")
        n_left = _describe_left(table, found.safe_limit - found.used)
        out.print(f"slot {slot} of {table.table} is used again: {n_left}")
        return
    if found.state is SlotState.RETIRED:
        # Why it was retired stands: another reason, or none, is not written over it.
        why = f" ({found.reason})" if found.reason else ""
        out.print(f"slot {slot} of {table.table} is retired already{why}: nothing was changed")
        return
    others = [one for one in table.usable if one.slot != slot]
    if not others and not force:
        raise _last_slot(table, found)
    setup.ledger.mark_slot(slot, SlotState.RETIRED, because)
    after = f"{others[0].slot} takes its leads" if others else "its table has no slot any more"
    out.print(f"slot {slot} of {table.table} is retired; {after}")


def _find_slot(tables: Sequence[TableForecast], name: str) -> tuple[TableForecast, SlotForecast]:
    known = {slot.slot: (table, slot) for table in tables for slot in table.slots}
    check_name(name, known, "slot")
    return known[name]


def _refuse_unretired(slot: SlotForecast) -> None:
    if slot.state is not SlotState.RETIRED:
        raise ConfigError(
            Code.UNKNOWN_SLOT,
            f"slot {slot.slot} is not retired, it is {slot.state}",
            hint="see how it stands: `clayload slots list`",
            key=slot.slot,
        )


def _describe_left(table: TableForecast, n: int) -> str:
    return "no limit" if table.auto_delete else f"{max(n, 0):,} left"


def _last_slot(table: TableForecast, slot: SlotForecast) -> CapacityExhaustedError:
    n_left = _describe_left(table, slot.n_left)
    return CapacityExhaustedError(
        Code.LAST_SLOT,
        f"{slot.slot} is the last usable slot of {table.table} ({slot.used:,} used, {n_left}); "
        "without it nothing more of the table is sent",
        hint=f"add another first (`clayload slots add {table.table} …`), or say --force",
    )
