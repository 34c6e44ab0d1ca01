"""What does every test of a load plan start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.benches.plan_bench import PlanBench
from support.servers.standin_process import StandIn, start_standin


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="session")
def standin(commands: Path) -> Iterator[StandIn]:
    with start_standin(shim=commands) as standin:
        yield standin


@pytest.fixture
def bench(standin: StandIn, commands: Path, tmp_path: Path) -> PlanBench:
    return PlanBench.make(standin, tmp_path, commands)
