"""Does a simulated load take as many slots, and defer as many leads, as a real one?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.scenes.load_kit import WORKSPACE, Workbench, ends_of
from support.scenes.load_tables import describe_config
from support.scenes.simulated_load import COSTS, N_OF, OPTIONS, make_both, simulate
from support.servers.standin_process import StandIn, start_standin

from clayload.delivery.budget import MILLI


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    with start_standin() as standin:
        yield standin


def test_a_load_takes_the_simulated_slots_and_is_never_faster_than_simulated(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, OPTIONS)
    assert bench.load(bench.write_csv(make_both())).exit_code == 0
    simulated = simulate(tmp_path)
    for name, n in N_OF.items():
        used = [slot for slot, n_rows in standin.source_records(name).items() if n_rows]
        table = simulated.tables[name]
        assert (table.n_slots, table.n_made) == (len(used), 0)
        assert table.n_delivered == standin.row_count(name) == n
    # A machine with other work makes it slower; how exact it is without, `make chaos` measures.
    moments = bench.send_moments()
    assert moments[-1] - moments[0] >= simulated.total.last_sent_s * 0.95


def test_a_load_over_its_budgets_sends_and_defers_the_simulated_leads(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, replace(OPTIONS, rate_per_s=1_000, burst=200))
    document = describe_config(WORKSPACE, bench.options)
    document["workspace"]["budget"] = {"actions_per_day": 10_000}
    for name, cost in COSTS.items():
        document["tables"][name] |= {
            "credits_per_lead": cost.credits,
            "actions_per_lead": cost.actions,
        }
    document["tables"]["tech"]["budget"] = {
        "credits_per_day": 900.5,
        "credits_per_billing_month": 5_000,
    }
    document["tables"]["finance"]["budget"] = {"actions_per_billing_month": 97}
    bench.write_config(**document)
    loaded = bench.load(bench.write_csv(make_both()))
    simulated = simulate(tmp_path)
    assert loaded.exit_code == 23
    assert ends_of(loaded.json) == {"delivered": 150 + 97, "deferred": 270 + 53}
    for name, table in simulated.tables.items():
        told = {"delivered": table.n_delivered, "deferred": table.n_deferred}
        assert loaded.json["tables"][name] == told
    spent = {
        line["key"]: line["spent"] for line in json.loads(bench.run("budget", "--json").stdout)
    }
    assert {key: line.spent_milli / MILLI for key, line in simulated.lines.items()} == spent
