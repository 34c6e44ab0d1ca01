"""`clayload demo`: the main job, for real, on this machine alone.

A stand-in of Clay in one process, the Prefect flow in another, a ledger of its own; at the end
the stand-in's rows are held against the ledger, lead by lead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import httpx
import typer

from clayload.cli.console import out
from clayload.cli.layout import print_summary
from clayload.cli.standin.local_clay import running_clay
from clayload.errors import Code, ConfigError, ExitCode
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_run
from clayload.ledger.rules.states import SubmissionState
from clayload.monitoring.run_account import read_report
from clayload.report.run.run_summary import render_run_summary
from clayload.setup import Setup, read_setup

_SAMPLE = Path("samples/leads-2026-11.csv")
_CYCLE = "2026-11"
_MARK = ".made-by-clayload-demo"


def demo(
    sample: Annotated[Path, typer.Argument(help="The extract to load.")] = _SAMPLE,
    home: Annotated[Path, typer.Option(help="Folder of the demo; made anew.")] = Path(
        ".clayload/demo"
    ),
) -> None:
    """Load the sample extract into a local stand-in of Clay, as a Prefect flow."""
    _make_anew(home)
    with running_clay(read_setup(os.environ).settings.config, home) as clay:
        environ = {**os.environ, **clay.environ, **_prefect_settings(home)}
        out.print(f"The stand-in of Clay, with a page for the browser: {clay.url}")
        out.print("Starting Prefect's embedded server; the first start takes half a minute ...")
        flow = [sys.executable, "-m", "flows.load_leads", str(sample), "--cycle", _CYCLE]
        exit_code = subprocess.run(flow, env=environ, check=False).returncode  # noqa: S603 - our own module
        if exit_code not in (ExitCode.OK, ExitCode.ATTENTION):
            raise typer.Exit(exit_code)
        setup = read_setup(environ)
        print_summary(render_run_summary(read_report(None, setup)))
        is_same = _compare(clay.url, setup)
    out.print(_next_commands(sample, home), soft_wrap=True)
    raise typer.Exit(ExitCode.OK if is_same else ExitCode.UNBALANCED)


def _make_anew(home: Path) -> None:
    """Empty the demo's folder; any other folder may hold a ledger and is left alone."""
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise ConfigError(
            Code.CONFIG_BAD_VALUE,
            f"{home} holds something else than an earlier demo",
            hint="name a folder that is empty or does not exist yet",
        )
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / _MARK).touch()


def _prefect_settings(home: Path) -> dict[str, str]:
    return {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": os.environ.get("PREFECT_HOME", str((home / "prefect").absolute())),
    }


def _compare(url: str, setup: Setup) -> bool:
    """Hold the rows in the stand-in against the ledger's deliveries, lead_key by lead_key."""
    books = Books(setup.ledger)
    run_id = find_run(setup.ledger).run_id
    sent: Mapping[str, list[str]] = {name: [] for name in setup.config.tables}
    for lead in books.leads_in(run_id, SubmissionState.DELIVERED):
        sent[lead.table].append(lead.lead_key)
    is_same = True
    for name, keys in sent.items():
        rows = httpx.get(f"{url}/admin/tables/{name}/rows", params={"key": "lead_key"}).json()
        matches = sorted(rows["values"]) == sorted(keys)
        is_same &= matches
        verdict = "the same lead_keys" if matches else "NOT the same lead_keys"
        out.print(f"{name}: {len(keys):,} delivered, {rows['total']:,} rows in Clay, {verdict}")
    return is_same


def _next_commands(sample: Path, home: Path) -> str:
    return f"""
Try next
  clayload plan {sample}          what a load would send (sends nothing)
  clayload standin                a Clay of your own, with a page in the browser
  clayload check                  whether your configuration and secrets are ready
  CLAYLOAD_HOME={home} clayload status --details
                                  all there is to know of this run
  less {home}/runs/*/report.md    the report of this run, with its quarantine.csv beside it"""
