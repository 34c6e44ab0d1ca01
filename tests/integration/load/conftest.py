"""What does every test of a whole load start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from first_loads import FirstLoads
from load_kit import Workbench
from standin_process import StandIn, start_standin


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path) -> Workbench:
    return Workbench(standin, tmp_path)


@pytest.fixture(scope="session")
def first_loads(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> FirstLoads:
    return FirstLoads.run(Workbench(standin, tmp_path_factory.mktemp("first-loads")))
