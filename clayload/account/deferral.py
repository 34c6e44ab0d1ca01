"""Which leads can wait, and for what?

In:    what stopped tables, and how many leads of each are deferred.
Out:   the tables whose leads wait for a budget or for approval, and a sentence of it with the
       next step.
Never: a table that something else has stopped too: its leads are owed now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from clayload.errors import Code
from clayload.model import RowEnd
from clayload.plural import count

if TYPE_CHECKING:
    from clayload.account.problem import Problem

_DEFERRED_BY: dict[str, str] = {
    Code.BUDGET_EXHAUSTED: "by a budget",
    Code.SAMPLE_SENT: "until a person has looked at their sample",
}


def find_deferred(problems: Sequence[Problem]) -> frozenset[str]:
    """Name the tables that a budget or a sample stopped, and nothing else: their leads can wait."""
    stopped = {problem.table for problem in problems}
    otherwise = {p.table for p in problems if p.code not in _DEFERRED_BY}
    return frozenset(stopped - otherwise)


def count_deferred(
    problems: Sequence[Problem], tables: Mapping[str, Mapping[RowEnd, int]]
) -> Counter[str]:
    """Count the deferred leads by the code of what they wait for; a sample before a budget."""
    deferred = find_deferred(problems)
    last = {p.table: p.code for p in sorted(problems, key=lambda p: p.code) if p.table in deferred}
    counted: Counter[str] = Counter()
    for table, code in last.items():
        counted[code] += tables.get(table, {}).get(RowEnd.DEFERRED, 0)
    return +counted


def describe_deferred(
    problems: Sequence[Problem], tables: Mapping[str, Mapping[RowEnd, int]]
) -> Iterator[str]:
    """Say how many leads wait for what, and what to do, a sentence for each kind."""
    deferred = find_deferred(problems)
    for code, n in count_deferred(problems, tables).items():
        hint = next(p.hint for p in problems if p.code == code and p.table in deferred)
        yield f"{count(n, 'lead is', 'leads are')} deferred {_DEFERRED_BY[code]}: {hint}"


def describe_deferral(
    problems: Sequence[Problem], tables: Mapping[str, Mapping[RowEnd, int]]
) -> str:
    """Name the list of deferred leads by what they wait for, if it is one thing."""
    kinds = [_DEFERRED_BY[code] for code in count_deferred(problems, tables)]
    return f"Deferred {kinds[0]}" if len(kinds) == 1 else "Deferred"
