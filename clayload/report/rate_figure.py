"""How is a run's rate drawn?

In:    how fast the run went, and the rate the workspace allows.
Out:   a figure of leads a second over time; 429s are shaded, the last slow-down is marked.
Never: a figure of a run too short to tell a rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from clayload.ledger.books.run_traffic import RunTraffic
from clayload.ledger.database.schema import TRAFFIC_BUCKET_S
from clayload.report.plots import ROOM_FOR_LABELS, Figure, Row, Spec, Words, draw
from clayload.report.rate import Stretch, cut_stretches

_TIME_FORMS = {600.0: "%H:%M:%S", 86_400.0: "%H:%M", math.inf: "%d %b %H:%M"}


def draw_rate(traffic: RunTraffic, rate_per_s: float) -> Iterator[Figure]:
    """Draw leads a second over time against what the workspace allows; 429s are shaded."""
    stretches = cut_stretches(traffic)
    if not stretches:
        return
    highest = max(stretch.per_s for stretch in stretches)
    words = Words(
        "rate",
        "Rate over time, against what the workspace allows",
        f"{traffic.n_answers:,} leads in {len(stretches)} stretches of time, at most "
        f"{highest:,.1f} a second; allowed {rate_per_s:g} a second; "
        f"{traffic.n_rate_limited:,} answers 429.",
    )
    rows = [_row_of(stretch) for stretch in stretches]
    top = max(highest, rate_per_s) * ROOM_FOR_LABELS
    layers = [
        *_shade_429(traffic, stretches),
        _layer_rate(top, stretches[-1].end_at - stretches[0].begin_at),
        _layer_allowed(rate_per_s, stretches[0]),
        *_mark_slow_down(traffic, stretches, top),
    ]
    yield draw(words, rows, {"layer": layers})


def _row_of(stretch: Stretch) -> Row:
    begin, end = stretch.begin_at * 1000, stretch.end_at * 1000
    return {"begin": begin, "end": end, "per_s": stretch.per_s}


def _time(field: str) -> Spec:
    return {"field": field, "type": "temporal", "scale": {"type": "utc", "nice": False}}


def _time_axis(span_s: float) -> Spec:
    """Give the axis of all layers: the longer the run, the coarser its times."""
    form = next(form for longest_s, form in _TIME_FORMS.items() if span_s <= longest_s)
    plain = {"title": "time, UTC", "labelOverlap": True, "grid": False, "tickCount": 8}
    return {**plain, "format": form}


def _layer_rate(top: float, span_s: float) -> Spec:
    y = {
        "field": "per_s",
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {"title": "leads a second", "tickCount": 6},
    }
    x = {**_time("begin"), "axis": _time_axis(span_s)}
    return {
        "mark": {"type": "rect", "color": "var(--delivered)"},
        "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"datum": 0}},
    }


def _layer_allowed(rate_per_s: float, first: Stretch) -> Spec:
    allowed = {"rate": rate_per_s, "at": first.begin_at * 1000}
    y = {"field": "rate", "type": "quantitative"}
    label = {"type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -4}
    return {
        "data": {"values": [{**allowed, "label": f"allowed {rate_per_s:g}/s"}]},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [6, 4]}, "encoding": {"y": y}},
            {"mark": label, "encoding": {"y": y, "x": _time("at"), "text": {"field": "label"}}},
        ],
    }


def _shade_429(traffic: RunTraffic, stretches: Sequence[Stretch]) -> Iterator[Spec]:
    """Shade each ten seconds in which Clay answered 429 to anybody in the workspace."""
    begin_at, end_at = stretches[0].begin_at, stretches[-1].end_at
    shades = [
        {
            "begin": max(at, begin_at) * 1000,
            "end": min(at + TRAFFIC_BUCKET_S, end_at) * 1000,
            "label": "429s",
        }
        for at, _ in traffic.rate_limited
        if at < end_at and at + TRAFFIC_BUCKET_S > begin_at
    ]
    if shades:
        colour = {"range": ["var(--shade)"], "domain": ["429s"]}
        yield {
            "data": {"values": shades},
            "mark": {"type": "rect"},
            "encoding": {
                "x": _time("begin"),
                "x2": {"field": "end"},
                "color": {
                    "field": "label",
                    "type": "nominal",
                    "scale": colour,
                    "legend": {"labelExpr": "'ten seconds with answers 429'"},
                },
            },
        }


def _mark_slow_down(
    traffic: RunTraffic, stretches: Sequence[Stretch], top: float
) -> Iterator[Spec]:
    """Mark the last slow-down: the ledger keeps no earlier one."""
    begin_at, end_at = stretches[0].begin_at, stretches[-1].end_at
    if traffic.slowed_at is None or not begin_at <= traffic.slowed_at <= end_at:
        return
    mark = {
        "at": traffic.slowed_at * 1000,
        "label": f"last slowed down, to {traffic.slowed_to:.0%}",
        "top": top,
    }
    # Written towards the middle, where there is room.
    is_early = traffic.slowed_at < (begin_at + end_at) / 2
    side = {"align": "left", "dx": 4} if is_early else {"align": "right", "dx": -4}
    y = {"field": "top", "type": "quantitative"}
    label = {"x": _time("at"), "y": y, "text": {"field": "label"}}
    yield {
        "data": {"values": [mark]},
        "layer": [
            {"mark": {"type": "rule"}, "encoding": {"x": _time("at")}},
            {"mark": {"type": "text", "baseline": "top", **side}, "encoding": label},
        ],
    }
