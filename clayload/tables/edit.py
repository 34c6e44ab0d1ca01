"""How does a slot get into `tables.yaml` without anything else in it changing?

In:    the file, the table, the slot.
Out:   the file with the slot's lines below the table's last slot; every other byte as it was.
Never: a file that says anything but what it said before, and the slot; never a secret.

A YAML library that writes a file anew keeps comments, but not every indent, quote and line break.
So the lines are put where the parser says the last slot ends, and the result is read back.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from clayload.errors import Code, ConfigError
from clayload.tables.problems import check_name
from clayload.tables.read import read_tables
from clayload.tables.references import secret_schemes, split_reference
from clayload.tables.table import Slot
from clayload.tables.tables_file import TablesConfig

_BOM = "\ufeff"
_USUAL_DASH = 6
_DASH = re.compile(r"( *)-( +)")


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot to be; `url` and `token` are references, as in `env:NAME`."""

    table: str
    name: str
    url: str
    token: str | None = None
    already_used: int = 0
    safe_limit: int | None = None

    def entry(self) -> dict[str, object]:
        """Give what stands in the file: only what differs from what is so anyway."""
        given = {"name": self.name, "url": self.url, "token": self.token}
        counts = {"already_used": self.already_used or None, "safe_limit": self.safe_limit}
        return {key: value for key, value in (given | counts).items() if value is not None}

    def lines(self, dash: int = _USUAL_DASH, key: int = _USUAL_DASH + 2) -> list[str]:
        """Give the slot's lines, its dash and its keys in these columns."""
        # By the library, since a name such as 007 or on must stand in quotes.
        dumped = yaml.safe_dump([self.entry()], sort_keys=False, width=1000).splitlines()
        rest = [" " * key + line[2:] for line in dumped[1:]]
        return [" " * dash + "-" + " " * (key - dash - 1) + dumped[0][2:], *rest]


def read_with_slot(path: Path, slot: NewSlot) -> TablesConfig:
    """Read the file at `path` as it would be with the slot; nothing is changed.

    Raises:
        ConfigError: as `add_slot`.
    """
    return _edit(path, slot, keep=False)


def add_slot(path: Path, slot: NewSlot) -> TablesConfig:
    """Add the slot to the file at `path`, and give the configuration as it then is.

    Raises:
        ConfigError: UNKNOWN_TABLE; CONFIG_LITERAL_SECRET; what is wrong with the slot's values;
            or CONFIG_NOT_EDITED, with the lines to paste. The file is then as it was.
    """
    return _edit(path, slot, keep=True)


def _edit(path: Path, slot: NewSlot, *, keep: bool) -> TablesConfig:
    _refuse_literals(slot)
    # The file that is meant, not a link to it.
    path = path.resolve()
    before = read_tables(path)
    check_name(slot.table, before.tables)
    old = path.read_bytes()
    new = insert_slot(old.decode("utf-8"), slot).encode()
    try:
        with _written_beside(path, new) as written:
            after = _read_back(written, path, slot)
            if not _is_meant(before, after, slot):
                raise _not_edited("the file would say something else than it should", slot)
            if path.read_bytes() != old:
                raise _not_edited(f"{path} was changed by somebody else meanwhile", slot)
            if keep:
                shutil.copymode(path, written)
                written.replace(path)
    except OSError as error:
        raise _not_edited(f"{path} cannot be written: {error.strerror}", slot) from error
    return after


@contextmanager
def _written_beside(path: Path, content: bytes) -> Iterator[Path]:
    """Write a file that can take the place of the one at `path`, at once or not at all."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".new")
    written = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(number)
        yield written
    finally:
        written.unlink(missing_ok=True)


def insert_slot(text: str, slot: NewSlot) -> str:
    """Put the slot's lines below the last slot of its table.

    Raises:
        ConfigError: CONFIG_NOT_EDITED, where the slots are written in a way that leaves no place
            for lines.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    lines = text.splitlines(keepends=True)
    slots = _find_slots(text, slot.table)
    last = slots.value[-1]
    dash = _DASH.fullmatch(lines[last.start_mark.line][: last.start_mark.column])
    if slots.flow_style or dash is None:
        raise _not_edited(f"the slots of {slot.table} are not written one below the other", slot)
    after = _end_line(last)
    while after < len(lines) and _belongs_above(lines[after], len(dash[1])):
        after += 1
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[after - 1].endswith(("\n", "\r")):
        lines[after - 1] += newline
    new = slot.lines(len(dash[1]), len(dash[0]))
    return bom + "".join([*lines[:after], *(line + newline for line in new), *lines[after:]])


def _find_slots(text: str, table: str) -> yaml.SequenceNode:
    node = yaml.compose(text, yaml.SafeLoader)
    for key in ("tables", table, "slots"):
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - `read_tables` has accepted it
        node = next(value for name, value in node.value if name.value == key)
    assert isinstance(node, yaml.SequenceNode)  # noqa: S101 - `read_tables` has accepted it
    return node


def _end_line(node: yaml.Node) -> int:
    """The line after the node's last word: a group's own end lies behind the comments after it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return max(_end_line(value) for _, value in node.value)
    mark = node.end_mark
    return int(mark.line) + (mark.column > 0)


def _belongs_above(line: str, dash: int) -> bool:
    """Whether a line is a comment on the slot above it: it is indented further than the dash."""
    words = line.lstrip(" ")
    return words.startswith("#") and len(line) - len(words) > dash


def _read_back(written: Path, path: Path, slot: NewSlot) -> TablesConfig:
    try:
        return read_tables(written)
    except ConfigError as error:
        what = error.message.replace(str(written), str(path))
        message = f"{path} was left as it is; with slot {slot.name} it would be wrong: {what}"
        raise ConfigError(error.code, message, hint=error.hint, key=slot.name) from error


def _is_meant(before: TablesConfig, after: TablesConfig, slot: NewSlot) -> bool:
    table = after.tables[slot.table]
    without = table.model_copy(update={"slots": table.slots[:-1]})
    rest = after.model_copy(update={"tables": {**after.tables, slot.table: without}})
    return rest == before and table.slots[-1] == Slot.model_validate(slot.entry())


def _refuse_literals(slot: NewSlot) -> None:
    for option, reference in (("--url", slot.url), ("--token", slot.token)):
        if reference is not None and split_reference(reference) is None:
            raise ConfigError(
                Code.CONFIG_LITERAL_SECRET,
                f"{option} is not a reference to a secret (the value is not shown here)",
                hint=f"write env:NAME; known schemes: {', '.join(secret_schemes())}. A URL given "
                "here lies in your shell's history: make a new webhook in Clay",
                key=option,
            )


def _not_edited(what: str, slot: NewSlot) -> ConfigError:
    lines = "\n".join(slot.lines())
    return ConfigError(
        Code.CONFIG_NOT_EDITED,
        what,
        hint=f"paste these lines below the last slot of {slot.table}, indented like it:\n{lines}",
        key=slot.name,
    )
