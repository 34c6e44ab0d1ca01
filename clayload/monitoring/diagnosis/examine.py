"""Which troubles does a run have?

In:    the run's signs.
Out:   the findings, the worst first, else in the order of their names.
Never: a read or a write; and never a finding without its figures and its next step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clayload.monitoring.diagnosis.finding import Finding, Severity, Trouble
from clayload.monitoring.diagnosis.leads import find_in_leads
from clayload.monitoring.diagnosis.limits import find_at_limits
from clayload.monitoring.diagnosis.pace import find_in_pace
from clayload.monitoring.diagnosis.samples import find_in_samples
from clayload.monitoring.diagnosis.signs import Signs

_RULES: tuple[Callable[[Signs], Iterator[Finding]], ...] = (
    find_in_pace,
    find_at_limits,
    find_in_samples,
    find_in_leads,
)

_HOLDING_UP = frozenset(
    {
        Trouble.NO_WEBHOOKS,
        Trouble.SLOT_USED_UP,
        Trouble.SLOT_BENCHED,
        Trouble.PAUSED,
        Trouble.TABLE_TOO_LARGE,
        Trouble.STOPPED,
    }
)
"""What says by itself why leads of a closed run are still owed."""


def examine(signs: Signs) -> tuple[Finding, ...]:
    """Find all that is wrong with a run."""
    found = [finding for rule in _RULES for finding in rule(signs)]
    found += _find_nobody_sending(signs, found)
    return tuple(sorted(found, key=_rank))


def _find_nobody_sending(signs: Signs, found: Sequence[Finding]) -> Iterator[Finding]:
    """Find leads of a closed run that are owed though nothing holds them up any more."""
    n_owed = signs.queue.n_owed
    is_said = any(one.name in _HOLDING_UP and one.severity is Severity.TROUBLE for one in found)
    if signs.process.is_open or not n_owed or is_said:
        return
    yield Finding(
        Trouble.STOPPED,
        Severity.TROUBLE,
        f"the run is closed, {n_owed:,} of its leads are owed, and nothing holds them up now",
        "run the same load again: it resumes (`clayload load ...`, same files, same --cycle)",
    )


def _rank(finding: Finding) -> tuple[int, int, str]:
    severities, names = list(Severity), list(Trouble)
    return severities.index(finding.severity), names.index(finding.name), finding.about
