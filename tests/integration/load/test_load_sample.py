"""Does a load send its sample and nothing more, and after a word just what a person allowed?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, WORKSPACE, Workbench
from support.scenes.load_tables import BenchOptions, describe_config, make_leads
from support.servers.standin_process import StandIn
from typer.testing import CliRunner, Result

from clayload.account.run_report import RunReport
from clayload.cli.root import app
from clayload.delivery.sample import Decision
from clayload.errors import Code, RunError
from clayload.ledger.audit.audit import audit
from clayload.loading.followups.approve import SampleDecision, choose_ready, decide, find_samples
from clayload.loading.followups.resume_deferred import list_deferrals, prepare_resume
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.loading.run import deliver_and_close, run_load
from clayload.model import Outcome, RowEnd
from clayload.monitoring.doctor import diagnose_run
from clayload.monitoring.run_account import read_report
from clayload.setup import Setup, read_setup

N_LEADS, N_FIRST, CREDITS = 160, 100, 6
LEADS = make_leads("Software", N_LEADS)


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path) -> Workbench:
    """Four chunks at once, which all want their leads sent before anybody has looked."""
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=2_000, burst=400))
    bench.environ |= {"CLAYLOAD_CHUNK_ROWS": "40"}
    set_sample(bench, N_FIRST)
    return bench


def set_sample(bench: Workbench, n_first: int, **of_tech: object) -> None:
    document = describe_config(WORKSPACE, bench.options)
    document["tables"]["tech"] |= {"sample_first": n_first, "credits_per_lead": CREDITS, **of_tech}
    bench.write_config(**document)


def set_up(bench: Workbench) -> Setup:
    return read_setup(bench.environ)


def load(bench: Workbench, extract: Path) -> RunReport:
    return run_load(LoadRequest((str(extract),), CYCLE), set_up(bench), on_message=lambda _: None)


def resume(bench: Workbench, run_id: str) -> RunReport:
    prepared = prepare_resume(run_id, set_up(bench))
    assert prepared is not None
    return deliver_and_close(prepared, set_up(bench), on_message=lambda _: None)


def approve(bench: Workbench, run_id: str, decision: SampleDecision) -> None:
    setup = set_up(bench)
    decide(choose_ready(find_samples(run_id, "tech", setup), decision.decision), decision, setup)


def run_command(bench: Workbench, *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env=bench.environ)


def ends_of(report: RunReport) -> dict[RowEnd, int]:
    return {end: n for end, n in report.ends.items() if n}


def test_four_chunks_at_once_send_the_sample_and_each_word_sends_just_what_it_says(
    bench: Workbench,
) -> None:
    extract = bench.write_csv(LEADS)
    first = load(bench, extract)
    assert ends_of(first) == {RowEnd.DELIVERED: 100, RowEnd.DEFERRED: 60}
    assert (first.outcome, first.exit_code, bench.n_taken()) == (Outcome.DEFERRED, 23, 100)
    assert [(p.code, p.table) for p in first.problems] == [("CLY-BUD-02", "tech")]
    assert first.next_step.startswith(
        "60 leads are deferred until a person has looked at their sample: look at the rows in Clay"
    )
    (sample,) = first.samples
    assert (sample.n_sent, sample.credits, sample.needs_approval) == (100, 600, True)
    assert sample.ends == {RowEnd.DELIVERED: 100}

    approve(bench, first.run_id, SampleDecision(Decision.STOP))
    assert load(bench, extract).outcome is Outcome.DEFERRED
    assert bench.n_taken() == 100
    approve(bench, first.run_id, SampleDecision(Decision.NEXT, 50))
    assert ends_of(load(bench, extract))[RowEnd.DEFERRED] == 10
    assert bench.n_taken() == 150
    approve(bench, first.run_id, SampleDecision(Decision.GO_ON))
    assert load(bench, extract).outcome is Outcome.COMPLETE
    assert bench.n_taken() == len(set(bench.delivered()["tech"])) == N_LEADS
    assert audit(set_up(bench).ledger) == []


def test_a_sample_larger_than_the_table_holds_nothing_back(bench: Workbench) -> None:
    report = load(bench, bench.write_csv(LEADS[:90]))
    assert (report.outcome, report.exit_code) == (Outcome.COMPLETE, 0)
    with pytest.raises(RunError, match="no sample is sent whole") as refused:
        approve(bench, report.run_id, SampleDecision(Decision.GO_ON))
    assert (refused.value.code, refused.value.exit_code) == (Code.NO_APPROVAL_NEEDED, 22)


def test_a_run_without_a_sample_says_so(bench: Workbench) -> None:
    report = load(bench, bench.write_csv(make_leads("Banking", 3)))
    with pytest.raises(RunError, match="has no sample: no table"):
        find_samples(report.run_id, None, set_up(bench))
    with pytest.raises(RunError, match="has no sample of finance"):
        find_samples(report.run_id, "finance", set_up(bench))


def test_a_plan_says_how_many_go_first(bench: Workbench) -> None:
    request = LoadRequest((str(bench.write_csv(LEADS)),), CYCLE)
    plan = plan_load(request, set_up(bench), asks_clay=False)
    (note,) = plan.notes
    assert note == (
        "tech: of 160 leads 100 go first; the rest waits until a person has looked at them "
        "(`clayload approve RUN`)"
    )
    assert (plan.is_fitting, plan.n_going) == (True, N_LEADS)


def test_the_doctor_names_a_sample_until_its_leads_are_sent(bench: Workbench) -> None:
    set_sample(bench, 10)
    run_id = load(bench, bench.write_csv(LEADS[:12])).run_id
    (waiting,) = diagnose_run(run_id, set_up(bench)).findings
    assert (waiting.name, waiting.severity) == ("sample-waits", "trouble")
    assert "2 leads wait for approval" in waiting.what
    approve(bench, run_id, SampleDecision(Decision.GO_ON))
    (approved,) = diagnose_run(run_id, set_up(bench)).findings
    assert "the same load again" in approved.next_step
    resume(bench, run_id)
    assert diagnose_run(run_id, set_up(bench)).findings == ()


def test_what_was_approved_is_sent_by_itself_from_the_runs_own_files(bench: Workbench) -> None:
    set_sample(bench, 10)
    extract = bench.write_csv(LEADS[:30])
    first = load(bench, extract)
    (held,) = list_deferrals(set_up(bench))
    assert (held.n_owed, held.n_going) == ({"tech": 20}, 0)
    assert "(CLY-BUD-02)" in held.holds["tech"]
    assert prepare_resume(first.run_id, set_up(bench)) is None

    extract.unlink()
    approve(bench, first.run_id, SampleDecision(Decision.NEXT, 5))
    again = resume(bench, first.run_id)
    assert (again.kind, again.parent_run_id) == ("resume", first.run_id)
    assert ends_of(again) == {RowEnd.DELIVERED: 5, RowEnd.DEFERRED: 15}
    approve(bench, again.run_id, SampleDecision(Decision.GO_ON))
    (left,) = list_deferrals(set_up(bench))  # what both runs had to defer is the newer one's
    assert (left.run.run_id, left.n_owed) == (again.run_id, {"tech": 15})
    assert ends_of(resume(bench, again.run_id)) == {RowEnd.DELIVERED: 15}
    assert prepare_resume(first.run_id, set_up(bench)) is None
    assert list_deferrals(set_up(bench)) == []
    assert bench.n_taken() == 30
    parent = read_report(first.run_id, set_up(bench))
    assert ends_of(parent) == {RowEnd.DELIVERED: 10, RowEnd.ALREADY_DELIVERED: 20}
    assert next(parent.describe_children()).startswith(f"Run {again.run_id} (resume) took up 20")


def test_a_budget_that_has_room_again_lets_its_leads_go_and_no_others(bench: Workbench) -> None:
    set_sample(bench, N_FIRST, budget={"credits_per_day": 4 * CREDITS})
    run_id = load(bench, bench.write_csv(LEADS[:9])).run_id
    (held,) = list_deferrals(set_up(bench))
    assert "(CLY-BUD-01)" in held.holds["tech"]
    set_sample(bench, N_FIRST, budget={"credits_per_day": 6 * CREDITS})
    assert ends_of(resume(bench, run_id)) == {RowEnd.DELIVERED: 2, RowEnd.DEFERRED: 3}


def test_two_never_go_on_with_the_same_run_and_a_dead_one_is_followed(bench: Workbench) -> None:
    set_sample(bench, 2)
    run_id = load(bench, bench.write_csv(LEADS[:5])).run_id
    approve(bench, run_id, SampleDecision(Decision.GO_ON))
    begun = prepare_resume(run_id, set_up(bench))
    assert begun is not None
    (deferral,) = list_deferrals(set_up(bench))
    assert deferral.resumed_by == begun.run_id
    with pytest.raises(RunError, match=f"resumed already, by run {begun.run_id}") as refused:
        prepare_resume(run_id, set_up(bench))
    assert refused.value.code is Code.RESUMED_ALREADY
    # As if its process had been told to stop.
    set_up(bench).ledger.halt_run(begun.run_id, "interrupted")
    assert ends_of(resume(bench, run_id)) == {RowEnd.DELIVERED: 3}
    assert bench.n_taken() == 5


def test_a_run_whose_folder_is_gone_is_told_and_nothing_is_begun(bench: Workbench) -> None:
    set_sample(bench, 2)
    report = load(bench, bench.write_csv(LEADS[:5]))
    approve(bench, report.run_id, SampleDecision(Decision.GO_ON))
    shutil.rmtree(report.extract.folder)
    with pytest.raises(RunError, match="is gone") as refused:
        prepare_resume(report.run_id, set_up(bench))
    assert refused.value.code is Code.RUN_FOLDER_GONE
    assert bench.query("SELECT COUNT(*) FROM runs") == [(1,)]


def test_the_commands_show_the_sample_take_the_word_and_send_the_rest(bench: Workbench) -> None:
    set_sample(bench, 3)
    run_id = load(bench, bench.write_csv(LEADS[:8])).run_id
    looked = run_command(bench, "approve", run_id, "--dry-run")
    assert looked.exit_code == 0
    assert " ".join(looked.stdout.split()) == (
        "tech: 3 delivered, about 18 credits and 0 Actions; 5 leads wait for approval: "
        f"`clayload approve {run_id}`"
    )
    assert bench.query("SELECT decision FROM samples") == [(None,)]
    held = run_command(bench, "resume-deferred", "--dry-run")
    assert (held.exit_code, "5 deferred leads wait" in held.stdout) == (0, True)
    said = run_command(bench, "approve", run_id, "--next", "4", "--json")
    (sample,) = json.loads(said.stdout)["samples"]
    assert (sample["decision"], sample["n_allowed"], sample["needs_approval"]) == ("next", 7, False)
    sent = run_command(bench, "resume-deferred")
    assert (sent.exit_code, bench.n_taken()) == (23, 7)
    assert "\ndeferred: 4 leads delivered in " in sent.stdout
    both = run_command(bench, "approve", run_id, "--next", "4", "--stop")
    assert both.exit_code == 2
