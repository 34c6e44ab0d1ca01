from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clayload.extracts.open import Extract, open_extract
from clayload.tables.headers import read_headers

ALIASES = read_headers(Path(__file__).parents[3] / "config" / "headers.yaml")

OpenFile = Callable[..., Extract]


@pytest.fixture
def open_bytes(tmp_path: Path) -> OpenFile:
    """Write bytes under a name and open them as an extract."""

    def write_and_open(content: bytes, name: str = "leads.csv") -> Extract:
        path = tmp_path / name
        path.write_bytes(content)
        return open_extract([path], ALIASES, tmp_path / "work")

    return write_and_open


@pytest.fixture
def open_paths(tmp_path: Path) -> OpenFile:
    """Open paths, relative to the test's folder, as one extract."""

    def open_them(*paths: str) -> Extract:
        return open_extract([tmp_path / path for path in paths], ALIASES, tmp_path / "work")

    return open_them
