"""Does a load end within ten seconds of being told, whatever it was waiting for just then?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.scenes.down_load import start_down_load
from support.scenes.load_kit import CYCLE, Workbench, end
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

STOPPED_WITHIN_S = 10.0
SOON_S = 6.0  # what would wait for answers takes seven
EXTRACT = make_leads("Software", 200)
QUIET = {"kind": "answer", "code": 429, "retry_after_s": 120}
SLOW = {"kind": "latency", "latency_s": 25.0, "when": "after"}
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


def _stop_in(
    bench: Workbench, number: signal.Signals, is_ready: Callable[[], bool]
) -> tuple[float, int, str]:
    """Load, send a signal once it is time; gives the seconds it took, exit code and words."""
    extract = bench.write_csv(EXTRACT)
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        give_up_at = time.monotonic() + 30
        while not is_ready():
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        asked_at = time.monotonic()
        process.send_signal(number)
        ended = end(process)
        return time.monotonic() - asked_at, ended.exit_code, ended.stderr


def _n_in(bench: Workbench, *states: str) -> int:
    return sum(map(len, bench.keys_in(*states).values()))


@pytest.mark.parametrize(("number", "exit_code"), [(SIGTERM, 143), (SIGINT, 130)])
def test_while_clay_asks_for_two_minutes_of_silence(
    standin: StandIn, tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=100))
    standin.faults(QUIET)

    def is_silent() -> bool:
        return bench.n_posts() > 0 and bench.query(
            "SELECT COUNT(*) FROM submissions WHERE state = 'sending'"
        ) == [(0,)]

    took_s, code, said = _stop_in(bench, number, is_silent)
    assert (code, _n_in(bench, "sending", "in_doubt")) == (exit_code, 0)
    assert took_s < SOON_S
    assert "stopping; waiting up to 7 s for Clay's answers" in said
    assert "Traceback" not in said


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


def test_while_answers_take_25_seconds(standin: StandIn, tmp_path: Path) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=100))
    standin.faults(SLOW)
    took_s, code, _ = _stop_in(bench, SIGTERM, lambda: bench.n_rows() >= 1)
    assert took_s < STOPPED_WITHIN_S
    # What was on the wire is in doubt and recorded; nothing is left open for later.
    n_in_doubt = _n_in(bench, "in_doubt")
    assert (code, _n_in(bench, "sending")) == (143, 0)
    assert n_in_doubt == bench.n_rows()
    assert _n_in(bench, "pending") == len(EXTRACT) - n_in_doubt


def test_while_nobody_answers_at_all(standin: StandIn, tmp_path: Path) -> None:
    with start_down_load(standin, tmp_path) as load:
        time.sleep(1.5)  # it is in its first rest, which lasts 2.5 to 7.5 s
        asked_at = time.monotonic()
        load.process.terminate()
        ended = load.wait()
    assert time.monotonic() - asked_at < SOON_S
    assert ended.exit_code == 143
