"""What stands in a field that the extract leaves empty, and where do its leads go?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from clayload.extracts.open import open_extract
from clayload.frames.filled import Filled
from clayload.frames.prepare_leads import Preparation
from clayload.tables.headers import HeaderAliases


def fill(folder: Path, text: str, **defaults: str) -> Filled:
    path = folder / "leads.csv"
    path.write_text(text, newline="")
    aliases = HeaderAliases({"email": "email", "trade": "industry", "sector": "industry"})
    return Filled(open_extract([path], aliases, folder / "run"), defaults)


def read(filled: Filled, column: str) -> list[str | None]:
    return filled.scan().collect().get_column(column).to_list()


def test_a_gap_is_filled_and_a_value_stays(tmp_path: Path) -> None:
    filled = fill(tmp_path, "email,Trade\na,Banking\nb,\nc,  \n", industry="Software")
    assert read(filled, "Trade") == ["Banking", "Software", "Software"]
    assert filled.columns_of == filled.source.columns_of


def test_of_several_columns_the_last_is_filled_so_that_any_value_wins(tmp_path: Path) -> None:
    filled = fill(tmp_path, "email,Trade,Sector\na,,Farming\nb,,\n", industry="Software")
    assert read(filled, "Trade") == [None, None]
    assert read(filled, "Sector") == ["Farming", "Software"]


def test_a_field_that_was_not_delivered_gets_a_column_by_its_name(tmp_path: Path) -> None:
    filled = fill(tmp_path, "email\na\nb\n", event_name="saas-day")
    assert filled.columns == ("email", "event_name")
    assert filled.columns_of["event_name"] == ("event_name",)
    assert read(filled, "event_name") == ["saas-day", "saas-day"]


def test_a_column_that_has_the_fields_name_and_another_meaning_stays(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("email,industry\na,x\n")
    source = open_extract([path], HeaderAliases({"email": "email"}), tmp_path / "run")
    filled = Filled(source, {"industry": "Software"})
    assert filled.columns == ("email", "industry", "industry (filled)")
    assert read(filled, "industry") == ["x"]


def test_one_table_takes_every_lead_whatever_the_filters_say(
    prepare: Callable[..., Preparation],
) -> None:
    text = "email,industry\na@one.example,Banking\nb@two.example,Farming\n"
    prepared = prepare(text, only_table="tech")
    assert prepared.n_accepted == {"tech": 2}
    assert prepared.n_unrouted == 0
    (chunk,) = prepared.chunks
    assert chunk.table == "tech"
    assert pl.read_parquet(chunk.path).height == 2
