"""What do real lead extracts look like, at any size?

    python samples/make_leads.py --leads 2000 --seed 7 --out samples/leads-2026-11.csv
    python samples/make_leads.py --workbook samples/leads-quirks.xlsx

In:    a number of leads and a seed.
Out:   a CSV with the dirt of real exports, the same for the same seed on every machine; or a small
       workbook with Excel's own quirks.
Never: a real person or company: names are made up, addresses use reserved domains.

10 million leads take about a minute and no more memory than one batch.
"""

# ruff: noqa: INP001 -- a script beside its data, not a package

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import polars as pl

BATCH_LEADS = 250_000

_FIRST = ["Ana", "José", "Zoë", "Liam", "Noor", "Mia", "Emma", "Łukasz", "Chloé", "Omar", "Ingrid",
          "Amélie", "Wei", "Priya", "Tomáš", "Søren"]  # fmt: skip
_LAST = ["Smith", "Müller", "García", "O'Neil", "Nguyen", "Ivanova", "Kowalski", "Brown", "Jónsson",
         "Silva", "van der Berg", "Çelik", "Dubois", "Rossi", "Okafor", "Tanaka"]  # fmt: skip
_TITLES = ["CTO", "VP Sales", "Head of Growth", "Founder, CEO", "Marketing Manager", "Engineer",
           'Director "EMEA"', "CFO"]  # fmt: skip
_COMPANIES = ["Northwind", "Blue Harbor", "Käferberg", "Lumen & Co", "Stone, Reed", "Vela",
              "Orchard", "Tidewater"]  # fmt: skip
_ENDINGS = ["Inc", "GmbH", "Ltd", "S.A.", "Labs", "Group"]
_TECH = ["Software", "SaaS", "Technology"]
_FINANCE = ["Financial Services", "Banking", "Insurance"]
_OTHER = ["Retail", "Healthcare", "Construction", "software", ""]
_INDUSTRIES = _TECH * 5 + _FINANCE * 3 + _OTHER
_EMPLOYEES = ["12", "51-200", "1,200", "10,001+", "350", "11-50", "5k", "1.2K", "", "201 - 500"]
_PLACES = ["Berlin", "Paris", "Austin", "Łódź", "São Paulo", "Toronto", "Oslo", ""]
_COUNTRIES = ["Germany", "France", "United States", "Poland", "Brazil", "Canada", "Norway", ""]
_DASHED = "prefers e-mail \u2013 not phone"
_NOTES = ["", "", "", "", "", "met at the booth, wants a call", 'said "maybe in spring"',
          "first line\nsecond line, after a break", _DASHED, "  "]  # fmt: skip
_EVENTS = ["Data Summit 2026", "Growth Days, Lisbon"]
_FORMS = ["demo-request", "pricing", "newsletter"]
_DECOMPOSED = "Ame\u0301lie"

_PRIME = (1 << 31) - 1
_SHARES = {"inbound": 0.12, "event": 0.10, "repeat": 0.02, "upper": 0.05, "no_mail": 0.01,
           "bad_mail": 0.01, "bad_count": 0.004, "bad_date": 0.004,
           "second_mail": 0.05}  # fmt: skip
_LOOK_BACK = 150


def make_leads(first: int, n: int, seed: int) -> pl.DataFrame:
    """Make leads `first` to `first + n - 1`, as a table of text ready for CSV."""
    numbers = pl.DataFrame({"row": pl.int_range(first, first + n, dtype=pl.UInt64, eager=True)})
    people = numbers.with_columns(person=_person(seed))
    draw = _Draw(seed)
    return people.select(
        pl.format("L-{}", pl.col("row")).alias("Lead ID"),
        _first_name(draw).alias("First Name"),
        draw.pick(_LAST, 2).alias("Last Name"),
        _mail(draw).alias("Work Email"),
        pl.when(draw.happens("second_mail", 21)).then(_address(draw)).alias("Email 1"),
        draw.pick(_TITLES, 3).alias("Title"),
        _company(draw).alias("Company Name for Emails"),
        pl.format("https://www.{}/about", _domain(draw)).alias("Website"),
        pl.format("https://linkedin.example/in/lead-{}", pl.col("person")).alias(
            "Person Linkedin Url"
        ),
        pl.format("+1 555 {}", draw.number(5) % 9_000_000 + 1_000_000).alias("Phone"),
        draw.pick(_INDUSTRIES, 6).alias("Industry"),
        _headcount(draw).alias("# Employees"),
        draw.pick(_PLACES, 8).alias("City"),
        draw.pick(_COUNTRIES, 8).alias("Country"),
        pl.when(_is_inbound(draw))
        .then(pl.lit("Inbound"))
        .otherwise(pl.lit("List"))
        .alias("Lead Source"),
        pl.when(_is_inbound(draw)).then(draw.pick(_FORMS, 10)).alias("Form ID"),
        pl.when(_is_event(draw)).then(draw.pick(_EVENTS, 11)).alias("Event"),
        _created(draw).alias("Created At"),
        draw.pick(_NOTES, 12, of="row").alias("Notes"),
        (draw.number(13, of="row") % 100).cast(pl.String).alias("Score"),
    )


def write_csv(out: Path, n_leads: int, seed: int) -> None:
    """Write `n_leads` leads batch by batch."""
    with out.open("wb") as file:
        for first in range(0, n_leads, BATCH_LEADS):
            leads = make_leads(first, min(BATCH_LEADS, n_leads - first), seed)
            leads.write_csv(file, include_header=first == 0)


