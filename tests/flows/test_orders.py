"""What a form may hold: Prefect's check of the schema, and ours of the values, say the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import Flow
from prefect.utilities.schema_tools.validation import validate
from pydantic import BaseModel, ValidationError

from clayload.tables.read import read_tables
from flows.capacity_plan import capacity_plan
from flows.event_backfill import event_backfill
from flows.followup_orders import ReplayOrder, ResubmitOrder
from flows.forms import FILTERS_DECIDE
from flows.load_leads import load_leads
from flows.month_order import MonthOrder
from flows.monthly_load import monthly_load
from flows.orders import EventBackfill, ManualLoad, MonthlyLoad
from flows.replay import replay
from flows.resubmit import resubmit

FORMS: list[tuple[Flow[..., Any], str, type[BaseModel]]] = [
    (load_leads, "load", ManualLoad),
    (monthly_load, "month", MonthlyLoad),
    (event_backfill, "backfill", EventBackfill),
    (replay, "replay", ReplayOrder),
    (resubmit, "resubmit", ResubmitOrder),
    (capacity_plan, "month", MonthOrder),
]
RUN = "20261101T060000Z-0a1b2c"

flags = st.fixed_dictionaries(
    {},
    optional={name: st.booleans() for name in ("refused", "in_doubt", "looked_in_clay", "dry_run")},
)


def refusals(flow: Flow[..., Any], parameter: str, values: dict[str, Any]) -> list[str]:
    """Ask Prefect's server-side check, as the form does before a run is created."""
    schema = flow.parameters.model_dump_for_openapi()
    return [error.message for error in validate({parameter: values}, schema)]


def is_valid(order: type[BaseModel], values: dict[str, Any]) -> bool:
    try:
        order.model_validate(values)
    except ValidationError:
        return False
    return True


@given(flags)
def test_a_replays_form_refuses_exactly_what_the_flow_would(chosen: dict[str, bool]) -> None:
    values = {"run": RUN, **chosen}
    assert (not refusals(replay, "replay", values)) == is_valid(ReplayOrder, values)


@given(st.fixed_dictionaries({}, optional={"dry_run": st.booleans(), "workers": st.integers(0, 3)}))
def test_a_loads_form_refuses_exactly_what_the_flow_would(chosen: dict[str, int]) -> None:
    values = {"files": ["a.csv"], **chosen}
    assert (not refusals(load_leads, "load", values)) == is_valid(ManualLoad, values)


def test_the_form_says_that_a_plan_needs_no_workers() -> None:
    values = {"files": ["a.csv"], "dry_run": True, "workers": 2}
    assert refusals(load_leads, "load", values) == ["2 is greater than the maximum of 1"]


def test_leads_in_doubt_are_sent_only_by_somebody_who_says_that_they_looked() -> None:
    values = {"run": RUN, "in_doubt": True, "dry_run": False}
    assert refusals(replay, "replay", values)
    assert not refusals(replay, "replay", values | {"looked_in_clay": True})


@pytest.mark.parametrize(
    ("order", "values"),
    [
        (ManualLoad, {"files": []}),
        (ManualLoad, {"files": ["a.csv"], "limit": 0}),
        (ManualLoad, {"files": ["a.csv"], "table": "outbound-leads-teck"}),
        (ManualLoad, {"files": ["a.csv"], "priority": "urgent"}),
        (ManualLoad, {"files": ["a.csv"], "cycel": "2026-11"}),
        (ManualLoad, {"files": ["s3://key:secret@bucket/a.csv"]}),
        (ManualLoad, {"files": ["s3://key:sec/ret@bucket/a.csv"]}),
        (MonthlyLoad, {"files": "s3://key:secret@bucket/{cycle}/a.csv"}),
        (EventBackfill, {"event": "saas-day", "file": "s3://key@bucket/a.csv"}),
        (MonthlyLoad, {"cycle": "2026-13"}),
        (MonthlyLoad, {"files": "extracts/2026-11/*.csv"}),
        (EventBackfill, {"file": "a.csv"}),
        (EventBackfill, {"event": "saas-day", "file": "a.csv", "headers": {"Name": "nmae"}}),
        (ReplayOrder, {"run": "the last one"}),
        (ResubmitOrder, {"files": []}),
        (MonthOrder, {"leads": 0}),
        (MonthOrder, {"credits_per_lead": -1}),
        (MonthOrder, {"workspaces": 0}),
    ],
)
def test_a_wrong_value_is_refused_before_a_run_is_created(
    order: type[BaseModel], values: dict[str, Any]
) -> None:
    flow, parameter, _ = next(form for form in FORMS if form[2] is order)
    assert refusals(flow, parameter, values)


