"""The data path as a user meets it: real files made by the sample script, real processes."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from clayload.errors import Code
from clayload.extracts.open import open_extract
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.tables.headers import read_headers
from clayload.tables.read import read_tables

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples" / "leads-2026-11.csv"
WORKBOOK = ROOT / "samples" / "leads-quirks.xlsx"
MAKE = [sys.executable, str(ROOT / "samples" / "make_leads.py")]


def prepare(path: Path, folder: Path) -> Preparation:
    config = read_tables(ROOT / "config" / "tables.yaml")
    aliases = read_headers(ROOT / "config" / "headers.yaml")
    extract = open_extract([path], aliases, folder)
    return prepare_chunks(extract, config, PrepareOptions("r", folder))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("extract") / "leads.csv"
    subprocess.run([*MAKE, "--leads", "30000", "--out", str(path)], check=True)
    return path


def test_the_committed_samples_are_what_the_script_makes(tmp_path: Path) -> None:
    out, book = tmp_path / "leads.csv", tmp_path / "leads.xlsx"
    command = [*MAKE, "--leads", "2000", "--seed", "7", "--out", str(out), "--workbook", str(book)]
    subprocess.run(command, check=True)
    assert out.read_bytes() == SAMPLE.read_bytes()
    assert book.read_bytes() == WORKBOOK.read_bytes()


def test_the_sample_has_the_dirt_of_real_extracts_and_its_books_balance(tmp_path: Path) -> None:
    prepared = prepare(SAMPLE, tmp_path)
    assert prepared.n_rows == 2_000
    assert prepared.is_balanced
    assert set(prepared.quarantine_reasons) >= {
        "key_missing",
        "email_malformed",
        "employee_count_unreadable",
        "created_at_unreadable",
    }
    assert prepared.n_duplicates > 10
    assert prepared.n_unrouted > 50
    assert prepared.n_multi_match > 50
    assert all(n > 50 for n in prepared.n_accepted.values())
    assert prepared.merged == {"email": ("Work Email", "Email 1")}
    assert prepared.unmapped == ("Score",)


def test_the_sample_workbook_is_prepared(tmp_path: Path) -> None:
    prepared = prepare(WORKBOOK, tmp_path)
    assert (prepared.n_rows, prepared.n_quarantined, prepared.n_unrouted) == (6, 1, 1)
    assert sum(prepared.n_accepted.values()) == 4
    leads = pl.concat(pl.read_parquet(chunk.path).select("lead_key") for chunk in prepared.chunks)
    assert "omar@orchard.example" in leads["lead_key"].to_list()


def test_every_lead_of_a_large_extract_is_found_again(large: Path, tmp_path: Path) -> None:
    prepared = prepare(large, tmp_path)
    assert prepared.n_rows == 30_000
    assert prepared.is_balanced
    assert len(prepared.chunks) <= 300
    frames = [pl.read_parquet(chunk.path, columns=["row_number"]) for chunk in prepared.chunks]
    sent = pl.concat(frames)["row_number"]
    assert sent.n_unique() == len(sent) == sum(prepared.n_accepted.values())


def test_every_quarantined_line_is_the_line_in_the_file(large: Path, tmp_path: Path) -> None:
    prepared = prepare(large, tmp_path)
    with prepared.paths["quarantined"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = large.read_text().split("\n")
    assert len(rows) == prepared.n_quarantined > 100
    assert all(
        lines[int(row["clayload_line"]) - 1].startswith(row["Lead ID"] + ",") for row in rows
    )


def test_text_and_parquet_of_the_same_leads_give_the_same_chunks(
    large: Path, tmp_path: Path
) -> None:
    pl.scan_csv(large, infer_schema=False).sink_parquet(tmp_path / "leads.parquet")
    of_text = prepare(large, tmp_path / "text")
    of_parquet = prepare(tmp_path / "leads.parquet", tmp_path / "parquet")
    assert of_text.n_accepted == of_parquet.n_accepted
    for one, other in zip(of_text.chunks, of_parquet.chunks, strict=True):
        assert pl.read_parquet(one.path).equals(pl.read_parquet(other.path))


def test_the_sample_script_makes_the_same_leads_in_other_batches() -> None:
    program = (
        "import runpy, sys; from pathlib import Path; "
        f"made = runpy.run_path({str(ROOT / 'samples' / 'make_leads.py')!r}); "
        "whole = made['make_leads'](0, 3000, 7); "
        "parts = [made['make_leads'](first, 1000, 7) for first in (0, 1000, 2000)]; "
        "import polars as pl; sys.exit(0 if whole.equals(pl.concat(parts)) else 1)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_benchmark_runs_and_tells_its_ratio() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "data_path.py")]
    done = subprocess.run(
        [*command, "--leads", "20000", "--runs", "1"], capture_output=True, text=True, check=False
    )
    # 1 says that a bound was missed, which on a small extract and a busy machine proves nothing.
    assert done.returncode in {0, 1}, done.stderr
    assert "20,000 leads" in done.stdout
    assert "ratio" in done.stdout
    assert "peak" in done.stdout


FULL_DISK = """
import resource
from pathlib import Path
from clayload.errors import RunError
from clayload.extracts.open import open_extract
from clayload.frames.prepare_leads import PrepareOptions, prepare_chunks
from clayload.tables.headers import read_headers
from clayload.tables.read import read_tables
config = read_tables(Path("config/tables.yaml"))
aliases = read_headers(Path("config/headers.yaml"))
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    extract = open_extract([{extract!r}], aliases, Path({folder!r}))
    prepare_chunks(extract, config, PrepareOptions("r", Path({folder!r})))
except RunError as error:
    print(error.code)
"""


@pytest.mark.parametrize("limit", [0, 4_096, 200_000])
def test_a_disk_that_takes_no_more_is_a_typed_error(
    large: Path, tmp_path: Path, limit: int | None
) -> None:
    """A quota on file size stands for the full disk: writes fail in the same place."""
    program = FULL_DISK.format(limit=limit, extract=str(large), folder=str(tmp_path / "run"))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == Code.RUN_FOLDER_UNUSABLE, done.stderr
    assert not list((tmp_path / "run").glob("staging/*"))
