"""What Prefect hears of budgets, slots and loads: each change once, by an event."""

from __future__ import annotations

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from support.benches.flow_bench import FlowBench, FlowRunRecord, record_of, wait_for
from support.scenes.load_tables import (
    FINANCE,
    TECH,
    BenchOptions,
    BenchSlot,
    BenchTable,
    make_leads,
)

from flows.watch_capacity import watch_capacity

LEADS = make_leads("Software", 20)


def watch() -> FlowRunRecord:
    return record_of(watch_capacity(return_state=True))


def events_of(bench: FlowBench, name: str, n: int) -> list[Event]:
    """Give the events of this name that a test's own workspace, once `n` are there."""
    which = EventFilter(event=EventNameFilter(name=[name]))

    def find(prefect: SyncPrefectClient) -> list[Event] | None:
        found = prefect.read_events(which, limit=50).events
        ours = [one for one in found if one.payload["workspace"] == workspace_of(bench)]
        return ours if len(ours) >= n else None

    return wait_for(find, f"{n} {name}")


def workspace_of(bench: FlowBench) -> str:
    """Name the workspace after the test's folder: all tests share one server."""
    return bench.work.folder.name.replace("_", "-")


def configure(bench: FlowBench, *tables: BenchTable) -> None:
    bench.work.reconfigure(BenchOptions(tables=tables))
    written = yaml.safe_load((bench.work.folder / "tables.yaml").read_text())
    bench.work.write_config(workspace={**written["workspace"], "name": workspace_of(bench)})


def test_a_slot_near_its_end_is_reported_once_and_again_when_it_is_fine(
    bench: FlowBench,
) -> None:
    worn = BenchTable("tech", "Software", (BenchSlot("tech-1", already_used=44_000),))
    configure(bench, worn, FINANCE)
    watched = watch()
    assert watched.state.name == "NeedsAttention"
    reported = events_of(bench, "clayload.slot.threshold", 2)
    workspace = workspace_of(bench)
    assert sorted(one.resource.id for one in reported) == [
        f"clayload.slot.{workspace}.tech-1",
        f"clayload.table.{workspace}.tech",
    ]
    assert all(one.payload["what"] in str(watched.state.message) for one in reported)
    page = str(watched.artifacts()["credits-and-actions"].data)
    assert "| workspace, all credits | 0 |" in page
    configure(bench, TECH, FINANCE)
    assert watch().state.name == "Completed"
    assert len(events_of(bench, "clayload.slot.recovered", 2)) == 2


def test_a_load_that_cannot_begin_is_degraded_until_the_next_one_is_good(bench: FlowBench) -> None:
    configure(bench, TECH, FINANCE)
    assert bench.load(bench.work.folder / "no-such.csv").state.type.value == "FAILED"
    (degraded,) = events_of(bench, "clayload.load.degraded", 1)
    assert degraded.resource.id == f"clayload.flow.{workspace_of(bench)}.load-leads"
    assert degraded.payload["figures"] == {"code": "CLY-EXT-01"}
    assert degraded.related[0].id.startswith("prefect.flow-run.")
    refused = {"kind": "reset_before_store", "source": TECH.slots[0].source_id, "count": 2}
    bench.work.standin.faults(refused)
    assert bench.load(bench.work.write_csv(LEADS)).state.name == "NeedsAttention"
    (began,) = events_of(bench, "clayload.load.recovered", 1)
    assert began.resource.id == degraded.resource.id
    (in_doubt,) = (
        one for one in events_of(bench, "clayload.load.degraded", 2) if one.id != degraded.id
    )
    assert "2 of 20 accepted leads are refused or in doubt" in in_doubt.payload["what"]
    assert "@" not in str([one.payload for one in (degraded, began, in_doubt)])
