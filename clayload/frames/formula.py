"""How does text pass through a spreadsheet that would run it as a formula?

In:    text that may begin with a sign such as =, +, -, @, or with a tab or a newline.
Out:   the same with an apostrophe before it, and the way back.
Never: a text that does not come back: one that already has apostrophes there gets one more, so
       that taking off one gives what there was, whichever of the two guards it went through.
"""

from __future__ import annotations

import re

import polars as pl

# The last four are the full-width forms of = + - @, which spreadsheets take for the same.
_SIGN = r"(?:[\t\r\n]|[ \u00a0\v\f]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_RISKY = rf"^'*{_SIGN}"
_GUARDED = rf"^'+{_SIGN}"


def guard(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before text that a spreadsheet would run: for CSV."""
    return pl.when(text.str.contains(_RISKY)).then("'" + text).otherwise(text)


def guard_apostrophe(text: pl.Expr) -> pl.Expr:
    """Guard only what `unguard` would shorten: for workbooks, whose cells say they are text."""
    return pl.when(text.str.contains(_GUARDED)).then("'" + text).otherwise(text)


def unguard(text: pl.Expr) -> pl.Expr:
    """Take off the apostrophe that one of the guards put there."""
    return pl.when(text.str.contains(_GUARDED)).then(text.str.slice(1)).otherwise(text)


def unguard_name(name: str) -> str:
    """Take the apostrophe off a column's name."""
    return name[1:] if re.match(_GUARDED, name) else name
