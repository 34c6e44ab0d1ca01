"""An alert reaches somebody outside of Prefect once, with what to do, and so does its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.benches.served_kit import Served
from support.scenes.load_tables import TECH, BenchSlot
from support.servers.notified import Notified, start_notified

BLOCK = "custom-webhook/alerts"
NOTIFIERS = {"clayload-notify-alerts", "clayload-notify-recoveries"}


@pytest.fixture
def notified(served: Served) -> Iterator[Notified]:
    """Somebody who is notified as long as the test lasts."""
    with start_notified() as notified:
        make_block(served, notified.url)
        api = f"{served.url}/api"
        deployed = served.work.run("deploy", "--notify", BLOCK, PREFECT_API_URL=api)
        assert deployed.exit_code == 0, deployed.stderr
        assert deployed.stdout.endswith(f"alerts go to {BLOCK}\n")
        try:
            yield notified
        finally:
            for one in served.call("POST", "/automations/filter", {}):
                if one["name"] in NOTIFIERS:
                    served.call("DELETE", f"/automations/{one['id']}")


def make_block(served: Served, url: str) -> None:
    """Make a notification block as a person does in Prefect's UI."""
    block_type = served.call("GET", "/block_types/slug/custom-webhook")["id"]
    asked = {"block_schemas": {"block_type_id": {"any_": [block_type]}}}
    schema = served.call("POST", "/block_schemas/filter", asked)[0]["id"]
    data = {
        "name": "alerts",
        "url": url,
        "json_data": {"subject": "{{subject}}", "body": "{{body}}"},
    }
    block = {"name": "alerts", "data": data, "block_type_id": block_type}
    served.call("POST", "/block_documents/", {**block, "block_schema_id": schema})


def watch(served: Served) -> str:
    """Look how everything stands; give the message of the run's end."""
    ended = served.wait_for_end(served.run("watch-capacity", {}))
    return str(ended["state"]["message"])


def test_an_alert_arrives_once_with_what_to_do_and_its_recovery_once(
    served: Served, notified: Notified
) -> None:
    options = served.work.options
    worn = replace(TECH, slots=(BenchSlot("tech-1"), BenchSlot("tech-2", 900, safe_limit=1_000)))
    others = [table for table in options.tables if table.name != TECH.name]
    served.work.reconfigure(replace(options, tables=(worn, *others)))
    try:
        assert "slot tech-2 has used 900" in watch(served)
        (alert,) = served.wait_for(lambda: notified.about("near its end"), "an alert")
        assert "slot tech-2 has used 900" in watch(served)
    finally:
        served.work.reconfigure(options)
    assert "slot tech-2" not in watch(served)
    (recovery,) = served.wait_for(lambda: notified.about("table recovered"), "a recovery")
    assert notified.about("near its end") == [alert]
    assert alert["subject"] == "clayload main: webhook slot or table near its end"
    what, _, next_step = alert["body"].partition("\n\n")
    assert what.startswith("tech: slot tech-2 has used 900")
    assert next_step.startswith("Next: it is the last: make a new webhook in Clay and add it: ")
    assert recovery["body"].endswith("\n\nNext: nothing")
