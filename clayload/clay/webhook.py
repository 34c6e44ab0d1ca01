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
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Self

import httpcore
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


@dataclass(frozen=True, slots=True, repr=False)
class _Target:
    """Where a slot's leads go, as httpx wants to have it. Holds secrets."""

    url: httpx.URL
    headers: httpx.Headers

    @classmethod
    def read(cls, secret: SlotSecret) -> Self:
        """Read a slot's secrets."""
        headers = {"content-type": "application/json", "user-agent": "clayload"}
        if secret.token is not None:
            headers[AUTH_HEADER] = secret.token.get_secret_value()
        return cls(httpx.URL(secret.url.get_secret_value()), httpx.Headers(headers))


class Connections:
    """Connections to Clay, each for one request at a time and then for the next of any chunk.

    A new one costs a TLS handshake, more than many POSTs; httpx's own pool looks through all of its
    connections twice a request, which together with its client's cookies, redirects and
    authentication, of no use here, costs as much as the POST itself. Lives in one event loop; an
    async context.
    """

    def __init__(self) -> None:
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def __aenter__(self) -> Self:
        """Make ready."""
        await self.make_ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._idle:
            await self._idle.pop().aclose()

    async def make_ready(self) -> None:
        """Prepare before the first lead is granted: its moment would not wait.

        httpcore loads what it connects by with the first request, which then takes 50 ms, not 4.
        """
        await asyncio.to_thread(_tls_context)
        await httpcore.AnyIOBackend().sleep(0)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncHTTPTransport]:
        """Lend a connection; one that is left in the middle of an exchange closes itself."""
        connection = self._idle.pop() if self._idle else _new_connection()
        try:
            yield connection
        finally:
            self._idle.append(connection)


class ClayWebhook:
    """Clay's webhooks as a destination (`delivery.ports.Destination`)."""

    def __init__(
        self,
        slots: Mapping[str, SlotSecret],
        redact: Callable[[str], str],
        connections: Connections,
        *,
        timeout_s: float,
    ) -> None:
        # Read once: httpx takes as long to read a URL as to send a small body.
        self._targets = {name: _Target.read(secret) for name, secret in slots.items()}
        self._redact = redact
        self._connections = connections
        self._timeout_s = timeout_s
        timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))
        self._extensions = {"timeout": timeout.as_dict()}

    async def submit(self, slot: str, body: bytes) -> Answer:
        """POST one body through the named slot; every misfortune is an answer."""
        request = self._build_request(self._targets[slot], body)
        try:
            async with self._connections.one() as connection, asyncio.timeout(self._timeout_s):
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

    def _build_request(self, target: _Target, body: bytes) -> httpx.Request:
        return httpx.Request(
            "POST", target.url, content=body, headers=target.headers, extensions=self._extensions
        )

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
