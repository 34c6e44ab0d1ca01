"""`clayload demo`: the main job, for real, on this machine alone.

A stand-in of Clay in one process, the Prefect flow in another, a ledger of its own; at the end
the stand-in's rows are held against the ledger, lead by lead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import yaml

from clayload.cli.say import out
from clayload.cli.show import show_report
from clayload.errors import Code, ConfigError, DestinationDownError, ExitCode
from clayload.ledger.books import Books
from clayload.ledger.states import SubmissionState
from clayload.loading.settle import read_report
from clayload.loading.setup import Setup, read_setup
from clayload.tables.models import TablesConfig
from clayload.tables.read import read_tables

_SAMPLE = Path("samples/leads-2026-11.csv")
_CYCLE = "2026-11"
_RATE_PER_S, _BURST = 100, 200
_START_TIMEOUT_S = 30.0
_MARK = ".made-by-clayload-demo"


def demo(
    sample: Annotated[Path, typer.Argument(help="The extract to load.")] = _SAMPLE,
    home: Annotated[Path, typer.Option(help="Folder of the demo; made anew.")] = Path(
        ".clayload/demo"
    ),
) -> None:
    """Load the sample extract into a local stand-in of Clay, as a Prefect flow."""
    _make_anew(home)
    config = _write_config(read_setup(os.environ).settings.config, home)
    with _running_standin(home, config) as url:
        environ = {**os.environ, **_point_at(url, config), **_settings(home)}
        out.print(f"The stand-in of Clay, with a page for the browser: {url}")
        out.print("Starting Prefect's embedded server; the first start takes half a minute ...")
        flow = [sys.executable, "-m", "flows.load_leads", str(sample), "--cycle", _CYCLE]
        exit_code = subprocess.run(flow, env=environ, check=False).returncode  # noqa: S603 - our own module
        if exit_code not in (ExitCode.OK, ExitCode.ATTENTION):
            raise typer.Exit(exit_code)
        setup = read_setup(environ)
        show_report(read_report(None, setup))
        is_same = _compare(url, setup)
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


def _write_config(path: Path, home: Path) -> TablesConfig:
    """Copy the configuration with a raised rate: at Clay's 10/s the demo would take minutes."""
    document = read_tables(path).model_dump(mode="json")
    document["workspace"] |= {"rate_per_s": _RATE_PER_S, "burst": _BURST}
    (home / "tables.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    shutil.copy(path.parent / "headers.yaml", home / "headers.yaml")
    return read_tables(home / "tables.yaml")


def _settings(home: Path) -> dict[str, str]:
    return {
        "CLAYLOAD_CONFIG": str(home / "tables.yaml"),
        "CLAYLOAD_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": os.environ.get("PREFECT_HOME", str((home / "prefect").absolute())),
    }


def _point_at(url: str, config: TablesConfig) -> dict[str, str]:
    """Set every secret the configuration names by environment variable to the stand-in's."""
    secrets: dict[str, str] = {}
    for slot in (slot for table in config.tables.values() for slot in table.slots):
        secrets[slot.url.removeprefix("env:")] = f"{url}/v3/sources/webhook/{slot.name}"
        if slot.token is not None:
            secrets[slot.token.removeprefix("env:")] = f"demo-token-{slot.name}"
    return secrets


def _describe_clay(config: TablesConfig) -> dict[str, object]:
    """Describe to the stand-in the workspace, tables and sources that the configuration names."""
    workspace = config.workspace
    limits = {"plan": workspace.plan, "rate_per_s": workspace.rate_per_s, "burst": workspace.burst}
    return {
        "workspaces": {workspace.name: limits},
        "tables": {name: {"workspace": workspace.name} for name in config.tables},
        "sources": {
            slot.name: {
                "table": name,
                "name": slot.name,
                "token": None if slot.token is None else f"demo-token-{slot.name}",
            }
            for name, table in config.tables.items()
            for slot in table.slots
        },
    }


@contextmanager
def _running_standin(home: Path, config: TablesConfig) -> Iterator[str]:
    port_file = home / "standin.port"
    command = [sys.executable, "-m", "clayload.standin", "--port", "0", "--port-file"]
    log = (home / "standin.log").open("w")
    process = subprocess.Popen([*command, str(port_file)], stdout=log, stderr=log)  # noqa: S603 - our own module
    try:
        url = f"http://127.0.0.1:{_wait_for(port_file, process)}"
        httpx.put(f"{url}/admin/config", json=_describe_clay(config)).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait()
        log.close()


def _wait_for(port_file: Path, process: subprocess.Popen[bytes]) -> int:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_at and process.poll() is None:
        if port_file.exists() and (port := port_file.read_text().strip()):
            return int(port)
        time.sleep(0.05)
    raise DestinationDownError(
        Code.DESTINATION_DOWN,
        "the stand-in did not start",
        hint=f"see {port_file.with_suffix('.log')}",
    )


def _compare(url: str, setup: Setup) -> bool:
    """Hold the rows in the stand-in against the ledger's deliveries, lead_key by lead_key."""
    books = Books(setup.ledger)
    run_id = books.find_run().run_id
    sent: Mapping[str, list[str]] = {name: [] for name in setup.config.tables}
    for lead in books.leads_in(run_id, SubmissionState.DELIVERED, limit=None):
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
  less {home}/runs/*/report.md    the report of this run, with its quarantine.csv beside it"""
