"""Is the configuration read once for as long as nobody changes it?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.scenes.load_kit import WORKSPACE
from support.scenes.load_tables import BenchOptions, describe_config
from yaml import safe_dump, safe_load

from clayload.errors import Code, ConfigError
from clayload.setup import read_setup
from clayload.tables.catalogue import BUILT_IN


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


def test_who_only_looks_is_not_stopped_by_a_filter_or_by_prices_and_who_sends_is(
    tmp_path: Path,
) -> None:
    environ = write(tmp_path, 500)
    path = tmp_path / "tables.yaml"
    document = safe_load(path.read_text())
    document["tables"]["tech"]["filter"] = "no such words"
    path.write_text(safe_dump(document))
    assert set(read_setup(environ, read_only=True).config.tables) == set(document["tables"])
    with pytest.raises(ConfigError) as refused:
        read_setup(environ)
    assert refused.value.code is Code.CONFIG_BAD_FILTER
    write(tmp_path, 500)
    (tmp_path / "clay.yaml").write_text("version: 2\n")
    looking = read_setup(environ, read_only=True)
    with pytest.raises(ConfigError):
        read_setup(environ)
    with pytest.raises(ConfigError):
        _ = looking.catalogue


def test_a_load_keeps_to_the_prices_it_began_with(tmp_path: Path) -> None:
    environ = write(tmp_path, 500)
    shutil.copy(BUILT_IN, tmp_path / "clay.yaml")
    setup = read_setup(environ)
    before = setup.catalogue
    (tmp_path / "clay.yaml").write_text("broken: [\n")
    assert setup.catalogue is before
