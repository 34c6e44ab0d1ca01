"""What does every test of the deployments start from? One `clayload serve` for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from load_kit import Workbench
from served_kit import Served, start_served
from standin_process import start_standin


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with start_standin() as standin:
        work = Workbench(standin, tmp_path_factory.mktemp("served"))
        with start_served(work) as served:
            yield served
