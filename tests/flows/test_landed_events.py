"""`clayload backfill` and `clayload watch` are heard by a real Prefect server, before they end."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from prefect.settings import PREFECT_API_URL
from support.benches.flow_bench import wait_for
from support.scenes.load_kit import Ended, end
from support.servers.warm_process import WarmProcess

from deployments.announce import (
    EVENT_NAME,
    FILE,
    LANDED_EVENT,
    N_BYTES,
    RESOURCE_ID,
    RESOURCE_NAME,
    SHA256,
)

pytestmark = pytest.mark.usefixtures("prefect_files")
NOBODY = "http://127.0.0.1:9/api"


@contextmanager
def start(folder: Path, *arguments: str | Path, api: str | None = None) -> Iterator[WarmProcess]:
    """Start `clayload …` in a folder; it is killed at the end of the block."""
    environ = {
        **os.environ,
        "CLAYLOAD_HOME": str(folder / "home"),
        "PREFECT_API_URL": api or str(PREFECT_API_URL.value()),
    }
    with WarmProcess(["clayload", *map(str, arguments)], folder, environ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path, *arguments: str | Path, api: str | None = None) -> Ended:
    with start(folder, *arguments, api=api) as process:
        return end(process)


def write_leads(path: Path) -> str:
    """Write an extract of its own for each test, for they share a server; give its sha256."""
    path.parent.mkdir(exist_ok=True)
    content = f"email\nada@{time.time_ns()}.example\n".encode()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def wait_for_events(sha256: str, n: int) -> list[Event]:
    """Give the events of an extract, once the server has written down `n` of them."""
    landed = EventFilter(event=EventNameFilter(name=[LANDED_EVENT]))
    most = 50  # The client asks for 100 by itself, and the server gives no more than 50.

    def find(prefect: SyncPrefectClient) -> list[Event] | None:
        events: list[Event] = list(prefect.read_events(landed, limit=most).events)
        ours = [each for each in events if each.payload[SHA256] == sha256]
        return ours if len(ours) >= n else None

    return wait_for(find, f"{n} events")


def assert_says(event: Event, event_name: str, file: Path, sha256: str) -> None:
    assert dict(event.resource) == {
        RESOURCE_ID: f"clayload.extract.{sha256[:12]}",
        RESOURCE_NAME: file.name,
    }
    assert event.payload == {
        EVENT_NAME: event_name,
        FILE: str(file),
        SHA256: sha256,
        N_BYTES: file.stat().st_size,
    }


def test_a_backfill_is_heard_with_the_file_where_it_lies(tmp_path: Path) -> None:
    sha256 = write_leads(tmp_path / "leads.csv")
    ingested = run(tmp_path, "backfill", "leads.csv", "--event", "expo-2026")
    assert (ingested.exit_code, ingested.stderr) == (0, "")
    file = tmp_path / "home" / "landed" / "expo-2026" / "leads.csv"
    assert f"landed: {file}" in ingested.stdout
    assert file.read_bytes() == (tmp_path / "leads.csv").read_bytes()
    (event,) = wait_for_events(sha256, 1)
    assert_says(event, "expo-2026", file, sha256)
    known = run(tmp_path, "backfill", "leads.csv", "--event", "expo-2026", "--again")
    assert known.stdout.startswith(f"lay there already: {file}")
    assert len(wait_for_events(sha256, 2)) == 2


def test_a_watched_folder_is_heard_and_emptied_once_it_is_stable(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    sha256 = write_leads(inbox / "leads.csv")
    (inbox / "notes.csv").write_text("email\n")
    asked = ["watch", "inbox", "--once", "--event", "expo", "--stable-for-s", "1"]
    watched = run(tmp_path, *asked)
    assert (watched.exit_code, watched.stderr) == (0, "")
    file = inbox / "processed" / "expo" / "leads.csv"
    (event,) = wait_for_events(sha256, 1)
    assert_says(event, "expo", file, sha256)
    assert "announced: leads.csv for expo" in watched.stdout
    assert (inbox / "rejected" / "notes.csv.reason.txt").read_text().startswith("CLY-EXT-03")


def test_without_a_server_a_watched_file_stays_where_it_is(tmp_path: Path) -> None:
    write_leads(tmp_path / "inbox" / "leads.csv")
    watched = run(tmp_path, "watch", "inbox", "--once", "--stable-for-s", "0", api=NOBODY)
    assert watched.exit_code == 13
    assert "CLY-LND-02 the extract cannot be announced: Prefect's server" in watched.stdout
    files = [path.name for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]
    assert files == ["leads.csv"]
    assert (tmp_path / "inbox" / "leads.csv").exists()


@pytest.mark.parametrize(("by", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_watch_ends_at_a_signal(tmp_path: Path, by: signal.Signals, exit_code: int) -> None:
    (tmp_path / "inbox").mkdir()
    with start(tmp_path, "watch", "inbox") as process:
        assert process.stdout.readline().startswith("watching")
        process.send_signal(by)
        assert end(process).exit_code == exit_code


def test_an_address_that_is_not_the_api_is_refused_and_nothing_put_in_place(
    tmp_path: Path,
) -> None:
    write_leads(tmp_path / "leads.csv")
    page = str(PREFECT_API_URL.value()).removesuffix("/api")
    ingested = run(tmp_path, "backfill", "leads.csv", "--event", "expo", api=page)
    assert ingested.exit_code == 13
    assert ingested.stderr.startswith("CLY-LND-02 the extract cannot be announced")
    assert not (tmp_path / "home").exists()