def write_workbook(out: Path) -> None:
    """Write a small workbook: numbers kept as floats and as text, dates as cells and as text."""
    import xlsxwriter  # noqa: PLC0415 -- a development dependency, which the CSV does not need

    epoch = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        # A fixed date, so that the same script makes the same bytes.
        book.set_properties({"created": epoch.replace(tzinfo=None)})
        sheet = book.add_worksheet("Leads")
        sheet.write_row(
            0, 0, ["First Name", "E-mail Address", "Industry", "# Employees", "Created", "Company"]
        )
        for row, cells in enumerate(_quirks(), start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(row, column, dt.datetime(cell.year, cell.month, cell.day))  # noqa: DTZ001 -- a cell has no zone
                else:
                    sheet.write(row, column, cell)


class _Draw:
    """Reproducible draws by the number of a person (or row), whatever the batch."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def number(self, salt: int, of: str = "person") -> pl.Expr:
        """Draw an integer below `_PRIME`."""
        mixed = (pl.col(of) * 48_271 + self._seed * 69_621 + salt * 7_919 + 1) % _PRIME
        for factor in (40_692, 16_807):
            mixed = (mixed * mixed + mixed * factor + salt) % _PRIME
        return mixed

    def pick(self, values: list[str], salt: int, of: str = "person") -> pl.Expr:
        """Draw one of some values."""
        drawn = pl.lit(pl.Series(values)).gather(self.number(salt, of) % len(values))
        # Exports leave an empty cell empty; they do not write "".
        return pl.when(drawn != "").then(drawn)

    def happens(self, what: str, salt: int, of: str = "person") -> pl.Expr:
        """Draw whether something happens that does so in a certain share of all cases."""
        return self.number(salt, of) < int(_SHARES[what] * _PRIME)


def _person(seed: int) -> pl.Expr:
    """Say who a row is about: mostly somebody new, sometimes somebody of shortly before."""
    draw = _Draw(seed)
    back = draw.number(31, "row") % _LOOK_BACK + 1
    repeats = draw.happens("repeat", 30, "row") & (pl.col("row") > _LOOK_BACK)
    return pl.when(repeats).then(pl.col("row") - back).otherwise(pl.col("row"))


def _first_name(draw: _Draw) -> pl.Expr:
    name = draw.pick(_FIRST, 1)
    return pl.when(name == "Amélie").then(pl.lit(_DECOMPOSED)).otherwise(name)


def _domain(draw: _Draw) -> pl.Expr:
    return pl.format("company{}.example", draw.number(4) % 50_000)


def _company(draw: _Draw) -> pl.Expr:
    parts = (draw.pick(_COMPANIES, 14), draw.number(4) % 50_000, draw.pick(_ENDINGS, 15))
    return pl.format("{} {} {}", *parts)


def _address(draw: _Draw) -> pl.Expr:
    private = draw.number(16) % 20 == 0
    host = pl.when(private).then(pl.lit("freemail.example")).otherwise(_domain(draw))
    return pl.format("lead{}@{}", pl.col("person"), host)


def _mail(draw: _Draw) -> pl.Expr:
    address = _address(draw)
    shouted = pl.when(draw.happens("upper", 17, "row")).then(address.str.to_uppercase())
    return (
        pl.when(draw.happens("no_mail", 18, "row") | draw.happens("second_mail", 21))
        .then(None)
        .when(draw.happens("bad_mail", 19, "row"))
        .then(address.str.replace("@", " at ", literal=True))
        .otherwise(pl.coalesce(shouted, address))
    )


def _headcount(draw: _Draw) -> pl.Expr:
    bad = draw.happens("bad_count", 22, "row")
    return pl.when(bad).then(pl.lit("Nov-50")).otherwise(draw.pick(_EMPLOYEES, 7))


def _is_inbound(draw: _Draw) -> pl.Expr:
    return draw.happens("inbound", 9)


def _is_event(draw: _Draw) -> pl.Expr:
    return draw.happens("event", 20)


def _created(draw: _Draw) -> pl.Expr:
    start = pl.lit(dt.datetime(2026, 10, 1))  # noqa: DTZ001 -- written out with its zone below
    moment = start + pl.duration(seconds=draw.number(23) % (31 * 86_400))
    iso = moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    bad = draw.happens("bad_date", 24, "row")
    return pl.when(bad).then(pl.lit("31/31/2026")).otherwise(iso)


def _quirks() -> list[list[str | float | dt.date | None]]:
    day = dt.date(2026, 11, 3)
    return [
        ["Ana", "ana@northwind.example", "Software", 1200.0, day, "Northwind"],
        ["José", "jose@vela.example", "Banking", "51-200", "2026-11-03", "Vela"],
        ["Zoë", "zoe@lumen.example", "SaaS", "350", 46329, "Lumen & Co"],
        ["Omar", " OMAR@orchard.example ", "Insurance", 5, day, "Orchard"],
        ["Mia", None, "Technology", 12, day, "Tidewater"],
        ["Wei", "wei@reed.example", "Retail", 40, day, "Stone, Reed"],
    ]


def main() -> None:
    """Read the command line and write what it asks for."""
    parser = argparse.ArgumentParser(description="Make lead extracts for demos and benchmarks.")
    parser.add_argument("--leads", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a CSV file")
    parser.add_argument("--workbook", type=Path, help="an Excel file, always the same six leads")
    args = parser.parse_args()
    if args.out:
        write_csv(args.out, args.leads, args.seed)
    if args.workbook:
        write_workbook(args.workbook)


if __name__ == "__main__":
    main()
