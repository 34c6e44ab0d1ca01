"""What does a pydantic error mean to the person who wrote the YAML?

In:    a pydantic `ValidationError`, the file it came from, the model it was checked against.
Out:   one `ConfigError` per mistake: file, line, key, the value if it is no secret, the nearest.
Never: pydantic's own words where they would name Python types.
"""

from __future__ import annotations

import re
from inspect import isclass
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from clayload.errors import Code, ConfigError
from clayload.tables.problems import FLAWS, Flaw, describe_value, find_nearest, problem_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from clayload.tables.yaml_file import Loc, YamlFile

_WORDS = {
    "bool_type": "must be true or false",
    "dict_type": "must be a group of keys",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "literal_error": "is not a version this clayload knows",
    "model_type": "must be a group of keys",
    "string_pattern_mismatch": "may hold only lower-case letters, digits and hyphens",
    "string_type": "must be text",
    "too_short": "needs at least one entry",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
}
_UNKNOWN = Code.CONFIG_UNKNOWN_KEY
_SEE = "see docs/reference/config.md"


def explain(exc: ValidationError, file: YamlFile, model: type[BaseModel]) -> list[ConfigError]:
    """Every mistake pydantic found, in its order; values are shown unless they look secret."""
    errors = [error for error in exc.errors(include_url=False) if not _is_echo(error)]
    flaws = [flaw for error in errors for flaw in _flaws_in(error, model)]
    misspelt = {(*flaw.at[:-1], flaw.nearest) for flaw in flaws if flaw.code == _UNKNOWN}
    # A misspelt key is missing too under its right name; once is enough.
    told = [flaw for flaw in flaws if flaw.at not in misspelt]
    return [problem_of(flaw, file) for flaw in told]


def problem_of(flaw: Flaw, file: YamlFile) -> ConfigError:
    """A flaw of the whole file, as the error a person reads."""
    place = file.place(flaw.at)
    return problem_at(place, flaw.code, flaw.what, hint=flaw.hint, nearest=flaw.nearest)


def _is_echo(error: ErrorDetails) -> bool:
    """Pydantic calls a list too short when its entries are wrong; the entries are told already."""
    return error["type"] == "too_short" and bool(error["input"])


def _flaws_in(error: ErrorDetails, model: type[BaseModel]) -> Iterator[Flaw]:
    loc: Loc = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == FLAWS:
        for flaw in error["ctx"]["flaws"]:
            yield Flaw(flaw.what, flaw.hint, (*loc, *flaw.at), flaw.nearest, flaw.code)
    elif error["type"] == "extra_forbidden":
        yield _unknown_key(loc, model)
    elif error["type"] == "missing":
        yield Flaw(f"the key '{loc[-1]}' is missing", f"add it; {_SEE}", loc)
    else:
        yield _bad_value(error, loc)


def _unknown_key(loc: Loc, model: type[BaseModel]) -> Flaw:
    known = list(model_at(model, loc[:-1]).model_fields)
    nearest = find_nearest(str(loc[-1]), known)
    hint = f"the keys here: {', '.join(known)}"
    return Flaw("unknown key", hint, loc, nearest, _UNKNOWN)


def _bad_value(error: ErrorDetails, loc: Loc) -> Flaw:
    value, context = error["input"], error.get("ctx", {})
    what = _WORDS.get(error["type"], error["msg"].replace("Input should be", "must be"))
    choices = re.findall(r"'([^']+)'", str(context.get("expected", "")))
    nearest = find_nearest(str(value), choices)
    return Flaw(f"{what}, not {describe_value(value)}", f"fix the value; {_SEE}", loc, nearest)


def model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel]:
    """The model that the group of keys at this path is checked against."""
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
