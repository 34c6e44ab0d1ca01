"""Do the books of a load balance to the row, and is a second load only what is still owed?"""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
from support.scenes.first_loads import LEADS, MORE, FirstLoads
from support.scenes.load_kit import Workbench, ends_of
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, make_leads


def _sorted(sent: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: sorted(keys) for name, keys in sent.items()}


def test_every_row_read_has_one_end_and_delivered_are_the_rows_in_clay(
    first_loads: FirstLoads,
) -> None:
    ended, sent = first_loads.ended[0], first_loads.sent[0]
    assert ended.exit_code == 0
    assert ends_of(ended.json) == {
        "quarantined": 2,
        "duplicate": 1,
        "unrouted": 1,
        "delivered": 170,
    }
    assert ended.json["outcome"] == "complete"
    assert _sorted(sent) == {
        "tech": sorted(f"lead{i}@software{i}.example" for i in range(130)),
        "finance": sorted(f"lead{i}@banking{i}.example" for i in range(40)),
    }
    used = {slot["slot"]: slot["used"] for slot in ended.json["slots"]}
    assert used == {"tech-1": 130, "tech-2": 0, "finance-1": 40}


def test_the_ledger_holds_as_delivered_exactly_the_rows_in_clay(first_loads: FirstLoads) -> None:
    bench = first_loads.bench
    assert bench.keys_in("delivered") == _sorted(first_loads.sent[-1])
    assert not any(bench.keys_in("pending", "sending", "in_doubt", "refused").values())


def test_a_row_in_clay_holds_the_allowed_fields_the_key_and_the_run(
    first_loads: FirstLoads,
) -> None:
    number = first_loads.first_row["lead_key"].removeprefix("lead").partition("@")[0]
    assert first_loads.first_row == {
        "email": f"lead{number}@banking{number}.example",
        "first_name": f"Élodie {number}",
        "company": f"Firm, {number}",
        "industry": "Banking",
        "notes": 'said "later"',
        "lead_key": f"lead{number}@banking{number}.example",
        "run_id": first_loads.ended[0].json["run_id"],
    }


def test_the_quarantine_keeps_the_line_the_reason_and_the_original_value(
    first_loads: FirstLoads,
) -> None:
    quarantine = pl.read_csv(first_loads.first_folder / "quarantine.csv")
    assert quarantine.select("email", "clayload_line", "clayload_reasons").rows() == [
        ("no address", 173, "email_malformed"),
        (None, 174, "key_missing"),
    ]
    reasons = first_loads.ended[0].json["extract"]["quarantine_reasons"]
    assert reasons == {"email_malformed": 1, "key_missing": 1}


def test_the_reports_in_the_run_folder_say_what_was_printed(first_loads: FirstLoads) -> None:
    kept = json.loads((first_loads.first_folder / "report.json").read_text())
    assert kept == first_loads.ended[0].json
    assert "| delivered | 170 |" in (first_loads.first_folder / "report.md").read_text()


def test_the_same_load_again_posts_nothing_and_says_already_delivered(
    first_loads: FirstLoads,
) -> None:
    again = first_loads.ended[1]
    assert again.exit_code == 0
    assert first_loads.n_posts[0] == first_loads.n_posts[1]
    assert ends_of(again.json)["already delivered"] == 170
    assert "delivered" not in ends_of(again.json)


def test_an_extract_with_ten_leads_more_sends_exactly_those_ten(first_loads: FirstLoads) -> None:
    grown = first_loads.ended[2]
    assert ends_of(grown.json)["delivered"] == 10
    assert ends_of(grown.json)["already delivered"] == 170
    assert first_loads.n_taken == (170, 170, 180)
    new = set(first_loads.sent[2]["finance"]) - set(first_loads.sent[1]["finance"])
    assert new == {lead["email"] for lead in MORE}


def test_each_cycle_is_owed_once_and_without_one_the_extract_keeps_to_its_last(
    bench: Workbench,
) -> None:
    extract = bench.write_csv(make_leads("Banking", 5))
    fair = bench.run("load", extract, "--cycle", "fair-2019", "--json").json
    assert ends_of(bench.load(extract).json) == ends_of(fair) == {"delivered": 5}
    again = bench.run("load", extract, "--json").json
    assert (again["cycle"], ends_of(again)) == ("2026-11", {"already delivered": 5})
    assert bench.n_posts() == 10


def test_a_limit_sends_the_first_leads_and_a_later_load_sends_the_others(
    bench: Workbench,
) -> None:
    extract = bench.write_csv(LEADS)
    first = bench.load(extract, "--limit", "7")
    assert first.exit_code == 0
    assert ends_of(first.json)["delivered"] == 7
    assert ends_of(first.json)["pending"] == first.json["extract"]["n_left_out"] == 163
    assert sorted(bench.delivered()["tech"]) == sorted(lead["email"] for lead in LEADS[:7])
    rest = bench.load(extract).json
    assert (ends_of(rest)["delivered"], ends_of(rest)["already delivered"]) == (163, 7)
    assert bench.n_rows() == bench.n_taken() == 170


def test_one_table_alone_is_loaded_and_only_its_secrets_are_needed(
    bench: Workbench,
) -> None:
    extract = bench.write_csv(LEADS)
    ended = bench.load(
        extract, "--table", FINANCE.name, CLAY_WEBHOOK_TECH_1="", CLAY_TOKEN_TECH_2=""
    )
    assert ended.exit_code == 0
    assert ends_of(ended.json)["delivered"] == 40
    assert ends_of(ended.json)["pending"] == 130
    assert {name: len(keys) for name, keys in bench.delivered().items()} == {
        "tech": 0,
        "finance": 40,
    }


def test_several_files_and_a_pattern_are_one_extract(bench: Workbench) -> None:
    first, others = make_leads("Banking", 6), make_leads("Software", 4)
    bench.write_csv(first, "part-1.csv")
    bench.write_csv([*others, first[0]], "part-2.csv")
    report = bench.load("part-*.csv").json
    assert ends_of(report) == {"delivered": 10, "duplicate": 1}
    assert report["extract"]["files"] == ["part-1.csv", "part-2.csv"]


def test_a_table_of_high_priority_goes_first(bench: Workbench) -> None:
    bench.reconfigure(BenchOptions(tables=(TECH, replace(FINANCE, priority="high"))))
    extract = bench.write_csv(LEADS)
    bench.load(extract, CLAYLOAD_CHUNKS_AT_ONCE="1")
    last_urgent = max(row["received_at"] for row in bench.standin.rows("finance"))
    first_other = min(row["received_at"] for row in bench.standin.rows("tech"))
    assert last_urgent < first_other
