"""Does a person who is to judge a sample see how many rows of it Clay itself counts?"""

from __future__ import annotations

import pytest
from support.benches.plan_bench import ACTIONS, CREDITS, PlanBench
from support.scenes.load_kit import CYCLE, Ended, run_id_of
from support.scenes.load_tables import TECH, make_leads

N_FIRST = 20


@pytest.fixture
def loaded(bench: PlanBench) -> Ended:
    """A load that has sent its sample, to tables whose ids are known."""
    bench.price(CREDITS, ACTIONS, sample_first=N_FIRST)
    return bench.run("load", bench.write_csv(make_leads(TECH.industry, 50)), "--cycle", CYCLE)


def test_approve_shows_the_rows_that_clays_command_counts(bench: PlanBench, loaded: Ended) -> None:
    looked = bench.run("approve", run_id_of(loaded), "--dry-run")
    assert f"  {bench.n_rows()} rows in Clay now\n" in looked.stdout
    as_json = bench.run("approve", run_id_of(loaded), "--json").json
    (sample,) = as_json["samples"]
    assert (sample["rows_in_clay"], sample["n_sent"]) == (bench.n_rows(), N_FIRST)


def test_approve_says_why_the_rows_are_not_known(bench: PlanBench, loaded: Ended) -> None:
    looked = bench.run("approve", run_id_of(loaded), "--dry-run", PATH="/nowhere")
    assert "rows in Clay are not known: " in looked.stdout
    assert looked.exit_code == 0
