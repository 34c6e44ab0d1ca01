"""What does a load cost more as a Prefect flow than as the plain command?

    python benchmarks/prefect_cost.py                   100,000 and 20,000 leads, about 9 minutes
    python benchmarks/prefect_cost.py --leads 10000 --paced-leads 4000

In:    an extract made by `samples/make_leads.py`, a Prefect server of its own (SQLite, with the
       settings that we document), and a bare sink that answers 200 to anything.
Out:   the flow's whole time as a part of the command's, once as fast as it goes and once at 200
       leads a second; and for each chunk, what Prefect adds in time and what its database grows.
       Exit code 1 when an aim is missed.
Never: figures of two machines or two moments compared: both run in turn, each in its own process.
"""

from __future__ import annotations

import argparse
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml
from sending_loop import CONFIG, MAX_BURST, MAX_RATE, ROOT, WEBHOOK_PATH, serving

from clayload.tables.read import read_tables
from tasks.server import SERVER_SETTINGS

PACED_PER_S = 200.0
MAX_RATIO, MAX_PACED_RATIO = 1.3, 1.03
# A load of 100,000 leads has 300 chunks; the paced one is a part of it, so its chunks are as large.
CHUNK_ROWS = 334
_START_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Where both loads take place: a folder, the sink, a Prefect server."""

    folder: Path
    sink: str
    prefect: str

    @property
    def prefect_home(self) -> Path:
        """Where the server keeps what it knows."""
        return self.folder / "prefect"

    def run(self, name: str, module: list[str], extract: Path, rate_per_s: float) -> float:
        """Run a load in a process of its own, into a ledger of its own; give the seconds."""
        home = self.folder / f"{name}-{rate_per_s:g}"
        home.mkdir()
        command = [sys.executable, "-m", *module, str(extract), "--cycle", "2026-11"]
        started = time.perf_counter()
        subprocess.run(
            command, check=True, cwd=ROOT, env=self._environ(home, rate_per_s), capture_output=True
        )
        return time.perf_counter() - started

    def _environ(self, home: Path, rate_per_s: float) -> dict[str, str]:
        document = read_tables(CONFIG).model_dump(mode="json")
        document["workspace"] |= {"rate_per_s": rate_per_s, "burst": min(MAX_BURST, 40)}
        if rate_per_s == MAX_RATE:
            document["workspace"]["burst"] = MAX_BURST
        (home / "tables.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        headers = (CONFIG.parent / "headers.yaml").read_text()
        (home / "headers.yaml").write_text(headers)
        slots = [slot for table in document["tables"].values() for slot in table["slots"]]
        secrets = {
            slot["url"].removeprefix("env:"): f"{self.sink}/{WEBHOOK_PATH}/{slot['name']}"
            for slot in slots
        } | {slot["token"].removeprefix("env:"): "bench" for slot in slots if slot["token"]}
        return {
            **os.environ,
            **secrets,
            "CLAYLOAD_CONFIG": str(home / "tables.yaml"),
            "CLAYLOAD_HOME": str(home),
            "CLAYLOAD_CHUNK_ROWS": str(CHUNK_ROWS),
            "PREFECT_API_URL": self.prefect,
            "PREFECT_HOME": str(home / "prefect"),
        }

    def n_chunks(self, name: str, rate_per_s: float) -> int:
        """Count the chunks that a load had."""
        path = self.folder / f"{name}-{rate_per_s:g}" / "ledger.db"
        with closing(sqlite3.connect(path)) as ledger:
            return int(ledger.execute("SELECT COUNT(*) FROM chunks").fetchone()[0])

    def database_bytes(self) -> int:
        """Measure the server's database, its write-ahead log included."""
        return sum(path.stat().st_size for path in self.prefect_home.glob("prefect.db*"))


@contextmanager
def start_prefect(folder: Path) -> Iterator[str]:
    """Start a Prefect server with the settings that we document; give its API's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environ = {**os.environ, **SERVER_SETTINGS, "PREFECT_HOME": str(folder / "prefect")}
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", port]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as server:
        try:
            yield _wait_for(f"http://127.0.0.1:{port}/api")
        finally:
            server.terminate()


def _wait_for(api: str) -> str:
    give_up_at = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < give_up_at:
        try:
            httpx.get(f"{api}/health", trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return api
    sys.exit("Prefect's server does not start")


def make_extract(folder: Path, n_leads: int) -> Path:
    """Make an extract of so many leads."""
    extract = folder / f"leads-{n_leads}.csv"
    make = [sys.executable, "samples/make_leads.py", "--leads", str(n_leads)]
    subprocess.run([*make, "--out", str(extract)], check=True, cwd=ROOT)
    return extract


def compare(scene: Scene, n_leads: int, rate_per_s: float, aim: float) -> bool:
    """Run both, print the ratio and what Prefect takes for each chunk; whether the aim is met."""
    extract = make_extract(scene.folder, n_leads)
    command_s = scene.run("command", ["clayload", "load"], extract, rate_per_s)
    before = scene.database_bytes()
    flow_s = scene.run("flow", ["flows.load_leads"], extract, rate_per_s)
    n_chunks = scene.n_chunks("flow", rate_per_s)
    grown = scene.database_bytes() - before
    pace = "no rate limit" if rate_per_s == MAX_RATE else f"{rate_per_s:g} leads a second"
    print(f"\n{n_leads:,} leads in {n_chunks} chunks, {pace}")
    print(f"command  {command_s:8.1f} s   clayload load, the whole process")
    print(f"flow     {flow_s:8.1f} s   python -m flows.load_leads on a server that runs")
    print(f"ratio    {flow_s / command_s:8.3f}     at most {aim}")
    print(f"a chunk  {1000 * (flow_s - command_s) / n_chunks:8.0f} ms  more than the command takes")
    print(f"a chunk  {grown / n_chunks / 1000:8.1f} kB  in the server's database")
    return flow_s / command_s <= aim


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure what Prefect costs.")
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--paced-leads", type=int, default=20_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving("sink", folder) as sink, start_prefect(folder) as prefect:
            scene = Scene(folder, sink, prefect)
            are_met = [
                compare(scene, args.leads, MAX_RATE, MAX_RATIO),
                compare(scene, args.paced_leads, PACED_PER_S, MAX_PACED_RATIO),
            ]
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
