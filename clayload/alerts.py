"""Of what holds now, what is news?

In:    what was told before, and how everything that is watched stands now.
Out:   the changes: an alert where something got worse, a recovery where it is fine again.
Never: the same alert twice before its recovery, and never a recovery without an alert.

From `over` back to `near` is no news: what was told was worse, and only `fine` ends it. So a figure
that goes up and down around a limit is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Figures: TypeAlias = Mapping[str, float | str | None]


class AlertLevel(StrEnum):
    """How something stands, the best first; an alert is anything but fine."""

    FINE = "fine"
    NEAR = "near"
    OVER = "over"

    def is_worse_than(self, other: AlertLevel) -> bool:
        """Whether this is further from fine."""
        levels = list(AlertLevel)
        return levels.index(self) > levels.index(other)


class Kind(StrEnum):
    """What is watched: budget lines, slots and tables, loads, and flows that begin a load."""

    BUDGET = "budget"
    SLOT = "slot"
    LOAD = "load"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Condition:
    """How one thing stands: `what` says it in figures, `next_step` what to do if it is not fine.

    `subject` names the thing, the same at every look. `figures` are for machines.
    """

    subject: str
    kind: Kind
    level: AlertLevel
    what: str
    next_step: str = ""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """How things stand now; of the kinds in `whole` all are there, so what is missing is gone."""

    conditions: tuple[Condition, ...]
    whole: frozenset[Kind] = frozenset()

    @property
    def alerts(self) -> tuple[Condition, ...]:
        """Give what is not fine."""
        return tuple(one for one in self.conditions if one.level is not AlertLevel.FINE)


@dataclass(frozen=True, slots=True)
class ReportedAlert:
    """What was told of a subject last, and when (epoch seconds)."""

    subject: str
    kind: Kind
    level: AlertLevel
    reported_at: float
    detail: str


@dataclass(frozen=True, slots=True)
class Change:
    """News: how a thing stands now, and what was told of it before."""

    condition: Condition
    before: AlertLevel

    @property
    def is_recovery(self) -> bool:
        """Whether what was told before is over."""
        return self.condition.level is AlertLevel.FINE


def find_changes(reported: Iterable[ReportedAlert], look: Look) -> list[Change]:
    """Find what is to be told, in the order of the look; what is gone comes last."""
    before = {one.subject: one for one in reported}
    changes = [
        Change(one, level)
        for one in look.conditions
        if _is_news(level := _level_of(before.get(one.subject)), one.level)
    ]
    return [*changes, *_find_gone(before, look)]


def _level_of(reported: ReportedAlert | None) -> AlertLevel:
    return AlertLevel.FINE if reported is None else reported.level


def _is_news(before: AlertLevel, now: AlertLevel) -> bool:
    has_recovered = now is AlertLevel.FINE and before is not AlertLevel.FINE
    return has_recovered or now.is_worse_than(before)


def _find_gone(before: Mapping[str, ReportedAlert], look: Look) -> Iterator[Change]:
    """End the alerts about what is no longer watched: nothing else ever would."""
    seen = {one.subject for one in look.conditions}
    for one in before.values():
        if one.kind in look.whole and one.subject not in seen and one.level is not AlertLevel.FINE:
            what = f"no longer watched ({_WHY_GONE[one.kind]}); it was reported: {one.detail}"
            yield Change(Condition(one.subject, one.kind, AlertLevel.FINE, what), one.level)


_WHY_GONE = {
    Kind.BUDGET: "tables.yaml no longer has this limit",
    Kind.SLOT: "tables.yaml no longer has it",
    Kind.LOAD: "there was no load of this sort for a long time",
    Kind.FLOW: "there is no such flow any more",
}
