"""What does every test of the deployments start from? One `clayload serve` for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.benches.served_kit import Served, start_served
from support.scenes.load_kit import Workbench
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, BenchSlot, BenchTable
from support.servers.postgres_server import start_postgres
from support.servers.standin_process import start_standin

RATE_PER_S, BURST = 200, 200
# The burst says how late a lead may come; a machine with much else to do needs a tenth of a second.
TIME_ZONE = "Europe/Berlin"
"""Not UTC, which is also what a configuration that says nothing comes to."""
EVENTS = BenchTable("event-attendees", "Events", (BenchSlot("events-1"),), "low")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        start_standin() as standin,
        TemporaryDirectory(prefix="clayload-postgres-") as folder,
        start_postgres(Path(folder)) as postgres,
    ):
        tables = (TECH, FINANCE, EVENTS)
        options = BenchOptions(tables, rate_per_s=RATE_PER_S, burst=BURST, time_zone=TIME_ZONE)
        url = postgres.make_database("served")
        work = Workbench(standin, tmp_path_factory.mktemp("served"), options, ledger_url=url)
        with start_served(work) as served:
            yield served
