"""Does a mistake in the configuration stop the load with one line that says where it is?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.scenes.load_kit import Ended, Workbench
from support.scenes.load_tables import TECH, make_leads


def _refused(bench: Workbench, *arguments: str, **env: str) -> Ended:
    extract = bench.write_csv(make_leads("Software", 3))
    ended = bench.run("load", extract, "--json", *arguments, **env)
    assert (ended.exit_code, ended.is_told) == (10, True)
    assert bench.n_posts() == 0
    assert not bench.home.exists()
    return ended


def _misspell_a_key(bench: Workbench) -> None:
    bench.write_config(workspce={"name": "main"})


def _misspell_a_column(bench: Workbench) -> None:
    bench.write_config(tables={"tech": TECH.describe() | {"filter": "industri = 'Software'"}})


def _break_the_yaml(bench: Workbench) -> None:
    (bench.folder / "tables.yaml").write_text("tables: [1\nworkspace: {")


def _write_a_url(bench: Workbench) -> None:
    slot = TECH.slots[0].describe() | {"url": "https://clay.example/v3/sources/webhook/4711-end"}
    bench.write_config(tables={"tech": TECH.describe() | {"slots": [slot]}})


@pytest.mark.parametrize(
    ("make_mistake", "code", "said"),
    [
        (_misspell_a_key, "CLY-CFG-02", ["tables.yaml:", "'workspace'"]),
        (_misspell_a_column, "CLY-CFG-04", ["tables.tech.filter", "'industri'", "'industry'"]),
        (_break_the_yaml, "CLY-CFG-01", ["tables.yaml:2", "not YAML"]),
        (_write_a_url, "CLY-CFG-05", ["tables.tech.slots", "not shown"]),
    ],
)
def test_a_mistake_in_tables_yaml_is_told_with_its_place_in_one_line(
    bench: Workbench, make_mistake: Callable[[Workbench], None], code: str, said: list[str]
) -> None:
    make_mistake(bench)
    what, next_step = _refused(bench).error_lines
    assert what.startswith(f"{code} ")
    assert [words for words in said if words not in what] == []
    assert next_step.startswith("next: ")
    assert "4711-end" not in what + next_step


def test_several_mistakes_are_told_at_once_a_line_each_and_each_once(bench: Workbench) -> None:
    bench.write_config(tables={"tech": TECH.describe() | {"filter": "industri = 1", "snd": []}})
    what, also, next_step = _refused(bench).error_lines
    assert what.startswith("CLY-CFG-04 ")
    assert also.startswith("  also: ")
    assert "snd: unknown key" in also
    assert next_step.startswith("next: fix both; for the first: ")


def test_a_missing_secret_is_told_by_table_slot_and_variable(bench: Workbench) -> None:
    name = TECH.slots[1].url_variable
    what, next_step = _refused(bench, **{name: ""}).error_lines
    assert what.startswith(f"CLY-CFG-06 table 'tech', slot 'tech-2': env:{name} is not set")
    assert f"nearest that is set: '{name}'" not in what
    assert next_step.startswith(f"next: set {name} ")


def test_an_unknown_table_is_told_with_the_nearest(bench: Workbench) -> None:
    extract = bench.write_csv(make_leads("Software", 3))
    ended = bench.run("plan", extract, "--table", "tehc")
    assert ended.exit_code == 10
    assert ended.error_lines == [
        "CLY-CFG-08 there is no table 'tehc'; nearest: 'tech'",
        "next: the tables are tech, finance",
    ]


def test_a_misspelt_setting_is_told_with_the_nearest(bench: Workbench) -> None:
    what, next_step = _refused(bench, CLAYLOAD_CHUNK_ROW="50").error_lines
    assert what == "CLY-CFG-02 CLAYLOAD_CHUNK_ROW is not a setting; nearest: 'CLAYLOAD_CHUNK_ROWS'"
    assert next_step.startswith("next: unset it")
