"""How do people and tests set the stand-in up, break it, and look inside?

In:    JSON over HTTP under `/admin`, and Clay's read-back under `/public/v0`.
Out:   JSON; 404 for an unknown name, 409 for one that exists, 422 for values that make no sense.
Never: a way for the loader to work; it must get along with the webhook and the read-back alone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clayload.standin import views
from clayload.standin.clay import UnknownNameError
from clayload.standin.faults import FaultsSpec
from clayload.standin.spec import RotationSpec, StandinConfig
from clayload.standin.traffic import Traffic

if TYPE_CHECKING:
    from clayload.standin.clay import Clay

WEBHOOK_PATH = "/v3/sources/webhook/"
ROWS_LIMIT = 1_000

Endpoint = Callable[[Request], Awaitable[Response]]


def to_json(document: object, status: int = 200) -> Response:
    """Return a JSON response; plain ASCII, so that a lone surrogate in a payload survives."""
    return Response(json.dumps(document), status, media_type="application/json")


class Admin:
    """The admin calls, one method each; `body` is the call's JSON object."""

    def __init__(self, clay: Clay) -> None:
        self._clay = clay

    def routes(self) -> list[Route]:
        """Return the routes of the admin API and of the read-back."""
        calls: list[tuple[str, str, Endpoint]] = [
            ("PUT", "/admin/config", self.put_config),
            ("POST", "/admin/reset", self.reset),
            ("GET", "/admin/state", self.state),
            ("POST", "/admin/workspaces", self.post_workspace),
            ("PUT", "/admin/workspaces/{name}", self.put_workspace),
            ("GET", "/admin/workspaces/{name}/traffic", self.traffic),
            ("DELETE", "/admin/workspaces/{name}/traffic", self.clear_traffic),
            ("PUT", "/admin/tables/{name}", self.put_table),
            ("GET", "/admin/tables/{name}/rows", self.rows),
            ("DELETE", "/admin/tables/{name}/rows", self.delete_rows),
            ("POST", "/admin/sources", self.post_source),
            ("PUT", "/admin/sources/{source_id}", self.put_source),
            ("POST", "/admin/sources/{source_id}/rotate-token", self.rotate_token),
            ("GET", "/admin/faults", self.faults),
            ("PUT", "/admin/faults", self.put_faults),
            ("DELETE", "/admin/faults", self.clear_faults),
            ("GET", "/public/v0/credits", self.credits_readback),
            ("GET", "/public/v0/tables/{name}", self.table_readback),
            ("GET", "/public/v0/tables/{name}/columns", self.columns_readback),
        ]
        return [Route(path, endpoint, methods=[verb]) for verb, path, endpoint in calls]

    async def put_config(self, request: Request) -> Response:
        """Replace everything by one document."""
        self._clay.configure(StandinConfig.model_validate(await _body(request)))
        return to_json({"ok": True})

    async def reset(self, _request: Request) -> Response:
        """Go back to the last whole document: no rows, no faults, fresh counters."""
        self._clay.reset()
        return to_json({"ok": True})

    async def state(self, _request: Request) -> Response:
        """Return what the page shows."""
        return to_json(views.overview(self._clay))

    async def post_workspace(self, request: Request) -> Response:
        """Make a workspace; `name` stands in the body."""
        fields = await _body(request)
        name = fields.pop("name", None)
        if not isinstance(name, str) or not name:
            return to_json({"message": "a workspace needs a name"}, 422)
        if name in self._clay.workspaces:
            return to_json({"message": f"workspace {name!r} exists; PUT changes it"}, 409)
        workspace = self._clay.put_workspace(name, fields)
        return to_json({"name": name, **workspace.spec.model_dump()}, 201)

    async def put_workspace(self, request: Request) -> Response:
        """Make a workspace, or change the given settings of one, live."""
        name = request.path_params["name"]
        workspace = self._clay.put_workspace(name, await _body(request))
        return to_json({"name": name, **workspace.spec.model_dump()})

    async def traffic(self, request: Request) -> Response:
        """Return what the workspace saw."""
        workspace = self._clay.workspace(request.path_params["name"])
        return to_json(views.traffic_view(workspace.traffic))

    async def clear_traffic(self, request: Request) -> Response:
        """Start the workspace's traffic counts anew; rate, rows and lifetimes stay."""
        self._clay.workspace(request.path_params["name"]).traffic = Traffic()
        return to_json({"ok": True})

    async def put_table(self, request: Request) -> Response:
        """Make a table, or change the given settings of one, live."""
        name = request.path_params["name"]
        table = self._clay.put_table(name, await _body(request))
        return to_json({"name": name, **table.spec.model_dump()})

    async def rows(self, request: Request) -> Response:
        """Return rows from `offset`, at most `limit`; with `key`, that key of every row."""
        table = self._clay.table(request.path_params["name"])
        key, offset = request.query_params.get("key"), _number(request, "offset") or 0
        limit = _number(request, "limit")
        if key is not None:
            values = views.key_values(table, key, offset, limit)
            return to_json({"total": table.n_rows, "key": key, "values": values})
        rows = table.rows(offset, ROWS_LIMIT if limit is None else limit)
        shown = [views.row_view(self._clay, table, row) for row in rows]
        return to_json({"total": table.n_rows, "rows": shown})

    async def delete_rows(self, request: Request) -> Response:
        """Delete the `first` oldest rows, or all of them."""
        table = self._clay.table(request.path_params["name"])
        return to_json({"deleted": table.delete_rows(_number(request, "first"))})

    async def post_source(self, request: Request) -> Response:
        """Make a source with an id like Clay's; return its id and URL."""
        source_id = f"pull-in-data-from-a-webhook-{uuid.uuid4()}"
        self._clay.put_source(source_id, await _body(request))
        url = f"{request.base_url}{WEBHOOK_PATH[1:]}{source_id}"
        return to_json({"id": source_id, "url": url}, 201)

    async def put_source(self, request: Request) -> Response:
        """Make a source under a given id, or change the given settings of one."""
        source_id = request.path_params["source_id"]
        source = self._clay.put_source(source_id, await _body(request))
        shown = source.spec.model_dump(exclude={"token"})
        return to_json({"id": source_id, **shown, "submissions": source.n_accepted})

    async def rotate_token(self, request: Request) -> Response:
        """Give a source a new token, shown once."""
        rotation = RotationSpec.model_validate(await _body(request))
        token = self._clay.rotate_token(request.path_params["source_id"], rotation)
        return to_json({"token": token})

    async def faults(self, _request: Request) -> Response:
        """Return the faults in force and how often each may still fire."""
        armed = self._clay.faults.armed
        return to_json({"faults": [{**f.spec.model_dump(), "left": f.n_left} for f in armed]})

    async def put_faults(self, request: Request) -> Response:
        """Replace all faults."""
        specs = FaultsSpec.model_validate(await _body(request))
        self._clay.faults.arm(specs.faults, self._clay.now())
        return to_json({"ok": True})

    async def clear_faults(self, _request: Request) -> Response:
        """End all faults."""
        self._clay.faults.arm((), self._clay.now())
        return to_json({"ok": True})

    async def credits_readback(self, request: Request) -> Response:
        """Answer as `clay credits` does, for `workspace` or, without it, the first there is."""
        name = request.query_params.get("workspace") or next(iter(self._clay.workspaces), "")
        return to_json(views.credits_readback(self._clay.workspace(name)))

    async def table_readback(self, request: Request) -> Response:
        """Answer as `clay tables get` does."""
        return to_json(views.table_readback(self._clay.table(request.path_params["name"])))

    async def columns_readback(self, request: Request) -> Response:
        """Answer as `clay tables columns list` does."""
        table = self._clay.table(request.path_params["name"])
        return to_json(views.columns_readback(self._clay, table))


async def refuse_unknown_name(_request: Request, error: Exception) -> Response:
    """Answer 404 with the name."""
    return to_json({"message": str(error)}, 404)


async def refuse_bad_value(_request: Request, error: Exception) -> Response:
    """Answer 422 with each value that makes no sense."""
    if isinstance(error, ValidationError):
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return to_json({"message": "; ".join(faults)}, 422)
    return to_json({"message": str(error)}, 422)


REFUSALS = {UnknownNameError: refuse_unknown_name, ValueError: refuse_bad_value}


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - answered as 422
    return body


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is not None and not text.isdecimal():
        raise ValueError(f"{name} must be a whole number of 0 or more")
    return None if text is None else int(text)
