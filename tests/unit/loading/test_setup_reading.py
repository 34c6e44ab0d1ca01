"""Is the configuration read once for as long as nobody changes it?"""

from __future__ import annotations

from pathlib import Path

from support.scenes.load_kit import WORKSPACE
from support.scenes.load_tables import BenchOptions, describe_config
from yaml import safe_dump

from clayload.setup import read_setup


def write(folder: Path, rate_per_s: float) -> dict[str, str]:
    path = folder / "tables.yaml"
    options = BenchOptions(rate_per_s=rate_per_s)
    path.write_text(safe_dump(describe_config(WORKSPACE, options)))
    return {"CLAYLOAD_CONFIG": str(path)}


def test_a_file_is_read_again_once_it_has_changed_and_not_before(tmp_path: Path) -> None:
    environ = write(tmp_path, 500)
    first, *again = [read_setup(environ).config for _ in range(3)]
    write(tmp_path, 60)
    changed = read_setup(environ).config
    assert all(config is first for config in again)
    assert (first.workspace.rate_per_s, changed.workspace.rate_per_s) == (500, 60)
