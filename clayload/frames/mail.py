"""What does an e-mail address tell about its owner?

In:    an expression of normalised addresses or of their domains.
Out:   Boolean expressions: well-formed, personal, disposable, a role instead of a person.
Never: a look-up on the network.
"""

from __future__ import annotations

import polars as pl

_WORD = r"[^\s@<>(),;:\"\[\]\\.\x00-\x1f]+"
_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?"
_MAIL = rf"^{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+\p{{L}}[\p{{L}}\p{{N}}-]*[\p{{L}}\p{{N}}]$"
_DOMAIN = rf"^(?:{_LABEL}\.)+\p{{L}}[\p{{L}}\p{{N}}-]*[\p{{L}}\p{{N}}]$"
_MAX_BYTES = 254  # RFC 5321, section 4.5.3.1.3

AROUND_MAIL = " \t\r\n\u00a0<>,;"
"""What may stand around an address that was copied from a mail program: `<ana@acme.example>;`"""

PERSONAL_DOMAINS = (
    "aol.com", "bigpond.com", "btinternet.com", "comcast.net", "fastmail.com", "free.fr",
    "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it",
    "icloud.com", "libero.it", "live.com", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com",
    "naver.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "proton.me",
    "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com", "t-online.de", "uol.com.br",
    "verizon.net", "wanadoo.fr", "web.de", "wp.pl", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp",
    "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yandex.com",
    "yandex.ru", "ymail.com", "zoho.com", "163.com", "126.com",
    "freemail.example",
)  # fmt: skip
"""Mail providers for private persons: their domain says nothing about the lead's company."""

DISPOSABLE_DOMAINS = (
    "10minutemail.com", "dispostable.com", "fakeinbox.com", "getairmail.com", "getnada.com",
    "grr.la", "guerrillamail.com", "guerrillamail.net", "mail-temp.com", "mailcatch.com",
    "maildrop.cc", "mailinator.com", "mailnesia.com", "mintemail.com", "mohmal.com",
    "mytemp.email", "sharklasers.com", "spamgourmet.com", "temp-mail.org", "tempmail.dev",
    "tempr.email", "throwawaymail.com", "trashmail.com", "trashmail.de", "yopmail.com",
    "yopmail.fr",
    "throwaway.example",
)  # fmt: skip
"""Providers of addresses that live for minutes; whatever is spent on such a lead is lost."""

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
    """Tell which domains are mail providers for private persons."""
    return domain.is_in(PERSONAL_DOMAINS)


def is_disposable(domain: pl.Expr) -> pl.Expr:
    """Tell which domains give out throw-away addresses."""
    return domain.is_in(DISPOSABLE_DOMAINS)


def is_role(address: pl.Expr) -> pl.Expr:
    """Tell which addresses are a role's (`info@`), not a person's."""
    return address.str.contains(_ROLES)
