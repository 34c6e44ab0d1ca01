from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clayload.extracts.open import open_extract
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.tables.headers import HeaderAliases, read_headers
from clayload.tables.tables_file import TablesConfig

ALIASES = read_headers(Path(__file__).parents[3] / "config" / "headers.yaml")
EVERYTHING = ("lead_id", "email", "first_name", "full_name", "company", "domain", "industry",
              "employee_count", "source", "event_name", "created_at", "notes")  # fmt: skip


def _table(where: str, slot: str, **more: object) -> dict[str, object]:
    slots = [{"name": slot, "url": f"env:{slot.upper().replace('-', '_')}"}]
    entry = {"filter": where, "volume_per_month": 100, "slots": slots}
    return entry | {"fields": EVERYTHING} | more


@pytest.fixture(scope="session")
def aliases() -> HeaderAliases:
    """The project's own header aliases."""
    return ALIASES


@pytest.fixture(scope="session")
def tables() -> TablesConfig:
    """Three tables: events (keyed by address and event), tech, finance (few fields)."""
    return TablesConfig.model_validate(
        {
            "workspace": {"name": "main", "plan": "enterprise"},
            "tables": {
                "events": _table("event_name IS NOT NULL", "events-1", key=("email", "event_name")),
                "tech": _table("industry IN ('Software', 'SaaS')", "tech-1"),
                "finance": _table(
                    "industry = 'Banking'", "finance-1", fields=("email", "industry")
                ),
            },
        }
    )


@pytest.fixture
def prepare(tmp_path: Path, tables: TablesConfig) -> Callable[..., Preparation]:
    """Prepare CSV text (or the files named) in the test's folder."""

    def prepare_text(text: str, **options: object) -> Preparation:
        path = tmp_path / "leads.csv"
        path.write_text(text, newline="")
        extract = open_extract([path], ALIASES, tmp_path / "run")
        wanted = replace(PrepareOptions("run-1", tmp_path / "run"), **options)
        return prepare_chunks(extract, tables, wanted)

    return prepare_text
