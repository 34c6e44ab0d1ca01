"""Which files are a month's?"""

from __future__ import annotations

from pathlib import Path

from clayload.loading.intake.cycle import request_month


def test_a_months_files_are_found_in_folders_of_any_depth(tmp_path: Path) -> None:
    for name in ("2026-11/top.csv", "2026-11/eu/deep.csv", "2026-11/eu/de/deepest.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "2026-11" / "eu" / "notes.txt").touch()
    request = request_month(f"{tmp_path}/{{cycle}}/**/*.csv", "2026-11")
    assert [Path(file).name for file in request.files] == ["deepest.csv", "deep.csv", "top.csv"]
