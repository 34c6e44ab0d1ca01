"""What does this `tables.yaml` configure, and what is wrong with it?

In:    the path of `tables.yaml`.
Out:   a `TablesConfig`, or one `ConfigError` that names every mistake by file, line and key.
Never: a look at the environment; whether secrets are present is `clayload.secrets`' question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from clayload.errors import Code
from clayload.tables.contradictions import find_contradictions
from clayload.tables.explain import explain, problem_of
from clayload.tables.problems import merge_problems
from clayload.tables.table import Table
from clayload.tables.tables_file import TablesConfig
from clayload.tables.values import SENDS_NOTHING
from clayload.tables.workspace import Workspace
from clayload.tables.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clayload.errors import ConfigError
    from clayload.tables.yaml_file import YamlFile

M = TypeVar("M", bound=BaseModel)


def read_tables(path: Path, *, sends_nothing: bool = False) -> TablesConfig:
    """Read and check `tables.yaml`; for who sends nothing, filters are not tried.

    Raises:
        ConfigError: CONFIG_UNREADABLE, or the code of the first mistake in the file; `facts`
            holds its file, line, key and nearest, and `problems`, one line for every mistake.
    """
    file = read_yaml(path)
    config, problems = None, list(file.problems)
    try:
        config = TablesConfig.model_validate(
            file.data, context=SENDS_NOTHING if sends_nothing else None
        )
    except ValidationError as exc:
        problems += explain(exc, file, TablesConfig)
        problems += _contradictions_of_the_sound(file, exc)
    if problems:
        raise merge_problems(_without_repeats(problems))
    assert config is not None  # noqa: S101  without problems it was made; this tells mypy
    return config


def _contradictions_of_the_sound(file: YamlFile, exc: ValidationError) -> list[ConfigError]:
    """Pydantic compares parts only when all are sound; compare those that are, to tell all now."""
    if any(error["loc"] == () for error in exc.errors(include_url=False)):
        return []  # the whole was compared, and that is what it fell over
    workspace = _sound(Workspace, file.data.get("workspace"))
    tables = _sound_tables(file.data.get("tables"))
    return [problem_of(flaw, file) for flaw in find_contradictions(workspace, tables)]


def _sound_tables(raw: object) -> Mapping[str, Table]:
    entries = raw if isinstance(raw, dict) else {}
    read = ((name, _sound(Table, entry)) for name, entry in entries.items())
    return {name: table for name, table in read if table is not None}


def _sound(model: type[M], raw: object) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _without_repeats(problems: list[ConfigError]) -> list[ConfigError]:
    """In file order; a pasted address is told by its key where it has one, else by its line."""
    keyed = {
        problem.facts["line"]
        for problem in problems
        if problem.code == Code.CONFIG_LITERAL_SECRET and problem.facts["key"]
    }
    kept = [
        problem
        for problem in problems
        if problem.code != Code.CONFIG_LITERAL_SECRET
        or problem.facts["key"]
        or problem.facts["line"] not in keyed
    ]
    return sorted(kept, key=lambda problem: problem.facts["line"] or 0)
