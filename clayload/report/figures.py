"""What do the plots of a run report show?

In:    a run report, and how fast the run went.
Out:   figures: rate over time, where the leads went, by table, quarantine reasons, slots.
Never: an empty figure; where there is nothing to draw there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clayload.account.run_report import RunReport, SlotAccount, describe_ends
from clayload.ledger.books.run_traffic import RunTraffic
from clayload.model import RowEnd
from clayload.plural import count
from clayload.report.extract_sections import rank_reasons
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
from clayload.report.rate_figure import draw_rate
from clayload.report.run.run_grids import TABLE_ENDS

_MOST_BARS = 20
_COLOUR_OF = {
    RowEnd.DELIVERED: "var(--delivered)",
    RowEnd.ALREADY_DELIVERED: "var(--already)",
    RowEnd.REFUSED: "var(--refused)",
    RowEnd.IN_DOUBT: "var(--doubt)",
    RowEnd.DEFERRED: "var(--deferred)",
    RowEnd.PENDING: "var(--pending)",
}
_SET_ASIDE = "var(--aside)"
_PARTS_OF_A_SLOT = {
    "used before": "var(--already)",
    "used by this run": "var(--delivered)",
    "left": "var(--line)",
}
_PERCENT: Spec = {"title": "% of the safe limit", "tickCount": 5}
_COUNT: Spec = {"title": "leads", "tickCount": 5, "tickMinStep": 1, "format": ",d"}


def draw_figures(report: RunReport, traffic: RunTraffic) -> dict[str, Figure]:
    """Draw what there is to draw, by name."""
    drawn = (
        *draw_rate(traffic),
        *draw_ends(report),
        *draw_tables(report),
        *draw_slots(report.slots),
        *draw_reasons(report),
    )
    return {figure.name: figure for figure in drawn}


def draw_ends(report: RunReport) -> Iterator[Figure]:
    """Draw how many rows came to each end; ends without a row are left out."""
    ends = {end: n for end, n in report.ends.items() if n}
    words = Words(
        "ends",
        "Where the leads went",
        f"{count(report.extract.n_rows, 'row')}: {describe_ends(ends)}.",
    )
    rows = [_labelled(end, n, _COLOUR_OF.get(end, _SET_ASIDE)) for end, n in ends.items()]
    yield from _draw_bars(words, rows, "rows")


def draw_reasons(report: RunReport) -> Iterator[Figure]:
    """Draw the most frequent reasons for quarantine."""
    ranked = rank_reasons(report.extract)
    shown = ranked[:_MOST_BARS]
    listed = ", ".join(f"{name} {n:,}" for name, n in shown)
    title = _describe_shown("Why leads were quarantined", len(ranked), "most frequent")
    words = Words("reasons", title, f"Leads by reason: {listed}.")
    rows = [_labelled(name, n, _SET_ASIDE) for name, n in shown]
    yield from _draw_bars(words, rows, "leads")


def _describe_shown(title: str, n: int, which: str) -> str:
    return f"{title}: the {_MOST_BARS} {which} of {n}" if n > _MOST_BARS else title


def _labelled(name: str, n: int, colour: str) -> Row:
    return {"name": name, "n": n, "label": f"{n:,}", "colour": colour}


def _draw_bars(words: Words, rows: Sequence[Row], unit: str) -> Iterator[Figure]:
    """Draw horizontal bars, each with its figure at its end."""
    if not rows:
        return
    y = label_bars([str(row["name"]) for row in rows])
    most = max(int(str(row["n"])) for row in rows)
    x = {
        "field": "n",
        "type": "quantitative",
        "scale": {"domain": [0, most * ROOM_FOR_LABELS], "nice": False},
        "axis": {"title": unit, "tickCount": 5, "tickMinStep": 1, "format": ",d"},
    }
    colour = {"field": "colour", "type": "nominal", "scale": None}
    beside = {"type": "text", "align": "left", "dx": 4}
    layers = [
        {"mark": {"type": "bar"}, "encoding": {"y": y, "x": x, "color": colour}},
        {"mark": beside, "encoding": {"y": y, "x": x, "text": {"field": "label"}}},
    ]
    yield draw(words, rows, {"layer": layers}, height_of_bars(len(rows)))


def draw_tables(report: RunReport) -> Iterator[Figure]:
    """Draw the leads of each Clay table, stacked by end."""
    totals = {name: sum(ends.values()) for name, ends in report.tables.items()}
    ranked = sorted((name for name, n in totals.items() if n), key=lambda name: -totals[name])
    names = ranked[:_MOST_BARS]
    of_each = "; ".join(f"{name}: {describe_ends(report.tables[name])}" for name in names)
    words = Words(
        "tables", _describe_shown("Leads by Clay table", len(ranked), "largest"), f"{of_each}."
    )
    rows = [
        {"name": name, "n": n, "part": end.value, "order": order}
        for name in names
        for order, end in enumerate(TABLE_ENDS)
        if (n := report.tables[name].get(end, 0))
    ]
    present = {end.value: _COLOUR_OF[end] for end in TABLE_ENDS if _is_part(end, rows)}
    yield from _draw_stacks(words, rows, present, _COUNT)


def _is_part(name: str, rows: Sequence[Row]) -> bool:
    return any(row["part"] == name for row in rows)


def draw_slots(slots: Sequence[SlotAccount]) -> Iterator[Figure]:
    """Draw what each slot took before and in this run, and what is left of its safe limit.

    Of many slots the busiest and fullest are drawn.
    """
    busiest = sorted(slots, key=lambda slot: (-slot.used_by_run, -slot.used / slot.safe_limit))
    kept = {slot.slot for slot in busiest[:_MOST_BARS]}
    shown = [slot for slot in slots if slot.slot in kept]
    listed = "; ".join(f"{slot.slot}: {_describe_slot(slot)}" for slot in shown)
    title = _describe_shown("What is left of each webhook slot", len(slots), "busiest")
    words = Words("slots", title, f"{listed}.")
    rows = [row for slot in shown for row in _parts_of(slot)]
    yield from _draw_stacks(words, rows, _PARTS_OF_A_SLOT, _PERCENT)


def _describe_slot(slot: SlotAccount) -> str:
    return f"{slot.used_by_run:,} by this run, {_left_in(slot):,} of {slot.safe_limit:,} left"


def _left_in(slot: SlotAccount) -> int:
    return max(slot.safe_limit - slot.used, 0)


def _parts_of(slot: SlotAccount) -> Iterator[Row]:
    counts = (max(slot.used - slot.used_by_run, 0), slot.used_by_run, _left_in(slot))
    for order, (part, n) in enumerate(zip(_PARTS_OF_A_SLOT, counts, strict=True)):
        yield {"name": slot.slot, "n": 100 * n / slot.safe_limit, "part": part, "order": order}


def _draw_stacks(
    words: Words, rows: Sequence[Row], colours: Mapping[str, str], axis: Spec
) -> Iterator[Figure]:
    """Draw horizontal bars of several parts, with a legend above."""
    if not rows:
        return
    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    scale = {"domain": list(colours), "range": list(colours.values())}
    encoding = {
        "y": label_bars(names),
        "x": {"field": "n", "type": "quantitative", "axis": axis},
        "order": {"field": "order", "type": "quantitative"},
        "color": {"field": "part", "type": "nominal", "scale": scale},
    }
    yield draw(words, rows, {"mark": "bar", "encoding": encoding}, height_of_bars(len(names) + 1))
