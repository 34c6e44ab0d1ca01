"""What a person sees and does in Prefect's UI, in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from support.benches.served_kit import Served
from support.scenes.load_tables import make_leads

CHROMIUM = "/usr/bin/chromium"
"""Debian's; `.ci/run` installs it."""
_PATIENCE_MS = 60_000
_FORM_GOES_WITHIN_MS, _MOST_CLICKS = 20_000, 3


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1400, "height": 1400}, color_scheme=request.param)
    page.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    try:
        yield page
    finally:
        page.close()


def open_form(page: Page, served: Served, deployment: str) -> None:
    found = served.deployment(deployment)
    deployment_page = f"{served.url}/deployments/deployment/{found['id']}"
    page.goto(deployment_page)  # the form goes back to where a person came from
    page.goto(f"{deployment_page}/run")
    page.get_by_text("Validate parameters").wait_for()


def add_file(page: Page, name: str) -> None:
    fields = page.locator("textarea")
    n_before = fields.count()
    page.get_by_role("button", name="Add item").click()
    expect(fields).to_have_count(n_before + 1)
    fields.first.fill(name)


def submit(page: Page) -> None:
    """Press the button until the form goes away, as a person would: a busy page misses a click."""
    button = page.get_by_role("button", name="Submit")
    for _ in range(_MOST_CLICKS):
        button.click()
        with suppress(PlaywrightTimeoutError):
            page.wait_for_url(re.compile(r"(?<!/run)$"), timeout=_FORM_GOES_WITHIN_MS)
            return


def test_a_person_fills_the_form_watches_the_load_and_reads_its_report(
    page: Page, served: Served, request: pytest.FixtureRequest
) -> None:
    scheme = request.node.callspec.id
    name = f"{scheme}.csv"
    first = {"light": 1_000, "dark": 2_000}[scheme]
    extract = served.work.write_csv(make_leads("Banking", 12, first), name)
    open_form(page, served, "manual-load")
    add_file(page, str(extract))
    n_before = len(served.runs_of("manual-load"))
    submit(page)
    (started,) = served.wait_for(lambda: served.runs_of("manual-load")[n_before:], "a run")
    # A busy machine begins it later than a page is waited for.
    served.wait_for(lambda: served.flow_run(started["id"])["run_count"], "the load")
    page.goto(f"{served.url}/runs/flow-run/{started['id']}")
    expect(page.get_by_text(f"load · {name}").first).to_be_visible()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    expect(page.get_by_text("accepted leads are owed, in 1 chunks")).to_be_visible()
    page.get_by_text("Artifacts", exact=True).first.click()
    page.get_by_text("run-report").first.click()
    expect(page.get_by_text("sum of the parts")).to_be_visible()
    href = page.get_by_role("link", name="report.html").get_attribute("href")
    page.goto(str(href))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Load 2026-11: complete"))
    assert page.locator("svg").count() > 0


def test_a_wrong_value_is_refused_in_the_form(page: Page, served: Served) -> None:
    n_before = len(served.runs_of("manual-load"))
    open_form(page, served, "manual-load")
    add_file(page, "leads.csv")
    page.locator("input[type=number]").first.fill("0")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("0 is less than the minimum of 1").first).to_be_visible()
    assert len(served.runs_of("manual-load")) == n_before


def test_leads_in_doubt_are_not_sent_unless_somebody_has_looked_in_clay(
    page: Page, served: Served
) -> None:
    open_form(page, served, "replay")
    page.locator("textarea").first.fill("20261101T060000Z-0a1b2c")
    labels = page.get_by_role("switch")
    expect(labels).to_have_count(4)
    labels.nth(1).click()  # leads in doubt
    labels.nth(3).click()  # not only planned
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("True was expected").first).to_be_visible()
    assert served.runs_of("replay") == []


def test_for_an_events_list_a_person_may_let_the_filters_decide(page: Page, served: Served) -> None:
    open_form(page, served, "event-backfill")
    choice = page.get_by_role("button", name="event-attendees")
    choice.focus()
    choice.press(" ")
    page.get_by_role("option", name="the filters decide").click()
    expect(page.get_by_role("button", name="the filters decide")).to_be_visible()
