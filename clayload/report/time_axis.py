"""Which times does the axis of a figure name?

In:    when what is drawn begins and ends.
Out:   a few round times, each written so that it differs from its neighbours.
Never: more of them than fit side by side, in whatever type face a browser writes them.
"""

from __future__ import annotations

import math
from typing import Any

MOST_TIMES = 7
"""A figure is 760 pixels wide, and the longest of these times a good 80."""

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3_600.0, 86_400.0
_STEPS_S = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0),
    *(minutes * _MINUTE_S for minutes in (1, 2, 5, 10, 20, 30)),
    *(hours * _HOUR_S for hours in (1, 2, 3, 6, 12, 24)),
)
_FORMS = {
    # Vega writes thousandths or none: the last two of the three figures are always 0 here.
    1.0: "slice(utcFormat(datum.value, '%H:%M:%S.%L'), 0, -2)",
    _MINUTE_S: "utcFormat(datum.value, '%H:%M:%S')",
    2 * _HOUR_S: "utcFormat(datum.value, '%H:%M')",
    _DAY_S: "utcFormat(datum.value, '%d %b %H:%M')",
    math.inf: "utcFormat(datum.value, '%d %b')",
}


def make_time_axis(begin_at: float, end_at: float) -> dict[str, Any]:
    """Make the axis (Vega-Lite) of a figure from `begin_at` to `end_at` (epoch seconds).

    Vega's own choice is as many times as fit by the face it measures with, and on a span of two
    seconds it writes the same one again and again.
    """
    step_s = _choose_step_s(end_at - begin_at)
    numbers = range(math.ceil(begin_at / step_s), math.floor(end_at / step_s) + 1)
    return {
        "title": "time, UTC",
        "grid": False,
        # As a list of its own, Vega-Lite makes dates of them, and Vega one tick of each second.
        "values": {"expr": str([round(number * step_s * 1000) for number in numbers])},
        "labelExpr": next(form for below_s, form in _FORMS.items() if step_s < below_s),
        "labelOverlap": False,
    }


def _choose_step_s(span_s: float) -> float:
    """Choose the least round step of which not too many fit into the span."""
    needed_s = span_s / (MOST_TIMES - 1)
    whole_days_s = math.ceil(needed_s / _DAY_S) * _DAY_S
    return next((step for step in _STEPS_S if step >= needed_s), whole_days_s)
