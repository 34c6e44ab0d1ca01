"""How is a run's rate drawn?

In:    how fast the run went, and what the workspace allowed then.
Out:   a figure of leads a second over time; 429s are shaded, the last slow-down is marked.
Never: a figure of a run too short to tell a rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clayload.ledger.books.run_traffic import RunTraffic
from clayload.ledger.database.schema import TRAFFIC_BUCKET_S
from clayload.report.moments import describe_moment
from clayload.report.plots import ROOM_FOR_LABELS, Figure, Row, Spec, Words, draw
from clayload.report.rate import Stretch, cut_stretches
from clayload.report.time_axis import make_time_axis

_PART_FOR_A_LABEL = 1 / 6


def draw_rate(traffic: RunTraffic) -> Iterator[Figure]:
    """Draw leads a second over time against what the workspace allowed; 429s are shaded."""
    stretches = cut_stretches(traffic)
    if not stretches:
        return
    highest = max(stretch.per_s for stretch in stretches)
    words = Words(
        "rate",
        "Leads a second by when they were sent, against what the workspace allowed then",
        f"{traffic.n_answers:,} leads in {len(stretches)} stretches of time, at most "
        f"{highest:,.1f} a second; {describe_allowed(traffic)}; "
        f"{traffic.n_rate_limited:,} answers 429.",
    )
    rows = [_row_of(stretch) for stretch in stretches]
    top = max([highest, *(rate for _, rate in traffic.allowed)]) * ROOM_FOR_LABELS
    layers = [
        *_shade_429(traffic, stretches),
        _layer_rate(top, stretches),
        *_layer_allowed(list(_list_steps(traffic, stretches))),
        *_mark_slow_down(traffic, stretches, top),
    ]
    yield draw(words, rows, {"layer": layers})


def describe_allowed(traffic: RunTraffic) -> str:
    """Describe what was allowed: `allowed 10 a second`, and each other rate from when on."""
    if not traffic.allowed:
        return "what was allowed is not recorded"
    (_, first), *others = traffic.allowed
    changes = (f", {rate:g} from {describe_moment(at)} on" for at, rate in others)
    return f"allowed {first:g} a second{''.join(changes)}"


def explain_no_figure(traffic: RunTraffic) -> str:
    """Say why a run's rate is not drawn."""
    n = f"{traffic.n_answers:,} leads were answered"
    if traffic.n_answers and not traffic.sent:
        return f"{n}. When they were sent is not recorded: ledgers keep that since version 0008."
    return f"{n}: too few, or too fast, for a curve."


def _row_of(stretch: Stretch) -> Row:
    begin, end = stretch.begin_at * 1000, stretch.end_at * 1000
    return {"begin": begin, "end": end, "per_s": stretch.per_s}


def _time(field: str) -> Spec:
    return {"field": field, "type": "temporal", "scale": {"type": "utc", "nice": False}}


def _layer_rate(top: float, stretches: Sequence[Stretch]) -> Spec:
    """Draw the bars, and the axes of all layers."""
    y = {
        "field": "per_s",
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": {"title": "leads a second", "tickCount": 6},
    }
    axis = make_time_axis(stretches[0].begin_at, stretches[-1].end_at)
    x = {**_time("begin"), "axis": axis}
    return {
        "mark": {"type": "rect", "color": "var(--delivered)"},
        "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"datum": 0}},
    }


def _list_steps(traffic: RunTraffic, stretches: Sequence[Stretch]) -> Iterator[Row]:
    """List the rates that were allowed, each for the part of the figure in which it was."""
    first_at, last_at = stretches[0].begin_at, stretches[-1].end_at
    ends = [*(at for at, _ in traffic.allowed[1:]), last_at]
    for (begin_at, rate), end_at in zip(traffic.allowed, ends, strict=False):
        begin, end = max(begin_at, first_at), min(end_at, last_at)
        if begin < end:
            is_long = end - begin >= (last_at - first_at) * _PART_FOR_A_LABEL
            label = f"allowed {rate:g}/s" if is_long else ""
            yield {"begin": begin * 1000, "end": end * 1000, "rate": rate, "label": label}


def _layer_allowed(steps: Sequence[Row]) -> Iterator[Spec]:
    if not steps:
        return
    x, y = _time("begin"), {"field": "rate", "type": "quantitative"}
    # Written at the end: a burst stands at the beginning.
    label = {"type": "text", "align": "right", "baseline": "bottom", "dx": -4, "dy": -4}
    written = {"x": _time("end"), "y": y, "text": {"field": "label"}}
    rule = {"type": "rule", "strokeDash": [6, 4]}
    yield {
        "data": {"values": steps},
        "layer": [
            {"mark": rule, "encoding": {"x": x, "x2": {"field": "end"}, "y": y}},
            {"mark": label, "encoding": written},
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
