"""What does every test of a start that loads begin with?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scenes.load_kit import Workbench
from support.servers.standin_process import StandIn, start_standin


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path) -> Workbench:
    return Workbench(standin, tmp_path)
