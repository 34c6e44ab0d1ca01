"""What Prefect keeps of a load: what a person needs in order to follow it, and nothing personal."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from prefect import flow
from support.benches.flow_bench import FlowBench, record_of
from support.scenes.load_tables import FINANCE, TECH, make_leads
from support.servers.refusing_server import start_refusing_server

from clayload.monitoring.run_account import read_report
from clayload.setup import read_setup
from tasks.artifacts import publish_report

LEADS = [*make_leads("Software", 30), *make_leads("Banking", 20)]


def test_each_run_and_task_says_what_it_does(bench: FlowBench) -> None:
    os.environ["CLAYLOAD_CHUNK_ROWS"] = "20"
    run = bench.load(bench.work.write_csv(LEADS, "leads-2026-11.csv"))
    assert run.flow_run.name == "load 2026-11 · leads-2026-11.csv"
    assert {task_run.name for task_run in run.task_runs(5)} == {
        "prepare",
        "tech chunk 1/3",
        "tech chunk 2/3",
        "finance chunk 3/3",
        "close",
    }


def test_a_run_without_a_cycle_is_named_by_its_files_and_table(bench: FlowBench) -> None:
    files = [bench.work.write_csv(LEADS, name) for name in ("a.csv", "b.csv", "c.csv")]
    run = bench.load(*files, cycle=None, table="tech")
    assert run.flow_run.name == "load · a.csv and 2 more · tech only"


def test_the_log_tells_of_reading_progress_and_end(bench: FlowBench) -> None:
    lines = bench.load(bench.work.write_csv(LEADS)).log()
    assert any(
        "50 rows read, 0 quarantined, 0 duplicates, 0 unrouted; 50 of 50 accepted leads are owed, "
        "in 2 chunks" in line
        for line in lines
    )
    assert any("50 of 50 leads are through" in line for line in lines)
    assert lines[-1] == "Finished in state Completed('complete: 50 delivered')"
    assert len(lines) < 12


def test_a_load_leaves_its_report_a_table_for_each_clay_table_and_its_progress(
    bench: FlowBench,
) -> None:
    artifacts = bench.load(bench.work.write_csv(LEADS)).artifacts()
    ours = {"run-report", "table-tech", "table-finance", "webhook-slots", "load-progress"}
    assert set(artifacts) == ours
    assert artifacts["load-progress"].data == 100
    assert str(artifacts["run-report"].data).startswith("# Load 2026-11: complete")
    (page,) = bench.work.home.glob("runs/*/report.html")
    assert f"**With plots:** `{page}`" in str(artifacts["run-report"].data)
    rows = json.loads(str(artifacts["table-finance"].data))
    slot = {"what": "slot finance-1", "this run": "20", "in all": "20", "safe limit": "45,000"}
    assert rows == [
        {"what": "leads delivered", "this run": "20", "in all": "", "safe limit": ""},
        slot,
    ]
    assert str(artifacts["table-finance"].description).startswith("2026-11: 20 delivered (run ")
    slots = json.loads(str(artifacts["webhook-slots"].data))
    assert [(row["table"], row["slot"], row["used"], row["limit"]) for row in slots] == [
        ("tech", "tech-1", "30", "45,000"),
        ("tech", "tech-2", "0", "45,000"),
        ("tech", "rows of the table", "30", "50,000"),
        ("finance", "finance-1", "20", "45,000"),
        ("finance", "rows of the table", "20", "50,000"),
    ]
    assert artifacts["webhook-slots"].description == "no slot and no table is near its end"


def test_the_report_links_to_its_page_where_run_folders_are_served(bench: FlowBench) -> None:
    os.environ["CLAYLOAD_REPORTS_URL"] = "https://reports.example.com/runs/"
    text = str(bench.load(bench.work.write_csv(LEADS)).artifacts()["run-report"].data)
    (page,) = bench.work.home.glob("runs/*/report.html")
    address = f"https://reports.example.com/runs/{page.parent.name}/report.html"
    assert f"**With plots:** [report.html](<{address}>)" in text
    assert "<td>delivered</td>" in page.read_text("utf-8")


def test_a_page_that_cannot_be_written_fails_no_load(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(LEADS))
    (folder,) = bench.work.home.glob("runs/*")
    shutil.rmtree(folder)
    published = record_of(publish_newest(return_state=True))
    assert published.state.name == "Completed"
    text = str(published.artifacts()["run-report"].data)
    assert text.startswith("# Load 2026-11: complete")
    assert "**With plots:** could not be made: the folder of run" in text
    assert any("the report's page could not be made" in line for line in published.log())


@flow(log_prints=True)
def publish_newest() -> None:
    publish_report(read_report(None, read_setup(os.environ)))


def test_nothing_secret_or_personal_stays_with_prefect(bench: FlowBench) -> None:
    names = run_all_that_can_go_wrong(bench)
    kept = bench.prefect.read()
    assert all(name.encode() in kept for name in names)
    forbidden = [*bench.work.secrets, *(lead["email"] for lead in LEADS), "secret-note", "Élodie"]
    assert [text for text in forbidden if text.encode() in kept] == []


def run_all_that_can_go_wrong(bench: FlowBench) -> list[str]:
    """Load with refused and doubtful leads, a broken file and a missing host; names of the runs."""
    lost_answer = {"kind": "reset_after_store", "source": TECH.slots[0].source_id, "count": 1}
    bench.work.standin.faults(lost_answer)
    with start_refusing_server() as url:
        os.environ[FINANCE.slots[0].url_variable] = f"{url}/{FINANCE.slots[0].source_id}"
        refused = {**LEADS[-1], "notes": "refuse me"}
        attention = bench.load(bench.work.write_csv([*LEADS[:-1], refused], "attention.csv"))
    broken = bench.load(write_broken(bench.work.folder / "broken.ndjson"))
    os.environ[FINANCE.slots[0].url_variable] = f"not a url {FINANCE.slots[0].token}"
    misconfigured = bench.load(bench.work.write_csv(LEADS, "misconfigured.csv"))
    assert [run.state.name for run in (attention, broken, misconfigured)] == [
        "NeedsAttention",
        "Failed",
        "Failed",
    ]
    for run in (attention, broken, misconfigured):
        assert run.log()
    return [run.flow_run.name for run in (attention, broken, misconfigured)]


def write_broken(path: Path) -> Path:
    lines = [json.dumps({**lead, "notes": "secret-note"}) for lead in LEADS]
    path.write_text("\n".join([*lines, f'{{"email": "{LEADS[0]["email"]}", secret-note']))
    return path
