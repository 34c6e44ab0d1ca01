"""What TAB offers behind the words that are typed so far."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from support.scenes.load_kit import Workbench, run_id_of
from support.scenes.load_tables import make_leads


def offered(bench: Workbench, line: str, **environ: str) -> list[str]:
    """What bash is offered behind this line; nothing is ever said on standard error."""
    words = line.split(" ")
    shell = {
        "_CLAYLOAD_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    ended = bench.run(**shell, **environ)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return ended.stdout.split()


def test_command_names_are_offered_and_those_of_a_group(bench: Workbench) -> None:
    assert offered(bench, "clayload sta") == ["status", "standin"]
    assert offered(bench, "clayload serv") == ["serve"]
    assert offered(bench, "clayload slots ") == ["list", "add", "retire"]
    assert "--log-level" in offered(bench, "clayload --log")


def test_run_ids_are_offered_the_newest_first(bench: Workbench) -> None:
    leads = make_leads("Software", 4)
    older, newer = (
        run_id_of(bench.load(bench.write_csv(leads[n:]), "--limit", "2")) for n in (0, 2)
    )
    for command in ("status", "doctor", "report", "replay", "approve", "quarantine export"):
        assert offered(bench, f"clayload {command} ") == [newer, older]
    assert offered(bench, f"clayload status {older}") == [older]


def test_tables_slots_and_the_workspace_are_offered(bench: Workbench) -> None:
    assert offered(bench, "clayload load leads.csv --table ") == ["tech", "finance"]
    assert offered(bench, "clayload slots retire tech") == ["tech-1", "tech-2"]
    assert offered(bench, "clayload slots add fi") == ["finance"]
    assert offered(bench, "clayload pause ") == ["main"]


def test_where_nothing_can_be_read_nothing_is_offered_and_nothing_is_made(
    bench: Workbench, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    assert offered(bench, "clayload status ", CLAYLOAD_HOME=str(nowhere)) == []
    assert offered(bench, "clayload pause ", CLAYLOAD_CONFIG=str(nowhere)) == []
    assert offered(bench, "clayload status ", CLAYLOAD_RATE="10") == []
    assert not nowhere.exists()


def test_a_ledger_that_does_not_answer_is_not_waited_for(bench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://someone@127.0.0.1:{silent.getsockname()[1]}/ledger"
        began_at = time.monotonic()
        assert offered(bench, "clayload status ", CLAYLOAD_LEDGER_URL=url) == []
        assert time.monotonic() - began_at < 20
