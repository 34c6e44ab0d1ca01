"""How does a POST to a webhook become a submission, and an outcome bytes on the wire?

In:    an ASGI request.
Out:   the answer, at once, late, in drips, or a reset.
Never: a decision; `judge` makes it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from clayload.standin.judge import BODY_LIMIT_BYTES, Submission, judge, wait_before_s
from clayload.standin.protocol import reset_connection

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from clayload.standin.answers import Answer
    from clayload.standin.clay import Clay

N_DRIPS = 10


class WebhookEndpoint:
    """The ASGI application behind `POST /v3/sources/webhook/{source_id}`."""

    def __init__(self, clay: Clay) -> None:
        self._clay = clay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one submission; a client gone before its body ended leaves no trace."""
        submission = await _read_submission(scope, receive)
        if submission is None:
            return
        source_id = scope["path_params"]["source_id"]
        await _wait(wait_before_s(self._clay, source_id))
        outcome = judge(self._clay, source_id, submission)
        await _wait(outcome.wait_s)
        if outcome.answer is None:
            await _reset(scope, receive)
        else:
            await _send_answer(send, outcome.answer, outcome.body_over_s)


async def _read_submission(scope: Scope, receive: Receive) -> Submission | None:
    body, n_bytes, more_body = b"", 0, True
    while more_body:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        n_bytes += len(message["body"])
        # An oversized body is read to its end, so that the client gets its answer, but not kept.
        body = body + message["body"] if n_bytes <= BODY_LIMIT_BYTES else b""
        more_body = message["more_body"]
    headers = dict(scope["headers"])
    content_type, token = headers.get(b"content-type"), headers.get(b"x-clay-webhook-auth")
    return Submission(content_type, token, body, n_bytes)


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _reset(scope: Scope, receive: Receive) -> None:
    reset_connection(scope)
    # The server would send a 500 for an application that ends without an answer, so the end
    # waits until the server knows that the client is gone.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_answer(send: Send, answer: Answer, body_over_s: float) -> None:
    length = (b"content-length", b"%d" % len(answer.body))
    head = {"status": answer.status, "headers": [*answer.headers, length]}
    await send({"type": "http.response.start", **head})
    if body_over_s > 0:
        step = max(1, len(answer.body) // N_DRIPS)
        pieces = [answer.body[at : at + step] for at in range(0, len(answer.body), step)]
        for piece in pieces:
            await asyncio.sleep(body_over_s / len(pieces))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.body", "body": answer.body})
