"""What does every test of a flow start from? A Prefect server, one stand-in, a bench each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_HOME, temporary_settings
from prefect.testing.utilities import prefect_test_harness
from support.benches.flow_bench import FlowBench, PrefectFiles
from support.benches.flow_process import start_server
from support.scenes.load_kit import Workbench
from support.servers.standin_process import StandIn, start_standin

from tasks.server import suited_server


@pytest.fixture(scope="session")
def prefect_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectFiles]:
    home = tmp_path_factory.mktemp("prefect")
    with (
        temporary_settings({PREFECT_HOME: home}),
        suited_server(),
        prefect_test_harness(server_startup_timeout=300),
    ):
        yield PrefectFiles.find(home)


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path, prefect_files: PrefectFiles) -> Iterator[FlowBench]:
    bench = FlowBench(Workbench(standin, tmp_path), prefect_files)
    before = dict(os.environ)
    os.environ.update({k: v for k, v in bench.environ.items() if k.startswith("CLAY")})
    try:
        yield bench
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_server(tmp_path_factory.mktemp("server")) as api:
        yield api


@pytest.fixture
def work(standin: StandIn, tmp_path: Path) -> Workbench:
    return Workbench(standin, tmp_path)
