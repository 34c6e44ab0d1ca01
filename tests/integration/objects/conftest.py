"""What does every test with an object storage start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.scenes.load_kit import Workbench
from support.servers.s3_server import S3Server, start_s3
from support.servers.standin_process import StandIn, start_standin


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with start_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bench(standin: StandIn, storage: S3Server, tmp_path: Path) -> Workbench:
    made = Workbench(standin, tmp_path)
    made.environ |= storage.environ()
    return made
