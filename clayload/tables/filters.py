"""What does a table's filter select?

In:    one SQL condition over the fields of a lead, as written under `filter:`.
Out:   a polars expression that is true or false for every lead, never null.
Never: a filter that reads files, looks at other rows, or gives another answer tomorrow.

`polars.sql_expr` takes far more than a condition: subqueries that open files, aggregates and
windows that look at other rows, the clock, casts that fail on one lead and stop the load, and
`condition word`, which it reads as an alias. So a filter's words are checked before it is parsed,
and its type and columns after.
"""

from __future__ import annotations

import re
from typing import NoReturn

import polars as pl

from clayload.errors import Code, ConfigError
from clayload.lead_schema import LEAD_SCHEMA
from clayload.tables.problems import find_nearest

FILTER_FUNCTIONS = frozenset(
    {
        "abs",
        "coalesce",
        "concat",
        "date_part",
        "ends_with",
        "extract",
        "greatest",
        "if",
        "ifnull",
        "initcap",
        "least",
        "left",
        "length",
        "lower",
        "ltrim",
        "mod",
        "nullif",
        "position",
        "regexp_like",
        "replace",
        "right",
        "rtrim",
        "split_part",
        "starts_with",
        "strpos",
        "substr",
        "trim",
        "try_cast",
        "upper",
    }
)
"""The functions a filter may call: each looks at one lead only and fails on none."""

_WORDS_BEFORE_A_BRACKET = frozenset(
    {
        "and",
        "between",
        "case",
        "else",
        "from",
        "in",
        "like",
        "ilike",
        "not",
        "on",
        "or",
        "regexp",
        "rlike",
        "then",
        "when",
    }
)
_NOT_A_CONDITION = frozenset({"select", "over", "exists", "values"})
_CLOCK = frozenset({"current_date", "current_time", "current_timestamp"})
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_STRAY = re.compile(r"--|/\*|;|\$|`|::")
_CALL = re.compile(r"(\w+)\s*\(")
_WORD = re.compile(r"\w+")

_SINGLE_QUOTES = "write text in single quotes ('web form'), and field names without"
_ONE_CONDITION = "write one condition such as industry IN ('Software', 'SaaS')"


def parse_filter(sql: str) -> pl.Expr:
    """The filter as an expression of type Boolean over `LEAD_SCHEMA`; a null counts as no match.

    Text compares as SQL does it: `'Software'` is not `'software'`; write `LOWER(industry)` where
    the case is to make no difference.

    Raises:
        ConfigError: CONFIG_BAD_FILTER, with the nearest field or function in `facts`.
    """
    _check_words(sql)
    expr = _parse(sql)
    _check_fields(expr)
    _check_type(expr)
    return expr.fill_null(value=False)


def _check_words(sql: str) -> None:
    # "max"(email) is a call too, so double quotes go and what they hold stays.
    bare = _QUOTED.sub("''", sql).replace('"', "")
    if stray := _STRAY.search(bare):
        _refuse(f"a filter cannot hold {stray[0]}", "notes go after a # in the YAML file")
    words = {word.lower() for word in _WORD.findall(bare)}
    if found := sorted(words & _NOT_A_CONDITION):
        _refuse(f"{found[0].upper()} is not part of a condition on one lead", _ONE_CONDITION)
    if found := sorted(words & _CLOCK):
        _refuse(
            f"{found[0].upper()} gives another answer tomorrow", "compare with DATE '2026-11-01'"
        )
    for name in _CALL.findall(bare):
        _check_function(name.lower())


def _check_function(name: str) -> None:
    if name in FILTER_FUNCTIONS or name in _WORDS_BEFORE_A_BRACKET:
        return
    hint = f"a filter may call {', '.join(sorted(FILTER_FUNCTIONS))}"
    what = f"{name}() is not for filters: it is unknown, looks at other rows, or may fail on a lead"
    _refuse(what, hint, find_nearest(name, FILTER_FUNCTIONS))


def _parse(sql: str) -> pl.Expr:
    try:
        expr = pl.sql_expr(sql)
    except pl.exceptions.PolarsError as exc:
        _refuse(f"not a condition ({_first_line(exc)})", _ONE_CONDITION)
    if not expr.meta.eq(expr.meta.undo_aliases()):
        _refuse(
            f"the word '{expr.meta.output_name()}' follows a whole condition", "AND or OR missing?"
        )
    return expr


def _check_fields(expr: pl.Expr) -> None:
    for field in expr.meta.root_names():
        if field not in LEAD_SCHEMA:
            nearest = find_nearest(field, LEAD_SCHEMA)
            hint = f"{_SINGLE_QUOTES}; the fields: {', '.join(LEAD_SCHEMA)}"
            _refuse(f"unknown lead field '{field}'", hint, nearest)


def _check_type(expr: pl.Expr) -> None:
    """Try it on one lead of nulls: types are settled by the schema, whatever the values."""
    leads = pl.DataFrame({name: [None] for name in LEAD_SCHEMA}, schema=LEAD_SCHEMA)
    try:
        kind = leads.select(expr).dtypes[0]
    except pl.exceptions.PolarsError as exc:
        hint = "compare text with 'text', numbers with numbers, created_at with DATE '2026-11-01'"
        _refuse(f"the types do not fit ({_first_line(exc)})", hint)
    if kind != pl.Boolean:
        _refuse(f"it gives {kind}, not true or false", _ONE_CONDITION)


def _first_line(exc: BaseException) -> str:
    return next(iter(str(exc).splitlines()), "").strip() or type(exc).__name__


def _refuse(what: str, hint: str, nearest: str | None = None) -> NoReturn:
    raise ConfigError(Code.CONFIG_BAD_FILTER, what, hint=hint, nearest=nearest)
