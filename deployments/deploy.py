"""`clayload deploy`: give Prefect all flows, schedules, triggers, limits and automations.

In:    prefect.yaml and automations.yaml beside this file, and config/tables.yaml.
Out:   a work pool, two concurrency limits, the deployments, the automations; again changes
       nothing that did not change here.
Never: a question asked, and never a deployment removed that this file does not name.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists
from prefect.workers.process import ProcessWorker

from clayload import __version__
from clayload.cli.say import out
from clayload.errors import Code, ConfigError
from clayload.loading.setup import read_setup
from deployments.server import reach_server
from tasks.limits import ensure_chunk_limits

POOL = "clayload"
_HERE = Path(__file__).parent
_DEPLOYMENTS, _AUTOMATIONS = _HERE / "prefect.yaml", _HERE / "automations.yaml"


def deploy(
    pool: Annotated[str, typer.Option(help="The work pool whose workers run the flows.")] = POOL,
    folder: Annotated[
        Path, typer.Option(help="Where the flows run; relative paths start there.")
    ] = Path(),
) -> None:
    """Give Prefect the flows with their schedules, triggers and limits; can be run again."""
    time_zone = read_setup(os.environ).config.workspace.time_zone
    reach_server()
    with get_client(sync_client=True) as client:
        _ensure_pool(client, pool)
        ensure_chunk_limits()
        _deploy_flows(pool, folder.absolute(), time_zone)
        _apply_automations(client)
    names = [one["name"] for one in _read(_DEPLOYMENTS)["deployments"]]
    out.print(f"deployed to the work pool '{pool}': {', '.join(names)}", soft_wrap=True)


def _ensure_pool(client: SyncPrefectClient, name: str) -> None:
    template = ProcessWorker.get_default_base_job_template()
    made = WorkPoolCreate(name=name, type=ProcessWorker.type, base_job_template=template)
    try:
        client.create_work_pool(made)
    except ObjectAlreadyExists:
        return


def _deploy_flows(pool: str, folder: Path, time_zone: str) -> None:
    environ = {
        "DEPLOY_POOL": pool,
        "DEPLOY_FOLDER": str(folder),
        "DEPLOY_TIME_ZONE": time_zone,
        "DEPLOY_VERSION": __version__,
    }
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(  # noqa: S603 - Prefect's own command
        [*command, "--prefect-file", str(_DEPLOYMENTS)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise ConfigError(
            Code.NOT_DEPLOYED,
            f"`prefect deploy` failed: {said[-1] if said else 'it said nothing'}",
            hint=f"mend it in {_DEPLOYMENTS.name}, and deploy again",
        )


def _apply_automations(client: SyncPrefectClient) -> None:
    for wanted in _read(_AUTOMATIONS)["automations"]:
        automation = AutomationCore.model_validate(wanted)
        found = client.read_automations_by_name(automation.name)
        if found:
            client.update_automation(found[0].id, automation)
        else:
            client.create_automation(automation)


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))
