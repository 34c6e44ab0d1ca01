"""A deployment that runs once at a time: its crashed run comes back, though it held the place."""

from __future__ import annotations

import os
import signal

from support.benches.served_kit import Served
from support.scenes.load_tables import make_leads

N_LEADS = 3_000


def test_a_crashed_load_comes_back_to_the_place_it_held(served: Served) -> None:
    work = served.work
    n_before = work.standin.row_count("tech")
    extract = work.write_csv(make_leads("Software", N_LEADS, 70_000), "crashed.csv")
    order = {"load": {"files": [str(extract)], "cycle": "2026-08"}}
    flow_run_id = served.run("manual-load", order)
    served.wait_for_rows_in("tech", n_before + 200)
    host_and_pid = served.flow_run(flow_run_id)["infrastructure_pid"]
    os.kill(int(str(host_and_pid).rpartition(":")[2]), signal.SIGKILL)
    resumed = served.wait_for_second_end(flow_run_id)
    assert (resumed["state_type"], resumed["run_count"]) == ("COMPLETED", 2)
    keys = work.standin.rows_by_key("tech")[n_before:]
    assert len(keys) == len(set(keys))
