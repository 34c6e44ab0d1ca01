"""How does one lead reach a Clay table?

In:    a slot's secret URL and token, and one body.
Out:   an answer: the server's, or which part of the exchange failed.
Never: the URL or the token in anything that leaves this file; a redirect followed; a retry.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
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
    """Clay's webhooks as a destination (`delivery.ports.Destination`); an async context."""

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
        limits = httpx.Limits(max_connections=in_flight, keepalive_expiry=_KEEPALIVE_S)
        timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s))
        # trust_env off: a proxy from the environment must not see bearer URLs unasked.
        self._http = httpx.AsyncClient(
            limits=limits, timeout=timeout, verify=_tls_context(), trust_env=False
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def submit(self, slot: str, body: bytes) -> Answer:
        """POST one body through the named slot; every misfortune is an answer."""
        secret = self._slots[slot]
        headers = {"content-type": "application/json"}
        if secret.token is not None:
            headers[AUTH_HEADER] = secret.token.get_secret_value()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.post(
                    secret.url.get_secret_value(), content=body, headers=headers
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotConnected(self._describe(error))
        except TimeoutError:
            return AnswerLost(f"no answer within {self._timeout_s:g} s")
        except httpx.RequestError as error:
            return AnswerLost(f"no answer came back, {self._describe(error)}")
        # Blanked first: a secret that the clip cuts in two would no longer be known for one.
        text = self._redact(response.text)[:_BODY_KEPT_CHARS]
        return Answered(response.status_code, dict(response.headers), text)

    def _describe(self, error: httpx.RequestError) -> str:
        """Say what failed; httpx gives a reset no words at all."""
        return self._redact(f"{type(error).__name__}: {error}".removesuffix(": "))


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Load the root certificates once per process: it takes longer than many requests."""
    return httpx.create_ssl_context(trust_env=False)
