"""200 leads are set aside, 50 are corrected in a spreadsheet: exactly those 50 are sent."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import pytest
import xlsxwriter
from support.scenes.load_kit import Ended, Workbench, ends_of
from support.scenes.load_tables import make_leads
from support.servers.standin_process import Document, StandIn

PHONE = "+1 555 0100"
GOOD = make_leads("Banking", 20)
# The phone stands in a field that is sent; the bench's tables know no other.
BAD = [
    {**lead, "email": f"nobody {n}", "notes": PHONE}
    for n, lead in enumerate(make_leads("Banking", 200, first=20))
]
RUN, REASONS = "clayload_run", "clayload_reasons"

# One process makes the round trip that most of these tests look at.

Row = dict[str, str]


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def write_rows(path: Path, rows: list[Row]) -> Path:
    """Save as a spreadsheet in a country of decimal commas does."""
    with path.open("w", encoding="utf-8-sig", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return path


def correct(row: Row, n: int) -> Row:
    return {**row, "email": f"fixed{n}@bank{n}.example"}


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A load, its export, what a person made of it, and what then happened, step by step."""

    bench: Workbench
    loaded: Document
    exported: list[Row]
    rehearsed: Document
    n_runs_after_rehearsal: int
    n_posts: tuple[int, int, int, int]
    resubmitted: Ended
    again: Document
    status: Document

    @classmethod
    def make(cls, bench: Workbench) -> RoundTrip:
        loaded = bench.load(bench.write_csv(GOOD + BAD)).json
        n_loaded = bench.n_taken()
        bench.run("quarantine", "export", loaded["run_id"], "--out", "q.csv")
        rows = read_rows(bench.folder / "q.csv")
        fixed = [correct(row, n) if n < 50 else row for n, row in enumerate(rows)]
        copied = {**fixed[0], "email": "copied@bank.example"}
        by_hand = dict.fromkeys(rows[0], "") | make_leads("Banking", 1, first=900)[0]
        file = write_rows(bench.folder / "fixed.csv", [*fixed, copied, by_hand])
        rehearsed = bench.run("resubmit", file, "--dry-run", "--json").json
        n_runs = bench.query("SELECT COUNT(*) FROM runs")[0][0]
        n_rehearsed = bench.n_taken()
        resubmitted = bench.run("resubmit", file, "--json")
        n_resubmitted = bench.n_taken()
        again = bench.run("resubmit", file, "--json").json
        return cls(
            bench,
            loaded,
            rows,
            rehearsed,
            n_runs,
            (n_loaded, n_rehearsed, n_resubmitted, bench.n_taken()),
            resubmitted,
            again,
            bench.run("status", loaded["run_id"], "--json").json,
        )


@pytest.fixture(scope="module")
def trip(standin: StandIn, tmp_path_factory: pytest.TempPathFactory) -> RoundTrip:
    return RoundTrip.make(Workbench(standin, tmp_path_factory.mktemp("round-trip")))


def test_the_export_has_the_users_columns_in_their_order_and_then_ours(trip: RoundTrip) -> None:
    assert list(trip.exported[0]) == [
        *BAD[0],
        RUN,
        "clayload_line",
        "clayload_file",
        REASONS,
        "clayload_hint",
    ]
    first = trip.exported[0]
    assert (first["email"], first["notes"]) == ("nobody 0", f"'{PHONE}")
    assert (first[RUN], first["clayload_line"]) == (trip.loaded["run_id"], "22")
    assert (first["clayload_file"], first[REASONS]) == ("leads.csv", "email_malformed")
    assert len(trip.exported) == 200


def test_exactly_the_corrected_leads_are_sent_with_their_values_unchanged(trip: RoundTrip) -> None:
    loaded, rehearsed, resubmitted, again = trip.n_posts
    assert (loaded, rehearsed, resubmitted, again) == (20, 20, 20 + 50 + 2, 20 + 50 + 2)
    fixed = [row["payload"] for row in trip.bench.standin.rows("finance")[20:]]
    mails = {f"fixed{n}@bank{n}.example" for n in range(50)}
    assert {row["email"] for row in fixed} - mails == {
        "copied@bank.example",
        "lead900@banking900.example",
    }
    assert {row["notes"] for row in fixed if row["email"] in mails} == {PHONE}


def test_the_books_of_a_resubmit_balance_and_what_is_still_wrong_stays(trip: RoundTrip) -> None:
    report = trip.resubmitted.json
    assert trip.resubmitted.exit_code == 0
    assert ends_of(report) == {"quarantined": 150, "delivered": 52}
    assert (report["cycle"], report["kind"]) == ("2026-11", "resubmit")
    assert report["parent_run_id"] == trip.loaded["run_id"]
    assert report["extract"]["quarantine_reasons"] == {"email_malformed": 150}
    assert ends_of(trip.again) == {"quarantined": 150, "already delivered": 52}


