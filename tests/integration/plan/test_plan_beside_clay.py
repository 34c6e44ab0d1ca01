"""What does a plan make of Clay's own word, and what without it?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from support.benches.plan_bench import PlanBench
from support.scenes.load_kit import Ended
from support.scenes.load_tables import make_leads

from clayload.clay.command import ClayCommand, Unknown

LEADS = make_leads("Software", 40) + make_leads("Banking", 10)
NO_WORD = "credits and Actions left in Clay are not known: "


def notes_of(ended: Ended) -> list[str]:
    notes: list[str] = ended.json["notes"]
    return notes


def submit_as_outsider(bench: PlanBench, slot: int, n: int) -> None:
    """Send rows past the loader."""
    source = bench.slots[slot]
    headers = {"x-clay-webhook-auth": source.token}
    for number in range(n):
        url = bench.standin.webhook_url(source.source_id)
        httpx.post(url, json={"n": number}, headers=headers).raise_for_status()


def script(folder: Path, text: str) -> Path:
    """Write another `clay` command, in the place of the stand-in's."""
    path = folder / "other-commands" / "clay"
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o755)
    return path.parent


def test_balances_that_are_enough_stand_beside_what_the_load_takes(bench: PlanBench) -> None:
    bench.set_balances(75, 100)
    ended = bench.plan(bench.write_csv(LEADS))
    assert (ended.exit_code, ended.json["fit"]) == (0, "fits")
    funds = [(one["unit"], one["left"], one["likely"], one["high"]) for one in ended.json["funds"]]
    assert funds == [("credits", 75, 75, 75), ("actions", 100, 100, 100)]


@pytest.mark.parametrize(("credits_", "actions"), [(60, 100), (75, 80)])
def test_a_balance_too_small_is_told_in_leads_that_would_not_be_enriched(
    bench: PlanBench, credits_: float, actions: float
) -> None:
    bench.set_balances(credits_, actions)
    ended = bench.plan(bench.write_csv(LEADS))
    assert (ended.exit_code, ended.json["fit"]) == (20, "fits in part")
    assert ended.json["tables"]["finance"]["n_unpaid"] == 10
    (lack,) = ended.json["lacks"]
    assert lack.startswith("finance: Clay would take 10 of 10 without enriching them")


def test_without_any_balance_nothing_fits_and_the_stand_in_enriches_as_planned(
    bench: PlanBench,
) -> None:
    bench.set_balances(1, 1_000)
    extract = bench.write_csv(LEADS)
    assert bench.plan(extract).json["fit"] == "does not fit"
    bench.set_balances(45, 1_000)
    planned = bench.plan(extract).json["tables"]
    assert bench.load(extract).exit_code == 0
    tables = {one["name"]: one for one in bench.standin.state()["tables"]}
    assert sum(one["unpaid_runs"] for one in tables.values()) == sum(
        one["n_unpaid"] for one in planned.values()
    )
    assert bench.standin.balances()[0] == 0


def test_where_counts_agree_there_is_nothing_to_note(bench: PlanBench) -> None:
    bench.load(bench.write_csv(make_leads("Banking", 12)))
    ended = bench.plan(bench.write_csv(make_leads("Banking", 30), "more.csv"))
    assert (ended.exit_code, notes_of(ended)) == (0, [])
    assert ended.json["tables"]["finance"]["rows_after"] == 30


def test_an_outsiders_rows_are_counted_told_and_say_what_to_mend(bench: PlanBench) -> None:
    submit_as_outsider(bench, 2, 3)
    ended = bench.plan(bench.write_csv(make_leads("Banking", 10)))
    of_rows, of_records = notes_of(ended)
    assert of_rows == "finance: Clay counts 3 rows, the ledger 0; the larger is counted"
    assert of_records.startswith("finance: Clay counts 3 submissions through finance-1, the ledger")
    assert of_records.endswith("; raise its already_used by 3")
    assert ended.json["tables"]["finance"]["rows_after"] == 13
    assert ended.json["tables"]["finance"]["left_in_slots"] == {"finance-1": 44_997}


def test_rows_deleted_in_clay_do_not_make_room_the_ledger_does_not_know(bench: PlanBench) -> None:
    bench.load(bench.write_csv(make_leads("Banking", 5)))
    bench.standin.delete_rows("finance")
    ended = bench.plan(bench.write_csv(make_leads("Banking", 6), "more.csv"))
    assert notes_of(ended) == ["finance: Clay counts 0 rows, the ledger 5; the larger is counted"]
    assert ended.json["tables"]["finance"]["rows_after"] == 6


