"""How close does the sending loop come to what httpx and the disk can do?

    python benchmarks/sending_loop.py                   4,000 leads, 3 runs, about 3 minutes
    python benchmarks/sending_loop.py --leads 1000 --runs 1

In:    an extract made by `samples/make_leads.py`, the configuration in `config/` at the greatest
       rate and burst it admits, a durable ledger on disk.
Out:   the whole loop's leads a second, as a part of what a bare httpx loop posts (the same bodies,
       as many at once, to the same server), and what SQLite's own commits of the same rows cost
       beside it. Exit code 1 when an aim is missed.
Never: figures of two moments compared: the three take turns, each in a fresh process.

Two servers, each in another process: the stand-in, which judges and keeps every lead and so has a
say in the pace itself; and a bare sink that answers 200 to anything, so that the loop is measured.
Only the sink's ratios have aims.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from delivery_loop import deliver_all

from clayload.delivery.pace import grant_size
from clayload.frames.chunk import read_bodies
from clayload.loading.intake.request import LoadRequest
from clayload.loading.prepare import PreparedLoad, prepare_load
from clayload.setup import Setup, read_setup
from clayload.tables.read import read_tables
from clayload.tables.tables_file import TablesConfig

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "config" / "tables.yaml"
WEBHOOK_PATH = "v3/sources/webhook"
MAX_RATE, MAX_BURST = 10_000.0, 10_000
MIN_OF_HTTPX = 0.8
MAX_OF_COMMITS = 0.15
SERVERS = {
    "sink": "answers 200 to anything; the loop is what is measured",
    "stand-in": "judges and keeps every lead; it has a say in the pace itself",
}
JSON_HEADER = {"content-type": "application/json"}

Told = dict[str, float]


def read_fast_config() -> TablesConfig:
    """Read the shipped configuration, at the greatest rate and burst it admits."""
    config = read_tables(CONFIG)
    raised = config.workspace.model_dump() | {"rate_per_s": MAX_RATE, "burst": MAX_BURST}
    workspace = type(config.workspace).model_validate(raised)
    return config.model_copy(update={"workspace": workspace})


def read_fast_setup(folder: Path, base_url: str) -> Setup:
    """Give the surroundings of a load into `base_url`, with its ledger in `folder`."""
    config = read_fast_config()
    settings = {"CLAYLOAD_CONFIG": str(CONFIG), "CLAYLOAD_HOME": str(folder)}
    secrets = {
        ref.removeprefix("env:"): secret
        for table in config.tables.values()
        for slot in table.slots
        for ref, secret in (
            (slot.url, f"{base_url}/{WEBHOOK_PATH}/{slot.name}"),
            (slot.token or "", "bench-token"),
        )
    }
    setup = read_setup(settings | secrets)
    return replace(setup, config=config)


def prepare(extract: Path, folder: Path, base_url: str) -> tuple[Setup, PreparedLoad]:
    """Write down every lead that is owed, as a load does before it sends."""
    setup = read_fast_setup(folder, base_url)
    return setup, prepare_load(LoadRequest((str(extract),)), setup)


def run_ours(extract: Path, folder: Path, base_url: str) -> Told:
    """Deliver all chunks as a load does: as many at once, each grant durable before it is sent."""
    setup, prepared = prepare(extract, folder, base_url)
    leads_per_s = prepared.n_owed / deliver_all(prepared, setup)
    return {"leads_per_s": leads_per_s, "n_grants": _count_grants(folder)}


def run_httpx(extract: Path, folder: Path, base_url: str) -> Told:
    """Post the same bodies with httpx alone: a client for each chunk that is under way at once."""
    setup, prepared = prepare(extract, folder, base_url)
    posts = [
        (secret.url.get_secret_value(), body)
        for chunk in prepared.chunks
        for secret in list(setup.secrets(chunk.table).values())[:1]
        for body in read_bodies(chunk).values()
    ]
    started = time.perf_counter()
    asyncio.run(
        _post_all(iter(posts), setup.settings.chunks_at_once, setup.settings.requests_per_chunk)
    )
    return {"leads_per_s": len(posts) / (time.perf_counter() - started)}


async def _post_all(posts: Iterator[tuple[str, bytes]], n_clients: int, n_each: int) -> None:
    async def post_each(client: httpx.AsyncClient) -> None:
        for url, body in posts:
            answer = await client.post(url, content=body, headers=JSON_HEADER)
            answer.raise_for_status()

    async def post_through_client() -> None:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as group:
            for _ in range(n_each):
                group.create_task(post_each(client))

    async with asyncio.TaskGroup() as group:
        for _ in range(n_clients):
            group.create_task(post_through_client())


def run_commits(extract: Path, folder: Path, base_url: str) -> Told:
    """Write the same rows of the same ledger with sqlite3 alone, a grant's worth a transaction.

    Each transaction writes the verdicts of the last grant and the intent of the next, and a row
    each for the workspace, the slot, the table and the traffic.
    """
    _, prepared = prepare(extract, folder, base_url)
    n = grant_size(MAX_RATE)
    with closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as ledger:
        ledger.execute("PRAGMA synchronous=FULL")
        ids = ledger.execute("SELECT submission_id FROM submissions").fetchall()
        grants = [ids[at : at + n] for at in range(0, len(ids), n)]
        started = time.perf_counter()
        for last, granted in zip([[], *grants], [*grants, []], strict=True):
            _commit(ledger, last, granted)
        return {"leads_per_s": prepared.n_owed / (time.perf_counter() - started)}


def _commit(ledger: sqlite3.Connection, last: list[Any], granted: list[Any]) -> None:
    update, at = "UPDATE submissions SET state=?, ", time.time()
    ledger.execute("BEGIN IMMEDIATE")
    verdict = update + "status=200, reason='accepted', body='', updated_at=? WHERE submission_id=?"
    ledger.executemany(verdict, [("delivered", at, *key) for key in last])
    intent = update + "run_id=?, slot=?, grant_id=?, updated_at=? WHERE submission_id=?"
    names = ("20261101T000000Z-000000", "inbound-1", "0123456789abcdef")
    ledger.executemany(intent, [("sending", *names, at, *key) for key in granted])
    ledger.execute("UPDATE workspaces SET tat=?", (at,))
    ledger.execute("UPDATE slots SET used=used+? WHERE slot='inbound-1'", (len(granted),))
    table = "UPDATE clay_tables SET rows_used=rows_used+? WHERE table_name='inbound-leads'"
    ledger.execute(table, (len(granted),))
    ledger.execute("INSERT OR REPLACE INTO traffic VALUES ('inbound-1', 0, 'main', 0, 0, 0, 0, 10)")
    ledger.execute("COMMIT")


def _count_grants(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        found = ledger.execute("SELECT COUNT(DISTINCT grant_id) FROM submissions").fetchone()
    return int(found[0])


PATHS: dict[str, Callable[[Path, Path, str], Told]] = {
    "ours": run_ours,
    "httpx": run_httpx,
    "commits": run_commits,
}


class _Sink(asyncio.Protocol):
    """Answers 200 to every whole request, whatever it says."""

    _ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._end_of_request()) is not None:
            self._unread = self._unread[end:]
            self._transport.write(self._ANSWER)

    def _end_of_request(self) -> int | None:
        head, blank, body = self._unread.partition(b"\r\n\r\n")
        if not blank:
            return None
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return len(head) + len(blank) + length if len(body) >= length else None


async def serve_sink() -> None:
    """Serve the sink on a free port of the loopback address until ended."""
    server = await asyncio.get_running_loop().create_server(_Sink, "127.0.0.1", 0)
    print(f"sink listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def describe_clay() -> dict[str, Any]:
    """Describe a Clay without a rate limit to the stand-in."""
    tables = read_tables(CONFIG).tables
    return {
        "workspaces": {"main": {"rate_per_s": None}},
        "tables": {name: {"workspace": "main"} for name in tables},
        "sources": {
            slot.name: {"table": name} for name, table in tables.items() for slot in table.slots
        },
    }


@contextmanager
def serving(name: str, folder: Path) -> Iterator[str]:
    """Run a server in another process; gives its address."""
    command = [sys.executable, __file__, "--sink"]
    if name == "stand-in":
        clay = folder / "clay.json"
        clay.write_text(json.dumps(describe_clay()))
        command = [sys.executable, "-m", "clayload", "standin", "--config", str(clay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            # Both say where they listen as soon as they do.
            yield next(iter(server.stdout or ())).split()[-1]
        finally:
            server.terminate()


def measure(path: str, server: str, extract: Path) -> Told:
    """Run one path in a fresh process, against a fresh server in another."""
    with tempfile.TemporaryDirectory(dir=extract.parent) as name:
        folder = Path(name)
        with serving(server, folder) as base_url:
            command = [sys.executable, __file__, "--path", path, str(extract), name, base_url]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    told: Told = json.loads(done.stdout)
    return told


def compare(server: str, extract: Path, n_runs: int) -> bool:
    """Let the three take turns, print the ratios, and tell whether they are within bounds."""
    rounds = [{path: measure(path, server, extract) for path in PATHS} for _ in range(n_runs)]
    speed = {
        path: statistics.median(told[path]["leads_per_s"] for told in rounds) for path in PATHS
    }
    of_httpx, of_commits = (
        statistics.median(
            told["ours"]["leads_per_s"] / told[path]["leads_per_s"] for told in rounds
        )
        for path in ("httpx", "commits")
    )
    ours = rounds[-1]["ours"]
    is_aimed = server == "sink"
    aims = (f"at least {MIN_OF_HTTPX}", f"at most {MAX_OF_COMMITS}") if is_aimed else ("-", "-")
    print(f"\n{server}: {SERVERS[server]}")
    print(f"httpx    {speed['httpx']:7,.0f} leads/s  a bare httpx loop, as many at once")
    print(f"commits  {speed['commits']:7,.0f} leads/s  SQLite alone, the same rows, as durable")
    print(f"ours     {speed['ours']:7,.0f} leads/s  {ours['n_grants']:.0f} grants, each durable")
    print(f"ours / httpx    {of_httpx:6.2f}  {aims[0]}")
    print(f"ours / commits  {of_commits:6.2f}  {aims[1]}: what the commits take of our time")
    return not is_aimed or (of_httpx >= MIN_OF_HTTPX and of_commits <= MAX_OF_COMMITS)


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure the sending loop against httpx alone.")
    parser.add_argument("--leads", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--path", nargs=4, metavar=("NAME", "EXTRACT", "FOLDER", "URL"))
    parser.add_argument("--sink", action="store_true")
    args = parser.parse_args()
    if args.sink:
        asyncio.run(serve_sink())
    if args.path:
        name, extract, folder, base_url = args.path
        print(json.dumps(PATHS[name](Path(extract), Path(folder), base_url)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        extract = Path(name) / "leads.csv"
        make = [sys.executable, "samples/make_leads.py", "--leads", str(args.leads)]
        subprocess.run([*make, "--out", str(extract)], check=True, cwd=ROOT)
        print(f"{args.leads:,} leads, medians of {args.runs} runs of each, in turn")
        are_met = [compare(server, extract, args.runs) for server in SERVERS]
    return 0 if all(are_met) else 1


if __name__ == "__main__":
    sys.exit(main())
