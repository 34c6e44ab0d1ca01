"""What goes wrong in a simulated month, and what does Clay answer meanwhile?

In:    how much should go wrong, the time in which leads are sent, dice.
Out:   incidents; and Clay's word on a lead that is sent at a given moment.
Never: a incident between whose beginning and end the rules change.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from clayload.delivery.pace import Rate

EVERY_NTH_IN_DOUBT = 50
"""While Clay fails, one lead of so many is answered 5xx; the others are taken."""

_ROUNDING = 1e-6


class Failures(StrEnum):
    """How much goes wrong."""

    NONE = "none"
    SOME = "some"
    MANY = "many"


class IncidentKind(StrEnum):
    """What goes wrong, in the words that are printed."""

    OUTSIDER = "others want 30%"
    STORM = "others want it all"
    FAILING = "some answers 5xx"
    DOWN = "host is down"
    SUSPENDED = "slot is refused"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that goes wrong from `begin_s` to `end_s`; `table` is the suspended slot's."""

    kind: IncidentKind
    begin_s: float
    end_s: float
    table: str = ""


_LASTS_S = {
    IncidentKind.OUTSIDER: 3_600.0,
    IncidentKind.STORM: 600.0,
    IncidentKind.FAILING: 900.0,
    IncidentKind.DOWN: 3_600.0,
    IncidentKind.SUSPENDED: 4 * 3_600.0,
}
_SOME = {
    IncidentKind.OUTSIDER: 2,
    IncidentKind.STORM: 1,
    IncidentKind.FAILING: 2,
    IncidentKind.DOWN: 1,
    IncidentKind.SUSPENDED: 1,
}
_TIMES = {Failures.NONE: 0, Failures.SOME: 1, Failures.MANY: 4}
_WANTED_PART = {IncidentKind.OUTSIDER: 0.3, IncidentKind.STORM: 3.0}
"""How much somebody else sends, in parts of the rate. Of theirs, too, Clay refuses what is over it;
at three times the rate they are always there when there is room for a lead."""


def draw_incidents(
    failures: Failures, struck: tuple[float, float], tables: Sequence[str], dice: random.Random
) -> Iterator[Incident]:
    """Draw incidents that begin in the time `struck`; none of a kind overlaps the next of it."""
    for kind, n in _SOME.items():
        starts = sorted(dice.uniform(*struck) for _ in range(n * _TIMES[failures]))
        free_s = 0.0
        for start in starts:
            begin_s = max(start, free_s)
            table = dice.choice(tables) if kind is IncidentKind.SUSPENDED and tables else ""
            free_s = begin_s + _LASTS_S[kind]
            yield Incident(kind, begin_s, free_s, table)


def count_incidents(incidents: Iterable[Incident]) -> dict[IncidentKind, int]:
    """Count incidents by kind."""
    every = list(incidents)
    return {
        kind: n for kind in IncidentKind if (n := sum(incident.kind is kind for incident in every))
    }


class ClayAnswer(StrEnum):
    """What comes back for one lead."""

    TAKEN = "taken"
    IN_DOUBT = "in doubt"
    OVER_THE_RATE = "over the rate"
    NO_CONNECTION = "no connection"


@dataclass(slots=True)
class Clay:
    """Clay's side of one workspace: who else uses its rate, and whether it works.

    Its limiter is counted only while somebody else sends: our own pace alone never overruns it.
    """

    rate: Rate
    troubles: set[IncidentKind] = field(default_factory=set)
    _tokens: float = 0.0
    _n_wanted: float = 0.0
    _counted_at_s: float = 0.0
    _n_while_failing: int = 0

    def begin(self, kind: IncidentKind, at_s: float, tat_s: float) -> None:
        """Let something go wrong; suspended slots are the table's own.

        `tat_s`: until when our own leads have used the rate up; what they left of it is there.
        """
        if kind in _WANTED_PART and not self._wanted_part:
            n_used = self.rate.per_s * max(tat_s - at_s, 0.0)
            self._tokens, self._counted_at_s = self.rate.burst - n_used, at_s
        self._refill(at_s)
        self.troubles.add(kind)

    def end(self, kind: IncidentKind, at_s: float) -> None:
        """Let it be over."""
        self._refill(at_s)
        self.troubles.discard(kind)

    def answer(self, at_s: float) -> ClayAnswer:
        """Answer a lead that is sent at this moment; moments do not go back."""
        if IncidentKind.DOWN in self.troubles:
            return ClayAnswer.NO_CONNECTION
        if self._wanted_part and not self._take_token(at_s):
            return ClayAnswer.OVER_THE_RATE
        if IncidentKind.FAILING in self.troubles:
            self._n_while_failing += 1
            if self._n_while_failing % EVERY_NTH_IN_DOUBT == 0:
                return ClayAnswer.IN_DOUBT
        return ClayAnswer.TAKEN

    @property
    def _wanted_part(self) -> float:
        return max((_WANTED_PART.get(kind, 0.0) for kind in self.troubles), default=0.0)

    def _refill(self, at_s: float) -> None:
        """Let tokens come since the last lead, and somebody else take theirs of them."""
        n_new = max(at_s - self._counted_at_s, 0.0) * self.rate.per_s
        self._tokens += n_new
        self._n_wanted += n_new * self._wanted_part
        n_sent = math.floor(self._n_wanted)
        self._n_wanted -= n_sent
        self._tokens -= min(n_sent, math.floor(self._tokens + _ROUNDING))
        self._tokens = min(self._tokens, float(self.rate.burst))
        self._counted_at_s = max(at_s, self._counted_at_s)

    def _take_token(self, at_s: float) -> bool:
        self._refill(at_s)
        if self._tokens < 1 - _ROUNDING:
            return False
        self._tokens -= 1
        return True
