"""Does a slot get into `tables.yaml` with nothing else in it changing?"""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clayload.errors import Code, ConfigError
from clayload.tables.edit import NewSlot, add_slot, insert_slot, read_with_slot
from clayload.tables.read import read_tables
from clayload.tables.table import Slot

OUR_FILE = Path(__file__).parents[3] / "config" / "tables.yaml"
NEW = NewSlot("t", "t-2", "env:URL_2", "env:TOKEN_2")
HEAD = """\
workspace: {name: main, plan: growth}
tables:
  t:
    filter: "source <> 'test'"   # quoted
    volume_per_month: 1
    fields: [email, company]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "tables.yaml"
    path.write_bytes(text.encode())
    return path


def added_lines(before: str, after: str) -> list[str]:
    """The lines that came, if nothing else happened."""
    diff = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    assert [line for line in diff if line[0] not in " +"] == []
    return [line[2:] for line in diff if line[0] == "+"]


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """The file, its folder and its time are as before, whatever happens in the block."""
    before = path.read_bytes(), path.stat().st_mtime_ns, list(path.parent.iterdir())
    yield
    assert before == (path.read_bytes(), path.stat().st_mtime_ns, list(path.parent.iterdir()))


@pytest.mark.parametrize(
    ("table", "line_above"),
    [
        ("inbound-leads", "        # token: env:CLAY_TOKEN_INBOUND_1   # only where"),
        ("event-attendees", "        url: env:CLAY_WEBHOOK_EVENTS_1"),
        ("outbound-leads-tech", "        token: env:CLAY_TOKEN_TECH_2"),
        ("outbound-leads-finance", "        token: env:CLAY_TOKEN_FINANCE_1"),
    ],
)
def test_in_our_own_file_only_the_slots_lines_are_added(
    tmp_path: Path, table: str, line_above: str
) -> None:
    before = OUR_FILE.read_text()
    path = write(tmp_path, before)
    config = add_slot(path, NewSlot(table, "new-1", "env:CLAY_NEW", None, 12, 40_000))
    after = path.read_text()
    assert added_lines(before, after) == [
        "      - name: new-1\n",
        "        url: env:CLAY_NEW\n",
        "        already_used: 12\n",
        "        safe_limit: 40000\n",
    ]
    above = after[: after.index("      - name: new-1\n")].splitlines()[-1]
    assert above.startswith(line_above)
    assert config == read_tables(path)
    slots = {name: entry.slots for name, entry in config.tables.items()}
    was = {name: entry.slots for name, entry in read_tables(OUR_FILE).tables.items()}
    new = Slot(name="new-1", url="env:CLAY_NEW", already_used=12, safe_limit=40_000)
    assert slots == was | {table: (*was[table], new)}


STYLES = {
    "the dash under its key": "    slots:\n    - name: t-1\n      url: env:URL_1\n",
    "far to the right": "    slots:\n          -   name: t-1\n              url: env:URL_1\n",
    "a slot on one line": "    slots:\n      - {name: t-1, url: env:URL_1}\n",
    "a slot on two lines": "    slots:\n      - {name: t-1,\n         url: env:URL_1}\n",
    "no end of line": "    slots:\n      - name: t-1\n        url: env:URL_1",
    "keys in another order": '    slots:\n      - url: "env:URL_1"\n        name: t-1\n',
    "an empty token": "    slots:\n      - name: t-1\n        url: env:URL_1\n        token:\n",
    "a key after them": "    slots:\n      - name: t-1\n        url: env:URL_1\n    key: [email]\n",
    "a comment of the slot": (
        "    slots:\n      - name: t-1\n        url: env:URL_1\n        # of t-1\n"
        "      # of nobody\n\n# the end\n"
    ),
    "an anchor": "    slots: &all\n      - name: t-1\n        url: env:URL_1\n",
    "Windows lines": "    slots:\r\n      - name: t-1\r\n        url: env:URL_1\r\n# end\r\n",
    "a folded text": "    slots:\n      - name: t-1\n        url: >-\n          env:URL_1\n\n# e\n",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_however_the_slots_are_written_only_lines_are_added(
    tmp_path: Path, style: str, mark: str
) -> None:
    newline = "\r\n" if style == "Windows lines" else "\n"
    before = mark + HEAD.replace("\n", newline) + STYLES[style]
    path = write(tmp_path, before)
    slots = add_slot(path, NEW).tables["t"].slots
    after = path.read_bytes().decode()
    ended = before if before.endswith("\n") else f"{before}\n"
    added = added_lines(ended, after)
    assert [line.strip(" -") for line in added] == [
        f"name: t-2{newline}",
        f"url: env:URL_2{newline}",
        f"token: env:TOKEN_2{newline}",
    ]
    assert [(slot.name, slot.url) for slot in slots] == [("t-1", "env:URL_1"), ("t-2", "env:URL_2")]


def test_a_comment_further_in_than_the_dash_stays_with_its_slot(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + STYLES["a comment of the slot"])
    add_slot(path, NEW)
    assert "# of t-1\n      - name: t-2\n" in path.read_text()
    assert "token: env:TOKEN_2\n      # of nobody\n" in path.read_text()


UNEDITABLE = {
    "one line": "    slots: [{name: t-1, url: env:URL_1}]\n",
    "brackets": "    slots: [\n      {name: t-1, url: env:URL_1},\n    ]\n",
    "a dash alone": "    slots:\n      -\n        name: t-1\n        url: env:URL_1\n",
}


@pytest.mark.parametrize("style", UNEDITABLE)
def test_where_there_is_no_place_for_lines_they_are_given_to_be_pasted(
    tmp_path: Path, style: str
) -> None:
    path = write(tmp_path, HEAD + UNEDITABLE[style])
    with untouched(path), pytest.raises(ConfigError, match="one below the other") as caught:
        add_slot(path, NEW)
    assert caught.value.code is Code.CONFIG_NOT_EDITED
    assert yaml.safe_load(caught.value.hint.partition("\n")[2]) == [NEW.entry()]


@pytest.mark.parametrize("name", ["007", "on", "null", "1e3", "0x1f", "2026-11-23", "true"])
def test_a_name_that_yaml_takes_for_something_else_is_quoted(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, HEAD + STYLES["a slot on one line"])
    added = add_slot(path, NewSlot("t", name, "env:URL_2")).tables["t"].slots[-1]
    assert added.name == name


WRONG = [
    (NewSlot("t", "t-1", "env:URL_2"), Code.CONFIG_BAD_VALUE, "is taken by"),
    (NewSlot("t", "t-2", "env:URL_1"), Code.CONFIG_BAD_VALUE, "is the URL of"),
    (NewSlot("t", "T 2", "env:URL_2"), Code.CONFIG_BAD_VALUE, "may hold only"),
    (NewSlot("t", "x: [\n", "env:URL_2"), Code.CONFIG_BAD_VALUE, "may hold only"),
    (NewSlot("t", "t-2", "env:URL_2", safe_limit=60_000), Code.CONFIG_BAD_VALUE, "above"),
    (NewSlot("u", "t-2", "env:URL_2"), Code.UNKNOWN_TABLE, "no table 'u'"),
]


@pytest.mark.parametrize(("slot", "code", "says"), WRONG, ids=lambda value: str(value)[:30])
def test_a_slot_that_is_wrong_leaves_the_file_as_it_is(
    tmp_path: Path, slot: NewSlot, code: Code, says: str
) -> None:
    path = write(tmp_path, HEAD + STYLES["a slot on one line"])
    with untouched(path), pytest.raises(ConfigError, match=says) as caught:
        add_slot(path, slot)
    assert caught.value.code is code
    assert ".new" not in caught.value.message


@pytest.mark.parametrize("field", ["url", "token"])
def test_a_secret_in_place_of_a_reference_is_refused_and_not_shown(
    tmp_path: Path, field: str
) -> None:
    path = write(tmp_path, HEAD + STYLES["a slot on one line"])
    pasted = "https://api.clay.com/v3/sources/webhook/s3cret"
    given = {"url": "env:URL_2"} | {field: pasted}
    with untouched(path), pytest.raises(ConfigError) as caught:
        add_slot(path, NewSlot("t", "t-2", **given))
    assert caught.value.code is Code.CONFIG_LITERAL_SECRET
    assert "s3cret" not in str(caught.value)


def test_to_read_with_the_slot_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + STYLES["a slot on one line"])
    with untouched(path):
        assert len(read_with_slot(path, NEW).tables["t"].slots) == 2


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = write(tmp_path / "real", HEAD + STYLES["a slot on one line"])
    real.chmod(0o640)
    link = tmp_path / "tables.yaml"
    link.symlink_to(real)
    add_slot(link, NEW)
    assert link.is_symlink()
    assert "t-2" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert list(real.parent.iterdir()) == [real]


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)
COMMENT = WORDS.map(lambda words: f"# {words}")


@given(
    indent=st.integers(0, 6),
    gap=st.integers(1, 4),
    n_slots=st.integers(1, 4),
    comments=st.lists(COMMENT, max_size=3),
    blank=st.integers(0, 2),
)
def test_any_indent_and_any_comments_are_kept(
    indent: int, gap: int, n_slots: int, comments: list[str], blank: int
) -> None:
    dash, key = " " * (4 + indent), " " * (4 + indent + 1 + gap)
    slots = "".join(
        f"{dash}-{' ' * gap}name: t{i}\n{key}url: env:URL_1{i}  # {i}\n" for i in range(n_slots)
    )
    after = "\n" * blank + "".join(f"{comment}\n" for comment in comments)
    before = f"{HEAD}    slots:\n{slots}{after}"
    text = insert_slot(before, NEW)
    assert len(added_lines(before, text)) == 3
    entries = yaml.safe_load(text)["tables"]["t"]["slots"]
    assert entries[-1] == NEW.entry()
    was = yaml.safe_load(before)["tables"]["t"]["slots"]
    assert entries[:-1] == was
