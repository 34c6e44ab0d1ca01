"""The page about Prefect names the settings that the project uses, with their values."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.server import SERVER_SETTINGS

PAGE = Path(__file__).parents[2] / "deployments" / "README.md"
OF_THE_EMBEDDED_SERVER = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"


def test_a_server_of_ones_own_is_started_with_the_projects_settings() -> None:
    exported = dict(
        re.findall(r"^export (PREFECT_SERVER_\w+)=(\S+)$", PAGE.read_text(), re.MULTILINE)
    )
    assert exported == {k: v for k, v in SERVER_SETTINGS.items() if k != OF_THE_EMBEDDED_SERVER}
