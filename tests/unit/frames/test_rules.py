from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clayload.delivery.payload import LIMIT_BYTES, build_body
from clayload.extracts.open import open_extract
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.frames.rules import ENVELOPE_BYTES, RULES
from clayload.tables.headers import HeaderAliases
from clayload.tables.tables_file import TablesConfig

DOC = Path(__file__).parents[3] / "docs" / "reference" / "rules.md"


def test_every_rule_has_its_heading_and_every_heading_its_rule() -> None:
    headings = [
        line[4:].strip("` ") for line in DOC.read_text().splitlines() if line.startswith("### ")
    ]
    assert headings == [rule.name for rule in RULES]


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        ("a@a.example,,,,", {}),
        (",,,,", {"key_missing": 1}),
        ("a at a.example,,,,", {"email_malformed": 1}),
        ("a@throwaway.example,,,,", {"email_disposable": 1}),
        ("a@a.example,Nov-50,,,", {"employee_count_unreadable": 1}),
        ("a@a.example,,31/31/2026,,", {"created_at_unreadable": 1}),
        ("a@a.example,,,x\0y,", {"nul_byte": 1}),
        ("a@a.example,,,,\0", {"nul_byte": 1}),
        (
            "nobody,Nov-50,soon,,",
            {"email_malformed": 1, "employee_count_unreadable": 1, "created_at_unreadable": 1},
        ),
    ],
)
def test_each_rule_names_the_rows_that_break_it(
    prepare: Callable[..., Preparation], row: str, reasons: dict[str, int]
) -> None:
    header = "email,employees,created,notes,unmapped"
    prepared = prepare(f"{header},industry\n{row},SaaS\nok@ok.example,5,2026-11-03,,,SaaS\n")
    assert prepared.quarantine_reasons == reasons
    assert prepared.n_quarantined == bool(reasons)
    assert prepared.is_balanced


def test_a_payload_over_the_limit_is_quarantined_and_the_others_are_not(
    prepare: Callable[..., Preparation],
) -> None:
    huge = "x" * 200_000
    prepared = prepare(f"email,industry,notes\na@a.example,SaaS,{huge}\nb@b.example,SaaS,short\n")
    assert prepared.quarantine_reasons == {"payload_too_large": 1}
    assert prepared.n_accepted["tech"] == 1
    assert [chunk.n_leads for chunk in prepared.chunks] == [1]


@pytest.mark.parametrize("character", ["x", "é", '""', "\\"])
@pytest.mark.parametrize("surplus", [0, 1])
def test_the_payload_is_measured_to_the_byte(
    prepare: Callable[..., Preparation], tables: TablesConfig, character: str, surplus: int
) -> None:
    fields = tables.tables["tech"].fields
    lead = dict.fromkeys(fields) | {"email": "a@a.example", "industry": "SaaS", "notes": ""}
    lead["domain"] = "a.example"
    room = LIMIT_BYTES - ENVELOPE_BYTES - len(build_body(lead, "", ""))
    text = character.replace('""', '"')
    each = len(build_body({"n": text}, "", "")) - len(build_body({"n": ""}, "", ""))
    notes = character * (room // each) + "x" * (room % each + surplus)
    prepared = prepare(f'email,industry,notes\na@a.example,SaaS,"{notes}"\n')
    assert prepared.n_quarantined == surplus


def test_control_characters_are_weighed_as_json_writes_them(
    aliases: HeaderAliases, tables: TablesConfig, tmp_path: Path
) -> None:
    # 16,700 bytes of text, and over 100,000 of JSON: six for each.
    lead = {"email": "a@a.example", "industry": "SaaS", "notes": "\x01" * 16_700}
    (tmp_path / "leads.ndjson").write_text(json.dumps(lead))
    extract = open_extract([tmp_path / "leads.ndjson"], aliases, tmp_path)
    prepared = prepare_chunks(extract, tables, PrepareOptions("r", tmp_path / "run"))
    assert prepared.quarantine_reasons == {"payload_too_large": 1}


def test_a_long_field_that_is_not_sent_does_no_harm(prepare: Callable[..., Preparation]) -> None:
    huge = "x" * 200_000
    prepared = prepare(f"email,industry,notes\na@a.example,Banking,{huge}\n")
    assert prepared.n_accepted["finance"] == 1
