"""`clayload doctor`: what is wrong with a run, and what fixes it?"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from clayload.cli.console import print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_sentence
from clayload.cli.options import AsJson, RunOrNewest
from clayload.errors import ExitCode
from clayload.monitoring.diagnosis.finding import Finding, Severity
from clayload.monitoring.doctor import WITHIN_S, Diagnosis, diagnose_run

_HOUR_S = 3_600
_STYLES = {Severity.TROUBLE: "bold red", Severity.SOON: "bold yellow", Severity.ADVICE: "bold"}


def doctor(
    run: RunOrNewest = None,
    *,
    within_h: Annotated[
        float,
        typer.Option(min=0.0, help="How many hours the owed leads may take; 2 by default."),
    ] = WITHIN_S / _HOUR_S,
    as_json: AsJson = False,
) -> None:
    """Show what is wrong with a run, in figures, and what fixes it; changes nothing."""
    diagnosis = diagnose_run(run, read_existing(os.environ), within_h * _HOUR_S)
    exit_code = _judge(diagnosis.findings)
    if as_json:
        _print_json(diagnosis, exit_code)
    else:
        _print(diagnosis)
    raise typer.Exit(exit_code)


def _judge(findings: Iterable[Finding]) -> ExitCode:
    is_well = not any(finding.needs_somebody for finding in findings)
    return ExitCode.OK if is_well else ExitCode.ATTENTION


def _print_json(diagnosis: Diagnosis, exit_code: ExitCode) -> None:
    found = [asdict(finding) for finding in diagnosis.findings]
    said = {"run_id": diagnosis.run_id, "exit_code": exit_code, "findings": found}
    print_json(json.dumps(said, indent=2))


def _print(diagnosis: Diagnosis) -> None:
    if not diagnosis.findings:
        print_sentence(f"run {diagnosis.run_id}: nothing is wrong with it")
        return
    print_sentence(f"run {diagnosis.run_id}: {len(diagnosis.findings):,} found")
    for finding in diagnosis.findings:
        print_sentence(f"{finding.severity}: {finding.name}", style=_STYLES[finding.severity])
        print_sentence(f"  {finding.what}", indent="  ")
        print_sentence(f"  next: {finding.next_step}", indent="  ")
