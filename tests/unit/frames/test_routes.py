from __future__ import annotations

import polars as pl

from clayload.frames.route import UNROUTED, Route, route_leads
from clayload.lead_schema import LEAD_SCHEMA

EVENTS = Route("events", "event_name IS NOT NULL", ("email", "event_name"), ("email",))
TECH = Route("tech", "industry IN ('Software', 'SaaS')", ("email",), ("email",))
LARGE = Route("large", "employee_count > 100", ("domain", "employee_count"), ("email",))


def route(routes: list[Route], *leads: dict[str, object]) -> pl.DataFrame:
    rows = [dict.fromkeys(LEAD_SCHEMA) | lead for lead in leads]
    return route_leads(pl.LazyFrame(rows, schema=LEAD_SCHEMA), routes).collect()


def test_the_first_match_wins_and_all_are_counted() -> None:
    lead = {"email": "a@a.example", "event_name": "Summit", "industry": "SaaS"}
    routed = route([EVENTS, TECH, LARGE], lead)
    assert routed.select("route", "n_matches").row(0) == (0, 2)


def test_a_lead_without_a_match_or_a_value_is_unrouted() -> None:
    routed = route([TECH, LARGE], {"email": "a@a.example"}, {"industry": "software"})
    assert routed["route"].to_list() == [UNROUTED, UNROUTED]
    assert routed["lead_key"].to_list() == ["a@a.example", None]


def test_a_key_joins_the_tables_columns_in_lower_case() -> None:
    routed = route(
        [EVENTS, LARGE],
        {"email": "a@a.example", "event_name": "Data Summit"},
        {"email": "b@b.example", "domain": "b.example", "employee_count": 500},
        {"email": "c@c.example", "employee_count": 500},
    )
    assert routed["lead_key"].to_list() == ["a@a.example|data summit", "b.example|500", None]
