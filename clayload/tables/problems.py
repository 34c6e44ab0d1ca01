"""How does a mistake in the configuration reach the person who made it?

In:    where it stands, what is wrong, what to do; or a pydantic error.
Out:   `ConfigError`s of one line each, and one that carries them all.
Never: a value that may be a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from clayload.errors import Code, ConfigError
from clayload.tables.references import blank_webhook_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FLAWS = "clayload_flaws"
"""The pydantic error type of our own checks; its context holds `flaws`."""

_SHOWN_CHARACTERS = 60


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, whatever the case, or None when none is near."""
    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def describe_value(value: object) -> str:
    """A value as it may stand in a message: one line, short, and never a URL."""
    text = repr(value)
    if "://" in text or blank_webhook_addresses(text) != text:
        return "a URL (not shown)"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a configuration file something stands; the line is counted from 1."""

    file: Path
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        spot = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{spot} {self.key}:" if self.key else spot


def problem_at(
    place: Place, code: Code, what: str, *, hint: str, nearest: str | None = None
) -> ConfigError:
    """One line: `file:line key: what`, with the nearest valid name when there is one."""
    near = f"; nearest: '{nearest}'" if nearest else ""
    return ConfigError(
        code,
        f"{place} {what}{near}",
        hint=hint,
        file=str(place.file),
        line=place.line,
        key=place.key,
        nearest=nearest,
    )


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a check of ours finds; `at` leads from the checked model to the culprit."""

    what: str
    hint: str
    at: tuple[str | int, ...] = ()
    nearest: str | None = None
    code: Code = Code.CONFIG_BAD_VALUE


def refuse(*flaws: Flaw) -> PydanticCustomError:
    """The error for a pydantic validator to raise; pydantic lets a validator raise only one."""
    what = "; ".join(flaw.what for flaw in flaws)
    return PydanticCustomError(FLAWS, "{what}", {"what": what, "flaws": flaws})


_UNKNOWN = {
    "table": Code.UNKNOWN_TABLE,
    "slot": Code.UNKNOWN_SLOT,
    "workspace": Code.UNKNOWN_WORKSPACE,
}


def check_name(name: str, known: Iterable[str], noun: str = "table") -> None:
    """Check that there is a table (or slot, or workspace) of this name.

    Raises:
        ConfigError: UNKNOWN_TABLE (_SLOT, _WORKSPACE), with the nearest name.
    """
    names = tuple(known)
    if name in names:
        return
    nearest = find_nearest(name, names)
    near = f"; nearest: '{nearest}'" if nearest else ""
    what = f"there is no {noun} '{name}'{near}"
    hint = f"the {noun}s are {', '.join(names)}"
    raise ConfigError(_UNKNOWN[noun], what, hint=hint, key=name, nearest=nearest)


def merge_problems(problems: Sequence[ConfigError]) -> ConfigError:
    """One error for all of them: a line each, the first one's code and facts, `problems` all.

    Args:
        problems: at least one, in the order they are to be read.
    """
    first, n_more = problems[0], len(problems) - 1
    lines = [problem.message for problem in problems]
    of_several = f"fix {'both' if n_more == 1 else f'all {n_more + 1}'}; for the first: "
    hint = f"{of_several if n_more else ''}{first.hint}"
    return ConfigError(
        first.code, "\n".join(lines), hint=hint, **{**first.facts, "problems": lines}
    )
