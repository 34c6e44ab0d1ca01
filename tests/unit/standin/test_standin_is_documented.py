"""Every admin call, key, fault and behaviour of the stand-in stands in its reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.benches.standin_bench import Bench

from clayload.standin.admin import Admin
from clayload.standin.faults import Drop, ForcedAnswer, Latency, Reset, SlowBody
from clayload.standin.plans import PLANS
from clayload.standin.spec import (
    AutoDedupeSpec,
    RotationSpec,
    SourceSpec,
    Spec,
    StandinConfig,
    TableSpec,
    WorkspaceSpec,
)

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs/reference/standin.md").read_text(encoding="utf-8")
SPECS = (
    AutoDedupeSpec,
    Drop,
    ForcedAnswer,
    Latency,
    Reset,
    RotationSpec,
    SlowBody,
    SourceSpec,
    TableSpec,
    WorkspaceSpec,
)


def test_every_admin_call_is_documented_and_every_documented_call_exists() -> None:
    routes = Admin(Bench().clay).routes()
    served = {
        f"{verb} {route.path}" for route in routes for verb in (route.methods or set()) - {"HEAD"}
    }
    documented = set(re.findall(r"^\| `([A-Z]+ /\S+)` \|", REFERENCE, re.MULTILINE))
    assert documented == served


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
def test_every_key_is_documented(spec: type[Spec]) -> None:
    keys = set(spec.model_fields) - {"kind"}
    assert [key for key in keys if not re.search(rf'[`"]{key}[`"]', REFERENCE)] == []


def test_every_plan_is_documented() -> None:
    assert [plan for plan in PLANS if f"`{plan}`" not in REFERENCE] == []


def test_every_documented_behaviour_has_a_test_that_begins_with_its_number() -> None:
    numbers = {int(n) for n in re.findall(r"^\| (\d+) \|", REFERENCE, re.MULTILINE)}
    assert numbers == {*range(1, 22), 23, 24, 32, 33}
    tests = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "tests").glob("*/standin/test_standin_*.py")
    )
    tested = {int(n) for n in re.findall(r"^def test_(\d\d)_", tests, re.MULTILINE)}
    assert tested == numbers


def test_the_example_document_is_taken_as_it_stands() -> None:
    examples: list[Any] = re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL)
    assert [set(StandinConfig.model_validate_json(text).sources) for text in examples] == [
        {"inbound-1-id"}
    ]
