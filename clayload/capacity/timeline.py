"""When does which lead of a load go out?

In:    the load's chunks in their turn, how many are delivered at once, the workspace's rate.
Out:   for each table, when its first, last or any other lead goes.
Never: a sending; and no other load, pause or 429, which a plan cannot know.

Chunks are delivered as a load does it: a few at once, each by a grant in its turn, the next
beginning where one ends. Priorities that meet share the rate by their weights.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clayload.capacity.placement import sending_time_s
from clayload.delivery.pace import Rate
from clayload.model import Priority


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk's leads that go: `n` of them."""

    table: str
    priority: Priority
    n: int


@dataclass(frozen=True, slots=True)
class Tempo:
    """How leads are sent: `n_at_once` chunks, `grant_size` leads of each at a time."""

    rate: Rate
    weights: Mapping[Priority, int]
    n_at_once: int
    grant_size: int


@dataclass(frozen=True, slots=True)
class TableTimes:
    """When a table's leads go; after `own[i]` of its leads the load has sent `all_of_them[i]`."""

    rate: Rate
    own: list[int] = field(default_factory=list)
    all_of_them: list[int] = field(default_factory=list)

    def moment_of(self, n: int) -> float:
        """Tell when the table's n-th lead goes, in seconds from the start."""
        at = bisect_left(self.own, n)
        return sending_time_s(self.rate, self.all_of_them[at] - (self.own[at] - n))


def time_tables(pieces: Sequence[Piece], tempo: Tempo) -> dict[str, TableTimes]:
    """Tell when each table's leads go; a table without leads is not in it."""
    times: defaultdict[str, TableTimes] = defaultdict(lambda: TableTimes(tempo.rate))
    n_of: defaultdict[str, int] = defaultdict(int)
    n_sent = 0
    for table, n in _take_turns(pieces, tempo):
        n_of[table] += n
        n_sent += n
        times[table].own.append(n_of[table])
        times[table].all_of_them.append(n_sent)
    return dict(times)


def limit_pieces(pieces: Iterable[Piece], n_of: Mapping[str, int]) -> list[Piece]:
    """Keep the first so many leads of each table."""
    left, kept = dict(n_of), []
    for piece in pieces:
        n = min(piece.n, left[piece.table])
        left[piece.table] -= n
        if n:
            kept.append(Piece(piece.table, piece.priority, n))
    return kept


def _take_turns(pieces: Sequence[Piece], tempo: Tempo) -> Iterable[tuple[str, int]]:
    """Give grant after grant: whose leads, and how many."""
    waiting, active = deque(pieces), _Active(tempo.weights)
    while waiting or active.n_chunks:
        while waiting and active.n_chunks < tempo.n_at_once:
            active.begin(waiting.popleft())
        piece = active.next_in_turn()
        n = min(piece.n, tempo.grant_size)
        yield piece.table, n
        active.served(piece, n)


class _Active:
    """The chunks under way, by priority; each priority knows what it was granted by weight."""

    def __init__(self, weights: Mapping[Priority, int]) -> None:
        self._weights = weights
        self._chunks: dict[Priority, deque[Piece]] = {}
        self._served: dict[Priority, float] = {}

    @property
    def n_chunks(self) -> int:
        return sum(map(len, self._chunks.values()))

    def begin(self, piece: Piece) -> None:
        if piece.priority not in self._chunks:
            # Silence earns no credit: it starts level with the others.
            self._served[piece.priority] = min(
                (self._served[one] for one in self._chunks), default=0.0
            )
            self._chunks[piece.priority] = deque()
        self._chunks[piece.priority].append(piece)

    def next_in_turn(self) -> Piece:
        priority = min(self._chunks, key=lambda one: (self._served[one], -self._weights[one]))
        return self._chunks[priority].popleft()

    def served(self, piece: Piece, n: int) -> None:
        priority = piece.priority
        self._served[priority] += n / self._weights[priority]
        if piece.n > n:
            self._chunks[priority].append(Piece(piece.table, priority, piece.n - n))
        if not self._chunks[priority]:
            del self._chunks[priority]
