"""What if a server commits, and the answer is lost on the way?

In:    the port of a Postgres on 127.0.0.1.
Out:   a port that leads to it; once armed, the next COMMIT is carried out and its answer is not
       passed on: the connection is cut instead.
Never: a change of what is passed on.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event

from support.servers.link import Link, open_link

# The server's "command complete": the client's own request begins with a Q.
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


@dataclass
class AnswerCutter(Link):
    """A way to a server that swallows the answer to one COMMIT each time it is armed."""

    armed: Event = field(default_factory=Event)
    n_cut: int = 0

    def is_cut(self, piece: bytes) -> bool:
        if not (self.armed.is_set() and _COMMITTED in piece):
            return False
        self.armed.clear()
        self.n_cut += 1
        return True


def cut_answers(to_port: int) -> AbstractContextManager[AnswerCutter]:
    """Open such a way meanwhile."""
    return open_link(AnswerCutter(to_port))
