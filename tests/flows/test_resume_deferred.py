"""Does Prefect hear of an approval, and send by itself what was deferred?"""

from __future__ import annotations

import os

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from prefect.settings import PREFECT_API_URL, temporary_settings
from support.benches.flow_bench import FlowBench, record_of, wait_for
from support.scenes.load_kit import WORKSPACE
from support.scenes.load_tables import describe_config, make_leads

from clayload.delivery.sample import Decision
from clayload.errors import AnnounceError
from clayload.loading.followups.approve import Approved, SampleDecision, decide, find_samples
from clayload.setup import read_setup
from deployments.announce import APPROVED_EVENT, announce_approved
from flows.resume_deferred import resume_deferred


def test_a_sample_waits_and_once_approved_the_rest_is_sent_by_a_run_of_its_own(
    bench: FlowBench,
) -> None:
    document = describe_config(WORKSPACE, bench.work.options)
    document["tables"]["tech"]["sample_first"] = 10
    bench.work.write_config(**document)
    loaded = bench.load(bench.work.write_csv(make_leads("Software", 25)))
    assert (loaded.state.type.value, loaded.state.name) == ("COMPLETED", "LeadsDeferred")
    assert "deferred: 10 delivered, 15 deferred. Next: 15 leads" in str(loaded.state.message)
    ((run_id,),) = bench.work.query("SELECT run_id FROM runs")
    assert f"`clayload approve {run_id}`" in str(loaded.state.message)

    held = record_of(resume_deferred(return_state=True))
    assert (held.state.name, bench.work.n_taken()) == ("LeadsDeferred", 10)
    setup = read_setup(os.environ)
    decide(find_samples(run_id, None, setup), SampleDecision(Decision.GO_ON), setup)
    sent = record_of(resume_deferred(return_state=True))
    assert (sent.state.name, sent.state.message) == ("Completed", "complete: 15 delivered")
    assert bench.work.n_taken() == 25
    idle = record_of(resume_deferred(return_state=True))
    assert idle.state.message == "nothing is deferred"


@pytest.mark.usefixtures("prefect_files")
def test_an_approval_is_heard_by_the_server_that_is_named() -> None:
    run_id = f"20261126T071153Z-{os.urandom(3).hex()}"
    assert announce_approved(Approved(run_id, ("tech",)))
    named = EventFilter(event=EventNameFilter(name=[APPROVED_EVENT]))

    def find(prefect: SyncPrefectClient) -> list[Event] | None:
        events = prefect.read_events(named, limit=50).events
        return [event for event in events if event.payload["run_id"] == run_id] or None

    (event,) = wait_for(find, "the approval")
    assert event.resource.id == f"clayload.run.{run_id}"
    assert event.payload["tables"] == ["tech"]


def test_without_a_server_an_approval_is_not_announced_and_one_that_is_away_is_named() -> None:
    approved = Approved("20261126T071153Z-6022b6", ("tech",))
    with temporary_settings({PREFECT_API_URL: ""}):
        assert not announce_approved(approved)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(
            AnnounceError, match="the approval is recorded, but Prefect cannot be notified"
        ),
    ):
        announce_approved(approved)
