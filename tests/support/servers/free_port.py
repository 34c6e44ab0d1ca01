"""Which port of 127.0.0.1 may a server of a test have?"""

from __future__ import annotations

import random
import socket

# Below the ports the system hands out by itself, so that nobody takes it while the server is down.
_PORTS = range(20_000, 32_000)


def find_free_port() -> int:
    """Find a port that nobody listens at."""
    for port in random.sample(_PORTS, 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
