"""What `clayload serve` takes for its own server, and what it does about one that is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.benches.cli_commands import COMMANDS
from support.scenes.load_kit import Workbench
from support.servers.free_port import find_free_port
from support.servers.scripted_server import start_scripted_server
from support.servers.standin_process import start_standin

from clayload.errors import ConfigError, ExitCode
from deployments.processes import Service, wait_for_answer


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workbench]:
    with start_standin() as standin:
        yield Workbench(standin, tmp_path)


@contextmanager
def run_program(tmp_path: Path, program: str) -> Iterator[Service]:
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            yield Service("server", process, tmp_path / "server.log")
        finally:
            process.kill()


def test_another_server_at_the_port_is_not_taken_for_ours_and_gets_nothing(work: Workbench) -> None:
    with start_scripted_server(200) as others:
        port = str(others.server_port)
        refused = work.run("serve", "--port", port, "--reports-port", str(find_free_port()))
    assert refused.exit_code == ExitCode.CONFIG
    assert refused.error_lines == [
        f"CLY-PRE-01 Prefect's server cannot have the port {port}: Address already in use",
        "next: choose another with --port",
    ]
    assert others.asked == []


def test_a_port_of_the_reports_that_is_taken_is_told(work: Workbench) -> None:
    with start_scripted_server(200) as others:
        taken = str(others.server_port)
        refused = work.run("serve", "--port", str(find_free_port()), "--reports-port", taken)
    assert refused.exit_code == ExitCode.CONFIG
    assert refused.error_lines[0].startswith(
        f"CLY-CFG-03 the run reports cannot have the port {taken}: "
    )
    assert refused.error_lines[1].startswith("next: choose another with --reports-port")


def test_links_to_reports_outlive_a_restart_because_their_port_is_always_the_same() -> None:
    defaults = {option.name: option.default for option in COMMANDS["serve"].params}
    assert defaults["reports_port"] == 4201


def test_a_server_that_is_too_busy_to_answer_well_is_asked_again(tmp_path: Path) -> None:
    with (
        start_scripted_server(503, 500, 200) as busy,
        run_program(tmp_path, "import time; time.sleep(60)") as server,
    ):
        url = f"http://127.0.0.1:{busy.server_port}/api/health"
        wait_for_answer(server, url, lambda answer: answer.json() == {})
    assert busy.asked == ["GET /api/health"] * 3


def test_an_answer_counts_for_nothing_once_our_own_server_has_ended(tmp_path: Path) -> None:
    with start_scripted_server(200) as others, run_program(tmp_path, "") as server:
        server.process.wait()
        url = f"http://127.0.0.1:{others.server_port}/api/health"
        with pytest.raises(ConfigError, match="Prefect's server did not start") as refused:
            wait_for_answer(server, url, lambda _: True)
    assert str(server.log) in refused.value.hint
