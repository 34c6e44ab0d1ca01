"""Every trouble the doctor can name is explained, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from clayload.monitoring.diagnosis.finding import Severity, Trouble

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "diagnose-a-run.md").read_text("utf-8")


def test_every_trouble_has_its_heading_in_the_how_to_and_every_heading_is_a_trouble() -> None:
    headings = [line[4:] for line in PAGE.splitlines() if line.startswith("### ")]
    assert headings == list(Trouble)


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_explained(severity: Severity) -> None:
    assert f"| `{severity}` |" in PAGE
