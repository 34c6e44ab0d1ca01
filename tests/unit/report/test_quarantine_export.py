"""What goes out to a spreadsheet is harmless there, and comes back as it was."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear

from clayload.errors import Code, RunError
from clayload.extracts.open import open_extract
from clayload.frames.formula import guard, guard_apostrophe, unguard
from clayload.frames.returned import Returned, read_runs
from clayload.report.quarantine import SetAsideRows, export_rows
from clayload.tables.headers import HeaderAliases

RUN = "20261123T080000Z-c0ffee"
NO_ALIASES = HeaderAliases({})
OUR_PREFIX = ["clayload_run", "clayload_line", "clayload_file", "clayload_reasons", "clayload_hint"]
# What spreadsheets take for a formula, text that only looks guarded, and a name with an apostrophe.
DANGEROUS = [
    "=1+1",
    "+1 555 0100",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\uff1d1",
    "'+1",
    "''=x",
]
HARMLESS = [
    "'t Hooft",
    "007",
    "1e5",
    "11-50",
    "https://example.com",
    "Ünal",
    "",
    '5" pipe',
    "a;b;c",
    "x\ny",
]
# Nine odd control characters make a text file binary for `extracts.sniff`; a workbook takes them.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\r\n=+-@'\";,"))
CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"))
RISKY = st.sampled_from([*DANGEROUS, *HARMLESS])


def set_aside(folder: Path, columns: dict[str, list[str | None]]) -> SetAsideRows:
    """Write rows as `frames.set_aside` does."""
    n_rows = len(next(iter(columns.values())))
    ours = {
        "clayload_line": [str(n + 2) for n in range(n_rows)],
        "clayload_file": ["=leads.csv"] * n_rows,
        "clayload_reasons": ["key_missing"] * n_rows,
        "clayload_hint": ["Fill in the e-mail."] * n_rows,
    }
    frame = pl.DataFrame({**columns, **ours}, schema=dict.fromkeys([*columns, *ours], pl.String))
    frame.write_csv(folder / "quarantine.csv", include_bom=True)
    return SetAsideRows(RUN, folder / "quarantine.csv", n_rows)


def bring_back(path: Path, folder: Path) -> pl.DataFrame:
    """Read an export as a resubmit does, without the row numbers."""
    returned = Returned(open_extract([path], NO_ALIASES, folder))
    assert read_runs(returned) == (RUN,)
    return returned.scan().collect().drop("row_number", "file_index")


def _is_usable(name: str) -> bool:
    """Names that polars takes for patterns of columns break already where an extract is read."""
    is_pattern = name == "*" or (name.startswith("^") and name.endswith("$"))
    is_ours = name in (*OUR_PREFIX, "", "row_number", "file_index")
    return not is_pattern and not is_ours


def table_of(cell: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, list[str | None]]]:
    """Tables of one to three columns with odd names, and one to four rows."""
    name = (cell | RISKY).map(str.strip).filter(_is_usable)
    return st.integers(1, 4).flatmap(
        lambda n: st.dictionaries(
            name,
            st.lists(cell | RISKY | st.none(), min_size=n, max_size=n),
            min_size=1,
            max_size=3,
        )
    )


def check_round_trip(columns: dict[str, list[str | None]], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        export_rows(set_aside(folder, columns), folder / f"out{suffix}")
        back = bring_back(folder / f"out{suffix}", folder)
        assert sorted(back.columns) == sorted([*columns, *OUR_PREFIX])
        got = {name: [v or "" for v in back.get_column(name)] for name in columns}
        assert got == {name: [v or "" for v in values] for name, values in columns.items()}
        assert set(back.get_column("clayload_file")) == {"=leads.csv"}


@given(table_of(TEXT))
@dear(16)
def test_any_text_comes_back_from_csv_as_it_was(columns: dict[str, list[str | None]]) -> None:
    check_round_trip(columns, ".csv")


@given(table_of(CELL))
@dear(16)
def test_any_text_comes_back_from_a_workbook_as_it_was(
    columns: dict[str, list[str | None]],
) -> None:
    check_round_trip(columns, ".xlsx")


@given(st.lists(st.text("'=+-@\t\r\n \u00a0x\uff1d"), min_size=1))
def test_one_way_back_fits_both_guards_whatever_the_file_was_saved_as(texts: list[str]) -> None:
    text = pl.col("text")
    frame = pl.DataFrame({"text": texts}).with_columns(
        csv=unguard(guard(text)), cell=unguard(guard_apostrophe(text)), guarded=guard(text)
    )
    assert frame["csv"].to_list() == frame["cell"].to_list() == texts
    assert not frame["guarded"].str.contains(r"^[=+\-@\t\r\n]").any()


def test_a_csv_shows_a_formula_as_text_and_nothing_else_changed(tmp_path: Path) -> None:
    aside = set_aside(tmp_path, {"=Phone": DANGEROUS, "Name": (HARMLESS * 2)[: len(DANGEROUS)]})
    export_rows(aside, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith(b'\xef\xbb\xbf"\'=Phone","Name","clay')
    shown = pl.read_csv(tmp_path / "out.csv", infer_schema=False)
    assert shown.columns == ["'=Phone", "Name", *OUR_PREFIX]
    assert shown["'=Phone"].to_list() == [f"'{text}" for text in DANGEROUS]
    assert [v or "" for v in shown["Name"]] == (HARMLESS * 2)[: len(DANGEROUS)]


def test_a_workbook_holds_one_sheet_of_text_with_the_reasons_in_view(tmp_path: Path) -> None:
    export_rows(set_aside(tmp_path, {"Phone": [*DANGEROUS, *HARMLESS]}), tmp_path / "out.xlsx")
    book = fastexcel.read_excel(tmp_path / "out.xlsx")
    assert len(book.sheet_names) == 1
    shown = book.load_sheet(0).to_polars()
    assert shown.columns == [*OUR_PREFIX[3:], "Phone", *OUR_PREFIX[:3]]
    assert set(shown.schema.values()) == {pl.String()}
    assert shown["Phone"].to_list()[:4] == DANGEROUS[:4]
    with zipfile.ZipFile(tmp_path / "out.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not any("hyperlink" in parts.read(name).decode() for name in parts.namelist())
    assert '<pane xSplit="1" ySplit="1"' in sheet
    assert "<f>" not in sheet
    assert "<v>" not in sheet


@pytest.mark.parametrize("text", ["x" * 32_768, "\U0001f600" * 16_384, "a\uffff", "<r>b</r>"])
def test_what_no_cell_can_hold_is_refused_and_csv_holds_it(tmp_path: Path, text: str) -> None:
    aside = set_aside(tmp_path, {"Notes": ["short", text]})
    with pytest.raises(RunError, match="'Notes'") as refused:
        export_rows(aside, tmp_path / "out.xlsx")
    assert refused.value.code is Code.EXPORT_REFUSED
    assert list(tmp_path.iterdir()) == [aside.path]
    export_rows(aside, tmp_path / "out.csv")
    assert bring_back(tmp_path / "out.csv", tmp_path)["Notes"].to_list() == ["short", text]


def test_a_file_in_the_way_is_replaced_only_by_force(tmp_path: Path) -> None:
    aside, path = set_aside(tmp_path, {"Name": ["Ana"]}), tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(RunError, match="is there already"):
        export_rows(aside, path)
    assert path.read_text() == "mine"
    export_rows(aside, path, force=True)
    assert "Ana" in path.read_text()


@pytest.mark.parametrize("out", ["out.txt", "no/such/folder/out.csv"])
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, out: str) -> None:
    aside = set_aside(tmp_path, {"Name": ["Ana"]})
    with pytest.raises(RunError):
        export_rows(aside, tmp_path / out)


@pytest.mark.parametrize(
    "saved",
    [
        b"Name,clayload_line,clayload_file\nAna,2,leads.csv\n",
        b"Name;clayload_line;clayload_file\nAna;2;leads.csv\nBo;3;leads.csv\n",
        b"N\xe4me,clayload_line,clayload_file\nAna,2,leads.csv\nBo,3,leads.csv\n",
    ],
)
def test_a_quarantine_that_somebody_changed_is_not_passed_off_as_the_runs(
    tmp_path: Path, saved: bytes
) -> None:
    aside = set_aside(tmp_path, {"Name": ["Ana", "Bo"]})
    aside.path.write_bytes(saved)
    with pytest.raises(RunError, match="no longer as the run wrote it") as refused:
        export_rows(aside, tmp_path / "out.csv")
    assert f"--run {RUN}" in refused.value.hint


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_column_of_theirs_that_begins_as_ours_do_comes_back(suffix: str) -> None:
    check_round_trip({"clayload_notes": ["mine"], "clayload_id": ["7"], "Name": ["Ana"]}, suffix)


def test_unrouted_rows_get_a_reason_too(tmp_path: Path) -> None:
    path = tmp_path / "unrouted.csv"
    path.write_text("Name,clayload_line,clayload_file\nAna,2,leads.csv\n")
    export_rows(SetAsideRows(RUN, path, 1), tmp_path / "out.csv")
    back = bring_back(tmp_path / "out.csv", tmp_path)
    assert back.columns == ["Name", *OUR_PREFIX]
    assert back["clayload_reasons"].to_list() == ["unrouted"]
