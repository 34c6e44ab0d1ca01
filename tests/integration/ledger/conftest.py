"""What does every ledger test start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.scenes.ledger_places import PostgresPlaces, SqlitePlaces
from support.scenes.ledger_scene import LedgerScene
from support.servers.postgres_server import start_postgres


@pytest.fixture(scope="session")
def postgres_places() -> Iterator[PostgresPlaces]:
    # Not pytest's own folder: root's may not be entered by the server's user.
    with (
        TemporaryDirectory(prefix="clayload-postgres-") as folder,
        start_postgres(Path(folder)) as server,
    ):
        yield PostgresPlaces(server)


@pytest.fixture(scope="session")
def sqlite_places(tmp_path_factory: pytest.TempPathFactory) -> SqlitePlaces:
    return SqlitePlaces(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def sqlite_scene(sqlite_places: SqlitePlaces, ledger_path: Path) -> Iterator[LedgerScene]:
    scene = LedgerScene(sqlite_places.make(ledger_path))
    yield scene
    scene.close()


@pytest.fixture
def postgres_scene(postgres_places: PostgresPlaces) -> Iterator[LedgerScene]:
    with postgres_places.new() as place:
        scene = LedgerScene(place)
        yield scene
        scene.close()


@pytest.fixture(params=["sqlite", "postgres"])
def scene(request: pytest.FixtureRequest) -> LedgerScene:
    """A scene on either kind of ledger."""
    found = request.getfixturevalue(f"{request.param}_scene")
    assert isinstance(found, LedgerScene)
    return found
