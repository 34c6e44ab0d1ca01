"""How does the server tear a connection down the way a broken network does?

In:    an ASGI scope of a request that came through `ResettableProtocol`.
Out:   a TCP reset (RST) at the client.
Never: a polite close; a client must see that its answer was lost.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope

_TRANSPORT = "standin.transport"
_LINGER_ZERO = struct.pack("ii", 1, 0)


class ResettableProtocol(H11Protocol):
    """uvicorn's h11 protocol, which also puts its transport into every scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it the same way
        """Remember the transport for the requests of this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


def reset_connection(scope: Scope) -> None:
    """Reset the request's connection; the lingering time of zero makes it RST, not FIN."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
