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
class PlannedChunk:
    """A chunk's leads that go: `n` of them."""

    table: str
    priority: Priority
    n: int


@dataclass(frozen=True, slots=True)
class SendRate:
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


def time_tables(chunks: Sequence[PlannedChunk], send_rate: SendRate) -> dict[str, TableTimes]:
    """Tell when each table's leads go; a table without leads is not in it."""
    times: defaultdict[str, TableTimes] = defaultdict(lambda: TableTimes(send_rate.rate))
    n_of: defaultdict[str, int] = defaultdict(int)
    n_sent = 0
    for table, n in _take_turns(chunks, send_rate):
        n_of[table] += n
        n_sent += n
        times[table].own.append(n_of[table])
        times[table].all_of_them.append(n_sent)
    return dict(times)


def limit_chunks(chunks: Iterable[PlannedChunk], n_of: Mapping[str, int]) -> list[PlannedChunk]:
    """Keep the first so many leads of each table."""
    left, kept = dict(n_of), []
    for chunk in chunks:
        n = min(chunk.n, left[chunk.table])
        left[chunk.table] -= n
        if n:
            kept.append(PlannedChunk(chunk.table, chunk.priority, n))
    return kept


def _take_turns(chunks: Sequence[PlannedChunk], send_rate: SendRate) -> Iterable[tuple[str, int]]:
    """Give grant after grant: whose leads, and how many."""
    waiting, active = deque(chunks), _Active(send_rate.weights)
    while waiting or active.n_chunks:
        while waiting and active.n_chunks < send_rate.n_at_once:
            active.begin(waiting.popleft())
        chunk = active.next_in_turn()
        n = min(chunk.n, send_rate.grant_size)
        yield chunk.table, n
        active.served(chunk, n)


class _Active:
    """The chunks under way, by priority; each priority knows what it was granted by weight."""

    def __init__(self, weights: Mapping[Priority, int]) -> None:
        self._weights = weights
        self._chunks: dict[Priority, deque[PlannedChunk]] = {}
        self._served: dict[Priority, float] = {}

    @property
    def n_chunks(self) -> int:
        return sum(map(len, self._chunks.values()))

    def begin(self, chunk: PlannedChunk) -> None:
        if chunk.priority not in self._chunks:
            # Silence earns no credit: it starts level with the others.
            self._served[chunk.priority] = min(
                (self._served[one] for one in self._chunks), default=0.0
            )
            self._chunks[chunk.priority] = deque()
        self._chunks[chunk.priority].append(chunk)

    def next_in_turn(self) -> PlannedChunk:
        priority = min(self._chunks, key=lambda one: (self._served[one], -self._weights[one]))
        return self._chunks[priority].popleft()

    def served(self, chunk: PlannedChunk, n: int) -> None:
        priority = chunk.priority
        self._served[priority] += n / self._weights[priority]
        if chunk.n > n:
            self._chunks[priority].append(PlannedChunk(chunk.table, priority, chunk.n - n))
        if not self._chunks[priority]:
            del self._chunks[priority]
