"""Does a trace tell a lead's whole story, from the row it came in to what can be done next?"""

from __future__ import annotations

from typing import Any

import pytest
from support.scenes.load_kit import WORKSPACE, Workbench
from support.scenes.load_tables import describe_config, make_leads
from support.servers.refusing_server import ANSWER, start_refusing_server

GOOD, BAD = make_leads("Banking", 2)
BAD = {**BAD, "notes": "refuse me"}
LEADS = [
    GOOD,
    BAD,
    {**GOOD, "email": f" {GOOD['email'].upper()} "},
    {**make_leads("Banking", 1, first=7)[0], "email": "no address"},
    {**make_leads("Zoo", 1)[0], "notes": GOOD["email"]},
]


def _load(bench: Workbench) -> dict[str, Any]:
    with start_refusing_server() as url:
        report = bench.load(bench.write_csv(LEADS), CLAY_WEBHOOK_FINANCE_1=f"{url}/hook").json
    assert report["ends"]["refused"] == 1
    return report


def _trace(bench: Workbench, lead: str) -> dict[str, Any]:
    ended = bench.run("trace", lead, "--json")
    assert ended.exit_code == 0, ended.stderr
    return ended.json


def _whats(story: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["run_id"], one["what"]) for one in story["events"]]


def test_the_story_of_a_refused_lead_goes_on_over_its_replay_to_its_delivery(
    bench: Workbench,
) -> None:
    first = _load(bench)["run_id"]
    before = _trace(bench, BAD["email"])
    read = (first, "read: row 2 of leads.csv, for table finance, cycle 2026-11")
    said = f"refused through finance-1 (400): refused with 400; {ANSWER}"
    assert _whats(before) == [read, (first, f"finance: {said}")]
    (stand,) = before["statuses"]
    assert (stand["state"], stand["status"], stand["body"], stand["n_attempts"]) == (
        "refused",
        400,
        ANSWER,
        1,
    )
    (step,) = before["next_steps"]
    assert f"`clayload replay {first} --refused`" in step

    replay = bench.run("replay", first, "--yes", "--json").json["run_id"]
    after = _trace(bench, BAD["email"])
    assert _whats(after) == [
        read,
        (first, f"finance: {said}"),
        (replay, f"replay of run {first}: row 2 of leads.csv, for table finance, cycle 2026-11"),
        (replay, f"finance: replayed by run {replay}"),
        (replay, "finance: delivered through finance-1 (200): accepted"),
    ]
    moments = [one["at"] for one in after["events"]]
    assert moments == sorted(moments)
    assert after["next_steps"] == ["finance, cycle 2026-11: nothing: Clay took it"]
    told = bench.run("trace", BAD["email"]).stdout
    assert "next: finance, cycle 2026-11: nothing: Clay took it" in told
    assert not [secret for secret in bench.secrets if secret in told]


def test_an_address_is_found_however_it_is_written_and_only_as_the_lead_itself(
    bench: Workbench,
) -> None:
    run_id = _load(bench)["run_id"]
    story = _trace(bench, f" <{GOOD['email'].upper()}>; ")
    assert sorted(_whats(story)) == [
        (run_id, "finance: delivered through finance-1 (200): accepted"),
        (run_id, "line 4 of leads.csv: duplicate: it repeats row 1"),
        (run_id, "read: row 1 of leads.csv, for table finance, cycle 2026-11"),
    ]  # not the lead of the zoo, whose notes name this address


def test_a_lead_that_was_set_aside_says_on_which_line_why_and_what_to_do(bench: Workbench) -> None:
    run_id = _load(bench)["run_id"]
    quarantined = _trace(bench, "No Address")
    ((_, what),) = _whats(quarantined)
    assert what.startswith("line 5 of leads.csv: quarantined, not sent: email_")
    assert quarantined["next_steps"] == [
        f"correct it: `clayload quarantine export {run_id}`, then `clayload resubmit`"
    ]
    unrouted = _trace(bench, LEADS[4]["email"])
    assert _whats(unrouted) == [
        (run_id, "line 6 of leads.csv: unrouted, not sent: no table's filter took it")
    ]


def test_a_table_with_another_key_is_traced_by_that_key_and_by_address(bench: Workbench) -> None:
    config = describe_config(WORKSPACE, bench.options)
    config["tables"]["finance"]["key"] = ["company", "first_name"]
    bench.write_config(tables=config["tables"])
    run_id = bench.load(bench.write_csv([GOOD])).json["run_id"]
    by_address = _trace(bench, GOOD["email"])
    by_key = _trace(bench, "FIRM, 0|Élodie 0")
    assert by_address["statuses"] == by_key["statuses"]
    assert by_key["statuses"][0]["lead_key"] == "firm, 0|élodie 0"
    assert _whats(by_key)[0][0] == run_id


@pytest.mark.parametrize("policy", ["hold", "resend"])
def test_a_lead_in_doubt_says_whether_a_load_sends_it_again(bench: Workbench, policy: str) -> None:
    bench.standin.faults({"kind": "reset_before_store", "count": 1})
    run_id = bench.load(bench.write_csv([GOOD])).json["run_id"]
    config = describe_config(WORKSPACE, bench.options)
    config["tables"]["finance"]["on_in_doubt"] = policy
    bench.write_config(tables=config["tables"])
    (step,) = _trace(bench, GOOD["email"])["next_steps"]
    assert ("the same load, run again, sends it again" in step) == (policy == "resend")
    assert f"`clayload replay {run_id} --in-doubt`" in step


def test_an_unknown_lead_says_where_was_looked_and_a_trace_writes_nothing(
    bench: Workbench,
) -> None:
    without = bench.run("trace", "a@example.com")
    assert (without.exit_code, bench.home.exists()) == (22, False)
    _load(bench)
    before = {path: path.stat().st_mtime_ns for path in bench.home.rglob("*")}
    ended = bench.run("trace", "Nobody@Example.com")
    assert (ended.exit_code, ended.stdout) == (22, "")
    assert ended.error_lines[0] == (
        "CLY-RUN-06 no run had the lead 'Nobody@Example.com': looked for 'nobody@example.com' "
        "among the keys of 2 submissions, and in what 1 run set aside"
    )
    assert {path: path.stat().st_mtime_ns for path in bench.home.rglob("*")} == before
