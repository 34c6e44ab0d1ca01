"""What `read_catalogue` takes for the prices, and what a mistake in `clay.yaml` is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from clayload.errors import Code, ConfigError
from clayload.tables.catalogue import BUILT_IN, read_catalogue
from clayload.tables.read import read_tables
from clayload.tables.workspace import ClayPlan

COMMITTED = Path(__file__).parents[3] / "config" / "clay.yaml"
TEXT = COMMITTED.read_text("utf-8")


def write(folder: Path, old: str, new: str) -> Path:
    """The committed catalogue with a piece replaced, wherever it first stands."""
    assert old in TEXT
    path = folder / "clay.yaml"
    path.write_text(TEXT.replace(old, new, 1), "utf-8")
    return path


def test_the_built_in_catalogue_is_the_committed_one() -> None:
    assert BUILT_IN.read_text("utf-8") == TEXT, "run: cp config/clay.yaml clayload/tables/"


def test_where_there_is_no_catalogue_the_built_in_is_used(tmp_path: Path) -> None:
    assert read_catalogue(tmp_path / "clay.yaml") == read_catalogue(COMMITTED)


def test_what_stands_in_the_file_is_what_counts(tmp_path: Path) -> None:
    fixed = read_catalogue(write(tmp_path, "{value: 495,", "{value: 450,"))
    price = fixed.plans[ClayPlan.GROWTH].price_per_month
    assert price is not None
    assert (price.value, price.source) == (450, "Clay's docs, plans and billing")


def test_the_catalogue_has_every_plan_and_every_step_of_the_committed_tables() -> None:
    catalogue = read_catalogue(COMMITTED)
    tables = read_tables(COMMITTED.with_name("tables.yaml")).tables.values()
    assert set(catalogue.plans) == set(ClayPlan)
    assert {step for table in tables for step in table.enrichment} <= set(catalogue.steps)


def test_only_growth_and_enterprise_of_todays_plans_have_webhooks() -> None:
    plans = read_catalogue(COMMITTED).plans.items()
    open_plans = [plan for plan, facts in plans if facts.is_open]
    assert open_plans == [ClayPlan.FREE, ClayPlan.LAUNCH, ClayPlan.GROWTH, ClayPlan.ENTERPRISE]
    having = [plan for plan, facts in plans if facts.is_open and facts.has_webhooks]
    assert having == [ClayPlan.GROWTH, ClayPlan.ENTERPRISE]


# (replace this, by this, code, key, in the message, nearest)
MISTAKES = {
    "an unknown key": (
        "    has_webhooks: true", "    has_webhoks: true", Code.CONFIG_UNKNOWN_KEY,
        "plans.trial.has_webhoks", "unknown key", "has_webhooks",
    ),
    "an unknown plan": (
        "  growth:", "  growht:", Code.CONFIG_BAD_VALUE, "plans.growht", "not 'growht'", "growth",
    ),
    "a number without its source": (
        '{value: 185, source: "Clay\'s docs, plans and billing"}', "{value: 185}",
        Code.CONFIG_BAD_VALUE, "plans.launch.price_per_month.source", "is missing", None,
    ),
    "a negative price": (
        "{value: 495,", "{value: -495,", Code.CONFIG_BAD_VALUE,
        "plans.growth.price_per_month.value", "greater than or equal to 0, not -495", None,
    ),
    "an estimate that does not rise": (
        "      likely: 4\n", "      likely: 40\n", Code.CONFIG_BAD_VALUE,
        "steps.company-lookup.credits", "1, 40, 8 do not rise", None,
    ),
    "more than all rows": (
        "      low: 0.6\n      likely: 0.8\n      high: 1\n",
        "      low: 60\n      likely: 80\n      high: 100\n", Code.CONFIG_BAD_VALUE,
        "steps.company-lookup.charged_on", "is more than 1, all rows", None,
    ),
    "an end before the beginning": (
        "      least: 6000\n      most: 100000\n", "      least: 6000\n      most: 5000\n",
        Code.CONFIG_BAD_VALUE, "plans.growth.credits_per_month.most", "is below least 6000", None,
    ),
    "a day that is none": (
        'as_of: "2026-11-23"', "as_of: lately", Code.CONFIG_BAD_VALUE, "as_of",
        "must be a valid date", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_line_key_and_nearest(mistake: str, tmp_path: Path) -> None:
    old, new, code, key, words, nearest = MISTAKES[mistake]
    path = write(tmp_path, old, new)
    with pytest.raises(ConfigError) as caught:
        read_catalogue(path)
    facts = caught.value.facts
    assert (caught.value.code, facts["key"], facts["nearest"]) == (code, key, nearest)
    assert words in caught.value.message.splitlines()[0]
    line = path.read_text("utf-8").splitlines()[facts["line"] - 1]
    assert key.split(".")[-1] in line or key.split(".")[-2] in line


def test_a_missing_plan_is_told() -> None:
    catalogue = read_catalogue(COMMITTED).model_dump(mode="json")
    del catalogue["plans"]["launch"]
    with pytest.raises(ValueError, match="the plan 'launch' is missing"):
        type(read_catalogue(COMMITTED)).model_validate(catalogue)
