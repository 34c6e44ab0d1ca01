"""Does every misfortune on a real wire become the right answer, with nothing secret in it?"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import pytest
from pydantic import SecretStr

from clayload.clay.webhook import ClayWebhook, Connections
from clayload.delivery.verdict import Answer, Answered, AnswerLost, NotConnected
from clayload.secrets import SlotSecret, redact

SECRET_PATH = "pull-in-data-from-a-webhook-6f1d2c3b-secret"  # noqa: S105 - invented for the test
TOKEN = "tok-4711-very-secret"  # noqa: S105 - invented for the test
BODY = b'{"email": "ada@example.com"}'

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


class Server(Protocol):
    """The raw server of conftest.py."""

    act: Act
    requests: list[tuple[bytes, bytes]]
    n_connections: int
    port: int

    def header(self, name: bytes, nth: int = -1) -> bytes | None: ...


def _secrets(port: int, token: str | None = TOKEN) -> dict[str, SlotSecret]:
    url = SecretStr(f"http://127.0.0.1:{port}/v3/sources/webhook/{SECRET_PATH}")
    return {"tech-1": SlotSecret("tech-1", url, None if token is None else SecretStr(token))}


def _webhook(
    secrets: Mapping[str, SlotSecret], connections: Connections, timeout_s: float = 5.0
) -> ClayWebhook:
    blank = partial(redact, secrets=list(secrets.values()))
    return ClayWebhook(secrets, blank, connections, timeout_s=timeout_s)


def _submit_to(secrets: Mapping[str, SlotSecret], timeout_s: float) -> Answer:
    async def submit() -> Answer:
        async with Connections() as connections:
            return await _webhook(secrets, connections, timeout_s).submit("tech-1", BODY)

    return asyncio.run(submit())


def _submit(port: int, *, timeout_s: float = 5.0, token: str | None = TOKEN) -> Answer:
    return _submit_to(_secrets(port, token), timeout_s)


def _write(data: bytes) -> Act:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return act


def _respond(status: int, body: bytes = b"", *headers: bytes) -> Act:
    lines = [b"HTTP/1.1 %d X" % status, b"content-length: %d" % len(body), *headers]
    return _write(b"\r\n".join(lines) + b"\r\n\r\n" + body)


@pytest.mark.parametrize("status", [200, 202, 204, 301, 400, 401, 403, 404, 413, 429, 500, 503])
def test_a_status_is_passed_on_and_a_redirect_is_not_followed(server: Server, status: int) -> None:
    server.act = _respond(status, b"" if status == 204 else b"words", b"Location: /elsewhere")
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert (answer.status, answer.body) == (status, "" if status == 204 else "words")
    assert len(server.requests) == 1


def test_headers_are_passed_on_in_lower_case(server: Server) -> None:
    server.act = _respond(429, b"", b"Retry-After: 7")
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert answer.headers["retry-after"] == "7"


def test_the_body_goes_out_as_it_is_with_clays_raw_token_header(server: Server) -> None:
    _submit(server.port)
    ((head, body),) = server.requests
    assert head.startswith(f"POST /v3/sources/webhook/{SECRET_PATH} HTTP/1.1\r\n".encode())
    assert body == BODY
    assert server.header(b"content-type") == b"application/json"
    assert server.header(b"x-clay-webhook-auth") == TOKEN.encode()
    assert server.header(b"authorization") is None


def test_without_a_token_no_token_header_is_sent(server: Server) -> None:
    _submit(server.port, token=None)
    assert server.header(b"x-clay-webhook-auth") is None


def test_a_refused_connection_is_provably_not_accepted(closed_port: int) -> None:
    answer = _submit(closed_port)
    assert isinstance(answer, NotConnected)
    assert answer.reason.startswith("ConnectError")


def test_a_host_that_does_not_exist_is_provably_not_accepted() -> None:
    url = SecretStr(f"http://no-such-host.invalid/{SECRET_PATH}")
    answer = _submit_to({"tech-1": SlotSecret("tech-1", url)}, timeout_s=5.0)
    assert isinstance(answer, NotConnected)


def test_a_reset_before_the_answer_leaves_it_in_doubt(
    server: Server, reset_connection: Callable[[asyncio.StreamWriter], None]
) -> None:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset_connection(writer)

    server.act = act
    assert isinstance(_submit(server.port), AnswerLost)


def test_a_farewell_before_the_answer_leaves_it_in_doubt(server: Server) -> None:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server.act = act
    assert isinstance(_submit(server.port), AnswerLost)


def test_an_answer_that_comes_too_late_leaves_it_in_doubt(server: Server) -> None:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(600.0)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    server.act = act
    began = time.monotonic()
    answer = _submit(server.port, timeout_s=0.2)
    assert answer == AnswerLost("no answer within 0.2 s")
    assert time.monotonic() - began < 300


def test_a_trickle_that_is_never_silent_long_enough_ends_all_the_same(server: Server) -> None:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(20):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    server.act = act
    assert _submit(server.port, timeout_s=0.3) == AnswerLost("no answer within 0.3 s")


@pytest.mark.parametrize(
    "data",
    [
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["garbage", "cut short", "broken compression", "broken chunks"],
)
def test_an_answer_that_cannot_be_read_leaves_it_in_doubt(server: Server, data: bytes) -> None:
    async def act(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    server.act = act
    assert isinstance(_submit(server.port), AnswerLost)


@pytest.mark.parametrize("charset", [b"no-such-charset", b"utf-16", b"ascii"])
def test_a_body_in_any_charset_is_an_answer(server: Server, charset: bytes) -> None:
    server.act = _respond(
        200, b"\xff\xfe\x00ok\xe4", b"content-type: text/plain; charset=" + charset
    )
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert answer.status == 200


def test_a_long_body_is_clipped(server: Server) -> None:
    server.act = _respond(400, b"x" * 100_000)
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert len(answer.body) == 2_000


def test_one_connection_serves_one_submission_after_the_other_of_any_chunk(server: Server) -> None:
    async def submit_for_three_chunks() -> None:
        async with Connections() as connections:
            for _ in range(3):
                webhook = _webhook(_secrets(server.port), connections)
                await webhook.submit("tech-1", BODY)
                await webhook.submit("tech-1", BODY)

    asyncio.run(submit_for_three_chunks())
    assert len(server.requests) == 6
    assert server.n_connections == 1


def test_a_connection_is_for_one_request_at_a_time(server: Server) -> None:
    async def submit_twice_ten_at_once() -> list[Answer]:
        async with Connections() as connections:
            webhook = _webhook(_secrets(server.port), connections)
            first = await asyncio.gather(*(webhook.submit("tech-1", BODY) for _ in range(10)))
            then = await asyncio.gather(*(webhook.submit("tech-1", BODY) for _ in range(10)))
            return [*first, *then]

    answers = asyncio.run(submit_twice_ten_at_once())
    assert {type(answer) for answer in answers} == {Answered}
    assert (len(answers), server.n_connections) == (20, 10)


def test_a_proxy_from_the_environment_is_not_asked(server: Server, closed_port: int) -> None:
    names = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(names, f"http://127.0.0.1:{closed_port}"))
    try:
        assert isinstance(_submit(server.port), Answered)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _echo_secrets(port: int) -> Act:
    """A server that says back what it was told, as error pages do."""
    url = f"http://127.0.0.1:{port}/v3/sources/webhook/{SECRET_PATH}"
    return _respond(404, f"no {url} nor {SECRET_PATH} with {TOKEN}".encode())


def test_a_body_that_repeats_the_secrets_is_blanked(server: Server) -> None:
    server.act = _echo_secrets(server.port)
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert answer.body.count("[secret of slot tech-1]") == 3
    assert SECRET_PATH not in answer.body
    assert TOKEN not in answer.body


def test_a_secret_cut_by_the_clip_is_not_left_half(server: Server) -> None:
    server.act = _respond(404, b"x" * (2_000 - 20) + SECRET_PATH.encode())
    answer = _submit(server.port)
    assert isinstance(answer, Answered)
    assert SECRET_PATH[:12] not in answer.body


LOGGERS = ("", "httpx", "httpcore", "httpcore.connection", "httpcore.http11", "asyncio")


def test_no_answer_log_record_or_repr_holds_url_or_token(
    server: Server,
    closed_port: int,
    caplog: pytest.LogCaptureFixture,
    reset_connection: Callable[[asyncio.StreamWriter], None],
) -> None:
    async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset_connection(writer)

    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    answers = []
    for act in (
        _respond(200),
        _respond(500),
        _echo_secrets(server.port),
        drop,
        _write(b"?\r\n\r\n"),
    ):
        server.act = act
        answers.append(_submit(server.port, timeout_s=0.5))
    answers.append(_submit(closed_port))
    secrets = _secrets(server.port)
    records = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any(record.name.startswith("httpcore") for record in caplog.records)
    for text in [
        *map(repr, answers),
        *records,
        repr(secrets),
        repr(_webhook(secrets, Connections())),
    ]:
        assert SECRET_PATH not in text
        assert TOKEN not in text


def test_a_log_handler_set_up_after_the_import_sees_no_url(server: Server) -> None:
    """As Prefect and users do: a level and a handler of their own on httpx's logger."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("httpx")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        _submit(server.port)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert SECRET_PATH not in stream.getvalue()


_LOADED_WITH_THE_FIRST_LEAD = """
import asyncio, sys
from pydantic import SecretStr
from clayload.clay.webhook import ClayWebhook, Connections
from clayload.secrets import SlotSecret

async def submit():
    async with Connections() as connections:
        slots = {"one": SlotSecret("one", SecretStr(sys.argv[1]))}
        webhook = ClayWebhook(slots, str, connections, timeout_s=5.0)
        before = set(sys.modules)
        answer = await webhook.submit("one", b"{}")
        print(answer.status, *sorted(set(sys.modules) - before))

asyncio.run(submit())
"""


def test_once_made_ready_nothing_is_left_to_load_when_the_first_lead_is_due(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}/hook"
    command = [sys.executable, "-c", _LOADED_WITH_THE_FIRST_LEAD, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout == "200\n"
