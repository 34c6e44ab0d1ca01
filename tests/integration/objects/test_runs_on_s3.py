"""Machines that share a bucket and a ledger need no disk in common."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.scenes.load_kit import Ended, Workbench, ends_of
from support.scenes.load_tables import make_leads
from support.servers.link import Link, open_link
from support.servers.refusing_server import start_refusing_server
from support.servers.s3_server import BUCKET, READER, S3Server

RUNS_URL = f"s3://{BUCKET}/clayload/runs"
LEADS = make_leads("Software", 30) + make_leads("Banking", 20)
REFUSABLE = [{**lead, "notes": "refuse me"} for lead in make_leads("Banking", 3, first=500)]
BAD = [{**lead, "email": f"nobody {n}"} for n, lead in enumerate(make_leads("Banking", 2))]
PROGRAM = Path(__file__).with_name("share_process.py")


class NoWay(Link):
    """A way to the storage on which nothing gets through."""

    def is_cut(self, piece: bytes) -> bool:
        return bool(piece)


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines with a disk of their own each, but one ledger and one bucket."""

    bench: Workbench

    def environ(self, name: str) -> dict[str, str]:
        ledger = f"sqlite:///{self.bench.home}/ledger.db"
        home = str(self.bench.folder / name)
        return {
            "CLAYLOAD_HOME": home,
            "CLAYLOAD_LEDGER_URL": ledger,
            "CLAYLOAD_RUNS_URL": RUNS_URL,
            "CLAYLOAD_CHUNK_ROWS": "10",
        }

    def run(self, machine: str, *arguments: str | Path, **env: str) -> Ended:
        return self.bench.run(*arguments, **self.environ(machine), **env)

    def share(self, machine: str, work: str, what: str | Path, **env: str) -> str:
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), work, str(what)],
            env={**self.bench.environ, **self.environ(machine), **env},
            capture_output=True,
            check=False,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


@pytest.fixture
def machines(bench: Workbench) -> Machines:
    bench.home.mkdir()
    return Machines(bench)


def test_of_a_load_that_is_refused_nothing_is_kept_anywhere(
    machines: Machines, storage: S3Server
) -> None:
    extract = machines.bench.write_csv(LEADS + BAD)
    assert machines.run("first", "load", extract, "--cycle", "2026-11").exit_code == 0
    kept = storage.list_names(RUNS_URL)
    assert machines.share("second", "month", extract) == "StopExtractError CLY-EXT-06"
    assert storage.list_names(RUNS_URL) == kept
    assert list((machines.bench.folder / "second" / "runs").iterdir()) == []


def test_what_a_run_kept_is_found_by_a_machine_that_has_only_the_bucket_and_the_ledger(
    machines: Machines, storage: S3Server, tmp_path: Path
) -> None:
    bench = machines.bench
    extract = bench.write_csv(LEADS + REFUSABLE + BAD)
    with start_refusing_server() as url:
        refusing = {"CLAY_WEBHOOK_FINANCE_1": f"{url}/hook"}
        loaded = machines.run(
            "first", "load", extract, "--cycle", "2026-11", "--json", **refusing
        ).json
    assert ends_of(loaded) == {"quarantined": 2, "delivered": 50, "refused": 3}
    run_id, place = loaded["run_id"], f"{RUNS_URL}/{loaded['run_id']}"
    assert loaded["extract"]["folder"] == place
    kept = storage.list_names(place)
    assert [name for name in kept if "/" not in name] == [
        "quarantine.csv",
        "report.json",
        "report.md",
    ]
    assert len([name for name in kept if name.endswith(".parquet")]) == 6
    assert json.loads(storage.read(f"{place}/report.json"))["run_id"] == run_id
    shutil.rmtree(tmp_path / "first")

    exported = machines.run("second", "quarantine", "export", run_id, "--out", "q.csv")
    assert exported.exit_code == 0, exported.stderr
    lines = (tmp_path / "q.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == ['"nobody 0"', '"nobody 1"']
    traced = machines.run("second", "trace", "nobody 1")
    assert "quarantined" in traced.stdout, traced.stderr
    page = machines.run("second", "report", run_id)
    assert page.stdout == f"{place}/report.html\n"
    assert storage.read(f"{place}/report.html").startswith(b"<!")
    replayed = machines.run("third", "replay", run_id, "--yes", "--json").json
    assert ends_of(replayed) == {"delivered": 3}
    assert f"{replayed['run_id']}/report.json" in "\n".join(storage.list_names(RUNS_URL))
    resubmitted = machines.run("third", "resubmit", tmp_path / "q.csv", "--dry-run", "--json")
    # Both rows stand for leads that the run had set aside: it has their places from the bucket.
    assert resubmitted.json["extract"]["added"] == []


def test_chunks_prepared_here_are_delivered_there_and_a_storage_out_of_reach_loses_none(
    machines: Machines, storage: S3Server, tmp_path: Path
) -> None:
    bench = machines.bench
    run_id = machines.share("first", "prepare", bench.write_csv(LEADS))
    shutil.rmtree(tmp_path / "first")
    chunks = machines.share("second", "list", run_id)
    with open_link(NoWay(storage.port)) as link:
        away = storage.environ(port=link.port)
        assert machines.share("second", "list", run_id, **away) == "RunError CLY-RUN-01"
        # Prefect tries such a chunk again by itself.
        assert machines.share("second", "send", chunks, **away) == "RetryChunkError CLY-RUN-01"
    assert bench.n_posts() == 0
    assert {state: len(keys) for state, keys in bench.keys_in("pending").items()} == {
        "tech": 30,
        "finance": 20,
    }

    assert machines.share("second", "deliver", run_id) == ""
    assert bench.n_taken() == bench.n_rows() == len(LEADS)
    report = json.loads(storage.read(f"{RUNS_URL}/{run_id}/report.json"))
    assert ends_of(report) == {"delivered": len(LEADS)}


def test_a_bucket_that_cannot_be_written_stops_the_load_before_anything_is_owed(
    machines: Machines, storage: S3Server
) -> None:
    bench = machines.bench
    checked = machines.run("first", "check", "--json", **storage.environ(READER)).stdout
    assert {one["check"]: one["is_ok"] for one in json.loads(checked)}["run files"] is False
    checked = machines.run("first", "check", "--json").stdout
    assert {one["check"]: one["is_ok"] for one in json.loads(checked)}["run files"] is True
    ended = machines.run(
        "first", "load", bench.write_csv(LEADS), "--cycle", "2026-11", **storage.environ(READER)
    )
    assert ended.exit_code == 22
    assert ended.stderr.startswith("CLY-RUN-01")
    assert "is refused to us" in ended.stderr
    assert bench.n_posts() == 0
    assert bench.query("SELECT * FROM runs") == []


def test_a_run_whose_files_were_deleted_from_the_bucket_is_said_to_be_gone(
    machines: Machines, storage: S3Server, tmp_path: Path
) -> None:
    run_id = machines.share("first", "prepare", machines.bench.write_csv(LEADS + BAD))
    shutil.rmtree(tmp_path / "first")
    storage.delete(f"{RUNS_URL}/{run_id}")
    ended = machines.run("second", "quarantine", "export", run_id)
    assert ended.stderr.startswith("CLY-RUN-05")
    traced = machines.run("second", "trace", LEADS[0]["email"])
    assert f"the folder of run {run_id} is gone" in traced.stdout
    assert machines.share("second", "deliver", run_id) == "RunError CLY-RUN-05"
