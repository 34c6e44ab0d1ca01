"""How does a test load an extract with the real command, into a stand-in, and count after it?

In:    a running stand-in, an empty folder, which tables with which slots there are, and where the
       ledger is: SQLite in the folder, or the URL of an empty Postgres database.
Out:   `Workbench`: configuration, extracts, the command in its own process, and both books: the
       stand-in's rows and the ledger's submissions.
Never: a call into the loader itself; the command's arguments and the environment are the only way.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import NullPool, create_engine

from support.scenes.fakes import TokenBucket
from support.scenes.load_tables import BenchOptions, BenchSlot, describe_config
from support.servers.standin_process import Document, StandIn
from support.servers.warm_process import WarmProcess

WORKSPACE = "main"
CYCLE = "2026-11"
END_WITHIN_S = 300
"""It catches what hangs: a machine with other work may take long."""
_LOOK_EVERY_S = 0.01
Process = subprocess.Popen[str] | WarmProcess
"""A started command."""

_LINE_AT_START = re.compile(r"^run (\S+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind: its exit code and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Document:
        """The JSON on standard output, of which there must be nothing else."""
        assert self.stdout, self.stderr
        document: Document = json.loads(self.stdout)
        return document

    @property
    def is_told(self) -> bool:
        """Whether the JSON on standard output is an error: that of the exit code, and of stderr."""
        error = self.json["error"]
        line = f"{error['code']} {error['message'].splitlines()[0]}"
        return bool(error["exit_code"] == self.exit_code and line == self.error_lines[0])

    @property
    def error_lines(self) -> list[str]:
        """The lines on standard error."""
        return self.stderr.splitlines()


@dataclass(slots=True)
class Workbench:
    """A folder with a configuration, a ledger of its own, and the stand-in it loads into.

    `is_warm`: the command does not wait for its imports, as a person's does. With a `launcher` it
    always does.
    """

    standin: StandIn
    folder: Path
    options: BenchOptions = field(default_factory=BenchOptions)
    environ: dict[str, str] = field(default_factory=dict)
    launcher: Sequence[str] = ()
    ledger_url: str = ""
    is_warm: bool = True

    def __post_init__(self) -> None:
        self.environ = {**_bare_environ(), **self._settings(), **self._secrets()}
        self.standin.configure(self._describe_clay())
        self.standin.faults()
        self.write_config()

    @property
    def home(self) -> Path:
        """The folder of ledger and runs."""
        return self.folder / "home"

    @property
    def slots(self) -> list[BenchSlot]:
        """All slots of all tables."""
        return [slot for table in self.options.tables for slot in table.slots]

    @property
    def secrets(self) -> list[str]:
        """What must appear nowhere: the secret ends of URLs, and tokens."""
        return [text for slot in self.slots for text in (slot.source_id, slot.token)]

    def write_config(self, **changes: object) -> None:
        """Write `tables.yaml` and `headers.yaml`; `changes` replace top-level keys."""
        document = describe_config(WORKSPACE, self.options) | changes
        text = yaml.safe_dump(document, sort_keys=False)
        (self.folder / "tables.yaml").write_text(text)
        (self.folder / "headers.yaml").write_text("email: [Work Email]\n")

    def reconfigure(self, options: BenchOptions) -> None:
        """Change the loader's configuration; the stand-in only gets the sources it lacks."""
        self.options = options
        self.environ |= self._secrets()
        known = {source["name"] for source in self.standin.state()["sources"]}
        for source_id, source in self._describe_clay()["sources"].items():
            if source["name"] not in known:
                self.standin.set_source(source_id, **source)
        self.write_config()

    def write_csv(self, leads: Iterable[Mapping[str, str]], name: str = "leads.csv") -> Path:
        """Write an extract whose header is the keys of the first lead."""
        rows = list(leads)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        path = self.folder / name
        path.write_text(text.getvalue(), newline="")
        return path

    def run(self, *arguments: str | Path, **env: str) -> Ended:
        """Run the command to its end."""
        with self.start(*arguments, **env) as process:
            return end(process)

    def load(self, *arguments: str | Path, **env: str) -> Ended:
        """Run `clayload load … --cycle 2026-11 --json` to its end."""
        return self.run("load", *arguments, "--cycle", CYCLE, "--json", **env)

    @contextmanager
    def start(self, *arguments: str | Path, **env: str) -> Iterator[Process]:
        """Start the command; whatever still runs at the end of the block is killed by its pid."""
        with self._open(list(map(str, arguments)), {**self.environ, **env}) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def _open(self, arguments: list[str], environ: dict[str, str]) -> Process:
        if self.is_warm and not self.launcher:
            return WarmProcess(["clayload", *arguments], self.folder, environ)
        return subprocess.Popen(
            [*self.launcher, sys.executable, "-m", "clayload", *arguments],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def delivered(self) -> dict[str, list[str]]:
        """List the lead_keys of the rows in each table of the stand-in, in order of arrival."""
        return {table.name: self.standin.rows_by_key(table.name) for table in self.options.tables}

    def n_rows(self) -> int:
        """Count the rows in all tables of the stand-in."""
        return sum(self.standin.row_count(table.name) for table in self.options.tables)

    def n_posts(self) -> int:
        """Count every POST the stand-in's workspace ever got."""
        return int(self.standin.traffic(WORKSPACE)["attempted"])

    def n_taken(self) -> int:
        """Count every submission the stand-in ever accepted; a 429 on a busy machine is none."""
        return int(self.standin.traffic(WORKSPACE)["accepted"])

    def send_moments(self) -> list[float]:
        """List from when on each lead might leave, epoch seconds ascending, by its last grant.

        It is what the ledger allowed, however late the machine was.
        """
        sql = "SELECT send_at FROM submissions WHERE send_at IS NOT NULL ORDER BY send_at"
        return [at for (at,) in self.query(sql)]

    def is_paced(self) -> bool:
        """Whether Clay's own limiter would have let every lead through at its moment."""
        bucket = TokenBucket(self.options.rate_per_s, self.options.burst)
        return all(bucket.take(at) for at in self.send_moments())

    def wait_for_rows(self, n: int, within_s: float = END_WITHIN_S) -> None:
        """Wait until the stand-in holds `n` rows."""
        _wait_until(n, self.n_rows, within_s)

    def wait_for_posts(self, n: int) -> None:
        """Wait until the stand-in got `n` POSTs, whatever it answered."""
        _wait_until(n, self.n_posts, END_WITHIN_S)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the ledger's database, past the loader's own code."""
        if self.ledger_url:
            return _query_server(self.ledger_url, sql)
        return _query_file(self.home / "ledger.db", sql)

    def states_of(self, cycle: str) -> dict[str, int]:
        """Count the ledger's leads of a cycle by state."""
        rows = self.query("SELECT cycle, state FROM submissions")
        return dict(Counter(state for of_cycle, state in rows if of_cycle == cycle))

    def query_left_behind(self, sql: str) -> list[tuple[Any, ...]]:
        """Read what a killed load left, and leave it so: the next load must find it as it was.

        Opening SQLite's files would fix them, so a copy is read. Postgres may still be at work on
        what the dead process asked last, so its connections are waited for.
        """
        if self.ledger_url:
            _wait_for_backends(self.ledger_url)
            return _query_server(self.ledger_url, sql)
        with tempfile.TemporaryDirectory() as copies:
            for file in self.home.glob("ledger.db*"):
                shutil.copy(file, copies)
            return _query_file(Path(copies, "ledger.db"), sql)

    def keys_in(self, *states: str) -> dict[str, list[str]]:
        """List the ledger's lead_keys in these states, by table, sorted."""
        keys: dict[str, list[str]] = {table.name: [] for table in self.options.tables}
        rows = self.query("SELECT table_name, lead_key, state FROM submissions")
        for table, lead_key, state in sorted(rows):
            if state in states:
                keys[table].append(lead_key)
        return keys

    def _settings(self) -> dict[str, str]:
        return {
            "CLAYLOAD_CONFIG": str(self.folder / "tables.yaml"),
            "CLAYLOAD_HOME": str(self.home),
            "CLAYLOAD_LEDGER_URL": self.ledger_url,
            "COLUMNS": "200",
        }

    def _secrets(self) -> dict[str, str]:
        urls = {slot.url_variable: self.standin.webhook_url(slot.source_id) for slot in self.slots}
        return urls | {slot.token_variable: slot.token for slot in self.slots}

    def _describe_clay(self) -> Document:
        pace = {"rate_per_s": self.options.rate_per_s, "burst": self.options.burst}
        return {
            "workspaces": {WORKSPACE: pace},
            "tables": {table.name: {"workspace": WORKSPACE} for table in self.options.tables},
            "sources": {
                slot.source_id: {
                    "table": table.name,
                    "name": slot.name,
                    "token": slot.token,
                    "lifetime_limit": slot.lifetime_limit,
                    "submissions": min(slot.already_used, slot.lifetime_limit),
                }
                for table in self.options.tables
                for slot in table.slots
            },
        }


def _wait_until(n: int, count: Callable[[], int], within_s: float) -> None:
    give_up_at = time.monotonic() + within_s
    while (n_found := count()) < n:
        if time.monotonic() > give_up_at:
            message = f"the stand-in counts {n_found} of {n} after {within_s:g} s"
            raise TimeoutError(message)
        time.sleep(_LOOK_EVERY_S)


def end(process: Process, within_s: float = END_WITHIN_S) -> Ended:
    """Wait for a started command to end, and read what it printed."""
    stdout, stderr = process.communicate(timeout=within_s)
    return Ended(process.returncode, stdout, stderr)


def kill(process: Process) -> Ended:
    """End a started command as a power cut would, and read what it had printed."""
    process.send_signal(signal.SIGKILL)
    return end(process)


def run_id_of(ended: Ended) -> str:
    """Read the run's id from the first line of progress."""
    found = _LINE_AT_START.search(ended.stderr)
    if found is None:
        message = f"no run was announced: {ended.stderr!r}"
        raise ValueError(message)
    return found.group(1)


def ends_of(report: Document) -> dict[str, int]:
    """Count a JSON report's leads by end, and check that they make the rows read."""
    ends: dict[str, int] = report["ends"]
    assert sum(ends.values()) == report["extract"]["n_rows"]
    return {end_: n for end_, n in ends.items() if n}


def _bare_environ() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLAY", "PREFECT_"))
    }


def _query_file(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def _query_server(url: str, sql: str) -> list[tuple[Any, ...]]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def _wait_for_backends(url: str) -> None:
    others = (
        "SELECT COUNT(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    give_up_at = time.monotonic() + END_WITHIN_S
    while _query_server(url, others) != [(0,)]:
        if time.monotonic() > give_up_at:
            message = "connections of a killed load are still open"
            raise TimeoutError(message)
        time.sleep(_LOOK_EVERY_S)
