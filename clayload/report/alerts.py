"""Is a load degraded?

In:    a load's account as it stands now, and the thresholds of `tables.yaml`.
Out:   a condition: fine, or over with every reason, in figures.
Never: a lead's key or data; and never a load judged that is still under way.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.alerts import Condition, Kind, Level
from clayload.model import RowEnd
from clayload.report.account import Outcome, RunReport, describe_ends
from clayload.tables.alerts import Alerts

_PERCENT = 100
_OWING = (Outcome.UNBALANCED, Outcome.PENDING, Outcome.DEFERRED)


def judge_load(
    report: RunReport, subject: str, alerts: Alerts, n_owed_before: int = 0
) -> Condition:
    """Judge the newest load of a sort; `n_owed_before` leads of those before it are still owed."""
    reasons = list(_find_reasons(report, alerts))
    if n_owed_before:
        reasons.append(f"{n_owed_before:,} leads of earlier loads are still owed")
    name = f"{report.kind} {report.run_id} for {report.cycle}"
    said = "; ".join(reasons) or describe_ends(report.ends)
    return Condition(
        subject=subject,
        kind=Kind.LOAD,
        level=Level.OVER if reasons else Level.FINE,
        what=f"{name}: {said}",
        next_step=_mend(report) if reasons else "",
        figures={
            "run_id": report.run_id,
            "cycle": report.cycle,
            "outcome": report.outcome,
            "rows": report.reading.n_rows,
            **{end.replace(" ", "_"): n for end, n in report.ends.items()},
        },
    )


def _find_reasons(report: RunReport, alerts: Alerts) -> Iterator[str]:
    ends, n_rows = report.ends, report.reading.n_rows
    if report.outcome in _OWING:
        yield f"{report.outcome}: {describe_ends(ends)}"
    if not ends[RowEnd.DELIVERED] + ends[RowEnd.ALREADY_DELIVERED]:
        yield f"not one of {n_rows:,} rows is delivered"
    n_set_aside = ends[RowEnd.QUARANTINED]
    if n_set_aside * _PERCENT > alerts.quarantine_percent * n_rows:
        yield _say_part(n_set_aside, n_rows, "rows are in quarantine", alerts.quarantine_percent)
    n_accepted = sum(sum(of_table.values()) for of_table in report.tables.values())
    n_doubtful = ends[RowEnd.REFUSED] + ends[RowEnd.IN_DOUBT]
    if n_doubtful * _PERCENT > alerts.refused_percent * n_accepted:
        words = "accepted leads are refused or in doubt"
        yield _say_part(n_doubtful, n_accepted, words, alerts.refused_percent)


def _say_part(n: int, n_all: int, what: str, percent: float) -> str:
    return f"{n:,} of {n_all:,} {what} ({n / n_all:.1%}; told above {percent:g} %)"


def _mend(report: RunReport) -> str:
    if report.outcome is not Outcome.COMPLETE:
        return report.next_step
    if report.reading.n_quarantined:
        return f"mend them in a spreadsheet: `clayload quarantine export {report.run_id}`"
    return f"load again what is owed; `clayload doctor {report.run_id}` says what is wrong"
