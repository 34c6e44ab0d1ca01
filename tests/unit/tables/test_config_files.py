"""The committed files of `config/`, their schemas and their page in the docs agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from clayload.settings import PREFIX, Settings
from clayload.tables.alerts import Alerts
from clayload.tables.budgets import WorkspaceBudget
from clayload.tables.catalogue import Bounds, Catalogue, Estimate, Figure, PlanFacts, StepCost
from clayload.tables.filters import FILTER_FUNCTIONS
from clayload.tables.read import read_tables
from clayload.tables.references import secret_schemes
from clayload.tables.schema import SCHEMAS, schema_text, write_schemas
from clayload.tables.suppression import MailKind, SuppressionList
from clayload.tables.table import Slot, Table
from clayload.tables.tables_file import TablesConfig
from clayload.tables.workspace import ClayPlan, PriorityWeights, Workspace

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "config"
PAGE = (ROOT / "docs" / "reference" / "config.md").read_text("utf-8")


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((CONFIG / f"{name}.schema.json").read_text("utf-8"))
    return schema


def plain(name: str) -> Any:  # noqa: ANN401  whatever the YAML holds
    return yaml.safe_load((CONFIG / f"{name}.yaml").read_text("utf-8"))


def test_the_committed_tables_are_the_four_of_the_request_in_order() -> None:
    config = read_tables(CONFIG / "tables.yaml")
    assert list(config.tables) == [
        "inbound-leads",
        "event-attendees",
        "outbound-leads-tech",
        "outbound-leads-finance",
    ]
    tech, finance = (config.tables[f"outbound-leads-{name}"] for name in ("tech", "finance"))
    assert tech.filter == "industry IN ('Software', 'SaaS', 'Technology')"
    assert finance.filter == "industry IN ('Financial Services', 'Banking', 'Insurance')"
    assert [slot.url for slot in tech.slots] == [
        "env:CLAY_WEBHOOK_TECH_1",
        "env:CLAY_WEBHOOK_TECH_2",
    ]
    assert finance.regulated
    assert "claygent" in tech.enrichment
    assert config.tables["inbound-leads"].auto_delete


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_the_models(name: str) -> None:
    committed = (CONFIG / name).read_text("utf-8")
    assert committed == schema_text(SCHEMAS[name]), "run: python -m clayload.tables.schema"


def test_schemas_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    assert {path.name for path in write_schemas(tmp_path)} == set(SCHEMAS)
    assert all(json.loads(path.read_text("utf-8")) for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tables", "headers", "clay"])
def test_a_committed_file_names_its_schema_first_and_is_valid_by_it(name: str) -> None:
    first = (CONFIG / f"{name}.yaml").read_text("utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={name}.schema.json"
    validator = jsonschema.Draft202012Validator(schema_of(name))
    validator.check_schema(schema_of(name))
    assert list(validator.iter_errors(plain(name))) == []


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ((), "workspase", {}),
        (("workspace",), "plna", "pro"),
        (("workspace",), "plan", "enterprize"),
        (("workspace",), "rate_per_s", 0),
        (("tables",), "Inbound Leads", {}),
        (("tables", "outbound-leads-tech"), "regulted", True),
        (("tables", "outbound-leads-tech"), "priority", "hihg"),
        (("tables", "outbound-leads-tech"), "fields", ["emial"]),
        (("tables", "outbound-leads-tech"), "key", ["emial"]),
        (("tables", "outbound-leads-tech"), "slots", []),
        (("tables", "outbound-leads-tech"), "suppress", ["personal_mial"]),
        ((), "suppression", {"outs": {"fiel": "outs.txt"}}),
        ((), "suppression", {"Opt Outs": {"file": "outs.txt"}}),
        (("tables", "outbound-leads-tech", "slots", 0), "tokn", "env:A"),
        (("tables", "outbound-leads-tech", "slots", 0), "url", "https://example.com/x"),
    ],
)
def test_an_editor_marks_what_the_reader_refuses(
    path: tuple[str | int, ...], key: str, value: object
) -> None:
    data = plain("tables")
    group = data
    for part in path:
        group = group[part]
    group[key] = value
    validator = jsonschema.Draft202012Validator(schema_of("tables"))
    assert [list(error.absolute_path) for error in validator.iter_errors(data)] != []
    with pytest.raises(ValueError, match="validation error"):
        TablesConfig.model_validate(data)


@pytest.mark.parametrize("plan", ClayPlan)
def test_a_plan_without_webhooks_is_refused_and_every_other_is_taken(plan: ClayPlan) -> None:
    data = plain("tables")
    data["workspace"]["plan"] = plan.value
    for table in data["tables"].values():
        table.update(auto_delete=False, row_limit=1000)
    if plan in {ClayPlan.FREE, ClayPlan.LAUNCH, ClayPlan.STARTER}:
        with pytest.raises(ValueError, match=f"the plan '{plan}' has no webhooks"):
            TablesConfig.model_validate(data)
    else:
        assert TablesConfig.model_validate(data).workspace.plan is plan


def rows_under(title: str) -> list[str]:
    """The rows of the first table under this heading."""
    under = PAGE.split(f"\n## {title}\n", 1)[1]
    table = under.split("| key | default | meaning |\n|---|---|---|\n", 1)[1]
    return table.split("\n\n", 1)[0].splitlines()


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("The top of the file", TablesConfig),
        ("workspace", Workspace),
        ("A budget", WorkspaceBudget),
        ("Alerts", Alerts),
        ("Priority weights", PriorityWeights),
        ("A table", Table),
        ("A suppression list", SuppressionList),
        ("A slot", Slot),
        ("clay.yaml", Catalogue),
        ("A plan in clay.yaml", PlanFacts),
        ("A step in clay.yaml", StepCost),
        ("A figure in clay.yaml", Figure),
        ("A span in clay.yaml", Bounds),
        ("An estimate in clay.yaml", Estimate),
    ],
)
def test_every_key_is_in_the_reference_with_its_default_and_meaning(
    title: str, model: type[BaseModel]
) -> None:
    assert rows_under(title) == [row(name, model) for name in model.model_fields]


def test_every_setting_is_in_the_reference_with_its_meaning() -> None:
    assert rows_under("Settings") == [row(name, Settings, PREFIX) for name in Settings.model_fields]


def row(name: str, model: type[BaseModel], prefix: str = "") -> str:
    """The line of the reference that a key or a setting must have."""
    field = model.model_fields[name]
    if field.is_required():
        default = "required"
    elif field.default_factory is not None:
        default = "`sqlite:///.clayload/ledger.db`"
    else:
        default = f"`{as_yaml(field.default)}`"
    written = f"{prefix}{name.upper()}" if prefix else name
    return f"| `{written}` | {default} | {field.description} |"


def as_yaml(value: object) -> str:
    if isinstance(value, BaseModel):
        return "{" + ", ".join(f"{name}: {as_yaml(part)}" for name, part in value) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def test_the_reference_names_every_function_scheme_and_plan() -> None:
    for word in [*FILTER_FUNCTIONS, *secret_schemes(), *ClayPlan, *MailKind]:
        assert f"`{word}" in PAGE, word
