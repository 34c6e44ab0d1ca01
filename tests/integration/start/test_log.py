"""The log of a load: what an operator follows, and nothing of a lead and no secret at any level."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, Ended, Workbench, run_id_of
from support.scenes.load_tables import make_leads
from support.servers.standin_process import Document

LEADS = [*make_leads("Software", 30), *make_leads("Banking", 20)]
SAMPLE = Path(__file__).parents[3] / "samples" / "leads-2026-11.csv"


def logged(ended: Ended) -> list[Document]:
    """The lines of a log as JSON; progress is text beside them."""
    return [json.loads(line) for line in ended.error_lines if line.startswith("{")]


def test_by_default_nothing_is_logged_of_a_load_that_goes_well(bench: Workbench) -> None:
    ended = bench.load(bench.write_csv(LEADS))
    assert "clayload." not in ended.stderr


def test_an_operator_follows_a_load_from_its_start_to_its_end(bench: Workbench) -> None:
    options = ("--log-level", "info", "--log-json")
    ended = bench.run(*options, "load", bench.write_csv(LEADS), "--cycle", CYCLE)
    started, *chunks, closed = logged(ended)
    assert started["message"].startswith(f"load started: run {run_id_of(ended)}, cycle {CYCLE}")
    assert (started["n_owed"], started["n_chunks"], started["level"]) == (50, 2, "info")
    assert sum(line["delivered"] for line in chunks) == 50
    assert {line["logger"] for line in chunks} == {"clayload.loading.deliver"}
    assert (closed["outcome"], closed["n_delivered"]) == ("complete", 50)
    at = datetime.fromisoformat(started["time"])
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)


def test_a_line_for_people_has_its_time_its_level_and_its_module(bench: Workbench) -> None:
    ended = bench.run("--log-level", "info", "load", bench.write_csv(LEADS), "--cycle", CYCLE)
    line = re.compile(r"[\d-]{10}T[\d:.]{12}\+00:00 info    clayload\.loading\.close: run closed: ")
    assert [one for one in ended.error_lines if line.match(one)]


def test_a_throttle_is_logged_and_that_it_is_over(bench: Workbench) -> None:
    bench.standin.faults({"kind": "answer", "code": 429, "count": 1})
    ended = bench.run("--log-level", "info", "load", bench.write_csv(LEADS), "--cycle", CYCLE)
    assert "throttled: workspace main, for " in ended.stderr
    assert re.search(r"goes on: \S+ after a throttle", ended.stderr)


@pytest.mark.parametrize("form", [(), ("--log-json",)], ids=["text", "JSON"])
def test_a_debug_log_holds_no_lead_no_address_and_no_token(
    bench: Workbench, form: tuple[str, ...]
) -> None:
    bench.standin.faults({"kind": "answer", "code": 503, "count": 3})
    options = ("--log-level", "debug", *form)
    ended = bench.run(*options, "load", SAMPLE, "--cycle", CYCLE, "--limit", "60", "--json")
    assert "granted: " in ended.stderr
    lines = [line for line in ended.error_lines if "clayload." in line]
    with SAMPLE.open(newline="") as file:
        people = {
            text
            for row in csv.DictReader(file)
            for column, text in row.items()
            if column in {"Work Email", "Email 1", "First Name", "Last Name", "Phone"}
            and text
            and len(text) > 3
        }
    words = {word for line in lines for word in re.split(r"[\s,\":]+", line)}
    assert not people & words
    text = "\n".join(lines)
    assert not re.search(r"@|https?://", text)
    assert not [secret for secret in bench.secrets if secret in text]
