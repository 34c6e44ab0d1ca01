"""What does every test of a whole load start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scenes.down_load import DownLoad, start_down_load
from support.scenes.first_loads import FirstLoads
from support.scenes.load_kit import Workbench
from support.servers.standin_process import StandIn, start_standin


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


@pytest.fixture(scope="session", autouse=True)
def down_load(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DownLoad]:
    """Start a load that mostly waits, first of all, so that nobody waits for it."""
    with start_down_load(standin, tmp_path_factory.mktemp("down")) as load:
        yield load


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path) -> Workbench:
    return Workbench(standin, tmp_path)


@pytest.fixture(scope="session")
def first_loads(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> FirstLoads:
    return FirstLoads.run(Workbench(standin, tmp_path_factory.mktemp("first-loads")))
