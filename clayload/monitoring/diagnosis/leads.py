"""What became of the run's leads that nobody wants?

In:    the run's signs.
Out:   findings: stopped, in-doubt, refused, quarantine-high, unrouted-high,
       suppressed-high, nothing-to-send, sent-again, unbalanced.
Never: one finding a lead; they are counted, and the report lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from clayload.account.extract_summary import ExtractSummary
from clayload.errors import Code
from clayload.model import RowEnd
from clayload.monitoring.diagnosis.finding import Finding, Severity, Trouble
from clayload.monitoring.diagnosis.signs import Refusals, Signs
from clayload.plural import count

TOO_MANY = 0.2
"""The part of all rows from which on the file, not its rows, is at fault."""

_FEW_ROWS = 5
"""Of fewer set-aside rows no share is made: two of six bad rows say nothing of a file."""
_SHOWN = 3
# What these say, another finding says with more figures.
_SAID_ELSEWHERE = frozenset(
    {
        Code.SLOTS_USED_UP,
        Code.TABLE_FULL,
        Code.BUDGET_EXHAUSTED,
        Code.SAMPLE_SENT,
        Code.SLOTS_SUSPENDED,
    }
)
_FIX_STATUS = {
    400: "see what Clay says of them, and fix the fields",
    413: "shorten the longest fields, or take them out of send",
    422: "see what Clay says of them, and fix the fields",
}


def find_in_leads(signs: Signs) -> Iterator[Finding]:
    """Find what kept leads from being delivered, and what sent them once too often."""
    yield from _find_stops(signs)
    yield from _find_doubts(signs)
    yield from _find_refusals(signs)
    yield from _find_set_aside(signs)
    yield from _find_nothing_to_send(signs)
    yield from _find_sent_again(signs)
    yield from _find_unbalanced(signs)


def _find_stops(signs: Signs) -> Iterator[Finding]:
    for problem in signs.report.problems:
        n_owed = signs.count_owed(problem.table)
        if problem.code not in _SAID_ELSEWHERE and n_owed:
            owed = f"{count(n_owed, 'lead is', 'leads are')} owed"
            what = f"{problem.code} {problem.table}: {problem.message}; {owed}"
            yield Finding(Trouble.STOPPED, Severity.TROUBLE, what, problem.hint, problem.table)


def _find_doubts(signs: Signs) -> Iterator[Finding]:
    if n := signs.report.ends[RowEnd.IN_DOUBT]:
        yield Finding(
            Trouble.IN_DOUBT,
            Severity.TROUBLE,
            count(
                n,
                "lead is in doubt: it may be in Clay, or not",
                "leads are in doubt: they may be in Clay, or not",
            ),
            "look for the lead_key in the Clay table; only what is not there: `clayload "
            f"replay {signs.report.run_id} --in-doubt`",
        )


def _find_refusals(signs: Signs) -> Iterator[Finding]:
    n = signs.report.ends[RowEnd.REFUSED]
    if not n or not signs.refusals:
        return
    most = max(signs.refusals, key=lambda one: one.n)
    by_reason = sorted(signs.refusals, key=lambda one: -one.n)[:_SHOWN]
    alike = "all alike: " if most.n == n and n > 1 else ""
    reasons = ", ".join(f"{one.n:,} {one.reason}" for one in by_reason)
    yield Finding(
        Trouble.REFUSED,
        Severity.TROUBLE,
        f"{count(n, 'lead was', 'leads were')} refused, {alike}{reasons}",
        f"{_fix_refusal(most)}, then `clayload replay {signs.report.run_id} --refused`",
    )


def _fix_refusal(most: Refusals) -> str:
    if most.status is None:
        return _FIX_STATUS[413]
    return _FIX_STATUS.get(most.status, "see what Clay says of them with `clayload status`")


def _find_set_aside(signs: Signs) -> Iterator[Finding]:
    extract, run_id = signs.report.extract, signs.report.run_id
    if is_too_many(extract.n_quarantined, extract.n_rows):
        by_count = sorted(extract.quarantine_reasons.items(), key=lambda item: -item[1])
        reasons = ", ".join(f"{name} {n:,}" for name, n in by_count[:_SHOWN])
        yield Finding(
            Trouble.QUARANTINE_HIGH,
            Severity.TROUBLE,
            f"{_describe_part(extract.n_quarantined, extract.n_rows)} are quarantined: {reasons}",
            f"fix the file's source, or the rows: `clayload quarantine export {run_id} "
            "--out bad.xlsx`, then `clayload resubmit bad.xlsx`",
        )
    if is_too_many(extract.n_unrouted, extract.n_rows):
        yield Finding(
            Trouble.UNROUTED_HIGH,
            Severity.TROUBLE,
            f"{_describe_part(extract.n_unrouted, extract.n_rows)} match no table's filter",
            "see the run folder's unrouted.csv; give them a table in tables.yaml, or fix a "
            "filter, see with `clayload plan`, and load again",
        )
    yield from _find_suppressed(extract)
    if is_too_many(extract.n_duplicates, extract.n_rows):
        yield Finding(
            Trouble.SENT_AGAIN,
            Severity.ADVICE,
            f"{_describe_part(extract.n_duplicates, extract.n_rows)} repeat a lead of the same "
            "extract, and were not sent",
            "nothing must be done; duplicates.csv in the run folder has them, if the file should "
            "not have any",
            "duplicates",
        )


def _find_suppressed(extract: ExtractSummary) -> Iterator[Finding]:
    if not is_too_many(extract.n_suppressed, extract.n_rows):
        return
    by_rule = Counter[str]()
    for one in extract.savings:
        by_rule[one.rule] += one.n_leads if one.end is RowEnd.SUPPRESSED else 0
    rules = ", ".join(f"{rule} {n:,}" for rule, n in by_rule.most_common(_SHOWN) if n)
    yield Finding(
        Trouble.SUPPRESSED_HIGH,
        Severity.ADVICE,
        f"{_describe_part(extract.n_suppressed, extract.n_rows)} are suppressed: {rules}",
        "nothing, if that is meant; if not, see suppressed.csv in the run folder, fix the list or "
        "the table's suppress in tables.yaml, and load again",
    )


def is_too_many(n: int, n_rows: int) -> bool:
    """Whether so many of a file's rows were set aside that the file is at fault."""
    return n >= _FEW_ROWS and n > n_rows * TOO_MANY


