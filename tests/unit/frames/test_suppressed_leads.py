"""Nobody on a list is sent, whatever else stands in the file, and every row still has one end."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear

from clayload.extracts.open import open_extract
from clayload.frames.kept import Kept
from clayload.frames.listed import Listed
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.tables.headers import HeaderAliases
from clayload.tables.tables_file import TablesConfig

HEADER = "email,industry,event,domain\n"
Prepare = Callable[..., Preparation]


def make_list(*entries: str) -> Listed:
    emails = [entry for entry in entries if "@" in entry]
    domains = [entry for entry in entries if "@" not in entry]
    return Listed(*(pl.Series(values, dtype=pl.String) for values in (emails, domains)))


def with_rules(
    tables: TablesConfig, suppression: dict[str, list[str] | None], **suppress: list[str]
) -> TablesConfig:
    """The three tables, with lists (for some tables or all), and whom they do without."""
    document = tables.model_dump(mode="json")
    document["suppression"] = {
        name: {"file": f"{name}.txt", "tables": of} for name, of in suppression.items()
    }
    for name, kinds in suppress.items():
        document["tables"][name]["suppress"] = kinds
    return TablesConfig.model_validate(document)


@pytest.fixture
def suppress(tmp_path: Path, tables: TablesConfig, aliases: HeaderAliases) -> Prepare:
    """Prepare rows with these lists, each for all tables unless `only` says which."""

    def prepare_rows(
        rows: str, only: dict[str, list[str]] | None = None, **lists: Listed
    ) -> Preparation:
        path = tmp_path / "leads.csv"
        path.write_text(HEADER + rows)
        of_tables = {name: (only or {}).get(name) for name in lists}
        config = with_rules(tables, of_tables, tech=["role_account", "personal_mail"])
        options = PrepareOptions("r", tmp_path / "run", lists=lists)
        return prepare_chunks(open_extract([path], aliases, tmp_path), config, options)

    return prepare_rows


def sent(prepared: Preparation) -> list[int]:
    frames = [pl.read_parquet(chunk.path) for chunk in prepared.chunks]
    return sorted(number for frame in frames for number in frame["row_number"])


def suppressed(prepared: Preparation) -> list[tuple[str, str, str]]:
    with prepared.paths["suppressed"].open(encoding="utf-8-sig", newline="") as file:
        return [(row["line"], row["table"], row["suppressed_by"]) for row in csv.DictReader(file)]


def test_e_mails_domains_and_what_is_below_them_are_not_sent(suppress: Prepare) -> None:
    rows = (
        "ana@a.example,SaaS,,\n"
        "bo@eu.b.example,SaaS,,\n"
        "cy@c.example,Banking,,www.b.example\n"
        "di@notb.example,SaaS,,\n"
        "ed@e.example,SaaS,Summit,\n"
    )
    prepared = suppress(rows, outs=make_list("ana@a.example", "b.example"))
    assert sent(prepared) == [4, 5]
    assert prepared.n_suppressed == 3
    assert suppressed(prepared) == [
        ("2", "tech", "outs"), ("3", "tech", "outs"), ("4", "finance", "outs")
    ]  # fmt: skip
    assert prepared.is_balanced


def test_a_list_holds_for_the_tables_it_names(suppress: Prepare) -> None:
    rows = "ana@a.example,SaaS,,\nbo@a.example,Banking,,\n"
    prepared = suppress(rows, {"rivals": ["tech"]}, rivals=make_list("a.example"))
    assert sent(prepared) == [2]


def test_who_is_listed_by_one_row_is_listed_by_every_row_of_the_same_address(
    suppress: Prepare,
) -> None:
    rows = "ana@m.example,SaaS,,\nANA@m.example,Banking,,a.example\nbo@m.example,SaaS,,\n"
    prepared = suppress(rows, rivals=make_list("a.example"))
    assert (sent(prepared), prepared.n_suppressed, prepared.n_duplicates) == ([3], 2, 0)


def test_a_suppressed_row_does_not_stand_for_another_with_the_same_key(
    tmp_path: Path, tables: TablesConfig, aliases: HeaderAliases
) -> None:
    document = with_rules(tables, {"outs": None}).model_dump(mode="json")
    document["tables"]["tech"]["key"] = ["domain"]
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + "ana@a.example,SaaS,,\nbo@a.example,SaaS,,\ncy@a.example,SaaS,,\n")
    options = PrepareOptions("r", tmp_path / "run", lists={"outs": make_list("ana@a.example")})
    extract = open_extract([path], aliases, tmp_path)
    prepared = prepare_chunks(extract, TablesConfig.model_validate(document), options)
    assert (sent(prepared), prepared.n_suppressed, prepared.n_duplicates) == ([2], 1, 1)


def test_of_several_rules_the_first_counts_lists_before_kinds_of_addresses(
    suppress: Prepare,
) -> None:
    rows = (
        "info@freemail.example,SaaS,,\n"
        "ana@freemail.example,SaaS,,\n"
        "bo@freemail.example,SaaS,,\n"
        "info@b.example,Banking,,\n"
    )
    lists = {"outs": make_list("ana@freemail.example"), "more": make_list("ana@freemail.example")}
    prepared = suppress(rows, **lists)
    assert [rule for _, _, rule in suppressed(prepared)] == [
        "role_account",
        "outs",
        "personal_mail",
    ]
    assert sent(prepared) == [4]
    assert prepared.flags == {"role_account": 1}


def test_what_is_quarantined_or_unrouted_stays_so_and_a_repeat_is_suppressed_too(
    suppress: Prepare,
) -> None:
    rows = (
        "bad@@a.example,SaaS,,a.example\n"
        "ana@a.example,Retail,,\n"
        "bo@a.example,SaaS,,\n"
        "bo@a.example,SaaS,,\n"
    )
    prepared = suppress(rows, outs=make_list("a.example"))
    assert (prepared.n_quarantined, prepared.n_unrouted, prepared.n_suppressed) == (1, 1, 2)
    assert prepared.kept == (
        Kept("quarantined", "email_malformed", "tech", 1),
        Kept("suppressed", "outs", "tech", 2),
    )


def test_a_lead_counts_under_the_first_rule_it_breaks_and_of_no_table_under_none(
    prepare: Prepare,
) -> None:
    header = "email,industry,employees\n"
    rows = "nobody,SaaS,many\n,Retail,\na@a.example,SaaS,\na@a.example,SaaS,\n"
    assert prepare(header + rows).kept == (
        Kept("quarantined", "email_malformed", "tech", 1),
        Kept("quarantined", "key_missing", None, 1),
        Kept("duplicate", "duplicate", "tech", 1),
    )


hosts = st.sampled_from(
    ["a.example", "eu.a.example", "x.eu.a.example", "nota.example", "b.example", "freemail.example"]
)
people = st.sampled_from(["ana", "info"])
# Few, so that one address stands in several rows, with other domains beside it.
mail_hosts = st.sampled_from(["x.eu.a.example", "nota.example", "freemail.example"])
mails = st.one_of(st.tuples(people, mail_hosts).map("@".join), st.sampled_from(["", "bad"]))
sectors = st.sampled_from(["SaaS", "Banking", "Retail"])
events = st.sampled_from(["", "Summit"])
rows_of_leads = st.lists(
    st.tuples(mails, sectors, events, hosts | st.just("")), min_size=5, max_size=15
)
entries = st.lists(st.one_of(hosts, st.tuples(people, hosts).map("@".join)), min_size=1, max_size=3)


def is_on(entries: list[str], mail: str, domain: str) -> bool:
    """Look one lead up in a list, the slow way."""
    hosts_of = {mail.partition("@")[2], domain} - {""}
    return any(
        entry == mail or any(host == entry or host.endswith(f".{entry}") for host in hosts_of)
        for entry in entries
    )


@given(rows=rows_of_leads, outs=entries, rivals=entries)
@dear(10)
def test_nobody_on_a_list_is_sent_and_the_books_balance(
    aliases: HeaderAliases,
    tables: TablesConfig,
    rows: list[tuple[str, str, str, str]],
    outs: list[str],
    rivals: list[str],
) -> None:
    config = with_rules(
        tables, {"outs": None, "rivals": ["tech"]}, finance=["personal_mail"], tech=["role_account"]
    )
    lists = {"outs": make_list(*outs), "rivals": make_list(*rivals)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        path.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
        options = PrepareOptions("r", Path(folder) / "run", chunk_rows=4, lists=lists)
        prepared = prepare_chunks(open_extract([path], aliases, Path(folder)), config, options)
        assert prepared.is_balanced
        numbers = sent(prepared)
        aside = suppressed(prepared) if prepared.n_suppressed else []
    on = {
        name: {mail for mail, _, _, domain in rows if is_on(of, mail, domain)}
        for name, of in (("outs", outs), ("rivals", rivals))
    }
    for number in numbers:
        mail, sector, event, _ = rows[number - 1]
        assert mail not in on["outs"]
        is_tech = sector == "SaaS" and not event
        assert not (is_tech and mail in on["rivals"])
    for line, table, rule in aside:
        mail = rows[int(line) - 2][0]
        assert (mail in on[rule]) if rule in on else (table, rule) in {
            ("finance", "personal_mail"), ("tech", "role_account")
        }  # fmt: skip
    assert len(aside) == prepared.n_suppressed
    by_end = Counter[str]()
    for one in prepared.kept:
        by_end[one.end] += one.n_leads
    counts = (prepared.n_quarantined, prepared.n_suppressed, prepared.n_duplicates)
    assert tuple(by_end[end] for end in ("quarantined", "suppressed", "duplicate")) == counts
