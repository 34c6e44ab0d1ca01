"""Whatever a flow run's end is called, the automations and the page about Prefect know the name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

from tasks.states import StateName

ROOT = Path(__file__).parents[2]
OF_PREFECT = {"Completed", "Failed", "Cancelled", "Crashed"}
_EVENT = "prefect.flow-run."


def named_states() -> Iterator[tuple[str, ast.expr]]:
    """Give each name that flows and tasks give to a state, and where it stands."""
    for path in [*(ROOT / "flows").glob("*.py"), *(ROOT / "tasks").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"State", *OF_PREFECT}:
                for keyword in node.keywords:
                    if keyword.arg == "name":
                        yield f"{path.name}:{node.lineno}", keyword.value


def test_a_state_is_named_by_the_list_of_names_and_not_in_passing() -> None:
    named = dict(named_states())
    assert named
    assert [place for place, name in named.items() if isinstance(name, ast.Constant)] == []


def test_a_run_that_has_ended_under_any_name_is_not_taken_for_dead() -> None:
    read = yaml.safe_load((ROOT / "deployments" / "automations.yaml").read_text("utf-8"))
    (zombies,) = (one for one in read["automations"] if one["name"] == "clayload-find-zombies")
    expected = {event.removeprefix(_EVENT) for event in zombies["trigger"]["expect"]}
    assert expected == {"heartbeat"} | OF_PREFECT | {name.value for name in StateName}


def test_the_page_about_prefect_says_what_each_name_means() -> None:
    page = (ROOT / "deployments" / "README.md").read_text("utf-8")
    assert [name for name in StateName if f"\n| {name} " not in page] == []
