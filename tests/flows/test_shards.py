"""What a load learns of its shards, and how one of them stops without stopping the others."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from uuid import UUID, uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Crashed, Pending, Running
from support.benches.flow_bench import FlowBench, FlowRunRecord, create_run, go_through, record_of
from support.benches.flow_process import FLOW_WITHIN_S, start_python
from support.scenes.load_kit import CYCLE, Workbench, end
from support.scenes.load_tables import make_leads

from clayload.ledger.books.run_books import Books
from clayload.loading.intake.request import LoadRequest
from clayload.loading.prepare import PreparedLoad, prepare_load
from clayload.loading.shards import keep_chunks
from clayload.setup import read_setup
from flows.deliver_shard import ShardOrder, deliver_shard
from tasks.shards import Shards

NOBODY = "http://127.0.0.1:9/api"
N_LEADS = 200


@pytest.fixture
def load(bench: FlowBench) -> PreparedLoad:
    """Prepare a load of eight chunks for several workers."""
    os.environ["CLAYLOAD_CHUNK_ROWS"] = "25"
    setup = read_setup(os.environ)
    extract = bench.work.write_csv(make_leads("Software", N_LEADS))
    prepared = prepare_load(LoadRequest((str(extract),), CYCLE), setup)
    keep_chunks(prepared, setup)
    return prepared


def run_shard(load: PreparedLoad, number: int, of: int) -> FlowRunRecord:
    order = ShardOrder(run=load.run_id, number=number, of=of)
    return record_of(deliver_shard(order, return_state=True))


def create_shard(load: PreparedLoad, number: int, of: int) -> UUID:
    """Create the flow run of a shard, which no worker ever takes."""
    return create_run(deliver_shard, {"shard": {"run": load.run_id, "number": number, "of": of}})


def read_problems(shards: Shards) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in shards.read_problems()]


def test_a_shard_says_truly_what_it_leaves(bench: FlowBench, load: PreparedLoad) -> None:
    read_setup(os.environ).ledger.halt_run(load.run_id, "interrupted")
    halted = run_shard(load, 1, 2)
    assert halted.state.message == (
        "the load was stopped (interrupted): 200 of its leads are still owed"
    )
    again = prepare_load(
        LoadRequest((str(bench.work.folder / "leads.csv"),), CYCLE), read_setup(os.environ)
    )
    keep_chunks(again, read_setup(os.environ))
    sent = run_shard(again, 1, 2)
    assert sent.state.message == "nothing of the load is owed any more"
    assert bench.work.n_rows() == N_LEADS


def test_a_shard_that_was_stopped_for_good_says_why(bench: FlowBench, load: PreparedLoad) -> None:
    shards = Shards(load.run_id, {1: create_shard(load, 1, 1)})
    (chunk, *_) = load.chunks
    chunk.path.unlink()
    failed = run_shard(load, 1, 1)
    assert str(failed.state.message).startswith("CLY-RUN-05 ")
    assert {code for code, _ in read_problems(shards)} == {"CLY-RUN-05"}
    assert bench.work.keys_in("sending")["tech"] == []


def test_a_shard_that_does_not_see_the_folder_fails_with_the_reason(load: PreparedLoad) -> None:
    shutil.rmtree(load.extract.folder)
    failed = run_shard(load, 1, 1)
    assert failed.state.type.value == "FAILED"
    assert str(failed.state.message).startswith("CLY-RUN-05 the folder of run")


def test_of_a_shard_that_ended_with_its_worker_the_load_reports_how(load: PreparedLoad) -> None:
    crashed, silent = create_shard(load, 1, 2), create_shard(load, 2, 2)
    go_through(crashed, Pending(), Crashed(message="Process exited with status code: -9."))
    go_through(silent, Pending(), Running(), Completed())
    shards = Shards(load.run_id, {1: crashed, 2: silent})
    assert shards.wait(0)
    said = "shard 1 ended Crashed (Process exited with status code: -9.)"
    assert read_problems(shards) == [("CLY-RUN-08", said)]


def test_shards_that_no_worker_takes_are_named_in_the_log(
    load: PreparedLoad, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = create_shard(load, 1, 1)
    assert not Shards(load.run_id, {1: shard}).wait(0)
    assert capsys.readouterr().out == ""
    assert not Shards(load.run_id, {1: shard}, patience_s=0).wait(0)
    assert "the shards of this load wait for a worker" in capsys.readouterr().out
    go_through(shard, Pending(), Running())
    assert not Shards(load.run_id, {1: shard}, patience_s=0).wait(0)
    assert capsys.readouterr().out == ""


def test_a_prefect_that_does_not_answer_ends_no_load(
    load: PreparedLoad, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = Shards(load.run_id, {1: uuid4()})
    with temporary_settings({PREFECT_API_URL: NOBODY}):
        assert not shards.wait(0)
        assert "the shards cannot be looked at: ConnectError" in capsys.readouterr().out
    run_shard(load, 1, 1)
    with temporary_settings({PREFECT_API_URL: NOBODY}):
        assert shards.wait(0)
        assert shards.read_problems() == []


@contextmanager
def start_shard(work: Workbench, load: PreparedLoad, number: int) -> Iterator[Popen[str]]:
    """Deliver a shard in a process of its own, as a worker has it done."""
    order = f"ShardOrder(run={load.run_id!r}, number={number}, of=2)"
    code = "from flows.deliver_shard import ShardOrder, deliver_shard; deliver_shard"
    api = {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "CLAYLOAD_REQUESTS_PER_CHUNK": "1"}
    with start_python(work, "-c", f"{code}({order})", **api) as process:
        yield process


def test_a_shard_that_is_stopped_ends_within_a_grant_and_the_others_go_on(
    bench: FlowBench, load: PreparedLoad
) -> None:
    work = bench.work
    work.standin.faults({"kind": "latency", "latency_s": 3})
    own = {chunk.chunk_id for chunk in load.chunks[::2]}
    with start_shard(work, load, 1) as stopped, start_shard(work, load, 2) as goes_on:
        wait_until_both_send(bench, load)
        stopped.send_signal(signal.SIGTERM)
        assert end(stopped, FLOW_WITHIN_S).exit_code == -signal.SIGTERM
        assert own <= Books(read_setup(os.environ).ledger).chunks_with_owed(load.run_id)
        work.standin.faults()
        ended = end(goes_on, FLOW_WITHIN_S)
    assert ended.exit_code == 0, ended.stderr
    assert work.query("SELECT halted_by FROM runs") == [(None,)]
    assert work.keys_in("delivered")["tech"] == sorted(work.delivered()["tech"])
    assert work.n_rows() == N_LEADS


def wait_until_both_send(bench: FlowBench, load: PreparedLoad) -> None:
    """Wait until leads of each shard were delivered."""
    give_up_at = time.monotonic() + FLOW_WITHIN_S
    begun = (
        "SELECT DISTINCT chunk_id FROM chunks JOIN chunk_leads USING (chunk_no) "
        "JOIN submissions USING (submission_id) WHERE state = 'delivered'"
    )
    places = {chunk.chunk_id: place for place, chunk in enumerate(load.chunks)}
    while {places[chunk] % 2 for (chunk,) in bench.work.query(begun)} != {0, 1}:
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
