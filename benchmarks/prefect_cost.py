"""What does a load cost more as a Prefect flow than as the bare delivery loop?

    python benchmarks/prefect_cost.py                   40,000 leads, about 11 minutes
    python benchmarks/prefect_cost.py --leads 100000    the size to compare; half an hour

In:    an extract made by `samples/make_leads.py`, a Prefect server of its own (SQLite, with the
       settings that we document), and a bare sink that answers 200 to anything.
Out:   the flow's delivery, and the whole flow, as a part of what the loop takes for the same
       chunks, as many at once: as fast as it goes, and at 200 leads a second; and for each chunk,
       what Prefect adds in time and what its database grows. Exit code 1 when an aim is missed.
Never: figures of two machines or two moments compared: both take turns, each in a fresh process.

The whole flow is what Prefect calls the run, from its start to its end: it prepares, delivers and
closes, while the loop finds its chunks prepared. What Python takes to import stands by itself.
Some of the seconds are the same for any load, so with fewer leads the flow looks dearer than it is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from delivery_loop import deliver_all
from prefect_server import PrefectServer, start_prefect
from sending_loop import CONFIG, MAX_BURST, MAX_RATE, ROOT, WEBHOOK_PATH, serving

from clayload.loading.intake.request import LoadRequest
from clayload.loading.prepare import prepare_load
from clayload.setup import read_setup
from clayload.tables.read import read_tables

# A load of 100,000 leads has 300 chunks; a smaller one has fewer, as large.
CHUNK_ROWS = 334


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast leads may go out, how often both are run, and how much more the flow may take."""

    rate_per_s: float
    n_runs: int
    most: float

    def __str__(self) -> str:
        return "no rate limit" if self.rate_per_s == MAX_RATE else f"{self.rate_per_s:g} leads/s"


PACES = (Pace(MAX_RATE, 2, 1.3), Pace(200.0, 1, 1.03))


@dataclass(frozen=True, slots=True)
class Round:
    """What one run of each took; `grown_bytes` is the server's database."""

    loop_s: float
    delivery_s: float
    flow_s: float
    process_s: float
    n_chunks: int
    grown_bytes: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Where both take place: a folder, the sink, a Prefect server."""

    folder: Path
    sink: str
    server: PrefectServer

    def run_round(self, extract: Path, pace: Pace) -> Round:
        """Run the loop, then the flow, each into a ledger of its own."""
        with self._environ(pace) as environ:
            loop_s = float(_run([__file__, "--loop", str(extract)], environ))
        before = self.server.database_bytes()
        with self._environ(pace) as environ:
            started = time.perf_counter()
            _run(["-m", "flows.load_leads", str(extract), "--cycle", "2026-11"], environ)
            process_s = time.perf_counter() - started
        run = self.server.read_newest_run()
        grown_bytes = self.server.database_bytes() - before
        return Round(loop_s, run.delivery_s, run.flow_s, process_s, run.n_chunks, grown_bytes)

    @contextmanager
    def _environ(self, pace: Pace) -> Iterator[dict[str, str]]:
        document = read_tables(CONFIG).model_dump(mode="json")
        burst = MAX_BURST if pace.rate_per_s == MAX_RATE else 40
        document["workspace"] |= {"rate_per_s": pace.rate_per_s, "burst": burst}
        slots = [slot for table in document["tables"].values() for slot in table["slots"]]
        secrets = {
            slot["url"].removeprefix("env:"): f"{self.sink}/{WEBHOOK_PATH}/{slot['name']}"
            for slot in slots
        } | {slot["token"].removeprefix("env:"): "bench" for slot in slots if slot["token"]}
        with tempfile.TemporaryDirectory(dir=self.folder) as home:
            Path(home, "tables.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
            headers = (CONFIG.parent / "headers.yaml").read_text()
            Path(home, "headers.yaml").write_text(headers)
            yield {
                **os.environ,
                **secrets,
                "CLAYLOAD_CONFIG": f"{home}/tables.yaml",
                "CLAYLOAD_HOME": home,
                "CLAYLOAD_CHUNK_ROWS": str(CHUNK_ROWS),
                "PREFECT_API_URL": self.server.api,
                "PREFECT_HOME": f"{home}/prefect",
            }


def _run(arguments: list[str], environ: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def run_loop(extract: str) -> float:
    """Prepare a load of this environment, and give the seconds that its delivery takes."""
    setup = read_setup(os.environ)
    prepared = prepare_load(LoadRequest((extract,), "2026-11"), setup)
    return deliver_all(prepared, setup)


def compare(scene: Scene, extract: Path, n_leads: int, pace: Pace) -> bool:
    """Let both take turns, and print what the flow takes more; whether the aim is met."""
    rounds = [scene.run_round(extract, pace) for _ in range(pace.n_runs)]
    loop_s, delivery_s, flow_s, process_s = (
        statistics.median(times)
        for times in zip(
            *((one.loop_s, one.delivery_s, one.flow_s, one.process_s) for one in rounds),
            strict=True,
        )
    )
    of_delivery = statistics.median(one.delivery_s / one.loop_s for one in rounds)
    of_flow = statistics.median(one.flow_s / one.loop_s for one in rounds)
    n_chunks = rounds[0].n_chunks
    added_s = statistics.median(one.delivery_s - one.loop_s for one in rounds) / n_chunks
    grown = statistics.median(one.grown_bytes for one in rounds) / n_chunks
    print(f"\n{n_leads:,} leads in {n_chunks} chunks, {pace}; medians of {pace.n_runs}, in turn")
    print(f"loop      {loop_s:8.1f} s   the bare delivery loop over prepared chunks")
    print(f"delivery  {delivery_s:8.1f} s   the flow's, from prepared to closing")
    print(f"flow      {flow_s:8.1f} s   from start to end; its process takes {process_s:.1f} s")
    print(f"delivery / loop  {of_delivery:6.3f}")
    print(f"flow / loop      {of_flow:6.3f}  at most {pace.most}")
    print(f"a chunk   {1000 * added_s:8.0f} ms  more than in the loop")
    print(f"a chunk   {grown / 1000:8.1f} kB  in the server's database")
    return of_flow <= pace.most


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure what Prefect costs.")
    parser.add_argument("--leads", type=int, default=40_000)
    parser.add_argument("--loop", metavar="EXTRACT")
    args = parser.parse_args()
    if args.loop:
        print(run_loop(args.loop))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extract = folder / "leads.csv"
        _run(
            ["samples/make_leads.py", "--leads", str(args.leads), "--out", str(extract)],
            dict(os.environ),
        )
        with serving("sink", folder) as sink, start_prefect(folder / "prefect") as server:
            scene = Scene(folder, sink, server)
            are_met = [compare(scene, extract, args.leads, pace) for pace in PACES]
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
