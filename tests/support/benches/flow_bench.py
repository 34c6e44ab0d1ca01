"""How does a test run the flow on a real Prefect server, and read what Prefect keeps of it?

In:    a workbench (stand-in, configuration, ledger) and the server's files.
Out:   `FlowBench`: runs of the flow, and Prefect's own record: state, tasks, artifacts, log.
Never: a look into the flow's memory; what Prefect does not keep, nobody sees in its UI.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, State, TaskRun
from prefect.client.schemas.sorting import LogSort
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

from flows.load_leads import load_leads
from flows.orders import ManualLoad
from support.scenes.load_kit import CYCLE, Workbench

ARRIVE_WITHIN_S = 120
_LOOK_EVERY_S = 0.2

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class PrefectFiles:
    """Where a Prefect server keeps what it knows: its database and its home."""

    folders: tuple[Path, ...]

    @classmethod
    def find(cls, home: Path) -> PrefectFiles:
        """Find the database of the settings in force."""
        url = PREFECT_SERVER_DATABASE_CONNECTION_URL.value()
        assert url is not None
        return cls((home, Path(str(url).partition(":///")[2]).parent))

    def read(self) -> bytes:
        """Read every byte of them, write-ahead logs included."""
        files = [path for folder in self.folders for path in folder.rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in files)


@dataclass(frozen=True, slots=True)
class FlowBench:
    """A workbench whose loads run as Prefect flows."""

    work: Workbench
    prefect: PrefectFiles

    @property
    def environ(self) -> dict[str, str]:
        """The environment that loads need."""
        return self.work.environ

    def load(self, *files: Path, **asked: object) -> FlowRunRecord:
        """Run the flow to its end in this process."""
        order = {"files": [str(file) for file in files], "cycle": CYCLE, **asked}
        return record_of(load_leads(ManualLoad.model_validate(order), return_state=True))


@dataclass(frozen=True, slots=True)
class FlowRunRecord:
    """One run of the flow, as Prefect keeps it."""

    state: State[Any]
    flow_run_id: UUID

    @property
    def flow_run(self) -> FlowRun:
        """The run itself."""
        with client() as prefect:
            return prefect.read_flow_run(self.flow_run_id)

    def task_runs(self, n: int) -> list[TaskRun]:
        """Give the runs of its tasks, once the server has heard of the end of all `n`."""
        which = FlowRunFilter(id=FlowRunFilterId(any_=[self.flow_run_id]))

        def find(prefect: SyncPrefectClient) -> list[TaskRun] | None:
            runs = prefect.read_task_runs(flow_run_filter=which)
            ended = [run for run in runs if run.state is not None and run.state.is_final()]
            return runs if len(ended) == n else None

        return wait_for(find, f"the end of {n} tasks")

    def artifacts(self) -> dict[str, Artifact]:
        """Give its artifacts by key."""
        which = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.flow_run_id]))
        with client() as prefect:
            found = prefect.read_artifacts(artifact_filter=which)
        return {artifact.key or "": artifact for artifact in found}

    def log(self) -> list[str]:
        """Give the messages of its log, its tasks' included, once the last is there."""
        which = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.flow_run_id]))

        def find(prefect: SyncPrefectClient) -> list[str] | None:
            logs = prefect.read_logs(which, limit=200, sort=LogSort.TIMESTAMP_ASC)
            of_the_run = [log.message for log in logs if log.task_run_id is None]
            has_ended = any(line.startswith("Finished in state") for line in of_the_run)
            return [log.message for log in logs] if has_ended else None

        return wait_for(find, "the end of the log")


def record_of(state: State[Any]) -> FlowRunRecord:
    """Give the record of the run that ended in this state."""
    assert state.state_details.flow_run_id is not None
    return FlowRunRecord(state, state.state_details.flow_run_id)


def create_run(
    flow: Flow[..., Any], parameters: dict[str, Any], state: State[Any] | None = None
) -> UUID:
    """Create a run as a deployment of ours does; no worker ever takes it."""
    with client() as prefect:
        tags = ["clayload", "resumable"]
        deployment = prefect.create_deployment(prefect.create_flow(flow), "deployed", tags=tags)
        made = prefect.create_flow_run_from_deployment(
            deployment, parameters=parameters, state=state
        )
        return made.id


def go_through(flow_run_id: UUID, *states: State[Any]) -> None:
    """Have a run go through states as its worker tells them."""
    with client() as prefect:
        for state in states:
            prefect.set_flow_run_state(flow_run_id, state, force=True)


def client() -> SyncPrefectClient:
    """Speak to the server of the settings in force."""
    return get_client(sync_client=True)


def wait_for(
    find: Callable[[SyncPrefectClient], _Found | None],
    what: str,
    within_s: float = ARRIVE_WITHIN_S,
) -> _Found:
    """Ask the server until it knows; it hears of tasks and logs with a delay."""
    give_up_at = time.monotonic() + within_s
    with client() as prefect:
        while (found := find(prefect)) is None:
            if time.monotonic() > give_up_at:
                message = f"Prefect's server did not hear of {what} in {within_s} s"
                raise TimeoutError(message)
            time.sleep(_LOOK_EVERY_S)
    return found
