"""How fast did a run go, from moment to moment?

In:    when its leads were settled.
Out:   leads a second in equal stretches of time, few enough to draw and long enough to tell.
Never: a stretch so short that it shows the size of single grants instead of the rate.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from clayload.ledger.books.run_traffic import RunTraffic

_MOST_STRETCHES = 60
_FEWEST_STRETCHES = 3
_LEADS_IN_A_STRETCH = 50
_WIDTHS_S = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """`n` leads were settled from `begin_at` to `end_at` (epoch seconds)."""

    begin_at: float
    end_at: float
    n: int

    @property
    def per_s(self) -> float:
        """Leads a second."""
        return self.n / (self.end_at - self.begin_at)


def cut_stretches(traffic: RunTraffic) -> tuple[Stretch, ...]:
    """Cut the time of a run's answers into stretches; every answer is in one.

    All but the last are of one round width; the last ends with the last answer. There are none
    if there were too few leads to tell a rate from single grants.
    """
    moments = [at for at, _ in traffic.answers]
    if len(moments) < _FEWEST_STRETCHES:
        return ()
    # Leads are sent before their answers are recorded: the first ones took as long as others do.
    begin_at = moments[0] - (moments[-1] - moments[0]) / (len(moments) - 1)
    duration_s = moments[-1] - begin_at
    width_s = _choose_width_s(duration_s, traffic.n_answers)
    n_stretches = round(duration_s / width_s)
    if n_stretches < _FEWEST_STRETCHES:
        return ()
    counts: Counter[int] = Counter()
    for at, n in traffic.answers:
        # What is left at the end goes to the last stretch: alone it could be a moment.
        place = math.ceil((at - begin_at) / width_s) - 1
        counts[min(place, n_stretches - 1)] += n
    begins = [begin_at + number * width_s for number in range(n_stretches)]
    ends = [*begins[1:], moments[-1]]
    return tuple(Stretch(begins[i], ends[i], counts[i]) for i in range(n_stretches))


def _choose_width_s(duration_s: float, n: int) -> float:
    """Choose the least round width that is drawn well and holds enough leads."""
    part = max(1 / _MOST_STRETCHES, _LEADS_IN_A_STRETCH / n)
    needed_s = max(duration_s * part, _WIDTHS_S[0])
    return next((width for width in _WIDTHS_S if width >= needed_s), needed_s)
