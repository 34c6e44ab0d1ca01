"""Does a module keep its private names to itself?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("clayload", "tasks", "flows", "deployments", "benchmarks", "tests")
OURS = (*ROOMS, "support")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def find_private_imports(source: str) -> Iterator[str]:
    """Name what is imported from a module of ours that keeps it to itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in names if any(map(is_private, name.split("."))))


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_imports_a_private_name_of_another(room: str) -> None:
    modules = (ROOT / room).rglob("*.py")
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules
        for name in find_private_imports(path.read_text("utf-8"))
    }
    assert found == set()


def test_a_private_import_would_be_found() -> None:
    source = "from clayload.loading.close import _find_wait, close_run\nfrom os import _exit"
    assert list(find_private_imports(source)) == ["clayload.loading.close._find_wait"]
