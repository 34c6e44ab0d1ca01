"""How much work does a machine do until a short command has answered?

    python benchmarks/start.py                       9 runs of each, half a minute

In:    the configuration in `config/`, a ledger with one run, `samples/leads-2026-11.csv`.
Out:   the CPU time (user and system) of each command's process, as a part of what
       `python -c "import polars, sqlalchemy"` takes: medians. Exit code 1 when an aim is missed.
Never: figures of two moments compared: all take turns, each in a fresh process, and what Python
       compiles of a module is there already.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial"
SAMPLE = ROOT / "samples" / "leads-2026-11.csv"
CLAYLOAD = (sys.executable, "-m", "clayload")
REFERENCE = (sys.executable, "-c", "import polars, sqlalchemy")
ALONE = (sys.executable, "-c", "import polars")
BASH = {"_CLAYLOAD_COMPLETE": "complete_bash", "COMP_WORDS": "clayload st", "COMP_CWORD": "1"}
ZSH = {"_CLAYLOAD_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "clayload st"}
COMMANDS: Mapping[str, tuple[float, Sequence[str], Mapping[str, str]]] = {
    "--help": (0.43, ["--help"], {}),
    "--version": (0.43, ["--version"], {}),
    "TAB in bash": (0.43, [], BASH),
    "TAB in zsh, with helps": (0.5, [], ZSH),
    "status": (0.85, ["status"], {}),
    "slots list": (0.85, ["slots", "list"], {}),
    "runs": (0.85, ["runs"], {}),
    "plan, 2,000 rows": (1.7, ["plan", str(SAMPLE), "--cycle", "2026-11"], {}),
}
"""By what a person types: the aim, the arguments, and what is added to the environment.

The aims are 0.4, 0.8 and 1.6 CPU seconds of a machine that imports polars alone in 0.47, half of
what the reference takes. Typer writes the helps of zsh by a part of rich that takes long to import.
"""


def take(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Run a process to its end; gives its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@contextmanager
def running_clay() -> Iterator[str]:
    """Run a stand-in of Clay; gives its address."""
    command = [*CLAYLOAD, "standin", "--port", "0", "--config", str(TUTORIAL / "standin.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield next(iter(server.stdout or ())).split()[-1]
        finally:
            server.terminate()


def make_environ(home: Path) -> dict[str, str]:
    """Give what a person has set who followed the tutorial, with a run in the ledger."""
    lines = (TUTORIAL / "standin.env").read_text().splitlines()
    secrets = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    environ = {**os.environ, **secrets, "CLAYLOAD_HOME": str(home)}
    # What is compiled on the way is kept, as it is for everybody.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with running_clay() as address:
        there = {
            name: value.replace("http://127.0.0.1:8765", address) for name, value in environ.items()
        }
        take([*CLAYLOAD, "load", str(TUTORIAL / "leads.csv"), "--cycle", "2026-11"], there)
    return environ


def measure(n_runs: int, environ: Mapping[str, str]) -> dict[str, float]:
    """Let all take turns; gives each one's median of CPU seconds."""
    commands = {name: ((*CLAYLOAD, *words), more) for name, (_, words, more) in COMMANDS.items()}
    commands |= {"reference": (REFERENCE, {}), "polars alone": (ALONE, {})}
    rounds = [
        {name: take(command, {**environ, **more}) for name, (command, more) in commands.items()}
        for _ in range(n_runs + 1)
    ]
    # The first round compiles, and reads from the disk what the others find in memory.
    return {name: statistics.median(one[name] for one in rounds[1:]) for name in commands}


def main() -> int:
    """Measure, print each command's part of the reference, and give the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    with tempfile.TemporaryDirectory() as home:
        took = measure(parser.parse_args().runs, make_environ(Path(home)))
    reference = took["reference"]
    print(f"import polars, sqlalchemy: {reference:.2f} s, polars alone {took['polars alone']:.2f}")
    ratios = {name: took[name] / reference for name in COMMANDS}
    for name, (aim, _, _) in COMMANDS.items():
        print(f"{name:25} {took[name]:.2f} s, {ratios[name]:.2f} of it, aim at most {aim:g}")
    return int(any(ratios[name] > aim for name, (aim, _, _) in COMMANDS.items()))


if __name__ == "__main__":
    sys.exit(main())
