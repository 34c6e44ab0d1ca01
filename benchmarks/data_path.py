"""How much more than reading and writing does preparing an extract take?

    python benchmarks/data_path.py                      1,000,000 leads, 3 runs
    python benchmarks/data_path.py --leads 50000 --runs 1

In:    an extract made by `samples/make_leads.py`.
Out:   the ratio of our path (open, clean, screen, route, chunk files) to polars' own reading of
       the same CSV as text and writing it as Parquet, and our peak memory. Exit code 1 when the
       ratio is over 2.5 or the memory over 1 GB.
Never: figures of two machines or two moments compared: both run in turn, each in its own process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
MAX_RATIO = 2.5
MAX_BYTES = 1_000_000_000


def run_floor(extract: Path, folder: Path) -> float:
    """Let polars read every column as text and write Parquet: the least any path must do."""
    started = time.perf_counter()
    pl.scan_csv(extract, infer_schema=False).sink_parquet(folder / "floor.parquet")
    return time.perf_counter() - started


def run_ours(extract: Path, folder: Path) -> float:
    """Prepare the extract as a load does."""
    from clayload.extracts.open import open_extract  # noqa: PLC0415 -- not the floor's to pay
    from clayload.frames.prepare_leads import PrepareOptions, prepare_chunks  # noqa: PLC0415 -- as above
    from clayload.tables.headers import read_headers  # noqa: PLC0415 -- as above
    from clayload.tables.read import read_tables  # noqa: PLC0415 -- as above

    config = read_tables(ROOT / "config" / "tables.yaml")
    aliases = read_headers(ROOT / "config" / "headers.yaml")
    started = time.perf_counter()
    opened = open_extract([extract], aliases, folder)
    prepared = prepare_chunks(opened, config, PrepareOptions("bench", folder))
    seconds = time.perf_counter() - started
    n_in_chunks = sum(chunk.n_leads for chunk in prepared.chunks)
    if not prepared.is_balanced or n_in_chunks != sum(prepared.n_accepted.values()):
        sys.exit(f"the books do not balance: {prepared}")
    return seconds


PATHS: dict[str, Callable[[Path, Path], float]] = {"floor": run_floor, "ours": run_ours}


def measure(name: str, extract: Path) -> tuple[float, int]:
    """Run one path in a fresh process; gives seconds and peak bytes."""
    with tempfile.TemporaryDirectory(dir=extract.parent) as folder:
        command = [sys.executable, __file__, "--path", name, str(extract), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return told["seconds"], told["peak_bytes"]


def compare(n_leads: int, n_runs: int) -> bool:
    """Measure both paths in turn, print the ratio, and tell whether it is within bounds."""
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "leads.csv"
        make = [sys.executable, str(ROOT / "samples" / "make_leads.py")]
        subprocess.run([*make, "--leads", str(n_leads), "--out", str(extract)], check=True)
        runs = [(measure("floor", extract), measure("ours", extract)) for _ in range(n_runs)]
        n_mb = extract.stat().st_size / 1e6
    floor = statistics.median(floor[0] for floor, _ in runs)
    ours = statistics.median(ours[0] for _, ours in runs)
    ratio = statistics.median(ours[0] / floor[0] for floor, ours in runs)
    peak = max(ours[1] for _, ours in runs)
    print(f"{n_leads:,} leads, {n_mb:,.0f} MB of CSV, {n_runs} runs of each, in turn")
    print(f"floor  {floor:6.2f} s   polars: read as text, write Parquet")
    print(f"ours   {ours:6.2f} s   open, clean, screen, route, chunk files; books balanced")
    print(f"ratio  {ratio:6.2f}     at most {MAX_RATIO}")
    print(f"peak   {peak / 1e9:6.2f} GB  at most {MAX_BYTES / 1e9:.0f}")
    return ratio <= MAX_RATIO and peak <= MAX_BYTES


def run_path(name: str, extract: Path, folder: Path) -> None:
    """Run one path in this process and print its seconds and peak bytes as JSON."""
    seconds = PATHS[name](extract, folder)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes}))


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure the data path against polars alone.")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--path", nargs=3, metavar=("NAME", "EXTRACT", "FOLDER"))
    args = parser.parse_args()
    if args.path:
        name, extract, folder = args.path
        run_path(name, Path(extract), Path(folder))
        return 0
    return 0 if compare(args.leads, args.runs) else 1


if __name__ == "__main__":
    sys.exit(main())
