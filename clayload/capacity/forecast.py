"""What will a budget come to by the end of the billing month?

In:    what is used and its limit, what was spent by local day, and where in the month we are.
Out:   low, likely and high at the end of the month, and the day on which a limit is used up.
Never: the clock; and never a pace made of one or two days: a month's load on its first day says
       nothing of the days to come.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

LEAST_DAYS = 3
"""On so many days something must have been spent before there is a pace."""
WEEK_DAYS = 7
# Hides what binary fractions add.
_EXACT_DIGITS = 6

ByDay: TypeAlias = Mapping[date, float]
"""Amounts by local day; a day without any may be left out."""


@dataclass(frozen=True, slots=True)
class Month:
    """Where we are in a billing month, in local days; the next one begins with `ends_on`.

    `part_of_day` of `today` is over. Nothing is known before `known_since`.
    """

    first_day: date
    today: date
    part_of_day: float
    ends_on: date
    known_since: date

    @property
    def days_left(self) -> float:
        """Days until the month ends."""
        return max((self.ends_on - self.today).days - self.part_of_day, 0.0)

    @property
    def windows(self) -> Iterator[date]:
        """Give the first days over which a pace is taken: of the month, and of the last week."""
        for first in (self.first_day, self.today - timedelta(days=WEEK_DAYS - 1)):
            yield max(first, self.known_since)

    def days_since(self, first: date) -> float:
        """Count the days since a first one began."""
        return (self.today - first).days + self.part_of_day


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will be used by the end of the month, at the lower pace, at their mean, at the higher.

    `used_up_on`: the day on which the limit is reached at the likely pace, if it is before the
    month ends.
    """

    low: float
    likely: float
    high: float
    used_up_on: date | None


@dataclass(frozen=True, slots=True)
class LineUse:
    """A budget line, or without a `limit` all that is spent in one unit: what is `used` of it.

    `unit` is as people say it, `renews_on` a local day. `least` is what the cheapest lead takes
    that counts on it, if any does. A line by the day has no forecast.
    """

    key: str
    table: str | None
    unit: str
    limit: float | None
    used: float
    renews_on: str
    least: float | None
    forecast: Forecast | None

    @property
    def part_used(self) -> float | None:
        """How much of the limit is used; all of it where the limit is 0."""
        if self.limit is None:
            return None
        return self.used / self.limit if self.limit else 1.0

    @property
    def is_used_up(self) -> bool:
        """Whether not one lead more fits it."""
        return (
            self.limit is not None
            and self.least is not None
            and round(self.limit - self.used, _EXACT_DIGITS) < self.least
        )


def forecast_line(used: float, limit: float | None, by_day: ByDay, month: Month) -> Forecast:
    """Forecast one line; `used` is what counts in this month, reserved leads included."""
    low, high = _find_paces(by_day, month)
    likely = (low + high) / 2
    return Forecast(
        low=used + low * month.days_left,
        likely=used + likely * month.days_left,
        high=used + high * month.days_left,
        used_up_on=_find_end(used, limit, likely, month),
    )


def _find_paces(by_day: ByDay, month: Month) -> tuple[float, float]:
    """Give the lower and the higher pace; both 0 while there is none."""
    first = min(month.windows)
    if sum(first <= day <= month.today and n > 0 for day, n in by_day.items()) < LEAST_DAYS:
        return 0.0, 0.0
    paces = [
        sum(n for day, n in by_day.items() if begins <= day <= month.today)
        / max(month.days_since(begins), 1.0)
        for begins in month.windows
    ]
    return min(paces), max(paces)


def _find_end(used: float, limit: float | None, per_day: float, month: Month) -> date | None:
    if limit is None:
        return None
    if used >= limit:
        return month.today
    if used + per_day * month.days_left < limit:
        return None
    days = math.floor(month.part_of_day + (limit - used) / per_day)
    return min(month.today + timedelta(days=days), month.ends_on - timedelta(days=1))
