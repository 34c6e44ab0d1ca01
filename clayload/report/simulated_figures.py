"""How does a simulated month look?

In:    a simulated month.
Out:   an SVG file: leads a second, leads that are owed, and what goes wrong, over the month.
Never: more than four colours for leads: they are told apart by priority, however many tables, and
       those that a budget defers are apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from clayload.capacity.simulation.incidents import IncidentKind
from clayload.capacity.simulation.scenario import DAY_S, HOUR_S
from clayload.capacity.simulation.simulated import Simulated
from clayload.folder import writing_to
from clayload.model import Priority
from clayload.report.drawing import join_figures
from clayload.report.plots import (
    ROOM_FOR_LABELS,
    Figure,
    Row,
    Spec,
    Words,
    draw,
    height_of_bars,
    label_bars,
)
from clayload.report.simulated_month import describe_month_shortly

_MOST_STEPS = 240
_HEIGHT_PX = 200
_NAMES_PX, _TITLE_PX = 147, 17
_SAME_EDGE: Spec = dict.fromkeys(("minExtent", "maxExtent"), _NAMES_PX - _TITLE_PX)
"""Days stand below each other in all figures, whether their axis has a title or names."""
_COLOURS = {
    "priority high": "var(--refused)",
    "priority normal": "var(--delivered)",
    "priority low": "var(--pending)",
    "deferred": "var(--deferred)",
}


def write_plot(simulated: Simulated, path: Path) -> None:
    """Draw the month into a file.

    Raises:
        RunError: it cannot be written.
    """
    drawing = join_figures(describe_month_shortly(simulated), list(draw_simulated(simulated)))
    with writing_to(path.parent, hint="name a file in a folder that can be written"):
        path.write_text(drawing, "utf-8")


def draw_simulated(simulated: Simulated) -> Iterator[Figure]:
    """Draw the month's figures."""
    month = simulated.month
    steps = f"in steps of {_count_hours_a_step(simulated)} h"
    hour, n = month.busiest_hour
    yield _draw_steps(
        simulated,
        Words(
            "rate",
            f"Leads a second, {steps}",
            f"At most {n / HOUR_S:,.1f} a second, in hour {hour}; allowed {simulated.per_s:g}.",
        ),
        list(_list_steps(simulated, month.sent, is_rate=True)),
        _mark_allowed(simulated),
    )
    hour, n = month.most_owed
    late, n_deferred = month.most_deferred
    deferred = (
        f" Deferred: at most {n_deferred:,}, at the end of hour {late}." if n_deferred else ""
    )
    yield _draw_steps(
        simulated,
        Words(
            "owed",
            f"Leads that are owed, the most {steps}",
            f"At most {n:,}, at the end of hour {hour}.{deferred}",
        ),
        [
            *_list_steps(simulated, month.owed, is_rate=False),
            *(_list_deferred(simulated) if n_deferred else ()),
        ],
        [],
    )
    yield from _draw_incidents(simulated)


def _list_steps(
    simulated: Simulated, counts: dict[str, list[int]], *, is_rate: bool
) -> Iterator[Row]:
    """Sum up the tables of each priority in steps of some hours, few enough to be drawn."""
    tables = simulated.month.scenarios[0].tables
    for priority in Priority:
        of_priority = [counts[table.name] for table in tables if table.priority is priority]
        hours = [sum(of_hour) for of_hour in zip(*of_priority, strict=True)]
        for begin, step in _cut(simulated, hours):
            n = sum(step) / (len(step) * HOUR_S) if is_rate else max(step)
            yield _row(f"priority {priority.value}", begin, n)


def _list_deferred(simulated: Simulated) -> Iterator[Row]:
    """Sum up what all budget lines defer."""
    by_line = simulated.month.deferred.values()
    hours = [sum(of_hour) for of_hour in zip(*by_line, strict=True)]
    for begin, step in _cut(simulated, hours):
        yield _row("deferred", begin, max(step))


