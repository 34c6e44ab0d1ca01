"""What does a load do while nobody answers? It waits, so it is started early and read late.

In:    a stand-in, an empty folder.
Out:   a load under way whose only webhook points where nobody listens.
Never: a wait of its own beyond the end of the load.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.scenes.load_kit import CYCLE, Ended, Process, Workbench, end
from support.scenes.load_tables import FINANCE, BenchOptions, make_leads
from support.servers.standin_process import StandIn

OPTIONS = BenchOptions(tables=(FINANCE,))
SECRET = "pull-in-data-from-a-webhook-down-0123456789"  # noqa: S105 - stands for a secret


@dataclass(frozen=True, slots=True)
class DownLoad:
    """The load, its folder and its extract."""

    process: Process
    folder: Path
    extract: Path

    def wait(self) -> Ended:
        """Wait for its end."""
        return end(self.process)


@contextmanager
def start_down_load(standin: StandIn, folder: Path) -> Iterator[DownLoad]:
    """Start loading 20 leads to a port that is bound and not listened on."""
    bench = Workbench(standin, folder, OPTIONS)
    extract = bench.write_csv(make_leads("Banking", 20))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v3/sources/webhook/{SECRET}"
        command = ("load", extract, "--cycle", CYCLE, "--json")
        with bench.start(*command, **{FINANCE.slots[0].url_variable: url}) as process:
            yield DownLoad(process, folder, extract)
