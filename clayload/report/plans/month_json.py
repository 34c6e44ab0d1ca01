"""What is a machine told of a month's plan?

In:    the plan of a month.
Out:   plain values, for JSON.
Never: a sentence; those are `clayload.report.plans.month`'s.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clayload.capacity.month import MonthPart, MonthPlan
from clayload.capacity.pricing import PlanFit
from clayload.capacity.rule_of_thumb import compare
from clayload.tables.catalogue import Level


def month_for_machines(month: MonthPlan) -> dict[str, Any]:
    """Give the plan as plain values."""
    simple, differences = compare(month)
    offers = {
        "offer": month.offer,
        "on_clays_keys": month.on_clays_keys,
        "on_own_keys": month.on_own_keys,
    }
    return {
        "ask": asdict(month.ask),
        "prices_as_of": str(month.catalogue.as_of),
        "n_leads": month.n_leads,
        "workspace": month.workspace.name,
        "own_plan": _fit_for_machines(month.own),
        "tables": [_part_for_machines(part) for part in month.parts],
        **{
            name: {
                level.value: asdict(offer.spend.at(level))
                | _fit_for_machines(offer.fits[level])
                | {"dollars": round(offer.dollars(level), 2)}
                for level in Level
            }
            for name, offer in offers.items()
        },
        "sending_time_s": month.sending_time_s(),
        "sending_time_at_twice_the_rate_s": month.sending_time_s(times_rate=2),
        "sending_time_with_one_more_workspace_s": month.sending_time_s(more_workspaces=1),
        "simple": asdict(simple),
        "differences": [asdict(one) for one in differences],
    }


def _fit_for_machines(fit: PlanFit) -> dict[str, Any]:
    return {
        "plan": fit.plan.value,
        "is_enough": fit.is_enough,
        "lacks": list(fit.lacks),
        "is_by_agreement": fit.price.is_agreed,
        "n_top_up_credits": fit.price.n_top_up_credits,
    }


def _part_for_machines(part: MonthPart) -> dict[str, Any]:
    return {
        "table": part.name,
        "n_leads": part.n_leads,
        "lead": asdict(part.lead),
        "spend": asdict(part.spend),
        "auto_delete": part.auto_delete,
        "pair_limit": part.pair_limit,
        "n_pairs_a_month": part.n_pairs_a_month,
        "n_pairs_a_year": part.n_pairs_a_year,
        "n_tables": part.n_tables,
        "n_pairs_a_year_side_by_side": part.n_pairs_a_year_side_by_side,
        "n_rows_a_year": part.n_rows_a_year,
        "months_until_full": part.months_until_full,
    }
