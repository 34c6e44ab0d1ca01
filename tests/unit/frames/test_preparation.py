from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear

from clayload.errors import Code, ContractError, RunError, UnreadableExtractError
from clayload.extracts.open import open_extract
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.tables.headers import HeaderAliases
from clayload.tables.tables_file import TablesConfig

HEADER = "email,industry,event,employees\n"
TEXT = HEADER + (
    "a@a.example,SaaS,,5\n"
    "A@A.example,SaaS,,5\n"
    "a@a.example,SaaS,Summit,5\n"
    "nobody,SaaS,,5\n"
    "b@b.example,Retail,,5\n"
    "B@b.example,Retail,,5\n"
    "c@c.example,Banking,,Nov-50\n"
    "d@d.example,Banking,,7\n"
)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_chunks(prepared: Preparation) -> list[int]:
    frames = [pl.read_parquet(chunk.path) for chunk in prepared.chunks]
    return [number for frame in frames for number in frame["row_number"]]


def test_every_row_has_exactly_one_end(prepare: Callable[..., Preparation]) -> None:
    prepared = prepare(TEXT)
    assert prepared.n_rows == 8
    assert prepared.quarantine_reasons == {"email_malformed": 1, "employee_count_unreadable": 1}
    assert (prepared.n_quarantined, prepared.n_duplicates, prepared.n_unrouted) == (2, 2, 1)
    assert prepared.n_accepted == {"events": 1, "tech": 1, "finance": 1}
    assert prepared.n_multi_match == 1
    assert prepared.is_balanced
    assert sorted(read_chunks(prepared)) == [1, 3, 8]


def test_a_chunk_file_holds_what_its_table_sends_and_no_more(
    prepare: Callable[..., Preparation], tables: TablesConfig
) -> None:
    prepared = prepare(TEXT)
    for chunk in prepared.chunks:
        frame = pl.read_parquet(chunk.path)
        assert frame.columns == ["row_number", "lead_key", *tables.tables[chunk.table].fields]
        assert frame.schema["row_number"] == pl.UInt32
        assert chunk.n_leads == frame.height
        assert chunk.path.parent.name == chunk.table
        assert chunk.path.stem == chunk.chunk_id
        assert chunk.run_id == "run-1"


def test_the_quarantine_has_the_users_columns_line_reasons_and_hint(
    prepare: Callable[..., Preparation],
) -> None:
    rows = read_csv(prepare(TEXT).paths["quarantined"])
    assert list(rows[0]) == ["email", "industry", "event", "employees", "clayload_line",
                             "clayload_file", "clayload_reasons", "clayload_hint"]  # fmt: skip
    assert [row["clayload_line"] for row in rows] == ["5", "8"]
    assert rows[1]["employees"] == "Nov-50"
    assert rows[1]["clayload_reasons"] == "employee_count_unreadable"
    assert "51-200" in rows[1]["clayload_hint"]
    assert rows[0]["clayload_file"] == "leads.csv"


def test_a_row_that_breaks_two_rules_gives_both_reasons(
    prepare: Callable[..., Preparation],
) -> None:
    rows = read_csv(prepare(HEADER + "nobody,SaaS,,many\n").paths["quarantined"])
    assert rows[0]["clayload_reasons"] == "email_malformed; employee_count_unreadable"


def test_lines_are_right_where_fields_hold_newlines(prepare: Callable[..., Preparation]) -> None:
    text = (
        'email,industry,notes\na@a.example,SaaS,"one\ntwo\nthree"\nbad,SaaS,"x\ny"\nworse,SaaS,\n'
    )
    rows = read_csv(prepare(text).paths["quarantined"])
    assert [(row["email"], row["clayload_line"]) for row in rows] == [("bad", "5"), ("worse", "7")]
    assert rows[0]["notes"] == "x\ny"


