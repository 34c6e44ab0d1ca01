"""How does one lead reach a Clay table?

In:    a slot's secret URL and token, and one body.
Out:   an answer: the server's, or which part of the exchange failed.
Never: the URL or the token in anything that leaves this file; a redirect followed; a retry.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from types import TracebackType
from typing import Self

import httpx

from clayload.delivery.verdict import Answer, Answered, AnswerLost, NotConnected
from clayload.secrets import SlotSecret

AUTH_HEADER = "x-clay-webhook-auth"
"""Clay's own header, the raw token without "Bearer" (clay-facts.md §1)."""


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


# httpx logs each request's URL at INFO, and our URLs are secrets. A level could be set anew by
# any logging configuration (Prefect's, a user's); a filter stays.
logging.getLogger("httpx").addFilter(_is_warning)

_CONNECT_TIMEOUT_S = 5.0
_KEEPALIVE_S = 4.0  # shorter than common servers' 5 s, so that we, not they, close an idle line
_BODY_KEPT_CHARS = 2_000


class ClayWebhook:
    """Clay's webhooks as a destination (`delivery.ports.Destination`); an async context.

    Each request under way has a connection of its own, taken up again by the next: httpx's pool
    looks through all of its connections twice a request, and its client's cookies, redirects and
    authentication are of no use here. Both together cost as much as the POST itself.
    """

    def __init__(
        self,
        slots: Mapping[str, SlotSecret],
        redact: Callable[[str], str],
        *,
        timeout_s: float,
        in_flight: int,
    ) -> None:
        self._slots = slots
        self._redact = redact
        self._timeout_s = timeout_s
        timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))
        self._extensions = {"timeout": timeout.as_dict()}
        self._n_connections = in_flight
        self._in_flight = asyncio.Semaphore(in_flight)
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def __aenter__(self) -> Self:
        """Make ready before the first lead is granted: its moment would not wait."""
        await asyncio.to_thread(_tls_context)
        self._idle = [_new_connection() for _ in range(self._n_connections)]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._idle:
            await self._idle.pop().aclose()

    async def submit(self, slot: str, body: bytes) -> Answer:
        """POST one body through the named slot; every misfortune is an answer."""
        request = self._build_request(self._slots[slot], body)
        try:
            async with self._connection() as connection, asyncio.timeout(self._timeout_s):
                response = await connection.handle_async_request(request)
                await response.aread()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotConnected(self._describe(error))
        except TimeoutError:
            return AnswerLost(f"no answer within {self._timeout_s:g} s")
        except httpx.RequestError as error:
            return AnswerLost(f"no answer came back, {self._describe(error)}")
        # Blanked first: a secret that the clip cuts in two would no longer be known for one.
        text = self._redact(response.text)[:_BODY_KEPT_CHARS]
        return Answered(response.status_code, dict(response.headers), text)

    def _build_request(self, secret: SlotSecret, body: bytes) -> httpx.Request:
        headers = {"content-type": "application/json", "user-agent": "clayload"}
        if secret.token is not None:
            headers[AUTH_HEADER] = secret.token.get_secret_value()
        return httpx.Request(
            "POST",
            secret.url.get_secret_value(),
            content=body,
            headers=headers,
            extensions=self._extensions,
        )

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """Lend a connection; one that is left in the middle of an exchange closes itself."""
        async with self._in_flight:
            connection = self._idle.pop()
            try:
                yield connection
            finally:
                self._idle.append(connection)

    def _describe(self, error: httpx.RequestError) -> str:
        """Say what failed; httpx gives a reset no words at all."""
        return self._redact(f"{type(error).__name__}: {error}".removesuffix(": "))


def _new_connection() -> httpx.AsyncHTTPTransport:
    # trust_env off: a proxy from the environment must not see bearer URLs unasked.
    limits = httpx.Limits(max_connections=1, keepalive_expiry=_KEEPALIVE_S)
    return httpx.AsyncHTTPTransport(verify=_tls_context(), trust_env=False, limits=limits)


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Load the root certificates once per process: it takes longer than many requests."""
    return httpx.create_ssl_context(trust_env=False)
