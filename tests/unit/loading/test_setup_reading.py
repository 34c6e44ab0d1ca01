"""Is the configuration read once for as long as nobody changes it?"""

from __future__ import annotations

from pathlib import Path

import pytest
from load_kit import WORKSPACE
from load_tables import BenchOptions, describe_config
from yaml import safe_dump

from clayload.loading import setup


def write(folder: Path, rate_per_s: float) -> dict[str, str]:
    path = folder / "tables.yaml"
    options = BenchOptions(rate_per_s=rate_per_s)
    path.write_text(safe_dump(describe_config(WORKSPACE, options)))
    return {"CLAYLOAD_CONFIG": str(path)}


def test_a_file_is_read_again_once_it_has_changed_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    read_tables = setup.read_tables
    monkeypatch.setattr(
        setup, "read_tables", lambda path: (reads.append(path), read_tables(path))[1]
    )
    environ = write(tmp_path, 500)
    rates = [setup.read_setup(environ).config.workspace.rate_per_s for _ in range(3)]
    write(tmp_path, 60)
    rates.append(setup.read_setup(environ).config.workspace.rate_per_s)
    assert rates == [500, 500, 500, 60]
    assert len(reads) == 2
