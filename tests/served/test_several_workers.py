"""Two workers share one load, and one of them is killed."""

from __future__ import annotations

from support.benches.served_kit import Document, Served, Worker, moved_to, start_worker
from support.scenes.load_tables import make_leads

N_LEADS = 5_000
N_BEFORE_THE_KILL = 1_500
ZOMBIE_WITHIN_S = 300
POOL = "pair"
BUSY_MACHINE = 5
"""How many POSTs over the limit a machine with much else to do may be late with."""


def shards_under_way(served: Served) -> list[Document]:
    """List both shards, once both have begun."""
    runs = served.runs_of("deliver-shard")
    under_way = [run for run in runs if run["state_type"] == "RUNNING"]
    return under_way if len(under_way) == 2 else []


def test_when_one_of_two_workers_is_killed_the_other_sends_the_rest(served: Served) -> None:
    work = served.work
    n_rows_before = work.standin.row_count("tech")
    extract = work.write_csv(make_leads("Software", N_LEADS, 10_000), "shared.csv")
    order = {"load": {"files": [str(extract)], "cycle": "2026-10", "workers": 2}}
    pool = moved_to(served, POOL, "manual-load", "deliver-shard")
    with pool, start_worker(served, "stays", POOL, limit=2):
        load = served.run("manual-load", order)
        served.wait_for(lambda: served.flow_run(load)["state_type"] == "RUNNING", "the load")
        with start_worker(served, "goes", POOL, limit=1) as goes:
            lost = kill_in_the_middle(served, goes, n_rows_before + N_BEFORE_THE_KILL)
        ended = served.wait_for_end(load)
        resumed = served.wait_for_second_end(lost["id"], ZOMBIE_WITHIN_S)
    assert ended["state_type"] == "COMPLETED"
    assert (resumed["state_type"], resumed["run_count"]) == ("COMPLETED", 2)
    counts = dict(
        work.query("SELECT state, COUNT(*) FROM submissions WHERE cycle = '2026-10' GROUP BY state")
    )
    n_in_doubt = counts.pop("in_doubt", 0)
    assert counts == {"delivered": N_LEADS - n_in_doubt}
    assert n_in_doubt <= 4 * 25  # what one worker can have on the wire
    keys = work.standin.rows_by_key("tech")[n_rows_before:]
    assert len(keys) == len(set(keys))
    assert N_LEADS - n_in_doubt <= len(keys) <= N_LEADS
    assert work.standin.traffic("main")["largest_overshoot"]["attempted"] <= BUSY_MACHINE


def kill_in_the_middle(served: Served, worker: Worker, n_rows: int) -> Document:
    """Kill the worker once that many rows are in Clay; give the shard it had."""
    shards = served.wait_for(lambda: shards_under_way(served), "both shards")
    served.wait_for_rows_in("tech", n_rows)
    (lost,) = [shard for shard in shards if worker.is_running(shard)]
    worker.kill()
    return lost
