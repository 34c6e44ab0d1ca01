"""`clayload resume-deferred`: send what earlier loads had to defer, as far as nothing holds it."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated

import typer

from clayload.account.run_report import EXIT_CODE_OF, RunReport
from clayload.cli.console import describe_error, err, out, print_error, print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_sentence, print_summary
from clayload.cli.live_progress import run_watched
from clayload.cli.options import AsJson
from clayload.errors import ClayloadError, ExitCode, StopRunError
from clayload.loading.followups.resume_deferred import Deferral, list_deferrals, prepare_resume
from clayload.loading.prepare import PreparedLoad
from clayload.loading.run import deliver_and_close
from clayload.report.run.run_summary import render_run_summary
from clayload.setup import Setup, read_setup


def resume_deferred(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what earlier loads deferred, where a budget has room again or a sample is approved."""
    setup = read_existing(os.environ)
    deferrals = list_deferrals(setup)
    if not as_json:
        _print(deferrals)
    ended = [] if dry_run else list(_resume_all(deferrals, read_setup(os.environ)))
    reports = [one for one in ended if isinstance(one, RunReport)]
    if as_json:
        print_json(_to_json(deferrals, ended))
    else:
        for report in reports:
            out.print()
            print_summary(render_run_summary(report))
    raise typer.Exit(ExitCode.OK if dry_run else _judge(deferrals, ended))


def _print(deferrals: Sequence[Deferral]) -> None:
    for deferral in deferrals:
        for sentence in deferral.describe():
            print_sentence(sentence)
    if not deferrals:
        print_sentence("nothing is deferred")


def _resume_all(deferrals: Sequence[Deferral], setup: Setup) -> Iterator[RunReport | ClayloadError]:
    """Go on with one run after the other; what keeps one from it keeps no other."""
    for deferral in deferrals:
        if not deferral.n_going:
            continue
        try:
            # The one before may have sent them: both runs are of the same leads then.
            prepared = prepare_resume(deferral.run.run_id, setup)
            if prepared is not None:
                yield run_watched(partial(_deliver, prepared, setup), setup)
        except StopRunError as error:
            print_error(error)
            yield error


def _deliver(
    prepared: PreparedLoad, setup: Setup, watch: Callable[[PreparedLoad], None]
) -> RunReport:
    watch(prepared)
    return deliver_and_close(prepared, setup, err.print)


def _judge(deferrals: Sequence[Deferral], ended: Sequence[RunReport | ClayloadError]) -> ExitCode:
    """Give the code of the first error, or of the worst report; 23 if leads still wait."""
    for one in ended:
        if isinstance(one, ClayloadError):
            return one.exit_code
    codes = {one.exit_code for one in ended if isinstance(one, RunReport)}
    if any(one.holds for one in deferrals):
        codes.add(ExitCode.DEFERRED)
    worst_first = (code for code in EXIT_CODE_OF.values() if code in codes)
    return next(worst_first, ExitCode.OK)


def _to_json(deferrals: Sequence[Deferral], ended: Sequence[RunReport | ClayloadError]) -> str:
    waiting = [
        {
            "run_id": one.run.run_id,
            "n_owed": dict(one.n_owed),
            "holds": dict(one.holds),
            "resumed_by": one.resumed_by,
        }
        for one in deferrals
    ]
    runs = [json.loads(one.to_json()) for one in ended if isinstance(one, RunReport)]
    errors = [describe_error(one) for one in ended if isinstance(one, ClayloadError)]
    return json.dumps({"deferred": waiting, "runs": runs, "errors": errors}, indent=2)
