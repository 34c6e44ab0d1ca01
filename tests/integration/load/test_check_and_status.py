"""Do `check` and `status` tell the truth, to people and to machines?"""

from __future__ import annotations

import json
import shutil
import socket

from support.scenes.first_loads import FirstLoads
from support.scenes.load_kit import Ended, Workbench, ends_of
from support.scenes.load_tables import FINANCE
from support.servers.standin_process import Document


def _checks(ended: Ended) -> list[Document]:
    checks: list[Document] = json.loads(ended.stdout)
    return checks


def test_check_says_that_all_is_ready_and_spends_no_row(bench: Workbench) -> None:
    ended = bench.run("check", "--json")
    assert ended.exit_code == 0
    assert [(one["check"], one["is_ok"]) for one in _checks(ended)] == [
        ("configuration", True),
        ("prices", True),
        ("secrets", True),
        ("ledger", True),
        ("destination", True),
    ]
    assert (bench.n_posts(), bench.n_rows()) == (0, 0)


def test_check_names_the_variable_of_a_missing_secret(bench: Workbench) -> None:
    name = FINANCE.slots[0].token_variable
    ended = bench.run("check", "--json", **{name: ""})
    assert ended.exit_code == 10
    failed = {one["check"]: one["said"] for one in _checks(ended) if not one["is_ok"]}
    assert name in failed["secrets"]
    assert "finance-1" in failed["secrets"]


def test_check_says_which_host_does_not_answer(bench: Workbench) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        name = FINANCE.slots[0].url_variable
        ended = bench.run("check", "--json", **{name: f"http://127.0.0.1:{port}/hook"})
    assert ended.exit_code == 13
    failed = {one["check"]: one["said"] for one in _checks(ended) if not one["is_ok"]}
    assert failed.keys() == {"destination"}
    assert f"127.0.0.1:{port} does not answer" in failed["destination"]


def test_status_shows_the_newest_run_or_the_one_that_is_named(
    bench: Workbench, first_loads: FirstLoads
) -> None:
    first, _, newest = (ended.json for ended in first_loads.ended)
    shutil.copytree(first_loads.bench.home, bench.home)
    named = bench.run("status", first["run_id"], "--json").json
    assert named["run_id"] == first["run_id"]
    assert ends_of(named) == ends_of(first)
    told = bench.run("status")
    assert f"run {newest['run_id']}" in told.stdout
    assert told.stderr == ""


def test_status_of_an_unknown_run_or_without_a_ledger_makes_nothing(bench: Workbench) -> None:
    ended = bench.run("status", "--json")
    assert (ended.exit_code, ended.is_told) == (22, True)
    assert ended.error_lines[0].startswith("CLY-RUN-02 there is no ledger yet")
    assert not bench.home.exists()


def test_a_wrong_argument_ends_with_2_and_usage(bench: Workbench) -> None:
    ended = bench.run("load", "--limit", "0", "leads.csv")
    assert ended.exit_code == 2
    assert "--limit" in ended.stderr
