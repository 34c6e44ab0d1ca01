"""Does the run go as fast as it may, and does anybody work on it?

In:    the run's signs.
Out:   findings: throttled, queue-backing-up, paused, process-ended.
Never: a rate measured over less than a minute taken for the rate to come.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.ledger.books.run_activity import RunStatus
from clayload.ledger.books.traffic import LAST_S, WorkspaceUse
from clayload.monitoring.diagnosis.finding import Finding, Severity, Trouble
from clayload.monitoring.diagnosis.signs import Signs
from clayload.plural import count
from clayload.report.moments import describe_moment, describe_seconds
from clayload.report.run.progress import describe_stop

FEW_429 = 3
"""Fewer answers 429 than this tell of an unlucky moment only."""
THROTTLED_FROM = 0.01
"""The part of all answers that are 429 from which on a run is held up by them."""


def find_in_pace(signs: Signs) -> Iterator[Finding]:
    """Find what holds the run up as a whole."""
    if signs.workspace is not None:
        yield from _find_throttle(signs, signs.workspace)
        yield from _find_pause(signs, signs.workspace)
        yield from _find_backlog(signs, signs.workspace)
    yield from _find_ended_process(signs)


def _find_throttle(signs: Signs, use: WorkspaceUse) -> Iterator[Finding]:
    n_429 = signs.traffic.n_rate_limited
    n_all = n_429 + signs.traffic.n_answers
    is_slow_now = signs.process.is_open and use.part < 1.0
    if n_429 < FEW_429 or (n_429 < n_all * THROTTLED_FROM and not is_slow_now):
        return
    yield Finding(
        Trouble.THROTTLED,
        Severity.TROUBLE if signs.queue.n_owed else Severity.SOON,
        f"Clay answered 429 to {n_429:,} of {n_all:,} submissions ({n_429 / n_all:.0%}) during the "
        f"run: {'; '.join(_describe_slowness(signs, use))}",
        "stop what else sends into the workspace; or, if nothing does, set workspace.rate_per_s "
        "to what Clay allows, and ask Clay's support for more. No lead is lost, and the rate comes "
        "back by itself: `clayload status` shows it",
        use.workspace,
    )


def _describe_slowness(signs: Signs, use: WorkspaceUse) -> Iterator[str]:
    yield f"allowed now {use.rate_per_s * use.part:.1f}/s of {use.rate_per_s:g}/s configured"
    yield f"{_reached_per_s(signs):.1f}/s reached"
    if signs.traffic.slowed_at is not None:
        part = signs.traffic.slowed_to
        yield f"last slowed down at {describe_moment(signs.traffic.slowed_at)}, to {part:.0%}"
        taken = use.rate_per_s * (1 - part)
        yield f"so somebody else takes up to {taken:.1f}/s, or Clay allows less than is configured"


def _reached_per_s(signs: Signs) -> float:
    """Give what the workspace got through during the run, or else what the run did."""
    traffic = signs.traffic
    if traffic.workspace_per_s is not None:
        return traffic.workspace_per_s
    duration_s = traffic.ended_at - traffic.started_at
    return traffic.n_answers / duration_s if duration_s > 0 else 0.0


def _find_pause(signs: Signs, use: WorkspaceUse) -> Iterator[Finding]:
    if use.paused_at is None:
        return
    because = f" ({use.paused_because})" if use.paused_because else ""
    n_owed = signs.queue.n_owed
    yield Finding(
        Trouble.PAUSED,
        Severity.TROUBLE if n_owed else Severity.SOON,
        f"{use.workspace} is paused since {describe_moment(use.paused_at)}{because}: nothing is "
        f"sent, and {count(n_owed, 'lead of this run waits', 'leads of this run wait')}",
        f"`clayload unpause {use.workspace}`, once the reason is gone",
        use.workspace,
    )


def _find_backlog(signs: Signs, use: WorkspaceUse) -> Iterator[Finding]:
    queue = signs.queue
    # Where the owed leads of a run wait for a process, its rate says nothing.
    is_moving = signs.process.status.is_worked_on and not signs.is_paused
    if not is_moving or not queue.n_owed:
        return
    per_s = rate_to_come(signs, use)
    eta_s = queue.n_owed_all / per_s
    if eta_s <= queue.within_s:
        return
    n_others = queue.n_owed_all - queue.n_owed
    others = f", and other runs {n_others:,} at the same rate" if n_others else ""
    ahead = f", {queue.n_ahead:,} of them with a higher priority" if queue.n_ahead else ""
    yield Finding(
        Trouble.QUEUE_BACKING_UP,
        Severity.TROUBLE,
        f"this run owes {count(queue.n_owed, 'lead')}{others}{ahead}: {describe_seconds(eta_s)} at "
        f"{per_s:.3g}/s, and {describe_seconds(queue.within_s)} are thought to be enough; "
        f"{use.achieved_per_s:.3g}/s were reached in the last minute, {use.rate_per_s:g}/s are "
        "configured",
        _fix_backlog(n_others),
        use.workspace,
    )


def _fix_backlog(n_others: int) -> str:
    """Say what shortens the queue."""
    rate = "have Clay's support raise the rate, then workspace.rate_per_s"
    if not n_others:
        return (
            f"{rate}; or send less at once: stop this load with Ctrl-C and begin with "
            "`clayload load ... --limit N` or `--table NAME`"
        )
    return (
        f"{rate}; or fewer loads at once: stop one with Ctrl-C, it resumes with the same command; "
        "what cannot wait goes first with `clayload load ... --priority high`"
    )


def rate_to_come(signs: Signs, use: WorkspaceUse) -> float:
    """Give the rate the queue can count on: what is allowed, or what is reached if that is less.

    A run younger than a minute has reached little only because it has begun.
    """
    allowed = use.rate_per_s * use.part
    is_measured = signs.process.started_s >= LAST_S and use.achieved_per_s > 0
    return min(allowed, use.achieved_per_s) if is_measured else allowed


def _find_ended_process(signs: Signs) -> Iterator[Finding]:
    process = signs.process
    is_gone = process.status is RunStatus.ABANDONED and signs.queue.n_owed > 0
    if not process.is_open or not (is_gone or process.n_left_behind):
        return
    stop = f"the run was {describe_stop(process.halted_by, process.idle_s)}"
    what = stop if is_gone else "a process of the run ended"
    left = f", {process.n_left_behind:,} of them granted" if process.n_left_behind else ""
    yield Finding(
        Trouble.PROCESS_ENDED,
        Severity.TROUBLE,
        f"{what}; {count(signs.queue.n_owed, 'lead is', 'leads are')} still to be sent{left}",
        "run the same load again: it resumes, and sends just what is owed "
        "(`clayload load ...`, with the same files and --cycle)",
    )