def test_our_columns_are_not_told_as_columns_that_no_field_takes(trip: RoundTrip) -> None:
    assert trip.resubmitted.json["extract"]["unmapped"] == []


def test_rows_that_were_copied_or_added_by_hand_are_leads_and_told_apart(trip: RoundTrip) -> None:
    assert trip.resubmitted.json["extract"]["added"] == [[201, 202]]


def test_a_dry_run_says_what_a_resubmit_then_sends_and_leaves_no_run(trip: RoundTrip) -> None:
    assert (trip.rehearsed["n_to_send"], trip.rehearsed["cycle"]) == (52, "2026-11")
    assert trip.n_runs_after_rehearsal == 1


def test_the_first_runs_account_names_who_took_up_its_leads_and_what_was_delivered(
    trip: RoundTrip,
) -> None:
    first, second = trip.status["children"]
    assert first["run_id"] == trip.resubmitted.json["run_id"]
    assert (first["kind"], first["n_rows"], first["n_recovered"]) == ("resubmit", 202, 50)
    assert first["ends"] == {"quarantined": 150, "delivered": 52}
    assert second["n_recovered"] == 0
    assert ends_of(trip.status) == ends_of(trip.loaded)


def _edit_workbook(path: Path, edit: Callable[[int, Row], Row]) -> None:
    """Open a workbook, edit its rows, and save it: the cells stay text."""
    cells = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    rows = [edit(n, row) for n, row in enumerate(cells.iter_rows(named=True))]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([cells.columns, *(row.values() for row in rows)]):
            for position, value in enumerate(row):
                sheet.write_string(number, position, value or "")


def test_a_workbook_makes_the_same_way_and_a_reason_that_is_new_is_told(bench: Workbench) -> None:
    bad = [{**lead, "email": "nobody", "notes": PHONE} for lead in make_leads("Banking", 4)]
    run_id = bench.load(bench.write_csv(GOOD[:2] + bad)).json["run_id"]
    bench.run("quarantine", "export", run_id, "--out", "q.xlsx")
    _edit_workbook(
        bench.folder / "q.xlsx",
        lambda n, row: row | {"email": ["x@x.example", GOOD[0]["email"], "", "nobody"][n]},
    )
    ended = bench.run("resubmit", "q.xlsx", "--json")
    assert ends_of(ended.json) == {"quarantined": 2, "delivered": 1, "already delivered": 1}
    assert bench.standin.rows("finance")[-1]["payload"]["notes"] == PHONE
    child = ended.json["run_id"]
    bench.run("quarantine", "export", child)
    left = read_rows(bench.folder / f"quarantine-{child}.csv")
    assert [(row[RUN], row["clayload_line"], row[REASONS]) for row in left] == [
        (child, "4", "key_missing"),
        (child, "5", "email_malformed"),
    ]


def test_unrouted_leads_go_the_same_way(bench: Workbench) -> None:
    lost = [{**lead, "industry": "Zoo"} for lead in make_leads("Banking", 3)]
    run_id = bench.load(bench.write_csv(GOOD[5:7] + lost)).json["run_id"]
    bench.run("quarantine", "export", run_id, "--unrouted")
    path = bench.folder / f"unrouted-{run_id}.csv"
    rows = read_rows(path)
    assert {row[REASONS] for row in rows} == {"unrouted"}
    write_rows(path, [row | {"industry": "Banking"} for row in rows])
    # A plain load knows an export, too, by its column clayload_run.
    assert bench.run("plan", path, "--json").json["extract"]["unmapped"] == []
    assert ends_of(bench.run("resubmit", path, "--json").json) == {"delivered": 3}
    nothing = bench.run("quarantine", "export", run_id)
    assert nothing.stdout == f"run {run_id} has no quarantined leads: nothing to export\n"


def test_what_cannot_be_found_is_refused_with_what_to_do(bench: Workbench) -> None:
    report = bench.load(bench.write_csv([{**GOOD[0], "email": "nobody"}])).json
    fixed = bench.write_csv([{**GOOD[9], "email": "late@bank.example"}], "fixed.csv")
    unclear = bench.run("resubmit", fixed)
    assert (unclear.exit_code, unclear.error_lines[0].split()[0]) == (11, "CLY-QUA-02")
    assert "--run RUN" in unclear.error_lines[1]
    assert bench.query("SELECT COUNT(*) FROM runs") == [(1,)]
    (Path(report["extract"]["folder"]) / "quarantine.csv").unlink()
    gone = bench.run("quarantine", "export", report["run_id"])
    assert (gone.exit_code, gone.error_lines[0].split()[0]) == (22, "CLY-RUN-05")
    named = bench.run("resubmit", fixed, "--run", report["run_id"], "--json").json
    assert (named["parent_run_id"], ends_of(named)) == (report["run_id"], {"delivered": 1})
