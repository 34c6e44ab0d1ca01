"""What `clayload serve` puts into Prefect, and what becomes of it: by hand, by time, by event."""

from __future__ import annotations

import signal
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from support.benches.served_kit import (
    STOP_WITHIN_S,
    Document,
    Served,
    find_descendants,
    is_alive,
    start_served,
)
from support.scenes.load_kit import WORKSPACE
from support.scenes.load_tables import describe_config, make_leads

from clayload.errors import ExitCode

FLOWS = {
    "monthly-load",
    "manual-load",
    "event-backfill",
    "replay",
    "resubmit",
    "resume-deferred",
    "capacity-plan",
    "watch-capacity",
    "reconcile",
    "deliver-shard",
}


def test_all_deployments_are_there_with_a_worker_for_them(served: Served) -> None:
    found = served.call("POST", "/deployments/filter", {})
    assert {one["name"] for one in found} == FLOWS
    assert {one["work_pool_name"] for one in found} == {"clayload"}
    assert {one["status"] for one in found} == {"READY"}  # a worker polls


def test_schedules_go_by_the_workspaces_time_zone(served: Served) -> None:
    zone = served.work.options.time_zone
    assert zone != "UTC"
    names = ("monthly-load", "watch-capacity", "reconcile", "resume-deferred")
    found = {name: served.deployment(name)["schedules"] for name in names}
    assert {
        name: [(one["schedule"]["cron"], one["schedule"]["timezone"]) for one in schedules]
        for name, schedules in found.items()
    } == {
        "monthly-load": [("0 6 1 * *", zone)],
        "watch-capacity": [("0 5 * * *", zone)],
        "reconcile": [("30 4 * * *", zone)],
        "resume-deferred": [("5 0 * * *", zone)],
    }


def test_a_load_runs_once_at_a_time(served: Served) -> None:
    limits = {
        name: served.deployment(name)["global_concurrency_limit"]["limit"]
        for name in ("monthly-load", "manual-load", "event-backfill", "replay", "resubmit")
    }
    assert set(limits.values()) == {1}
    options = served.deployment("monthly-load")["concurrency_options"]
    assert options["collision_strategy"] == "CANCEL_NEW"


def test_a_wrong_parameter_makes_no_run(served: Served) -> None:
    n_before = len(served.runs_of("manual-load"))
    with pytest.raises(httpx.HTTPStatusError) as refused:
        served.run("manual-load", {"load": {"files": ["a.csv"], "limit": 0}})
    assert refused.value.response.status_code == httpx.codes.CONFLICT
    assert len(served.runs_of("manual-load")) == n_before


def test_a_run_started_by_hand_loads_and_its_report_opens(served: Served) -> None:
    extract = served.work.write_csv(make_leads("Software", 20), "by-hand.csv")
    order = {"load": {"files": [str(extract)], "cycle": "2026-11"}}
    ended = served.wait_for_end(served.run("manual-load", order))
    assert (ended["state_type"], ended["state"]["message"]) == (
        "COMPLETED",
        "complete: 20 delivered",
    )
    assert ended["name"] == "load 2026-11 · by-hand.csv"


def test_a_list_that_was_put_in_place_starts_its_backfill_by_itself(served: Served) -> None:
    extract = served.work.write_csv(make_leads("Farming", 7), "badge-scans.csv")
    api = f"{served.url}/api"
    ingested = served.work.run("backfill", extract, "--event", "saas-day", PREFECT_API_URL=api)
    assert ingested.exit_code == ExitCode.OK, ingested.stderr
    (started,) = served.wait_for(lambda: served.runs_of("event-backfill"), "a backfill")
    ended = served.wait_for_end(started["id"])
    assert ended["name"] == "backfill saas-day · badge-scans.csv"
    assert ended["state"]["message"] == "complete: 7 delivered"


def test_an_approved_sample_is_followed_by_the_rest_by_itself(served: Served) -> None:
    document = describe_config(WORKSPACE, served.work.options)
    document["tables"]["finance"]["sample_first"] = 5
    served.work.write_config(**document)
    try:
        loaded = served.work.load(served.work.write_csv(make_leads("Banking", 12), "sampled.csv"))
        assert loaded.exit_code == ExitCode.DEFERRED, loaded.stderr
        asked = ("approve", loaded.json["run_id"])
        approved = served.work.run(*asked, PREFECT_API_URL=f"{served.url}/api")
        assert (approved.exit_code, "announced" in approved.stdout) == (0, True), approved.stderr
        (started,) = served.wait_for(lambda: begun_by_event(served), "a resume")
        ended = served.wait_for_end(started["id"])
    finally:
        served.work.write_config()
    assert (ended["state_name"], ended["state"]["message"]) == (
        "Completed",
        "complete: 7 delivered",
    )


def begun_by_event(served: Served) -> list[Document]:
    return [run for run in served.runs_of("resume-deferred") if not run["auto_scheduled"]]


def test_a_schedule_that_comes_due_runs_by_itself(served: Served) -> None:
    deployment = served.deployment("reconcile")["id"]
    every_minute = {"active": True, "schedule": {"cron": "* * * * *", "timezone": "UTC"}}
    (made,) = served.call("POST", f"/deployments/{deployment}/schedules", [every_minute])
    try:
        (first, *_) = served.wait_for(lambda: ended_runs(served, "reconcile"), "a scheduled run")
    finally:
        served.call("DELETE", f"/deployments/{deployment}/schedules/{made['id']}")
    assert (first["auto_scheduled"], first["state_type"]) == (True, "COMPLETED")


def ended_runs(served: Served, name: str) -> list[Document]:
    return [run for run in served.runs_of(name) if run["state_type"] == "COMPLETED"]


def test_a_month_without_extracts_fails_and_names_the_month_it_looked_for(served: Served) -> None:
    ended = served.wait_for_end(served.run("monthly-load", {}))
    assert ended["state_type"] == "FAILED"
    assert ended["name"].startswith("load month")
    due = datetime.fromisoformat(ended["expected_start_time"])
    month = f"{due.astimezone(ZoneInfo(served.work.options.time_zone)):%Y-%m}"
    assert f"there is nothing to load for {month}" in ended["state"]["message"]


def test_a_stop_in_the_middle_records_what_was_sent_and_the_next_start_resumes(
    served: Served,
) -> None:
    """Close the terminal of a house of its own while a load is under way, and start it again."""
    work = served.work
    extract = work.write_csv(make_leads("Banking", 2_000, 50_000), "stopped.csv")
    order = {"load": {"files": [str(extract)], "cycle": "2026-09"}}
    home = str(work.folder / "second")
    n_before = work.standin.row_count("finance")
    with start_served(work, PREFECT_HOME=home) as first:
        load = first.run("manual-load", order)
        first.wait_for_rows_in("finance", n_before + 200)
        started = find_descendants(first.process.pid)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGINT):
            first.process.send_signal(number)
            time.sleep(0.5)
        assert first.process.wait(STOP_WITHIN_S) == ExitCode.TERMINATED
        assert [pid for pid in started if is_alive(pid)] == []
    assert work.states_of("2026-09").keys() == {"delivered", "pending"}
    with start_served(work, PREFECT_HOME=home) as second:
        ended = second.wait_for_end(load)
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(STOP_WITHIN_S) == ExitCode.INTERRUPTED
    assert (ended["state_type"], ended["run_count"]) == ("COMPLETED", 2)
    assert work.states_of("2026-09") == {"delivered": 2_000}
    keys = work.standin.rows_by_key("finance")[n_before:]
    assert len(keys) == len(set(keys)) == 2_000