@given(
    st.lists(st.tuples(st.sampled_from(["bad", "a@a.example", ""]), st.integers(0, 3)), min_size=1)
)
@dear(10)
def test_any_quarantined_line_is_the_line_in_the_file(
    aliases: HeaderAliases, tables: TablesConfig, rows: list[tuple[str, int]]
) -> None:
    text = "email,industry,notes\n" + "".join(
        f'{mail},SaaS,"{"x" + chr(10) * n}"\n' for mail, n in rows
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        path.write_text(text, newline="")
        extract = open_extract([path], aliases, Path(folder))
        prepared = prepare_chunks(extract, tables, PrepareOptions("r", Path(folder) / "run"))
        lines = text.split("\n")
        for row in (
            read_csv(prepared.paths["quarantined"]) if prepared.paths.get("quarantined") else []
        ):
            assert lines[int(row["clayload_line"]) - 1].startswith(f"{row['email']},SaaS,")


def test_a_corrected_quarantine_file_can_be_delivered_as_it_is(
    prepare: Callable[..., Preparation],
) -> None:
    text = prepare(TEXT).paths["quarantined"].read_text("utf-8-sig")
    prepared = prepare(text.replace("nobody", "e@e.example").replace("Nov-50", "11-50"))
    assert prepared.n_quarantined == 0
    assert prepared.n_accepted == {"events": 0, "tech": 1, "finance": 1}


def test_of_columns_that_begin_as_ours_do_only_ours_are_left_out(
    prepare: Callable[..., Preparation],
) -> None:
    text = "email,clayload_notes,clayload_run,clayload_hint\nnobody,mine,r,old\n"
    (row,) = read_csv(prepare(text).paths["quarantined"])
    assert (row["clayload_notes"], "clayload_run" in row) == ("mine", False)
    assert row["clayload_hint"] != "old"


def test_duplicates_name_the_row_they_repeat(prepare: Callable[..., Preparation]) -> None:
    rows = read_csv(prepare(TEXT).paths["duplicate"])
    assert [(row["line"], row["lead_key"], row["repeats_row_number"]) for row in rows] == [
        ("3", "a@a.example", "1"),
        ("7", "b@b.example", "5"),
    ]


def test_unrouted_rows_keep_the_users_columns(prepare: Callable[..., Preparation]) -> None:
    rows = read_csv(prepare(TEXT).paths["unrouted"])
    assert [(row["email"], row["industry"], row["clayload_line"]) for row in rows] == [
        ("b@b.example", "Retail", "6")
    ]


def test_a_formula_is_disarmed_in_our_export_and_kept_in_the_users(
    prepare: Callable[..., Preparation],
) -> None:
    row = "=cmd@a.example,SaaS,,5\n"
    prepared = prepare(HEADER + row + row + "=1+1,SaaS,,5\n")
    assert read_csv(prepared.paths["duplicate"])[0]["lead_key"] == "'=cmd@a.example"
    assert read_csv(prepared.paths["quarantined"])[0]["email"] == "=1+1"


def test_counting_only_writes_nothing_and_counts_the_same(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    counted = prepare(TEXT, write=False)
    assert not (tmp_path / "run").exists()
    written = prepare(TEXT)
    assert replace(written, chunks=(), paths={}) == counted
    assert counted.n_chunks == len(written.chunks)


def test_staged_files_are_gone_afterwards(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    prepare(TEXT)
    assert not (tmp_path / "run" / "staging").exists()


def test_a_limit_takes_the_first_leads_and_counts_the_rest(
    prepare: Callable[..., Preparation],
) -> None:
    prepared = prepare(TEXT, limit=2)
    assert read_chunks(prepared) == [3, 1]
    assert prepared.n_beyond_limit == 1
    assert prepared.is_balanced


def test_selecting_a_table_counts_the_leads_of_the_others(
    prepare: Callable[..., Preparation],
) -> None:
    prepared = prepare(TEXT, tables={"finance"}, limit=1)
    assert prepared.n_accepted == {"events": 0, "tech": 0, "finance": 1}
    assert (prepared.n_not_selected, prepared.n_beyond_limit) == (2, 0)
    assert prepared.is_balanced


def test_the_same_extract_and_configuration_give_the_same_chunks(
    prepare: Callable[..., Preparation],
    tables: TablesConfig,
    aliases: HeaderAliases,
    tmp_path: Path,
) -> None:
    first = prepare(TEXT)
    again = prepare(TEXT, run_id="run-2")
    assert [c.chunk_id for c in first.chunks] == [c.chunk_id for c in again.chunks]
    tech = tables.tables["tech"].model_copy(update={"fields": ("email",)})
    other = tables.model_copy(update={"tables": {**tables.tables, "tech": tech}})
    extract = open_extract([tmp_path / "leads.csv"], aliases, tmp_path / "run")
    changed = prepare_chunks(extract, other, PrepareOptions("run-3", tmp_path / "run"))
    same = {c.chunk_id for c in first.chunks} & {c.chunk_id for c in changed.chunks}
    assert {chunk_id.rsplit("-", 2)[0] for chunk_id in same} == {"events", "finance"}


def test_several_files_keep_their_own_names_and_lines(
    aliases: HeaderAliases, tables: TablesConfig, tmp_path: Path
) -> None:
    (tmp_path / "1.csv").write_text('email,notes\na@a.example,"x\ny"\nbad,\n')
    (tmp_path / "2.csv").write_text("Work Email,city\nworse,Oslo\n")
    (tmp_path / "3.ndjson").write_text('{"email": "b@b.example"}\n{"email": "worst"}\n')
    files = [tmp_path / name for name in ("1.csv", "2.csv", "3.ndjson")]
    extract = open_extract(files, aliases, tmp_path)
    prepared = prepare_chunks(extract, tables, PrepareOptions("r", tmp_path / "run"))
    rows = read_csv(prepared.paths["quarantined"])
    assert [(row["clayload_file"], row["clayload_line"]) for row in rows] == [
        ("1.csv", "4"),
        ("2.csv", "2"),
        ("3.ndjson", "2"),
    ]
    assert rows[1]["Work Email"] == "worse"
    assert rows[1]["city"] == "Oslo"


def test_columns_that_differ_are_counted_and_the_first_is_taken(
    prepare: Callable[..., Preparation],
) -> None:
    prepared = prepare(
        "Work Email,Email 1,industry,shoe\n"
        "a@a.example,x@x.example,SaaS,1\n"
        ",b@b.example,SaaS,1\n"
        "c@c.example,c@c.example,SaaS,1\n"
    )
    assert prepared.merged == {"email": ("Work Email", "Email 1")}
    assert prepared.conflicts == {"email": 1}
    assert prepared.unmapped == ("shoe",)
    assert prepared.n_accepted["tech"] == 3


def test_kinds_of_addresses_are_counted(prepare: Callable[..., Preparation]) -> None:
    prepared = prepare(HEADER + "info@a.example,SaaS,,\nb@freemail.example,SaaS,,\n")
    assert prepared.flags == {"personal_mail": 1, "role_account": 1}


def test_without_a_key_column_nothing_goes_on(prepare: Callable[..., Preparation]) -> None:
    with pytest.raises(ContractError) as caught:
        prepare("name,industry\nAna,SaaS\n")
    assert caught.value.code is Code.EXTRACT_NO_KEY
    assert "name, industry" in caught.value.message


def test_a_row_with_too_many_fields_stops_the_load_with_its_line(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    with pytest.raises(UnreadableExtractError) as caught:
        prepare(HEADER + "a@a.example,SaaS,,5\nb@b.example,SaaS,,5,6\n")
    assert caught.value.facts["line"] == 3
    assert list((tmp_path / "run").glob("*/*.parquet")) == []


def test_stray_quotes_lose_no_row(prepare: Callable[..., Preparation]) -> None:
    prepared = prepare(HEADER + 'a@a.example,SaaS,5" pipe,5\nb@b.example,SaaS,,5\nbad,SaaS,,\n')
    assert prepared.n_rows == 3
    assert prepared.n_accepted == {"events": 1, "tech": 1, "finance": 0}
    assert read_csv(prepared.paths["quarantined"])[0]["clayload_line"] == "4"


def test_a_folder_that_cannot_be_used_is_a_run_error(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(RunError) as caught:
        prepare(TEXT)
    assert caught.value.code is Code.RUN_FOLDER_UNUSABLE


cells = st.sampled_from(
    ["", " ", "a@a.example", "A@a.example", "b@b.example ", "bad", "x@throwaway.example", "é", "\0",
     "SaaS", "Banking", "Summit", "51-200", "Nov-50", "2026-11-03", "soon", 'say "hi"',
     "two\nlines", "comma, here", "=1+1", "Ame\u0301lie"]
)  # fmt: skip


@given(
    rows=st.lists(st.lists(cells, min_size=6, max_size=6), min_size=1, max_size=25),
    limit=st.none() | st.integers(1, 5),
    chunk_rows=st.integers(1, 5),
)
@dear(16)
def test_the_books_balance_for_any_dirt(
    aliases: HeaderAliases,
    tables: TablesConfig,
    rows: list[list[str]],
    limit: int | None,
    chunk_rows: int,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["email", "email 1", "industry", "event", "employees", "created"])
            writer.writerows(rows)
        extract = open_extract([path], aliases, Path(folder))
        options = PrepareOptions(
            "r", Path(folder) / "run", chunk_rows=chunk_rows, max_chunks=4, limit=limit
        )
        prepared = prepare_chunks(extract, tables, options)
        assert prepared.n_rows == len(rows)
        assert prepared.is_balanced
        sent = read_chunks(prepared)
        assert len(sent) == len(set(sent)) == sum(prepared.n_accepted.values())
        assert len(prepared.chunks) == prepared.n_chunks <= max(4, len(prepared.n_accepted))
        aside = {end: read_csv(file) for end, file in prepared.paths.items()}
        assert len(aside.get("quarantined", ())) == prepared.n_quarantined
        assert len(aside.get("unrouted", ())) == prepared.n_unrouted
        assert len(aside.get("duplicate", ())) == prepared.n_duplicates
        assert sum(one.n_leads for one in prepared.kept) == (
            prepared.n_quarantined + prepared.n_duplicates
        )
