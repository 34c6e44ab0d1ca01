"""A package that is not ours adds a scheme by an entry point, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import sys
from clayload.errors import ConfigError
from clayload.secrets import resolve_secret
try:
    print(resolve_secret(sys.argv[1], {}).get_secret_value())
except ConfigError as exc:
    print(exc)
assert "prefect" not in sys.modules, "the core must not import Prefect"
"""


def resolve(folder: Path, reader: str, ref: str) -> str:
    """What a process prints that has a package in this folder with the scheme `vault`."""
    (folder / "vault.py").write_text(reader, "utf-8")
    info = folder / "vault-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vault\nVersion: 1\n", "utf-8")
    (info / "entry_points.txt").write_text("[clayload.secrets]\nvault = vault:read\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, ref],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_registered_reader_gets_the_name_and_gives_the_secret(tmp_path: Path) -> None:
    reader = "def read(name):\n    return f'value of {name}'\n"
    assert resolve(tmp_path, reader, "vault:clay/tech-1") == "value of clay/tech-1"


def test_what_a_reader_says_when_it_fails_is_not_repeated(tmp_path: Path) -> None:
    reader = "def read(name):\n    raise RuntimeError('the secret is s3cr3t')\n"
    said = resolve(tmp_path, reader, "vault:tech-1")
    assert said.startswith("CLY-CFG-06 vault:tech-1 cannot be read (RuntimeError)")
    assert "s3cr3t" not in said


def test_a_reader_that_finds_nothing_means_a_missing_secret(tmp_path: Path) -> None:
    reader = "def read(name):\n    return None\n"
    assert resolve(tmp_path, reader, "vault:tech-1").startswith(
        "CLY-CFG-06 vault:tech-1 is not set"
    )
