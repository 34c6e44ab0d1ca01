"""What a load does when Prefect will not show it: it goes on, and ends as it would have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prefect.settings import PREFECT_API_URL
from support.benches.flow_process import run_flow
from support.scenes.load_kit import Workbench
from support.scenes.load_tables import make_leads
from support.servers.link import Link, open_link
from support.servers.standin_process import StandIn


@dataclass
class DarkLink(Link):
    """A way to Prefect's server that is cut wherever something would be shown."""

    n_cut: int = 0

    def is_cut(self, piece: bytes) -> bool:
        is_showing = b" /api/artifacts/" in piece.partition(b"\r\n")[0]
        self.n_cut += is_showing
        return is_showing


@pytest.mark.usefixtures("prefect_files")
def test_a_load_that_cannot_be_shown_is_sent_and_says_so(standin: StandIn, tmp_path: Path) -> None:
    work = Workbench(standin, tmp_path)
    extract = work.write_csv(make_leads("Software", 30))
    port = urlsplit(str(PREFECT_API_URL.value())).port
    assert port is not None
    with open_link(DarkLink(port)) as dark:
        api = f"http://127.0.0.1:{dark.port}/api"
        ended = run_flow(work, extract, PREFECT_API_URL=api, PREFECT_CLIENT_MAX_RETRIES="0")
    assert dark.n_cut > 1
    assert (ended.exit_code, ended.stdout) == (0, "complete: 30 delivered\n"), ended.stderr
    assert work.query("SELECT outcome, halted_by FROM runs") == [("complete", None)]
    for what in ("progress", "the report"):
        assert re.search(rf"{what} cannot be shown: \w+Error; the load continues", ended.stderr)
