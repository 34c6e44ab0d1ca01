"""`clayload ledger`: is the ledger of this version, is it whole, and what does it remember?"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clayload.cli.console import out, print_error, print_json
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.errors import Code, RunError
from clayload.folder import writing_to
from clayload.ledger.audit.audit import audit, describe_damage
from clayload.ledger.audit.export import export as export_ledger
from clayload.ledger.database.engine import is_new
from clayload.ledger.database.migrate import migrate as migrate_ledger
from clayload.ledger.store import Ledger
from clayload.report.grids import Grid
from clayload.settings import read_settings

app = typer.Typer(
    help="Look after the ledger: bring it to this version, check it, export it.",
    no_args_is_help=True,
)


@app.command("migrate")
def migrate(*, as_json: AsJson = False) -> None:
    """Bring a ledger of an older version to this one; on SQLite a backup is made first."""
    done = migrate_ledger(_existing_url())
    if as_json:
        print_json(json.dumps(asdict(done), default=str, indent=2))
        return
    if done.before == done.after:
        out.print(f"the ledger is of version {done.after} already: nothing was changed")
        return
    out.print(f"the ledger was brought from version {done.before} to {done.after}")
    if done.backup:
        was = f"as it was before, it lies in {done.backup}: delete that when all is well"
        out.print(was, soft_wrap=True)


@app.command("check")
def check(*, as_json: AsJson = False) -> None:
    """Check that the ledger is whole and that its books agree; changes nothing."""
    with _reading() as ledger:
        findings = audit(ledger)
    damage = [finding for finding in findings if finding.is_damage]
    if as_json:
        found = [asdict(finding) for finding in findings]
        print_json(json.dumps({"is_whole": not damage, "findings": found}, indent=2))
        if not damage:
            return
        # The findings are its JSON already: one document, and no second one of the error.
        error = describe_damage(damage)
        print_error(error)
        raise typer.Exit(error.exit_code)
    for finding in findings:
        print_sentence(f"{'damage' if finding.is_damage else 'remark'}: {finding.what}")
    if damage:
        raise describe_damage(damage)
    print_sentence("the ledger is whole, and its books agree")


@app.command("export")
def export(
    to: Annotated[
        Path, typer.Option(help="Folder for the files; those of an export are replaced.")
    ],
) -> None:
    """Write every table of the ledger to a Parquet file, to be queried with other tools."""
    hint = "free some space, or name another folder"
    with _reading() as ledger, writing_to(to, hint=hint):
        n_rows = export_ledger(ledger, to)
    files = ((f"{name}.parquet", f"{n:,}") for name, n in n_rows.items())
    print_grid(Grid(("file", "rows"), tuple(files)), str(to))


@contextmanager
def _reading() -> Iterator[Ledger]:
    ledger = Ledger.open(_existing_url(), read_only=True)
    try:
        yield ledger
    finally:
        ledger.close()


def _existing_url() -> str:
    url = read_settings(os.environ).ledger_url
    if is_new(url):
        raise RunError(
            Code.RUN_UNKNOWN,
            f"there is no ledger yet at {url}",
            hint="load an extract first, or name the ledger you mean in CLAYLOAD_HOME",
        )
    return url
