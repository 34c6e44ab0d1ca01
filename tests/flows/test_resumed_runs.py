"""What becomes of a crashed flow run: begun again by itself, but not without an end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.events.schemas.automations import AutomationCore
from prefect.flow_engine import run_flow
from prefect.states import AwaitingRetry, Crashed, Pending, Running, Scheduled
from support.benches.flow_bench import (
    FlowBench,
    PrefectFiles,
    client,
    create_run,
    go_through,
    record_of,
    wait_for,
)
from support.scenes.load_tables import make_leads

from flows.deliver_shard import deliver_shard
from flows.load_leads import load_leads
from tasks.restart_guard import MAX_RESTARTS, RESUMING

AUTOMATIONS = Path(__file__).parents[2] / "deployments" / "automations.yaml"
RESUMED_WITHIN_S = 60
RUN = "20261101T060000Z-0a1b2c"
SHARD = {"shard": {"run": RUN, "number": 1, "of": 1}}


@pytest.fixture
def _automations(prefect_files: PrefectFiles) -> Iterator[None]:  # noqa: ARG001 - its server must be there
    with client() as prefect:
        made = [prefect.create_automation(one) for one in read_automations()]
        yield
        for one in made:
            prefect.delete_automation(one)


def read_automations() -> list[AutomationCore]:
    read = yaml.safe_load(AUTOMATIONS.read_text())["automations"]
    return [AutomationCore.model_validate(one) for one in read]


def crash(flow_run_id: UUID) -> None:
    go_through(flow_run_id, Pending(), Running(), Crashed())


def crash_unstarted(flow_run_id: UUID) -> None:
    go_through(flow_run_id, Pending(), Crashed())


def read_run(flow_run_id: UUID) -> FlowRun:
    with client() as prefect:
        return prefect.read_flow_run(flow_run_id)


def wait_for_state(flow_run_id: UUID, name: str) -> None:
    def find(prefect: SyncPrefectClient) -> FlowRun | None:
        found = prefect.read_flow_run(flow_run_id)
        return found if found.state_name == name else None

    wait_for(find, f"a run that is {name}", RESUMED_WITHIN_S)


def begin_again(flow_run_id: UUID) -> None:
    """Wait until a crashed run is found, and begin it as is done half a minute later."""
    wait_for_state(flow_run_id, "WillResume")
    go_through(flow_run_id, Scheduled(name=RESUMING))


def is_left_alone(flow_run_id: UUID) -> bool:
    """Whether a run stays crashed, while another that crashes after it is found."""
    other = create_run(deliver_shard, SHARD)
    crash(other)
    wait_for_state(other, "WillResume")
    return read_run(flow_run_id).state_name == "Crashed"


@pytest.mark.usefixtures("_automations")
def test_a_crashed_run_is_begun_again_once_its_worker_has_reported_it_twice() -> None:
    crashed = create_run(deliver_shard, SHARD)
    crash(crashed)
    wait_for_state(crashed, "WillResume")
    with client() as prefect:
        reported_again = prefect.set_flow_run_state(crashed, Crashed())
    assert reported_again.status is SetStateStatus.ABORT
    wait_for_state(crashed, RESUMING)


@pytest.mark.usefixtures("_automations")
def test_a_run_that_never_started_is_not_begun_again() -> None:
    never_started = create_run(deliver_shard, SHARD)
    crash_unstarted(never_started)
    assert is_left_alone(never_started)


@pytest.mark.usefixtures("_automations")
def test_a_run_that_was_begun_again_and_does_not_start_is_left_alone() -> None:
    started_once = create_run(deliver_shard, SHARD)
    crash(started_once)
    begin_again(started_once)
    crash_unstarted(started_once)
    assert is_left_alone(started_once)


@pytest.mark.usefixtures("_automations")
def test_a_run_is_begun_again_so_often_and_no_more() -> None:
    crashing = create_run(deliver_shard, SHARD)
    for _ in range(MAX_RESTARTS):
        crash(crashing)
        begin_again(crashing)
    crash(crashing)
    assert is_left_alone(crashing)
    assert read_run(crashing).run_count == MAX_RESTARTS + 1


def run_once_more(
    flow: Flow[..., object], parameters: dict[str, object], begun: State[None]
) -> State[object]:
    """Run a flow that has crashed too often, begun by the automation or by a person."""
    flow_run_id = create_run(flow, parameters)
    for _ in range(MAX_RESTARTS):
        crash(flow_run_id)
    go_through(flow_run_id, begun, Pending())
    run = read_run(flow_run_id)
    ended: State[object] = run_flow(flow, flow_run=run, parameters=parameters, return_type="state")
    return ended


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize("dry_run", [False, True])
def test_the_last_one_begun_by_itself_says_that_it_gives_up(*, dry_run: bool) -> None:
    order = {"load": {"files": ["a.csv"], "dry_run": dry_run}}
    ended = run_once_more(load_leads, order, Scheduled(name=RESUMING))
    assert ended.type.value == "FAILED"
    assert str(ended.message).startswith("CLY-RUN-07 this flow run was started 6 times")


@pytest.mark.usefixtures("bench")
def test_a_shard_that_crashes_again_and_again_gives_up_too() -> None:
    ended = run_once_more(deliver_shard, SHARD, Scheduled(name=RESUMING))
    assert "CLY-RUN-07" in str(ended.message)


def test_a_person_may_run_it_again_however_often_it_was_started(bench: FlowBench) -> None:
    extract = bench.work.write_csv(make_leads("Software", 5))
    order = {"load": {"files": [str(extract)], "cycle": "2026-11"}}
    ended = run_once_more(load_leads, order, AwaitingRetry())
    assert ended.message == "complete: 5 delivered"
    assert record_of(ended).flow_run.run_count == MAX_RESTARTS + 1


def test_the_automation_and_the_flows_count_alike() -> None:
    automations = {one.name: one.model_dump(mode="json") for one in read_automations()}
    found = automations["clayload-find-crashed"]
    counts = [str(n) for n in range(1, MAX_RESTARTS + 1)]
    assert found["trigger"]["match"]["prefect.run-count"] == counts
    resumed = automations["clayload-resume-crashed"]
    assert resumed["actions"][0]["name"] == RESUMING
    assert resumed["trigger"]["after"] == [f"prefect.flow-run.{found['actions'][0]['name']}"]