@pytest.mark.parametrize(
    ("order", "values"),
    [
        (ManualLoad, {"files": ["extracts/*.csv"]}),
        (ManualLoad, {"files": ["s3://bucket/a: b@c.csv", "s3://arn:aws:s3:eu:1:ap/name/a.csv"]}),
        (MonthlyLoad, {"files": "s3://bucket/{cycle}/*.{csv,parquet}"}),
        (ManualLoad, {"files": ["a.csv"], "table": "inbound-leads", "limit": 10, "dry_run": True}),
        (MonthlyLoad, {}),
        (EventBackfill, {"event": "saas-day", "file": "a.csv", "headers": {"Name": "full_name"}}),
        (ReplayOrder, {"run": RUN}),
        (ResubmitOrder, {"files": ["fixed.xlsx"], "run": RUN}),
        (MonthOrder, {}),
        (MonthOrder, {"leads": 50_000, "credits_per_lead": 6, "own_api_keys": True}),
    ],
)
def test_what_the_form_takes_the_flow_takes_too(
    order: type[BaseModel], values: dict[str, Any]
) -> None:
    flow, parameter, _ = next(form for form in FORMS if form[2] is order)
    assert refusals(flow, parameter, values) == []
    assert is_valid(order, values)


@pytest.mark.parametrize(("flow", "parameter", "order"), FORMS)
def test_every_field_of_a_form_says_what_it_is(
    flow: Flow[..., Any], parameter: str, order: type[BaseModel]
) -> None:
    assert parameter in flow.parameters.properties
    fields = order.model_json_schema()["properties"]
    assert all(field.get("description") for field in fields.values())
    assert all("title" in field or "$ref" in field for field in fields.values())


def test_the_forms_offer_the_configured_tables(pytestconfig: pytest.Config) -> None:
    tables = list(read_tables(pytestconfig.rootpath / "config" / "tables.yaml").tables)
    offered = ManualLoad.model_json_schema()["properties"]["table"]["enum"]
    assert offered == [*tables, None]
    of_a_list = EventBackfill.model_json_schema()["properties"]["table"]
    assert of_a_list["enum"] == [*tables, FILTERS_DECIDE]
    assert of_a_list["default"] == "event-attendees"


def test_the_form_of_a_month_says_how_many_leads_are_configured() -> None:
    leads = MonthOrder.model_json_schema()["properties"]["leads"]
    assert leads["description"].endswith("They are 11,000 now.")


def test_what_may_be_left_empty_is_a_plain_field_and_may_be_nothing() -> None:
    for flow, parameter, order in FORMS:
        for name, field in order.model_json_schema()["properties"].items():
            assert "anyOf" not in field
            if order.model_fields[name].default is None:
                errors = refusals(flow, parameter, {name: None})
                assert [error for error in errors if "None" in error] == []


def test_for_an_events_list_the_filters_may_decide() -> None:
    values = {"event": "saas-day", "file": "a.csv", "table": FILTERS_DECIDE}
    assert refusals(event_backfill, "backfill", values) == []
    assert EventBackfill.model_validate(values).request().hints.only_table is None
    assert refusals(event_backfill, "backfill", values | {"table": None})
    assert not is_valid(EventBackfill, values | {"table": None})
