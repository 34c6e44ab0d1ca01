"""The lists lie beside the configuration, and what was kept back is priced as leads are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.scenes.load_tables import BenchOptions, describe_config

from clayload.account.extract_summary import ExtractSummary
from clayload.errors import Code, ConfigError
from clayload.frames.kept import Kept
from clayload.loading.intake.suppression import are_listed, describe_lists, price_kept, read_lists
from clayload.setup import Setup, read_setup


def write_setup(folder: Path, suppression: dict[str, Any], **of_tables: object) -> Setup:
    document = describe_config("main", BenchOptions()) | {"suppression": suppression}
    for table in document["tables"].values():
        table.update(of_tables)
    (folder / "tables.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (folder / "lists").mkdir(exist_ok=True)
    return read_setup({"CLAYLOAD_CONFIG": str(folder / "tables.yaml")})


def test_a_lists_path_begins_at_the_configurations_folder(tmp_path: Path) -> None:
    setup = write_setup(tmp_path, {"outs": {"file": "lists/outs.txt"}})
    (tmp_path / "lists" / "outs.txt").write_text("ana@a.example\nb.example\ngmail.com\n")
    lists = read_lists(setup)
    assert sorted(lists["outs"].domains) == ["b.example", "gmail.com"]
    counted, warning = describe_lists(lists)
    assert counted == "outs: 1 e-mail, 2 domains"
    assert warning.startswith("warning: outs names gmail.com")


def test_all_lists_that_cannot_be_used_are_told_at_once(tmp_path: Path) -> None:
    setup = write_setup(tmp_path, {"outs": {"file": "no.txt"}, "more": {"file": "lists/bad.txt"}})
    (tmp_path / "lists" / "bad.txt").write_text("fine.example\nnobody\n")
    with pytest.raises(ConfigError) as caught:
        read_lists(setup)
    first, second = caught.value.message.splitlines()
    assert caught.value.code is Code.SUPPRESSION_UNUSABLE
    assert first.startswith(f"{tmp_path}/no.txt cannot be read")
    assert second.startswith(f"{tmp_path}/lists/bad.txt:2 is neither")


def test_a_list_for_a_table_nobody_knows_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        write_setup(tmp_path, {"outs": {"file": "x", "tables": ["tech", "finanse"]}})
    assert "suppression.outs.tables[1]: there is no table 'finanse'" in caught.value.message
    assert caught.value.facts["nearest"] == "finance"


def test_a_lead_kept_back_is_worth_what_a_lead_of_its_table_costs(tmp_path: Path) -> None:
    setup = write_setup(tmp_path, {}, credits_per_lead=1.5, actions_per_lead=2.0)
    kept = (Kept("suppressed", "outs", "tech", 10), Kept("quarantined", "key_missing", None, 3))
    priced, free = price_kept(kept, setup)
    assert (priced.credits, priced.actions) == (15, 20)
    plan = setup.catalogue.plans[setup.config.workspace.plan]
    credit_price = (plan.credit_price or setup.catalogue.credit_price).likely
    dollars = 15 * credit_price + 20 * setup.catalogue.action_price.likely
    assert priced.dollars == pytest.approx(dollars)
    assert (free.n_leads, free.table, free.credits, free.dollars) == (3, None, 0, 0)


def test_a_run_remembers_what_leads_cost_when_it_was_read(tmp_path: Path) -> None:
    kept = (Kept("suppressed", "outs", "tech", 10),)
    before = price_kept(kept, write_setup(tmp_path, {}, credits_per_lead=1.5))
    after = price_kept(kept, write_setup(tmp_path, {}, credits_per_lead=9.0))
    assert before[0].credits * 6 == after[0].credits
    stored = ExtractSummary.model_construct(savings=before).model_dump(
        mode="json", include={"savings"}
    )
    assert stored["savings"][0]["credits"] == 15


def test_a_replay_knows_listed_leads_by_a_key_that_is_the_e_mail(tmp_path: Path) -> None:
    lists = {
        "outs": {"file": "lists/outs.txt"},
        "more": {"file": "lists/outs.txt", "tables": ["tech"]},
    }
    setup = write_setup(tmp_path, lists)
    (tmp_path / "lists" / "outs.txt").write_text("ana@a.example\nb.example\n")
    leads = [
        ("tech", "ana@a.example"),
        ("finance", "bo@eu.b.example"),
        ("finance", "cy@a.example"),
        ("gone", "ana@a.example"),
    ]
    assert are_listed(leads, setup) == [True, True, False, False]
    by_domain = write_setup(tmp_path, lists, key=["domain"])
    assert are_listed([("tech", "b.example")], by_domain) == [False]
    assert are_listed([], setup) == []
