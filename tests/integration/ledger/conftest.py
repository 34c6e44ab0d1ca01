"""What does every ledger test start from?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_scene import LedgerScene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[LedgerScene]:
    scene = LedgerScene(tmp_path / "ledger.db")
    yield scene
    scene.close()
