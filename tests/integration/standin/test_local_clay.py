"""`clayload demo` and `clayload serve --standin` touch nothing that is real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import polars as pl
import pytest
import yaml
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, describe_config, make_leads

from clayload.cli.standin.local_clay import running_clay
from clayload.errors import ExitCode
from clayload.tables.catalogue import BUILT_IN
from clayload.tables.read import read_tables


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a configuration whose secrets are kept in the environment, in Prefect, or nowhere."""
    document = describe_config("main", BenchOptions((TECH, FINANCE)))
    finance = document["tables"]["finance"]["slots"][0]
    finance |= {"url": "prefect-secret:finance-url", "token": "prefect-secret:finance-token"}
    document["tables"]["tech"]["slots"][1]["token"] = None
    (tmp_path / "headers.yaml").write_text("email: [Work Email]\n")
    path = tmp_path / "tables.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def make_home(tmp_path: Path) -> Path:
    home = tmp_path / "ui"
    home.mkdir()
    return home


def load(extract: Path, environ: dict[str, str]) -> int:
    command = [sys.executable, "-m", "clayload", "load", str(extract), "--cycle", "2026-11"]
    return subprocess.run(command, env=environ, check=False).returncode


def test_a_load_into_it_touches_neither_the_real_ledger_nor_the_real_run_files(
    config: Path, tmp_path: Path
) -> None:
    home, real = make_home(tmp_path), tmp_path / "real.db"
    production = {
        **os.environ,
        "CLAYLOAD_LEDGER_URL": f"sqlite:///{real}",
        "CLAYLOAD_RUNS_URL": "s3://production/runs",
        "CLAYLOAD_HOME": str(tmp_path / "production"),
        "CLAY_WEBHOOK_TECH_1": "https://api.clay.example/v3/sources/webhook/real",
    }
    leads = [*make_leads("Software", 5), *make_leads("Banking", 3)]
    extract = tmp_path / "leads.csv"
    pl.DataFrame(leads).write_csv(extract)
    with running_clay(config, home) as clay:
        assert load(extract, {**production, **clay.environ}) == ExitCode.OK
        found = {
            name: httpx.get(f"{clay.url}/admin/tables/{name}/rows", trust_env=False).json()["total"]
            for name in ("tech", "finance")
        }
    assert found == {"tech": 5, "finance": 3}
    assert (home / "ledger.db").exists()
    assert not real.exists()
    assert not (tmp_path / "production").exists()


def test_every_reference_to_a_secret_is_replaced_by_one_of_its_own(
    config: Path, tmp_path: Path
) -> None:
    home = make_home(tmp_path)
    with running_clay(config, home) as clay:
        copied = read_tables(home / "tables.yaml")
        slots = [slot for table in copied.tables.values() for slot in table.slots]
        references = [ref for slot in slots for ref in (slot.url, slot.token) if ref]
        assert len(set(references)) == len(references) == 5
        of_the_person = config.read_text()
        for reference in references:
            scheme, _, name = reference.partition(":")
            assert scheme == "env"
            assert name not in of_the_person
            assert clay.environ[name].startswith((clay.url, "demo-token-"))


def test_its_prices_are_those_beside_the_configuration(config: Path, tmp_path: Path) -> None:
    prices = config.with_name("clay.yaml")
    prices.write_bytes(BUILT_IN.read_bytes())
    home = make_home(tmp_path)
    with running_clay(config, home):
        assert (home / "clay.yaml").read_bytes() == prices.read_bytes()
