"""How does Prefect get all flows, schedules, triggers, limits and automations?

In:    prefect.yaml and automations.yaml beside this file.
Out:   our work pool, two concurrency limits, the deployments, the automations; again changes
       nothing that did not change here.
Never: a question on the terminal, and never a deployment removed that this file does not name.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound

from clayload import __version__
from clayload.errors import Code, ConfigError
from deployments.pools import ensure_pool
from deployments.server import reach_server
from tasks.limits import ensure_chunk_limits

_HERE = Path(__file__).parent
_DEPLOYMENTS, _AUTOMATIONS = _HERE / "prefect.yaml", _HERE / "automations.yaml"


def deploy_all(pool: str, folder: Path, time_zone: str, notify: str | None = None) -> list[str]:
    """Give Prefect everything; return the names of the deployments.

    `notify` names the notification block that alerts go to, as BLOCK-TYPE/NAME.

    Raises:
        ConfigError: NO_PREFECT_SERVER, or NOT_DEPLOYED.
    """
    reach_server()
    with get_client(sync_client=True) as client:
        # First: what is mistyped must leave nothing half done.
        block_id = None if notify is None else find_block(client, notify)
        ensure_pool(client, pool)
        ensure_chunk_limits()
        _deploy_flows(pool, folder, time_zone)
        apply_automations(client, block_id)
    return [one["name"] for one in _read(_DEPLOYMENTS)["deployments"]]


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
        output = (done.stdout + done.stderr).strip().splitlines()
        raise ConfigError(
            Code.NOT_DEPLOYED,
            f"`prefect deploy` failed: {output[-1] if output else 'it printed nothing'}",
            hint=f"fix it in {_DEPLOYMENTS.name}, and deploy again",
        )


def apply_automations(client: SyncPrefectClient, block_id: UUID | None = None) -> None:
    """Make the automations that are missing, and replace those that are not as the file has them.

    The others are left alone: one that is replaced forgets the runs that it has seen begin or end.
    Those that notify are applied where there is a block to notify by.
    """
    read = _read(_AUTOMATIONS)
    for wanted in [*read["automations"], *_read_notifications(read, block_id)]:
        automation = AutomationCore.model_validate(wanted)
        found = client.read_automations_by_name(automation.name)
        if not found:
            client.create_automation(automation)
        elif found[0].model_dump(exclude={"id"}) != automation.model_dump():
            client.update_automation(found[0].id, automation)


def _read_notifications(read: dict[str, Any], block_id: UUID | None) -> list[dict[str, Any]]:
    if block_id is None:
        return []
    block = {"block_document_id": block_id}
    return [
        {**one, "actions": [{**action, **block} for action in one["actions"]]}
        for one in read["notifications"]
    ]


def find_block(client: SyncPrefectClient, notify: str) -> UUID:
    """Find the notification block that is named as BLOCK-TYPE/NAME.

    Raises:
        ConfigError: NOT_DEPLOYED: there is none.
    """
    block_type, _, name = notify.partition("/")
    try:
        # Its secrets, such as the address it posts to, are none of ours.
        return client.read_block_document_by_name(name, block_type, include_secrets=False).id
    except ObjectNotFound as error:
        raise ConfigError(
            Code.NOT_DEPLOYED,
            f"Prefect has no block {notify} to notify by",
            hint="make it in Prefect's UI (Blocks), or name another as BLOCK-TYPE/NAME; "
            "`prefect block ls` lists them",
        ) from error


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text()))
