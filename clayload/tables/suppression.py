"""Who is not to be sent, though a table's filter takes them?

In:    plain values read from YAML.
Out:   suppression lists, and the kinds of addresses a table can do without.
Never: a look into a list's file; reading it is `frames.listed`'s question.
"""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from clayload.tables.problems import Flaw, find_nearest
from clayload.tables.values import ConfigModel, Names


class MailKind(StrEnum):
    """Kinds of addresses: a private person's mail provider, or a role instead of a person."""

    PERSONAL_MAIL = "personal_mail"
    ROLE_ACCOUNT = "role_account"


class SuppressionList(ConfigModel):
    """One file of e-mails and domains whose leads are not sent."""

    file: Annotated[str, Field(min_length=1)] = Field(
        description="The file, seen from the folder of tables.yaml: an e-mail or a domain a line, "
        "or CSV with a column for them."
    )
    tables: Names | None = Field(
        default=None,
        min_length=1,
        description="The tables it holds for; every table, if left out.",
    )

    def holds_for(self, table: str) -> bool:
        """Whether leads of a table are held against the list."""
        return self.tables is None or table in self.tables


def find_unknown_tables(
    lists: Mapping[str, SuppressionList], tables: Collection[str]
) -> Iterator[Flaw]:
    """Find the tables that lists name and nobody knows: whom they keep back would be sent."""
    for name, one in lists.items():
        for i, table in enumerate(one.tables or ()):
            if table not in tables:
                yield Flaw(
                    f"there is no table '{table}'",
                    f"the tables are {', '.join(tables)}",
                    ("suppression", name, "tables", i),
                    find_nearest(table, tables),
                )
