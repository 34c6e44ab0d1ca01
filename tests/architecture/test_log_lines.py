"""A log line is a constant sentence with figures by name, and no name is one of a lead's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from clayload.model import LEAD_FIELDS

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info"}
NAMES = {
    "after",
    "before",
    "chunk_id",
    "code",
    "cycle",
    "delivered",
    "error",
    "in_doubt",
    "kind",
    "limit",
    "outcome",
    "refused",
    "run_id",
    "slot",
    "why",
    "workspace",
}
"""What a line may name; besides these, numbers (`n_…`) and seconds (`…_s`)."""


def log_calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "clayload").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and ast.unparse(node.func.value) == "_log" and node.func.attr in LEVELS:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def message_of(call: ast.Call) -> str:
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) else ""


def test_every_line_is_a_constant_sentence_that_begins_with_what_happened() -> None:
    calls = dict(log_calls())
    assert len(calls) > 15
    sentence = re.compile(r"(%\(kind\)s|[a-z]+)( [a-z]+)*(: |$)")
    assert [place for place, call in calls.items() if not sentence.match(message_of(call))] == []


def test_figures_are_given_by_name_and_no_name_is_a_leads() -> None:
    assert not NAMES & set(LEAD_FIELDS)
    for place, call in log_calls():
        names = re.findall(r"%\((\w+)\)", message_of(call))
        odd = {n for n in names if not n.startswith("n_") and not n.endswith("_s")} - NAMES
        assert odd == set(), place
        assert len(call.args) == (2 if names else 1), place
        assert "%s" not in message_of(call), place


def test_no_line_is_logged_with_what_an_error_says() -> None:
    for place, call in log_calls():
        assert not call.keywords, place