def test_a_table_that_others_filled_has_no_room(bench: PlanBench) -> None:
    submit_as_outsider(bench, 2, 8)
    bench.price(1, 1, row_limit=10)
    ended = bench.plan(bench.write_csv(make_leads("Banking", 10)))
    assert ended.exit_code == 20
    assert ended.json["lacks"] == [
        "finance: 8 of 10 find the Clay table full: split the table",
    ]


def test_sources_that_bear_other_names_are_told_and_the_ledger_counts(bench: PlanBench) -> None:
    for slot, name in zip(bench.slots, ("Webhook", "Webhook", "Monitor webhook"), strict=True):
        bench.standin.set_source(slot.source_id, name=name)
    ended = bench.plan(bench.write_csv(LEADS))
    unmatched = [note for note in notes_of(ended) if "no webhook is called" in note]
    assert [note.split(" in Clay")[0] for note in unmatched] == [
        "tech: no webhook is called tech-1",
        "tech: no webhook is called tech-2",
    ]
    assert ended.json["tables"]["tech"]["by_slot"] == {"tech-1": 30, "tech-2": 10}
    assert not any(secret in ended.stdout for secret in bench.secrets)


def test_without_the_command_the_plan_says_so_and_is_made(bench: PlanBench) -> None:
    bench.environ["PATH"] = str(Path(sys.executable).parent)
    ended = bench.plan(bench.write_csv(LEADS))
    assert (ended.exit_code, ended.json["funds"]) == (0, [])
    assert notes_of(ended)[0] == f"{NO_WORD}there is no command `clay` on the PATH"


def test_asked_not_to_it_asks_nothing_of_clay(bench: PlanBench, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    bench.use_commands(script(tmp_path, f"#!/bin/sh\ntouch {asked}\n"))
    ended = bench.plan(bench.write_csv(LEADS), "--no-live")
    assert (ended.exit_code, ended.json["funds"], notes_of(ended)) == (0, [], [])
    assert not asked.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo 'Not logged in; key sk-secret' >&2\nexit 1", "ended with 1; is it logged in?"),
        ("echo 'Welcome to Clay! key sk-secret'", "gave another answer than Clay documents"),
        ('echo \'{"balance": "sk-secret"}\'', "gave another answer than Clay documents"),
        ('echo \'{"balance": -1, "actionExecutionBalance": 2}\'', "gave another answer"),
        ("printf '\\377\\376'", "gave another answer than Clay documents"),
        ("kill -9 $$", "ended with -9"),
    ],
)
def test_a_command_that_is_logged_out_or_talks_nonsense_is_told_and_never_quoted(
    bench: PlanBench, tmp_path: Path, text: str, why: str
) -> None:
    bench.use_commands(script(tmp_path, f"#!/bin/sh\n{text}\n"))
    ended = bench.plan(bench.write_csv(LEADS))
    assert (ended.exit_code, ended.json["funds"]) == (0, [])
    assert any(note.startswith(f"{NO_WORD}`clay credits` {why}") for note in notes_of(ended))
    assert "sk-secret" not in ended.stdout + ended.stderr


def test_the_command_is_told_no_secret_and_no_setting(bench: PlanBench, tmp_path: Path) -> None:
    told = tmp_path / "told"
    bench.use_commands(script(tmp_path, f"#!/bin/sh\nenv > {told}\n"))
    bench.plan(bench.write_csv(LEADS), OF_NO_CONCERN="kept")
    environ = told.read_text()
    assert "OF_NO_CONCERN=kept" in environ
    assert "CLAYLOAD_" not in environ
    assert bench.secrets
    assert not any(secret in environ for secret in bench.secrets)


def test_a_command_that_cannot_be_run_is_told(bench: PlanBench, tmp_path: Path) -> None:
    bench.use_commands(script(tmp_path, "#!/no/such/interpreter\n"))
    assert "cannot be run" in notes_of(bench.plan(bench.write_csv(LEADS)))[0]


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    commands = script(tmp_path, f"#!/bin/sh\nsleep 300 & echo $! >> {pids}\nwait\n")
    environ = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    told = ClayCommand(environ, timeout_s=0.5).read_balances()
    assert told == Unknown("`clay credits` gave no answer within 0.5 s")
    (pid,) = pids.read_text().split()
    give_up_at = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert not is_running(pid)


def is_running(pid: str) -> bool:
    said = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)  # noqa: S607, PLW1510 - whichever ps is on the PATH; it ends with 1 for a process that is gone
    return said.stdout.strip()[:1] not in ("", "Z")
