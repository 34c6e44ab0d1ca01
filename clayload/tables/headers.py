"""Which field of a lead does a column header mean?

In:    `headers.yaml` (field: its synonyms), and headers as the exporting tool wrote them.
Out:   the field, or None for a header that means none.
Never: a guess; a header matches whole or not at all, whatever its case, spaces and punctuation.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, RootModel, ValidationError, model_validator

from clayload.model import LEAD_FIELDS
from clayload.tables.explain import explain
from clayload.tables.problems import Flaw, merge_problems, refuse
from clayload.tables.values import LeadField
from clayload.tables.yaml_file import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Synonym = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class HeaderAliases:
    """The folded form of every known header, and the lead field it means."""

    field_of: Mapping[str, str]

    def field_for(self, header: str) -> str | None:
        """The lead field this column header means, or None; `# Employees` is `employees`."""
        return self.field_of.get(fold_header(header))

    def hinted(self, field_of: Mapping[str, str]) -> HeaderAliases:
        """The same with headers that mean, in one extract, what a person says they mean."""
        hints = {fold_header(header): field for header, field in field_of.items()}
        return HeaderAliases({**self.field_of, **hints})


class HeadersFile(RootModel[dict[LeadField, tuple[Synonym, ...]]]):
    """The whole of `config/headers.yaml`: for each lead field, the headers that mean it."""

    @model_validator(mode="after")
    def _each_synonym_means_one_field(self) -> Self:
        if found := list(_clashes(self.root)):
            raise refuse(*found)
        return self


def read_headers(path: Path) -> HeaderAliases:
    """Read `headers.yaml`; when there is none, the fields' own names are the only headers.

    Raises:
        ConfigError: CONFIG_UNREADABLE, or CONFIG_BAD_VALUE for an unknown field or a synonym that
            two fields claim; `facts` holds file, line, key and `problems`.
    """
    if not path.exists():
        return _aliases({})
    file = read_yaml(path)
    problems = list(file.problems)
    try:
        synonyms = HeadersFile.model_validate(file.data).root
    except ValidationError as exc:
        problems += explain(exc, file, HeadersFile)
    if problems:
        raise merge_problems(problems)
    return _aliases(synonyms)


def fold_header(header: str) -> str:
    """A header without case, spaces and punctuation: `E-mail Address` becomes `emailaddress`."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    return "".join(character for character in plain if character.isalnum())


def _aliases(synonyms: Mapping[str, tuple[str, ...]]) -> HeaderAliases:
    own = {fold_header(field): field for field in LEAD_FIELDS}
    listed = {fold_header(word): field for field, words in synonyms.items() for word in words}
    return HeaderAliases(own | listed)


def _clashes(synonyms: Mapping[str, tuple[str, ...]]) -> Iterator[Flaw]:
    taken = {fold_header(field): field for field in LEAD_FIELDS}
    for field, words in synonyms.items():
        for i, word in enumerate(words):
            folded = fold_header(word)
            if not folded:
                yield Flaw(f"'{word}' has no letter or digit", "take it out", (field, i))
            elif taken.setdefault(folded, field) != field:
                what = f"'{word}' means {taken[folded]} already"
                yield Flaw(what, "a header can mean one field; keep one of the two", (field, i))
