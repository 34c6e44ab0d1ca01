"""What must a lead be like to be sent, and what can be done when it is not?

In:    nothing; this is the one place where rules are defined.
Out:   `RULES`: name, the Boolean expression that is true where the rule is broken, and a hint.
Never: a rule that stops a load: a broken rule is one lead's misfortune.

Each rule has its heading in `docs/reference/rules.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from clayload.delivery.payload import LIMIT_BYTES
from clayload.frames.lead import COUNT_TEXT, MOMENT_TEXT
from clayload.frames.mail import is_mail

FAILS = "fails:"
HAS_NUL = "has_nul"
IS_DISPOSABLE = "is_disposable"
PAYLOAD_BYTES = "payload_bytes"
ENVELOPE_BYTES = 512
"""Room for our key, the run's id and whatever a destination adds around the lead's fields."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check; `broken` is evaluated over what `screen` has measured."""

    name: str
    broken: pl.Expr
    hint: str

    @property
    def flag(self) -> str:
        """The Boolean column that holds the outcome."""
        return FAILS + self.name


PAYLOAD = Rule(
    "payload_too_large",
    pl.col(PAYLOAD_BYTES) + ENVELOPE_BYTES > LIMIT_BYTES,
    "Shorten the longest field, mostly notes; a lead may take 100,000 bytes in all.",
)

RULES = (
    Rule(
        "key_missing",
        pl.col("lead_key").is_null(),
        "Fill in the e-mail (or the table's key columns), or delete the line if it is empty.",
    ),
    Rule(
        "email_malformed",
        ~is_mail(pl.col("email")),
        "Correct the e-mail to the form name@company.example.",
    ),
    Rule(
        "email_disposable",
        pl.col(IS_DISPOSABLE),
        "Replace the throw-away address by the lead's own.",
    ),
    Rule(
        "employee_count_unreadable",
        pl.col(COUNT_TEXT).is_not_null() & pl.col("employee_count").is_null(),
        "Write the number of employees as 1200, 1,200, 51-200, 10,001+ or 5k, or leave it empty.",
    ),
    Rule(
        "created_at_unreadable",
        pl.col(MOMENT_TEXT).is_not_null() & pl.col("created_at").is_null(),
        "Write the date as 2026-11-03, 2026-11-03 14:05, 11/03/2026 or 03.11.2026, or leave it "
        "empty.",
    ),
    Rule(
        "nul_byte",
        pl.col(HAS_NUL),
        "Delete the invisible character (a NUL byte); typing the value again is the surest way.",
    ),
    PAYLOAD,
)
