"""`clayload load`: send what is owed of an extract."""

import os
import threading
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from clayload.cli.options import AsJson, Cycle, Files, Limit, OneTable
from clayload.cli.show import err, out, show_plan, show_report
from clayload.loading.plan import plan_load
from clayload.loading.prepare import PreparedLoad
from clayload.loading.progress import ProgressMeter
from clayload.loading.request import LoadRequest
from clayload.loading.run import run_load
from clayload.loading.setup import Setup, read_setup
from clayload.report.account import RunReport

_BAR_EVERY_S = 0.5
_LINE_EVERY_S = 10.0


def load(
    files: Files,
    cycle: Cycle = None,
    table: OneTable = None,
    limit: Limit = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write what would be sent to files; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load an extract into its Clay tables. The same load again sends only what is still owed."""
    request = LoadRequest(tuple(files), cycle, table, limit)
    setup = read_setup(os.environ)
    if dry_run:
        _rehearse(request, setup, as_json=as_json)
        return
    report = _load_with_progress(request, setup)
    if as_json:
        out.print_json(report.to_json())
    else:
        show_report(report)
    raise typer.Exit(report.exit_code)


def _rehearse(request: LoadRequest, setup: Setup, *, as_json: bool) -> None:
    folder = setup.settings.home / "dry-run"
    planned = plan_load(request, setup, bodies_folder=folder)
    if as_json:
        out.print_json(planned.to_json())
    else:
        show_plan(planned)
        out.print(f"what would be sent lies in {folder}")


def _load_with_progress(request: LoadRequest, setup: Setup) -> RunReport:
    stop = threading.Event()
    watchers: list[threading.Thread] = []

    def watch(prepared: PreparedLoad) -> None:
        err.print(
            f"run {prepared.run_id} (cycle {prepared.cycle}): {prepared.n_owed:,} of "
            f"{prepared.n_accepted:,} accepted leads are owed, in {len(prepared.chunks)} chunks"
        )
        meter = ProgressMeter(prepared, setup)
        watchers.append(threading.Thread(target=_watch, args=(meter, stop), daemon=True))
        watchers[0].start()

    try:
        return run_load(request, setup, tell=err.print, on_prepared=watch)
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
        while not stop.wait(_LINE_EVERY_S):
            err.print(str(meter.read()))
        return
    with Progress(BarColumn(), TextColumn("{task.description}"), console=err) as bar:
        shown = bar.add_task("", total=100.0)
        is_last = False
        while not is_last:
            is_last = stop.wait(_BAR_EVERY_S)
            progress = meter.read()
            bar.update(shown, completed=progress.percent, description=str(progress))
