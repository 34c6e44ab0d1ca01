"""Does a replay send exactly what a person chose, once, under books of its own?"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.scenes.load_kit import Ended, Workbench, end, ends_of, kill
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, Lead, make_leads
from support.servers.refusing_server import ANSWER, start_refusing_server
from support.servers.standin_process import StandIn
from support.servers.warm_process import WarmProcess

N_REFUSED, N_ABSENT, N_ARRIVED = 3, 2, 3
N_IN_DOUBT = N_ABSENT + N_ARRIVED


def _refusable(n: int, first: int = 500, industry: str = "Banking") -> list[Lead]:
    return [{**lead, "notes": "refuse me"} for lead in make_leads(industry, n, first=first)]


def _load_first(bench: Workbench) -> Ended:
    """Load 40 leads: 3 refused by finance, 5 of tech in doubt, of which 3 arrived."""
    bench.standin.faults(
        {"kind": "reset_before_store", "count": N_ABSENT},
        {"kind": "reset_after_store", "count": N_ARRIVED},
    )
    leads = make_leads("Software", 20) + make_leads("Banking", 17) + _refusable(N_REFUSED)
    extract = bench.write_csv(leads)
    with start_refusing_server() as url:
        # Chunks of two: no chunk meets so many doubts in a row that it rests.
        ended = bench.load(extract, CLAY_WEBHOOK_FINANCE_1=f"{url}/hook", CLAYLOAD_CHUNK_ROWS="2")
    assert ends_of(ended.json) == {"delivered": 32, "refused": N_REFUSED, "in doubt": N_IN_DOUBT}
    return ended


def _ledger(bench: Workbench) -> list[tuple[object, ...]]:
    return [
        row
        for table in ("runs", "chunks", "chunk_leads", "submissions", "past_verdicts", "slots")
        for row in bench.query(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
    ]


def test_a_dry_run_counts_by_reason_and_changes_nothing(bench: Workbench) -> None:
    run_id = _load_first(bench).json["run_id"]
    before = (_ledger(bench), bench.n_posts(), sorted(bench.home.rglob("*")))
    refused = bench.run("replay", run_id, "--dry-run")
    both = bench.run("replay", run_id, "--refused", "--in-doubt", "--dry-run", "--json").json
    one_table = bench.run("replay", run_id, "--in-doubt", "--table", "finance", "--dry-run")
    assert (_ledger(bench), bench.n_posts(), sorted(bench.home.rglob("*"))) == before

    assert refused.exit_code == 0
    assert f"3 leads of run {run_id}" in refused.stdout
    assert "refused with 400" in refused.stdout
    assert "in doubt" not in refused.stdout
    assert [(c["table"], c["state"], c["n_leads"]) for c in both["counts"]] == [
        ("tech", "in_doubt", N_IN_DOUBT),
        ("finance", "refused", N_REFUSED),
    ]
    assert both["by_slot"] == {"tech": {"tech-1": N_IN_DOUBT}, "finance": {"finance-1": N_REFUSED}}
    assert "has no leads in doubt to send again: nothing to replay" in one_table.stdout


def test_a_replay_sends_the_refused_and_nothing_else_and_the_parent_names_it(
    bench: Workbench,
) -> None:
    parent = _load_first(bench).json
    (known,) = {(lead["body"], lead["n_attempts"]) for lead in parent["refused"]}
    assert known == (ANSWER, 1)
    n_posts = bench.n_posts()
    ended = bench.run("replay", parent["run_id"], "--yes", "--json")
    assert ended.exit_code == 0, ended.stderr
    assert ends_of(ended.json) == {"delivered": N_REFUSED}
    assert (ended.json["kind"], ended.json["parent_run_id"]) == ("replay", parent["run_id"])
    assert bench.n_posts() == n_posts + N_REFUSED
    refused = [lead["lead_key"] for lead in parent["refused"]]
    assert sorted(bench.standin.rows_by_key("finance")) == sorted(refused)
    row = bench.standin.rows("finance")[0]["payload"]
    assert (row["run_id"], row["notes"]) == (ended.json["run_id"], "refuse me")

    status = bench.run("status", parent["run_id"], "--json").json
    assert ends_of(status) == {"delivered": 32, "already delivered": 3, "in doubt": N_IN_DOUBT}
    (child,) = status["children"]
    assert (child["run_id"], child["n_recovered"]) == (ended.json["run_id"], N_REFUSED)
    told = bench.run("status", parent["run_id"]).stdout
    assert ended.json["run_id"] in told
    past = bench.query("SELECT what, status FROM past_verdicts ORDER BY past_no")
    assert past == [("refused", 400)] * N_REFUSED + [("replayed", None)] * N_REFUSED
    assert bench.query("SELECT DISTINCT n_attempts FROM submissions") == [(1,), (2,)]
    again = bench.run("replay", parent["run_id"], "--yes")
    assert (again.exit_code, "nothing to replay" in again.stdout) == (0, True)
    as_json = bench.run("replay", parent["run_id"], "--yes", "--json")
    assert (as_json.exit_code, as_json.json["n_to_send"]) == (0, 0)


def test_the_leads_of_a_table_of_high_priority_are_replayed_first(bench: Workbench) -> None:
    bench.reconfigure(BenchOptions(tables=(TECH, replace(FINANCE, priority="high"))))
    extract = bench.write_csv([*_refusable(12, industry="Software"), *_refusable(12)])
    with start_refusing_server() as url:
        hook = f"{url}/hook"
        loaded = bench.load(extract, CLAY_WEBHOOK_TECH_1=hook, CLAY_WEBHOOK_FINANCE_1=f"{hook}-2")
    assert ends_of(loaded.json) == {"refused": 24}
    run_id = loaded.json["run_id"]
    replayed = bench.run("replay", run_id, "--yes", "--json", CLAYLOAD_CHUNKS_AT_ONCE="1")
    assert ends_of(replayed.json) == {"delivered": 24}
    last_urgent = max(row["received_at"] for row in bench.standin.rows("finance"))
    first_other = min(row["received_at"] for row in bench.standin.rows("tech"))
    assert last_urgent < first_other


def test_leads_in_doubt_are_sent_again_only_when_asked_for_and_charged_again(
    bench: Workbench,
) -> None:
    parent = _load_first(bench).json
    in_doubt = sorted(lead["lead_key"] for lead in parent["in_doubt"])
    looked = bench.run("replay", parent["run_id"], "--in-doubt", "--dry-run").stdout
    assert f"{N_IN_DOUBT} of them Clay may have already" in looked
    ended = bench.run("replay", parent["run_id"], "--in-doubt", "--yes", "--json")
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": N_IN_DOUBT})
    rows = bench.standin.rows_by_key("tech")
    twice = sorted(key for key in set(rows) if rows.count(key) == 2)
    assert (len(rows), len(set(rows)), len(twice)) == (20 + N_ARRIVED, 20, N_ARRIVED)
    assert set(twice) <= set(in_doubt)
    used = dict(bench.query("SELECT slot, used FROM slots"))
    assert used["tech-1"] == 20 + N_IN_DOUBT
    assert len(bench.keys_in("refused")["finance"]) == N_REFUSED


def test_without_a_terminal_a_replay_asks_for_a_yes_on_the_command_line(bench: Workbench) -> None:
    run_id = _load_first(bench).json["run_id"]
    before = _ledger(bench)
    ended = bench.run("replay", run_id)
    assert (ended.exit_code, ended.stdout) == (2, "")
    asked = "cannot ask for confirmation here; nothing was sent (use --yes)"
    assert asked in ended.stderr
    as_json = bench.run("replay", run_id, "--json")
    assert as_json.exit_code == as_json.json["error"]["exit_code"] == 2
    assert asked in as_json.json["error"]["message"]
    assert _ledger(bench) == before


@pytest.mark.parametrize(("answer", "n_sent"), [("n", 0), ("y", N_REFUSED)])
def test_on_a_terminal_a_replay_asks_before_it_sends(
    bench: Workbench, answer: str, n_sent: int
) -> None:
    run_id = _load_first(bench).json["run_id"]
    n_posts = bench.n_posts()
    ours, theirs = pty.openpty()
    command = ["clayload", "replay", run_id]
    try:
        with WarmProcess(command, bench.folder, bench.environ, stdin=theirs) as process:
            os.write(ours, f"{answer}\n".encode())
            ended = end(process)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Send them again? [y/N]" in ended.stderr
    assert (ended.exit_code, bench.n_posts() - n_posts) == (0, n_sent)


def test_two_replays_at_once_send_each_lead_once_and_both_books_balance(bench: Workbench) -> None:
    run_id = _load_first(bench).json["run_id"]
    n_posts = bench.n_posts()
    command = ("replay", run_id, "--refused", "--in-doubt", "--yes", "--json")
    with bench.start(*command) as one, bench.start(*command) as other:
        ended = [end(one), end(other)]
    assert bench.n_posts() == n_posts + N_REFUSED + N_IN_DOUBT
    assert {one.exit_code for one in ended} == {0}
    # Whoever came second may have found nothing left to replay.
    runs = [one.json["run_id"] for one in ended if "kind" in one.json]
    ends = [ends_of(bench.run("status", run_id, "--json").json) for run_id in runs]
    assert sum(of_run.get("delivered", 0) for of_run in ends) == N_REFUSED + N_IN_DOUBT
    replayed = bench.query("SELECT COUNT(*) FROM past_verdicts WHERE what = 'replayed'")
    assert replayed == [(N_REFUSED + N_IN_DOUBT,)]


def test_a_run_whose_folder_is_gone_is_replayed_through_a_new_load_of_its_extract(
    bench: Workbench,
) -> None:
    parent = _load_first(bench).json
    shutil.rmtree(parent["extract"]["folder"])
    before, n_posts = _ledger(bench), bench.n_posts()
    for option in ("--dry-run", "--yes"):
        ended = bench.run("replay", parent["run_id"], option)
        assert (ended.exit_code, ended.stdout) == (22, "")
        assert ended.error_lines[0].startswith("CLY-RUN-05 the folder of run")
    assert (_ledger(bench), bench.n_posts()) == (before, n_posts)

    anew = bench.load(bench.folder / "leads.csv")
    assert bench.n_posts() == n_posts
    ended = bench.run("replay", anew.json["run_id"], "--yes", "--json")
    assert (ended.exit_code, ends_of(ended.json)) == (0, {"delivered": N_REFUSED})


def test_a_dry_run_misses_a_chunk_file_that_the_replay_would_miss(bench: Workbench) -> None:
    parent = _load_first(bench).json
    shutil.rmtree(Path(parent["extract"]["folder"], "finance"))
    for option in ("--dry-run", "--yes"):
        ended = bench.run("replay", parent["run_id"], option)
        assert ended.error_lines[0].startswith("CLY-RUN-05 the folder of run")
    in_doubt = bench.run("replay", parent["run_id"], "--in-doubt", "--dry-run", "--json")
    assert in_doubt.json["n_to_send"] == N_IN_DOUBT


def test_an_interrupted_replay_goes_on_with_the_same_command(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path)
    fast, slow = bench.options, replace(bench.options, rate_per_s=10, burst=10)
    refusable = _refusable(60)
    good = make_leads("Banking", 60)
    extract = bench.write_csv([lead for pair in zip(refusable, good, strict=True) for lead in pair])
    with start_refusing_server() as url:
        parent = bench.load(extract, CLAY_WEBHOOK_FINANCE_1=f"{url}/hook").json
    assert ends_of(parent) == {"delivered": 60, "refused": 60}
    bench.reconfigure(slow)
    with bench.start("replay", parent["run_id"], "--yes") as process:
        bench.wait_for_rows(15)
        process.send_signal(signal.SIGINT)
        stopped = end(process)
    assert stopped.exit_code == 130
    assert 15 <= bench.n_rows() < 60
    bench.reconfigure(fast)
    rest = bench.run("replay", parent["run_id"], "--yes", "--json")
    assert (rest.exit_code, bench.n_rows(), bench.n_taken()) == (0, 60, 60)
    assert sorted(bench.standin.rows_by_key("finance")) == sorted(ld["email"] for ld in refusable)


def test_what_a_replay_has_not_sent_yet_counts_as_it_was_when_it_was_chosen(
    bench: Workbench,
) -> None:
    run_id = _load_first(bench).json["run_id"]
    assert bench.run("pause", "main").exit_code == 0
    with bench.start("replay", run_id, "--in-doubt", "--yes") as process:
        while not bench.query("SELECT 1 FROM past_verdicts WHERE what = 'replayed'"):
            time.sleep(0.01)
        kill(process)
    looked = bench.run("replay", run_id, "--dry-run").stdout
    assert f"{N_REFUSED + N_IN_DOUBT} leads to send again" in looked
    assert f"{N_IN_DOUBT} of them Clay may have already" in looked
    assert "already replayed, not sent yet" in looked


def test_what_cannot_be_replayed_is_refused_with_its_name(bench: Workbench) -> None:
    run_id = _load_first(bench).json["run_id"]
    unknown_run = bench.run("replay", "20260101T000000Z-abcdef", "--yes")
    assert (unknown_run.exit_code, unknown_run.error_lines[0][:10]) == (22, "CLY-RUN-02")
    unknown_table = bench.run("replay", run_id, "--table", "finanse", "--yes")
    assert unknown_table.exit_code == 10
    assert "nearest: 'finance'" in unknown_table.error_lines[0]
