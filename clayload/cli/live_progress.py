"""How does a person at a terminal follow leads on their way?

In:    a run that calls back once it knows what it owes.
Out:   a live bar on a terminal, a plain line now and then elsewhere; the run's report.
Never: anything on standard output: that is the report's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from rich.progress import BarColumn, Progress, TextColumn

from clayload.account.run_report import RunReport
from clayload.cli.console import err
from clayload.loading.prepare import PreparedLoad
from clayload.loading.progress import ProgressMeter
from clayload.plural import count
from clayload.setup import Setup

_BAR_EVERY_S = 0.5
_LINE_EVERY_S = 10.0
_LOOK_EVERY_S = 1.0

WatchedRun: TypeAlias = Callable[[Callable[[PreparedLoad], None]], RunReport]
"""A run to its end; it calls back with what it owes before the first lead leaves."""


def run_watched(run: WatchedRun, setup: Setup) -> RunReport:
    """Run to the end, and show how far it is."""
    stop = threading.Event()
    watchers: list[threading.Thread] = []

    def watch(prepared: PreparedLoad) -> None:
        err.print(
            f"run {prepared.run_id} (cycle {prepared.cycle}): {prepared.n_owed:,} of "
            f"{count(prepared.n_accepted, 'accepted lead')} owed, in "
            f"{count(len(prepared.chunks), 'chunk')}"
        )
        meter = ProgressMeter(prepared, setup)
        watchers.append(threading.Thread(target=_watch, args=(meter, stop), daemon=True))
        watchers[0].start()

    try:
        return run(watch)
    except (KeyboardInterrupt, SystemExit):
        err.print("stopped; what was sent is recorded, and the same command sends the rest")
        raise
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


def _watch(meter: ProgressMeter, stop: threading.Event) -> None:
    """Show a live bar on a terminal, a plain line now and then elsewhere."""
    if not err.is_terminal:
        _print_lines(meter, stop)
        return
    with Progress(BarColumn(), TextColumn("{task.description}"), console=err) as bar:
        shown = bar.add_task("", total=100.0)
        is_last = False
        while not is_last:
            is_last = stop.wait(_BAR_EVERY_S)
            progress = meter.read()
            bar.update(shown, completed=progress.percent, description=str(progress))


def _print_lines(meter: ProgressMeter, stop: threading.Event) -> None:
    """Print a line every ten seconds, and at once when the workspace is paused or goes on."""
    shown, due_at = meter.find_pause(), time.monotonic() + _LINE_EVERY_S
    if shown is not None:
        err.print(str(meter.read()))
    while not stop.wait(_LOOK_EVERY_S):
        pause = meter.find_pause()
        if pause == shown and time.monotonic() < due_at:
            continue
        shown, due_at = pause, time.monotonic() + _LINE_EVERY_S
        err.print(str(meter.read()))
