"""How does a test get a stand-in of its own, in another process?

In:    a document as `PUT /admin/config` takes it.
Out:   `StandIn`: its address, and the admin calls that tests need, typed.
Never: a shared server; each is started on a free port and ended by its own pid.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from support.servers.warm_process import WarmProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Document = dict[str, Any]

END_WITHIN_S = 60
_STDERR = 2


class StandIn:
    """A running stand-in. Every call raises `httpx.HTTPStatusError` when it is refused."""

    def __init__(self, url: str, pid: int, client: httpx.Client) -> None:
        self.url = url
        self.pid = pid
        self._client = client

    def webhook_url(self, source_id: str) -> str:
        """Return the address that submissions of a source go to."""
        return f"{self.url}/v3/sources/webhook/{source_id}"

    def configure(self, document: Document) -> None:
        """Replace everything: workspaces, tables, sources; no rows, no faults."""
        self.call("PUT", "/admin/config", document)

    def reset(self) -> None:
        """Go back to the last document: no rows, no faults, fresh counters."""
        self.call("POST", "/admin/reset")

    def set_workspace(self, name: str, **settings: object) -> None:
        """Make a workspace or change its plan, rate_per_s (None: no limit), burst, live."""
        self.call("PUT", f"/admin/workspaces/{name}", settings)

    def set_table(self, name: str, **settings: object) -> None:
        """Make a table or change its row_limit, when_full, auto_dedupe, auto_run, live."""
        self.call("PUT", f"/admin/tables/{name}", settings)

    def set_source(self, source_id: str, **settings: object) -> None:
        """Make a source or change its table, token, lifetime_limit, submissions, deleted."""
        self.call("PUT", f"/admin/sources/{source_id}", settings)

    def make_source(self, **settings: object) -> str:
        """Make a source with an id like Clay's; return its webhook URL."""
        return str(self.call("POST", "/admin/sources", settings)["url"])

    def rotate_token(self, source_id: str, **rotation: object) -> str:
        """Give a source a new token (token, new_refused_for_s) and return it."""
        return str(self.call("POST", f"/admin/sources/{source_id}/rotate-token", rotation)["token"])

    def faults(self, *faults: Mapping[str, object]) -> None:
        """Put these faults in force instead of any others; none ends them all."""
        self.call("PUT", "/admin/faults", {"faults": list(faults)})

    def faults_in_force(self) -> list[Document]:
        """Return the faults with how often each may still fire (`left`)."""
        return list(self.call("GET", "/admin/faults")["faults"])

    def rows(self, table: str, offset: int = 0, limit: int = 1_000) -> list[Document]:
        """Return rows in order of arrival: payload, cells, source, received_at."""
        path = f"/admin/tables/{table}/rows?offset={offset}&limit={limit}"
        return list(self.call("GET", path)["rows"])

    def rows_by_key(self, table: str, key: str = "lead_key") -> list[Any]:
        """Return one top-level key of every row, in order of arrival."""
        return list(self.call("GET", f"/admin/tables/{table}/rows?key={key}")["values"])

    def delete_rows(self, table: str, first: int | None = None) -> int:
        """Delete the oldest rows, or all; return how many."""
        which = "" if first is None else f"?first={first}"
        return int(self.call("DELETE", f"/admin/tables/{table}/rows{which}")["deleted"])

    def traffic(self, workspace: str) -> Document:
        """Return answers, attempted, accepted, per_second and largest_overshoot."""
        return self.call("GET", f"/admin/workspaces/{workspace}/traffic")

    def clear_traffic(self, workspace: str) -> None:
        """Start the traffic counts anew; rows and lifetimes stay."""
        self.call("DELETE", f"/admin/workspaces/{workspace}/traffic")

    def state(self) -> Document:
        """Return what the page shows."""
        return self.call("GET", "/admin/state")

    def row_count(self, table: str) -> int:
        """Read back `.rowCount`, as Clay's CLI does."""
        return int(self.call("GET", f"/public/v0/tables/{table}")["rowCount"])

    def balances(self) -> tuple[float, float]:
        """Read back the credits and Actions left in the first workspace."""
        answer = self.call("GET", "/public/v0/credits")
        return answer["balance"], answer["actionExecutionBalance"]

    def source_records(self, table: str) -> dict[str, int]:
        """Read back `numSourceRecords` by source id, as Clay's CLI does."""
        columns = self.call("GET", f"/public/v0/tables/{table}/columns")["data"]
        sources = [source for column in columns for source in column["sources"]]
        return {source["id"]: source["numSourceRecords"] for source in sources}

    def call(self, verb: str, path: str, body: object = None) -> Document:
        """Make one call and return its JSON object."""
        answer = self._client.request(verb, path, json=body)
        answer.raise_for_status()
        document: Document = answer.json()
        return document


@contextmanager
def start_standin(
    config: Document | None = None,
    *,
    config_file: Path | None = None,
    shim: Path | None = None,
) -> Iterator[StandIn]:
    """Start a stand-in on a free port, in another process, and end it by its pid.

    With `shim` it writes its `clay` command into that folder.
    """
    command = ["clayload", "standin", "--port", "0"]
    if shim is not None:
        command += ["--shim", str(shim)]
    if config_file is not None:
        command += ["--config", str(config_file)]
    with WarmProcess(command, Path.cwd(), os.environ, stderr=_STDERR) as process:
        try:
            url = _read_address(process)
            with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
                standin = StandIn(url, process.pid, client)
                if config is not None:
                    standin.configure(config)
                yield standin
        finally:
            _end(process)


def _read_address(process: WarmProcess) -> str:
    line = process.stdout.readline()
    if " on http://" not in line:
        message = f"the stand-in did not start (exit code {process.wait(END_WITHIN_S)}): {line!r}"
        raise RuntimeError(message)
    return line.split(" on ", 1)[1].strip()


def _end(process: WarmProcess) -> None:
    process.terminate()
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
