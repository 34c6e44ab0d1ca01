"""How does a person try everything without a Clay workspace?

In:    the configuration, and a folder.
Out:   a stand-in of Clay in a process of its own, with the tables and webhooks that the
       configuration names, and the environment that sends leads there.
Never: a real secret read, whatever it is kept in; a ledger or run files outside the folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from clayload.errors import Code, DestinationDownError
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig

# At Clay's 10/s a first look would take minutes.
_RATE_PER_S, _BURST = 100, 200
_START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class LocalClay:
    """A running stand-in: its address, and the environment of a load into it."""

    url: str
    config: TablesConfig
    environ: Mapping[str, str]


@contextmanager
def running_clay(config: Path, home: Path) -> Iterator[LocalClay]:
    """Run a stand-in for the tables of a configuration, at a raised rate, in `home`.

    Raises:
        ConfigError: the configuration is wrong.
        DestinationDownError: the stand-in does not start.
    """
    tables = _write_config(config, home)
    port_file = home / "standin.port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "clayload", "standin", "--port", "0", "--port-file"]
    log = (home / "standin.log").open("w")
    process = subprocess.Popen(  # noqa: S603 - our own module
        [*command, str(port_file)], stdout=log, stderr=log, start_new_session=True
    )
    try:
        url = f"http://127.0.0.1:{_wait_for(port_file, process)}"
        httpx.put(f"{url}/admin/config", json=_describe_clay(tables)).raise_for_status()
        yield LocalClay(url, tables, {**_point_at(url, tables), **_settings(home)})
    finally:
        process.terminate()
        process.wait()
        log.close()


def _write_config(path: Path, home: Path) -> TablesConfig:
    """Copy the configuration with a raised rate, and with references of our own for all secrets."""
    document = read_tables(path).model_dump(mode="json")
    document["workspace"] |= {"rate_per_s": _RATE_PER_S, "burst": _BURST}
    slots = (slot for table in document["tables"].values() for slot in table["slots"])
    for number, slot in enumerate(slots, 1):
        slot["url"] = f"env:STANDIN_URL_{number}"
        slot["token"] = slot["token"] and f"env:STANDIN_TOKEN_{number}"
    for listed in document["suppression"].values():
        listed["file"] = str((path.parent / listed["file"]).absolute())
    (home / "tables.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    shutil.copy(path.parent / "headers.yaml", home / "headers.yaml")
    if (prices := path.parent / "clay.yaml").exists():
        shutil.copy(prices, home / "clay.yaml")
    return read_tables(home / "tables.yaml")


def _settings(home: Path) -> dict[str, str]:
    ours = {"CLAYLOAD_CONFIG": str(home / "tables.yaml"), "CLAYLOAD_HOME": str(home)}
    # Not set, whatever the person's environment says: the real ledger would count these leads.
    real = ("CLAYLOAD_LEDGER_URL", "CLAYLOAD_RUNS_URL", "CLAYLOAD_REPORTS_URL")
    return ours | dict.fromkeys(real, "")


def _point_at(url: str, config: TablesConfig) -> dict[str, str]:
    """Set every secret that the copied configuration names to the stand-in's."""
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