def _describe_part(n: int, n_rows: int) -> str:
    return f"{n:,} of {count(n_rows, 'row')} ({n / n_rows:.0%})"


def _find_nothing_to_send(signs: Signs) -> Iterator[Finding]:
    extract = signs.report.extract
    if any(sum(ends.values()) for ends in signs.report.tables.values()) or extract.n_left_out:
        return
    ends = {end: n for end, n in signs.report.ends.items() if n}
    parts = ", ".join(f"{n:,} {end}" for end, n in ends.items()) or "no row was read"
    yield Finding(
        Trouble.NOTHING_TO_SEND,
        Severity.TROUBLE,
        f"none of {count(extract.n_rows, 'row')} is for any table: {parts}",
        "see that it is the right file, and what its columns are taken for: `clayload plan FILE`",
    )


def _find_sent_again(signs: Signs) -> Iterator[Finding]:
    n = signs.n_sent_before
    if not n:
        return
    cost = n * signs.credits_per_lead
    about = f", which takes about {cost:,.10g} credits again" if cost else ""
    yield Finding(
        Trouble.SENT_AGAIN,
        Severity.ADVICE,
        f"{count(n, 'lead')} that this run delivered had been delivered in an earlier cycle, too"
        f"{about}",
        "if that is not wanted, set the table's resend to never or when_changed in tables.yaml; "
        "`clayload plan` then says how many are left",
        "cycles",
    )


def _find_unbalanced(signs: Signs) -> Iterator[Finding]:
    if n := signs.report.n_unaccounted:
        yield Finding(
            Trouble.UNBALANCED,
            Severity.TROUBLE,
            f"the books do not balance: {n:,} of {count(signs.report.extract.n_rows, 'row')} have "
            "no end",
            "keep the run folder and report this; `clayload ledger check` looks for damage",
        )
