"""Does a load end when it is told to, whatever it was waiting for just then?

How soon, `make chaos` measures; here each wait would last far longer than a test does.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.scenes.down_load import start_down_load
from support.scenes.load_kit import CYCLE, END_WITHIN_S, Ended, Workbench, end
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

EXTRACT = make_leads("Software", 200)
QUIET = {"kind": "answer", "code": 429, "retry_after_s": 3_600}
SLOW = {"kind": "latency", "latency_s": 3_600.0, "when": "after"}
PATIENT = {"CLAYLOAD_REQUEST_TIMEOUT_S": "600"}
SIGTERM, SIGINT = signal.SIGTERM, signal.SIGINT
_SIGNALLED_AS_IT_LOADS = """
import os, sys
from clayload.cli import main


class Signals:
    number = int(sys.argv.pop(1))

    def find_spec(self, name, *_):
        if name == "clayload.cli.loading.load":
            os.kill(os.getpid(), self.number)


sys.meta_path.insert(0, Signals())
main()
"""


def _stop_when(
    bench: Workbench, number: signal.Signals, is_ready: Callable[[], bool], **env: str
) -> Ended:
    """Load, and send a signal once it is time."""
    extract = bench.write_csv(EXTRACT)
    with bench.start("load", extract, "--cycle", CYCLE, **env) as process:
        give_up_at = time.monotonic() + END_WITHIN_S
        while not is_ready():
            assert process.poll() is None, end(process).stderr
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        process.send_signal(number)
        return end(process)


def _n_in(bench: Workbench, *states: str) -> int:
    return sum(map(len, bench.keys_in(*states).values()))


@pytest.mark.parametrize(("number", "exit_code"), [(SIGTERM, 143), (SIGINT, 130)])
def test_while_clay_asks_for_an_hour_of_silence(
    standin: StandIn, tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=100))
    standin.faults(QUIET)

    def is_silent() -> bool:
        return bench.n_posts() > 0 and bench.query(
            "SELECT COUNT(*) FROM submissions WHERE state = 'sending'"
        ) == [(0,)]

    ended = _stop_when(bench, number, is_silent)
    assert (ended.exit_code, _n_in(bench, "sending", "in_doubt")) == (exit_code, 0)
    assert "stopping; waiting up to 7 s for Clay's answers" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("number", "exit_code"), [(SIGTERM, -SIGTERM), (SIGINT, 130)])
def test_while_its_modules_are_loaded_it_ends_at_once_and_says_nothing(
    bench: Workbench, number: signal.Signals, exit_code: int
) -> None:
    command = [sys.executable, "-c", _SIGNALLED_AS_IT_LOADS, str(int(number))]
    arguments = ["load", str(bench.write_csv(EXTRACT))]
    ended = subprocess.run(
        [*command, *arguments],
        cwd=bench.folder,
        env=bench.environ,
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (exit_code, b"", b"")
    assert not bench.home.exists()


def test_while_answers_take_an_hour(standin: StandIn, tmp_path: Path) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=100))
    standin.faults(SLOW)
    ended = _stop_when(bench, SIGTERM, lambda: bench.n_rows() >= 1, **PATIENT)
    # What was on the wire is in doubt and recorded; nothing is left open for later.
    n_in_doubt = _n_in(bench, "in_doubt")
    assert (ended.exit_code, _n_in(bench, "sending")) == (143, 0)
    assert n_in_doubt == bench.n_rows()
    assert _n_in(bench, "pending") == len(EXTRACT) - n_in_doubt


def test_while_nobody_answers_at_all(standin: StandIn, tmp_path: Path) -> None:
    with start_down_load(standin, tmp_path) as load:
        time.sleep(1.5)  # it is in its first rest, which lasts 2.5 to 7.5 s
        load.process.terminate()
        ended = load.wait()
    # After its rests it would give up by itself, with another code.
    assert ended.exit_code == 143
