"""Does `clayload report` make a page of a run that was, with the figures its load told?"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from markupsafe import escape
from support.scenes.first_loads import FirstLoads
from support.scenes.load_kit import Workbench
from support.scenes.load_tables import FINANCE, make_leads
from support.servers.refusing_server import ANSWER, start_refusing_server


def test_a_page_of_the_run_named_or_the_newest_has_the_figures_of_the_load(
    bench: Workbench, first_loads: FirstLoads
) -> None:
    first, _, newest = (ended.json for ended in first_loads.ended)
    environ = first_loads.bench.environ
    for run, asked in ((newest, ()), (first, (first["run_id"],))):
        ended = bench.run("report", *asked, **environ)
        page = Path(ended.stdout.strip())
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert page == Path(run["extract"]["folder"]) / "report.html"
        text = page.read_text("utf-8")
        assert run["run_id"] in text
        for end, n in run["ends"].items():
            assert re.search(rf'<td>{end}</td>\s*<td class="figure">{n:,}</td>', text)
        assert "<svg" in text


def test_a_page_goes_where_it_is_wanted_and_never_over_another_kind_of_file(
    bench: Workbench, first_loads: FirstLoads
) -> None:
    environ = first_loads.bench.environ
    ended = bench.run("report", "--out", "november.html", **environ)
    assert (ended.exit_code, ended.stdout) == (0, "november.html\n")
    assert (bench.folder / "november.html").read_text("utf-8").startswith("<!doctype html>")
    extract = bench.write_csv(make_leads("Banking", 1))
    before = extract.read_bytes()
    refused = bench.run("report", "--out", extract, **environ)
    assert (refused.exit_code, extract.read_bytes()) == (2, before)
    nowhere = bench.run("report", "--out", bench.folder / "no" / "page.html", **environ)
    assert nowhere.exit_code == 22
    assert "CLY-RUN-01" in nowhere.error_lines[0]


def test_a_refused_lead_is_listed_with_its_key_and_what_clay_answered(bench: Workbench) -> None:
    *good, bad = make_leads("Banking", 3)
    with start_refusing_server() as url:
        asked = {FINANCE.slots[0].url_variable: url}
        bench.load(bench.write_csv([*good, bad | {"notes": "refuse me"}]), **asked)
    text = Path(bench.run("report").stdout.strip()).read_text("utf-8")
    refused = text.partition("<h2>Refused by Clay</h2>")[2].partition("</section>")[0]
    assert f"<td>{bad['email']}</td>" in refused
    assert f"<td>{escape(ANSWER)}</td>" in refused
    assert good[0]["email"] not in text


def test_a_page_of_a_run_whose_folder_is_gone_needs_a_place(bench: Workbench) -> None:
    folder = Path(bench.load(bench.write_csv(make_leads("Banking", 3))).json["extract"]["folder"])
    shutil.rmtree(folder)
    ended = bench.run("report")
    assert (ended.exit_code, ended.stdout, folder.exists()) == (22, "", False)
    assert "CLY-RUN-05" in ended.error_lines[0]
    assert "--out" in ended.error_lines[-1]
    assert bench.run("report", "--out", "page.html").exit_code == 0
