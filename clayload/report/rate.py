"""How fast did a run go, from moment to moment?

In:    when each of its leads might leave.
Out:   leads a second in equal stretches of time, few enough to draw and long enough to tell.
Never: a stretch so short that it shows a burst or single leads instead of the rate.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from clayload.ledger.books.run_traffic import RunTraffic
from clayload.report.moments import describe_moment

_MOST_STRETCHES = 60
_FEWEST_STRETCHES = 3
_LEADS_IN_A_STRETCH = 50
_WIDTHS_S = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """`n` leads were sent from `begin_at` to just before `end_at` (epoch seconds)."""

    begin_at: float
    end_at: float
    n: int

    @property
    def per_s(self) -> float:
        """Leads a second."""
        return self.n / (self.end_at - self.begin_at)

    @property
    def begin(self) -> str:
        """When it begins, for people: to the tenth of a second where that makes a difference."""
        if self.end_at - self.begin_at >= 1:
            return describe_moment(self.begin_at)
        return f"{datetime.fromtimestamp(self.begin_at, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-5] + " UTC"


def cut_stretches(traffic: RunTraffic) -> tuple[Stretch, ...]:
    """Cut the time in which a run sent into stretches; every lead is in one.

    All but the last are of one round width; the last ends where one more lead might have left.
    There are none if there were too few leads to tell a rate from a burst.
    """
    moments = [at for at, _ in traffic.sent]
    if len(moments) < _FEWEST_STRETCHES:
        return ()
    begin_at = moments[0]
    # The last lead takes its time as the others do, or an even rate would seem to rise at its end.
    end_at = moments[-1] + (moments[-1] - begin_at) / (len(moments) - 1)
    n_leads = sum(n for _, n in traffic.sent)
    width_s = _choose_width_s(end_at - begin_at, n_leads)
    n_stretches = round((end_at - begin_at) / width_s)
    if n_stretches < _FEWEST_STRETCHES:
        return ()
    counts: Counter[int] = Counter()
    for at, n in traffic.sent:
        # What is left at the end goes to the last stretch: alone it could be a moment.
        counts[min(int((at - begin_at) / width_s), n_stretches - 1)] += n
    begins = [begin_at + number * width_s for number in range(n_stretches)]
    ends = [*begins[1:], end_at]
    return tuple(Stretch(begins[i], ends[i], counts[i]) for i in range(n_stretches))


def _choose_width_s(duration_s: float, n: int) -> float:
    """Choose the least round width that is drawn well and holds enough leads."""
    part = max(1 / _MOST_STRETCHES, _LEADS_IN_A_STRETCH / n)
    needed_s = max(duration_s * part, _WIDTHS_S[0])
    return next((width for width in _WIDTHS_S if width >= needed_s), needed_s)
