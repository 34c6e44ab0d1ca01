"""The curve of a run's rate holds every lead once, and shows a rate, not bursts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import BEGAN_AT, make_traffic

from clayload.ledger.books.run_traffic import RunTraffic
from clayload.report.rate import cut_stretches

GAPS_S = st.floats(min_value=0.001, max_value=10_000)
GRANTS = st.lists(st.tuples(GAPS_S, st.integers(1, 25)), max_size=300)


@given(grants=GRANTS)
def test_every_lead_is_in_one_stretch_and_stretches_follow_each_other(
    grants: list[tuple[float, int]],
) -> None:
    at, sent = BEGAN_AT, []
    for gap_s, n in grants:
        at += gap_s
        sent.append((at, n))
    n_leads = sum(n for _, n in sent)
    stretches = cut_stretches(RunTraffic(BEGAN_AT, at, n_leads, tuple(sent)))
    if stretches:
        assert sum(stretch.n for stretch in stretches) == n_leads
        assert stretches[0].begin_at == sent[0][0]
        assert stretches[-1].end_at > sent[-1][0]
        ends, begins = [s.end_at for s in stretches[:-1]], [s.begin_at for s in stretches[1:]]
        assert ends == begins
        assert all(stretch.end_at > stretch.begin_at for stretch in stretches)
        assert 3 <= len(stretches) <= 60


@pytest.mark.parametrize(("n", "rate_per_s"), [(2_000, 10), (100_000, 10), (100_000, 200)])
def test_an_even_rate_looks_even(n: int, rate_per_s: float) -> None:
    stretches = cut_stretches(make_traffic(n, rate_per_s))
    assert len(stretches) >= 20
    assert all(stretch.per_s == pytest.approx(rate_per_s, rel=0.2) for stretch in stretches)


def test_a_silence_shows_as_stretches_without_a_lead() -> None:
    before = make_traffic(1_000).sent
    after = tuple((at + 400, n) for at, n in before)
    stretches = cut_stretches(make_traffic(2_000, sent=before + after))
    assert 0.5 < sum(stretch.n == 0 for stretch in stretches) / len(stretches) < 0.7


def test_too_few_leads_make_no_curve() -> None:
    assert cut_stretches(make_traffic(100)) == ()
    assert cut_stretches(make_traffic(0)) == ()
