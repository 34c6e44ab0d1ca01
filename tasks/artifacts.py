"""What do people see of a load in the Prefect UI?

In:    a load on its way, then its report.
Out:   a progress artifact that moves, the report as markdown, one table artifact per Clay table.
Never: a lead's key or data: leads are spoken of by row number.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.futures import PrefectFuture, wait

from clayload.loading.prepare import PreparedLoad
from clayload.loading.progress import ProgressMeter
from clayload.loading.settle import describe_problem
from clayload.loading.setup import read_setup
from clayload.report.account import Problem, RunReport
from clayload.report.markdown import render_report

_LOOK_EVERY_S = 2.0
_SAY_EVERY = 5


def follow_progress(
    load: PreparedLoad, futures: Sequence[PrefectFuture[dict[str, int]]]
) -> list[Problem]:
    """Wait for the chunks while the progress artifact moves; tell what stopped."""
    meter = ProgressMeter(load, read_setup(os.environ))
    description = f"{load.n_owed:,} leads owed"
    # Prefect's annotation admits a coroutine, which it gives only to async callers.
    artifact_id = cast(
        "UUID", create_progress_artifact(0.0, key="load-progress", description=description)
    )
    n_looks, not_done = 0, set(futures)
    while not_done:
        not_done = wait(list(not_done), timeout=_LOOK_EVERY_S).not_done
        _show(artifact_id, meter, aloud=n_looks % _SAY_EVERY == 0 or not not_done)
        n_looks += 1
    _show(artifact_id, meter, aloud=False)
    return _find_problems(load, futures)


def _show(artifact_id: UUID, meter: ProgressMeter, *, aloud: bool) -> None:
    progress = meter.read()
    update_progress_artifact(artifact_id, progress.percent, description=str(progress))
    if aloud:
        print(progress)


def _find_problems(
    load: PreparedLoad, futures: Sequence[PrefectFuture[dict[str, int]]]
) -> list[Problem]:
    results: list[object] = [future.result(raise_on_failure=False) for future in futures]
    return [
        describe_problem(result, chunk.table)
        for chunk, result in zip(load.chunks, results, strict=True)
        if isinstance(result, BaseException)
    ]


def publish_report(report: RunReport) -> None:
    """Put the report into the UI."""
    create_markdown_artifact(
        render_report(report, with_keys=False), key="run-report", description=report.next_step
    )
    for name, ends in report.tables.items():
        slots = [slot for slot in report.slots if slot.table == name]
        create_table_artifact(
            [
                *({"what": f"leads {end}", "count": n} for end, n in ends.items()),
                *({"what": f"slot {slot.slot} used", "count": slot.used} for slot in slots),
            ],
            key=f"table-{name}",
            description=f"{name} in load {report.cycle}, run {report.run_id}",
        )
