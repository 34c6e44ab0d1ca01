"""Which limit does the run stand at: a webhook, a table's rows, a budget?

In:    the run's signs.
Out:   findings: no-webhooks, slot-used-up, slot-suspended, table-too-large, credit-overrun.
Never: a limit other than those the grant keeps; the thresholds before them are the forecast's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from clayload.account.deferral import count_deferred
from clayload.capacity.month import LEADS_A_TABLE
from clayload.capacity.slots import WARN_AT, SlotForecast, TableForecast
from clayload.delivery.grant import SlotState
from clayload.errors import Code
from clayload.model import RowEnd
from clayload.monitoring.diagnosis.finding import Finding, Severity, Trouble
from clayload.monitoring.diagnosis.signs import BudgetSigns, Signs
from clayload.plural import count

_ANSWER = re.compile(r"slot answers (\d{3})")
_PLAN_ANSWERS = frozenset({402, 403})
_TOKEN_ANSWER = 401
_GONE_ANSWERS = frozenset({404, 410})


def find_at_limits(signs: Signs) -> Iterator[Finding]:
    """Find the limits that are reached, or near."""
    yield from _find_refused_slots(signs)
    for table in signs.tables:
        if not table.auto_delete:
            yield from _find_used_up(table, signs.count_owed(table.table))
            yield from _find_large(table, signs.count_owed(table.table))
    yield from _find_overrun(signs)


def _find_refused_slots(signs: Signs) -> Iterator[Finding]:
    in_use = [
        (table.table, slot)
        for table in signs.tables
        for slot in table.slots
        if slot.state in (SlotState.ACTIVE, SlotState.SUSPENDED)
    ]
    suspended = [(table, slot) for table, slot in in_use if slot.state is SlotState.SUSPENDED]
    is_all = len(suspended) == len(in_use)
    if suspended and is_all and all(_status_of(slot) in _PLAN_ANSWERS for _, slot in suspended):
        yield _describe_plan(signs, [slot for _, slot in suspended])
        return
    for name, slot in suspended:
        yield Finding(
            Trouble.SLOT_BENCHED,
            Severity.TROUBLE,
            f"{name}: Clay refuses slot {slot.slot} ({slot.reason}), and "
            f"{_count_owed(signs.count_owed(name), 'the table')} owed",
            _fix_slot(name, slot),
            slot.slot,
        )


def _status_of(slot: SlotForecast) -> int | None:
    found = _ANSWER.match(slot.reason)
    return int(found.group(1)) if found else None


def _describe_plan(signs: Signs, slots: Iterable[SlotForecast]) -> Finding:
    said = "; ".join(f"{slot.slot}: {slot.reason}" for slot in slots)
    n_owed = signs.queue.n_owed
    return Finding(
        Trouble.NO_WEBHOOKS,
        Severity.TROUBLE,
        f"Clay refuses every slot of the run's tables ({said}), and "
        f"{count(n_owed, 'lead is', 'leads are')} owed: the workspace's plan, '{signs.plan}' by "
        "tables.yaml, seems to have no webhooks",
        "see the plan in Clay: webhooks need Growth, Enterprise, a trial or an old Explorer or Pro "
        "plan; `clayload capacity --leads N` says which fits. Then load again",
    )


def _count_owed(n: int, of: str) -> str:
    return count(n, f"lead of {of} is", f"leads of {of} are")


def _fix_slot(table: str, slot: SlotForecast) -> str:
    status = _status_of(slot)
    if status == _TOKEN_ANSWER:
        return (
            f"put the webhook's token where tables.yaml says slot {slot.slot} has it, see that "
            "`clayload check` finds it, and load again: the next load tries the slot anew"
        )
    if status in _GONE_ANSWERS:
        return f"the webhook is gone from Clay: {_add_slot(table)}, then retire {slot.slot}"
    return (
        f"look at the webhook in Clay; the next load tries it anew, or {_add_slot(table)} if it "
        "stays refused"
    )


def _add_slot(table: str) -> str:
    return f"`clayload slots add {table} NEW-NAME --url env:...`"


def _find_used_up(table: TableForecast, n_owed: int) -> Iterator[Finding]:
    spent = [slot for slot in table.slots if _is_spent(slot)]
    if not table.usable and not spent:
        return
    severity = _judge_slots(table, n_owed)
    if severity is None:
        return
    shown = [*spent, *table.usable]
    figures = ", ".join(
        f"{slot.slot} {slot.used:,} of {slot.safe_limit:,} ({slot.part_used:.0%})" for slot in shown
    )
    yield Finding(
        Trouble.SLOT_USED_UP,
        severity,
        f"{table.table}: {figures}; all slots together take {table.n_left_in_slots:,} more, and "
        f"{_count_owed(n_owed, 'this run')} owed there",
        f"make a webhook in Clay on this table, then {_add_slot(table.table)}"
        + (", and load again" if severity is Severity.TROUBLE else ""),
        table.table,
    )


def _is_spent(slot: SlotForecast) -> bool:
    is_at_limit = slot.state is SlotState.ACTIVE and not slot.n_left
    return slot.state is SlotState.USED_UP or is_at_limit


def _judge_slots(table: TableForecast, n_owed: int) -> Severity | None:
    """Judge the slots: a used-up one is no trouble while others have room."""
    if n_owed > table.n_left_in_slots:
        # Rows that are full stop the table first, whatever its slots take.
        return Severity.TROUBLE
    if not table.usable or table.usable[-1].part_used >= WARN_AT:
        return Severity.SOON
    return None


def _find_large(table: TableForecast, n_owed: int) -> Iterator[Finding]:
    severity = judge_rows(table, n_owed)
    if severity is None:
        return
    rows = f"{table.rows_used:,} of {table.row_limit:,} rows ({table.part_of_rows_used:.0%})"
    owed = _count_owed(n_owed, "this run")
    easy = f"a table of about {LEADS_A_TABLE:,} is easy to work with"
    yield Finding(
        Trouble.TABLE_TOO_LARGE,
        severity,
        f"{table.table}: {rows}, and {owed} owed there; {easy}",
        "split it: make a second Clay table, give it a part of this one's filter in tables.yaml "
        "and a slot of its own, and see with `clayload plan`; or delete rows in Clay, or turn on "
        "auto-delete (Enterprise). Another slot does not help",
        table.table,
    )


def judge_rows(table: TableForecast, n_owed: int) -> Severity | None:
    """Judge how full a table is."""
    n_left = max(table.row_limit - table.rows_used, 0)
    if n_owed > n_left:
        return Severity.TROUBLE
    if table.part_of_rows_used >= WARN_AT:
        return Severity.SOON
    return Severity.ADVICE if table.rows_used > LEADS_A_TABLE else None


def _find_overrun(signs: Signs) -> Iterator[Finding]:
    report = signs.report
    by_word = count_deferred(report.problems, report.tables)[Code.SAMPLE_SENT]
    n_deferred = report.ends[RowEnd.DEFERRED] - by_word
    found = [(line, severity) for line in signs.budgets if (severity := judge_budget(line))]
    for line, severity in found:
        yield Finding(
            Trouble.CREDIT_OVERRUN,
            severity,
            "; ".join(_describe_line(signs, line, n_deferred)),
            _fix_line(line, severity),
            line.key,
        )
    if n_deferred and not any(severity is Severity.TROUBLE for _, severity in found):
        yield Finding(
            Trouble.CREDIT_OVERRUN,
            Severity.TROUBLE,
            f"{count(n_deferred, 'lead was', 'leads were')} deferred by a budget that has room "
            "again",
            "run the same load again: it sends them; `clayload budget` has all lines",
        )


def _fix_line(line: BudgetSigns, severity: Severity) -> str:
    if severity is Severity.SOON:
        return (
            f"raise {line.key} before leads are deferred, or send less until it renews on "
            f"{line.renews_on}; `clayload budget` has all lines"
        )
    return (
        f"raise {line.key} and load again, or wait until {line.renews_on}: the same load sends "
        "what is deferred; `clayload budget` has all lines"
    )


def judge_budget(line: BudgetSigns) -> Severity | None:
    """Judge a budget line by what is used, what the run still needs, and what is planned."""
    if line.needed > line.left:
        return Severity.TROUBLE
    if line.part_used >= WARN_AT or line.planned > line.limit:
        return Severity.SOON
    return None


def _describe_line(signs: Signs, line: BudgetSigns, n_deferred: int) -> Iterator[str]:
    yield f"{line.key}: {line.used:,.10g} of {line.limit:,.10g} {line.unit} used"
    yield f"this run still needs {line.needed:,.10g}, and {line.left:,.10g} are left"
    if line.planned > line.limit:
        yield f"the volume planned for a cycle takes {line.planned:,.10g}"
    if n_deferred:
        yield f"{count(n_deferred, 'lead is', 'leads are')} deferred"
    saved = round(sum(one.credits for one in signs.report.extract.savings), 1)
    if saved:
        yield f"what was set aside saved about {saved:,.10g} credits"
