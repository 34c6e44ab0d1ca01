"""The stand-in meters credits and Actions as Clay does: rows come free, enrichment is paid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.benches.standin_bench import Bench

from clayload.standin import views

amounts = st.integers(0, 50).map(lambda tenths: tenths / 10)


def balances(bench: Bench) -> tuple[float, float]:
    shown = views.credits_readback(bench.clay.workspace("main"))
    return shown["balance"], shown["actionExecutionBalance"]


def test_23_rows_come_free_where_the_table_has_no_steps() -> None:
    bench = Bench()
    before = balances(bench)
    bench.post({"email": "a@b.example"})
    assert balances(bench) == before == (6_000, 40_000)


def test_23_each_row_takes_what_its_table_says_and_tenths_add_up() -> None:
    bench = Bench(credits_per_row=0.1, actions_per_row=3)
    for number in range(10):
        bench.post({"number": number})
    assert balances(bench) == (5_999, 39_970)


def test_23_without_auto_run_nothing_is_paid() -> None:
    bench = Bench(credits_per_row=1, actions_per_row=1, auto_run=False)
    bench.post({})
    assert balances(bench) == (6_000, 40_000)


def test_24_at_zero_rows_still_come_and_are_not_enriched() -> None:
    bench = Bench(credits_per_row=1)
    bench.clay.put_workspace("main", {"credits": 2})
    answers = [bench.post({}).status for _ in range(3)]
    table = bench.clay.table("leads")
    assert answers == [200] * 3
    assert (table.n_rows, table.n_runs, table.n_unpaid) == (3, 2, 1)
    assert balances(bench) == (0, 40_000)


def test_24_a_balance_is_set_anew_and_other_settings_leave_it_alone() -> None:
    bench = Bench(credits_per_row=1)
    bench.post({})
    bench.clay.put_workspace("main", {"burst": 30})
    assert balances(bench) == (5_999, 40_000)
    bench.clay.put_workspace("main", {"credits": 10})
    assert balances(bench) == (10, 40_000)


@given(amounts, amounts, amounts, amounts, st.integers(0, 30))
def test_24_nothing_is_overdrawn_and_what_is_paid_is_what_was_run(
    credits_: float, actions: float, credits_per_row: float, actions_per_row: float, n: int
) -> None:
    bench = Bench(credits_per_row=credits_per_row, actions_per_row=actions_per_row)
    bench.clay.put_workspace("main", {"credits": credits_, "actions": actions})
    for _ in range(n):
        bench.post({})
    n_runs, (credits_left, actions_left) = bench.clay.table("leads").n_runs, balances(bench)
    assert min(credits_left, actions_left) >= 0
    assert round(credits_left + n_runs * credits_per_row, 6) == credits_
    assert round(actions_left + n_runs * actions_per_row, 6) == actions
