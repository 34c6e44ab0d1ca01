"""When did the rows arrive, by the stand-in's clock?

In:    a workbench.
Out:   the arrivals of a table, in order, and what can be said of them.
Never: the loader's own times.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from support.scenes.load_kit import Workbench

_PAGE = 1_000


class Arrival(NamedTuple):
    """A row: when it arrived, in epoch seconds, and whose it is."""

    at: float
    lead_key: str


def read_arrivals(bench: Workbench, first: int = 0) -> list[Arrival]:
    """List the rows of all tables in order of arrival, without the first ones of each table."""
    pages = (
        bench.standin.rows(table.name, offset, _PAGE)
        for table in bench.options.tables
        for offset in range(first, bench.standin.row_count(table.name), _PAGE)
    )
    return sorted(
        Arrival(datetime.fromisoformat(row["received_at"]).timestamp(), row["payload"]["lead_key"])
        for row in itertools.chain.from_iterable(pages)
    )


def count_within(arrivals: Sequence[Arrival], start: float, seconds: float) -> int:
    """Count the rows that arrived in the `seconds` from `start` on."""
    return sum(start <= arrival.at < start + seconds for arrival in arrivals)


def longest_silence_s(arrivals: Sequence[Arrival]) -> float:
    """Measure the longest time between two rows."""
    gaps = (later.at - earlier.at for earlier, later in itertools.pairwise(arrivals))
    return max(gaps, default=0.0)
