"""What does a YAML file say, and on which line does it say it?

In:    the path of a YAML file.
Out:   plain values, the line of every key and list entry, and the keys that stand twice.
Never: an opinion about the values; never a piece of the file in a message about its syntax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import yaml

from clayload.errors import Code, ConfigError
from clayload.tables.problems import Place, problem_at
from clayload.tables.references import blank_webhook_addresses, has_webhook_address

if TYPE_CHECKING:
    from pathlib import Path

Loc = tuple[str | int, ...]

# Aliases can make a small file endless (`&a [*a]`) or huge; no honest file comes near these.
_MAX_DEPTH = 20
_MAX_NODES = 100_000


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file as plain values; `lines` maps each key path to its line, counted from 1."""

    path: Path
    data: Any
    lines: dict[Loc, int]
    problems: list[ConfigError] = field(default_factory=list)

    def line_of(self, loc: Loc) -> int:
        """The line of this key path, or of the nearest path above it that stands in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def place(self, loc: Loc) -> Place:
        """Where this key path stands, for a message."""
        return Place(self.path, self.line_of(loc), blank_webhook_addresses(describe_path(loc)))


def describe_path(loc: Loc) -> str:
    """A key path as a person writes it: `tables.inbound-leads.fields[3]`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).lstrip(".")


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML document whose top level is a group of keys.

    Raises:
        ConfigError: CONFIG_UNREADABLE when the file is missing, not UTF-8, not YAML or empty.
    """
    text = _read_text(path)
    try:
        file = _read_nodes(path, text)
    except yaml.YAMLError as exc:
        raise _syntax_error(path, exc) from None
    except ValueError as exc:  # a scalar such as 2026-13-45 looks like a date and is none
        raise _unreadable(path, f"a value is not what it looks like ({exc})") from None
    if not isinstance(file.data, dict):
        what = "is empty" if file.data is None else "holds no keys at its top level"
        raise _unreadable(path, what)
    file.problems.extend(_pasted_addresses(path, text))
    return file


def _read_nodes(path: Path, text: str) -> YamlFile:
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        reader = _Reader(loader, path)
        data = reader.value_of(node, ()) if node is not None else None
        return replace(reader.file, data=data)
    finally:
        loader.dispose()


class _Reader:
    """Walks YAML nodes once, noting lines and double keys on the way."""

    def __init__(self, loader: yaml.CSafeLoader, path: Path) -> None:
        self.file = YamlFile(path, None, {})
        self._loader = loader
        self._n_nodes = 0

    def value_of(self, node: yaml.Node, loc: Loc) -> object:
        self._n_nodes += 1
        if len(loc) > _MAX_DEPTH or self._n_nodes > _MAX_NODES:
            raise _unreadable(self.file.path, "is nested without end, by aliases perhaps")
        self.file.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self.value_of(item, (*loc, i)) for i, item in enumerate(node.value)]
        return self._loader.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key must be plain text", problem_mark=key_node.start_mark
                )
            # The text as written: `on:` and `2026:` are keys like any other here.
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in values:
                self._note_double((*loc, key), line)
                continue
            self.file.lines[(*loc, key)] = line
            values[key] = self.value_of(value_node, (*loc, key))
        return values

    def _note_double(self, loc: Loc, line: int) -> None:
        place = Place(self.file.path, line, blank_webhook_addresses(describe_path(loc)))
        what = f"this key stands here already on line {self.file.lines[loc]}"
        problem = problem_at(place, Code.CONFIG_BAD_VALUE, what, hint="keep one of the two")
        self.file.problems.append(problem)


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as exc:
        raise _unreadable(path, f"cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is not UTF-8 text") from None


def _syntax_error(path: Path, exc: yaml.YAMLError) -> ConfigError:
    mark = getattr(exc, "problem_mark", None)
    # PyYAML quotes names out of the file (an alias, a tag): a pasted token may be among them.
    problem = re.sub(r"'[^']{4,}'|\"[^\"]{4,}\"", "'…'", getattr(exc, "problem", None) or "")
    what = f"is not YAML: {problem or 'it holds characters YAML does not allow'}"
    return _unreadable(path, what, mark.line + 1 if mark else None)


def _unreadable(path: Path, what: str, line: int | None = None) -> ConfigError:
    hint = "compare the file with docs/reference/config.md, or name another by CLAYLOAD_CONFIG"
    return problem_at(Place(path, line), Code.CONFIG_UNREADABLE, what, hint=hint)


def _pasted_addresses(path: Path, text: str) -> list[ConfigError]:
    """A webhook's address anywhere in the text, comments too, is a leaked secret."""
    what = "a webhook's address stands here"
    hint = "move it to the environment, write env:NAME here, and make a new webhook in Clay"
    return [
        problem_at(Place(path, line), Code.CONFIG_LITERAL_SECRET, what, hint=hint)
        for line, words in enumerate(text.splitlines(), start=1)
        if has_webhook_address(words)
    ]