def _cut(simulated: Simulated, hours: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    width = _count_hours_a_step(simulated)
    for begin in range(0, len(hours), width):
        yield begin, hours[begin : begin + width]


def _row(name: str, begin: int, n: float) -> Row:
    order = list(_COLOURS).index(name)
    return {"day": begin / 24, "n": round(n, 3), "name": name, "order": order}


def _count_hours_a_step(simulated: Simulated) -> int:
    n_hours = simulated.month.scenarios[0].length_s / HOUR_S
    return max(math.ceil(n_hours / _MOST_STEPS), 1)


def _draw_steps(
    simulated: Simulated, words: Words, rows: Sequence[Row], more: Sequence[Spec]
) -> Figure:
    present = {str(row["name"]): None for row in rows}
    colours = {name: _COLOURS[name] for name in present}
    title = "leads a second" if words.name == "rate" else "leads"
    steps = {
        "mark": {"type": "area", "interpolate": "step-after"},
        "encoding": {
            "x": _days(simulated),
            "y": {
                "field": "n",
                "type": "quantitative",
                "stack": "zero",
                "axis": {"title": title, "tickCount": 5, "format": "~s", **_SAME_EDGE},
            },
            "order": {"field": "order", "type": "quantitative"},
            "color": {
                "field": "name",
                "type": "nominal",
                "scale": {"domain": list(colours), "range": list(colours.values())},
                "legend": {"columnPadding": 30},
            },
        },
    }
    return draw(words, rows, {"layer": [steps, *more]}, _HEIGHT_PX)


def _days(simulated: Simulated) -> Spec:
    n_days = simulated.month.scenarios[0].length_s / DAY_S
    scale = {"domain": [0, n_days], "nice": False}
    axis = {"title": "days since the month began", "grid": False, "tickCount": 10}
    return {"field": "day", "type": "quantitative", "scale": scale, "axis": axis}


def _mark_allowed(simulated: Simulated) -> list[Spec]:
    per_s = simulated.per_s
    n_days = simulated.month.scenarios[0].length_s / DAY_S
    y = {
        "field": "n",
        "type": "quantitative",
        "scale": {"domain": [0, per_s * ROOM_FOR_LABELS], "nice": False},
    }
    label = {"type": "text", "align": "right", "baseline": "bottom", "dx": -4, "dy": -3}
    at_end = {"x": _days(simulated), "y": y, "text": {"field": "label"}}
    allowed = {"n": per_s, "day": n_days, "label": f"allowed {per_s:g}/s"}
    return [
        {
            "data": {"values": [allowed]},
            "layer": [
                {"mark": {"type": "rule", "strokeDash": [6, 4]}, "encoding": {"y": y}},
                {"mark": label, "encoding": at_end},
            ],
        }
    ]


def _draw_incidents(simulated: Simulated) -> Iterator[Figure]:
    rows = [
        {
            "name": incident.kind.value,
            "day": incident.begin_s / DAY_S,
            "end": incident.end_s / DAY_S,
        }
        for scenario in simulated.month.scenarios
        for incident in scenario.incidents
    ]
    if not rows:
        return
    names = [kind.value for kind in IncidentKind if any(row["name"] == kind.value for row in rows)]
    counts = ", ".join(f"{name}: {sum(row['name'] == name for row in rows)}" for name in names)
    y = label_bars(names)
    y["axis"] |= dict.fromkeys(_SAME_EDGE, _NAMES_PX)
    bars = {
        "mark": {"type": "bar", "color": "var(--doubt)", "stroke": "var(--doubt)", "clip": True},
        "encoding": {"y": y, "x": _days(simulated), "x2": {"field": "end"}},
    }
    words = Words("incidents", "What goes wrong, in all workspaces", f"{counts}.")
    yield draw(words, rows, bars, height_of_bars(len(names) + 1))
