"""Does a sample of the run wait for a person's word?

In:    the run's signs.
Out:   findings: sample-waits.
Never: a judgement of the sample itself: that is what the person looks for.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.account.deferral import find_deferred
from clayload.account.sample_account import SampleAccount
from clayload.delivery.sample import Decision
from clayload.errors import Code
from clayload.monitoring.diagnosis.finding import Finding, Severity, Trouble
from clayload.monitoring.diagnosis.signs import Signs


def find_in_samples(signs: Signs) -> Iterator[Finding]:
    """Find the samples that hold leads back, or did until a person spoke."""
    report = signs.report
    deferred = find_deferred(report.problems)
    stopped = {p.table for p in report.problems if p.code == Code.SAMPLE_SENT} & deferred
    for sample in report.samples:
        if sample.n_owed and (sample.is_used_up or sample.table in stopped):
            severity, next_step = _judge(sample)
            yield Finding(
                Trouble.SAMPLE_WAITS, severity, sample.describe(), next_step, sample.table
            )


def _judge(sample: SampleAccount) -> tuple[Severity, str]:
    approve = f"`clayload approve {sample.run_id} --table {sample.table}`"
    if sample.decision is Decision.STOP:
        return Severity.ADVICE, f"nothing must be done; {approve} lets the rest follow after all"
    if sample.is_used_up:
        return Severity.TROUBLE, f"look at the rows in Clay, then {approve}, or with --stop"
    return (
        Severity.TROUBLE,
        "run the same load again, or `clayload resume-deferred`: it sends what may follow",
    )
