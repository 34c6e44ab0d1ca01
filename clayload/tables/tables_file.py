"""What does `config/tables.yaml` hold as a whole?

In:    the file's parsed keys.
Out:   workspace, tables, suppression lists and budgets that agree with one another.
Never: a file read; `clayload.tables.read` does.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from clayload.tables.budgets import Budgets, WorkspaceBudget
from clayload.tables.contradictions import find_contradictions
from clayload.tables.problems import refuse
from clayload.tables.suppression import SuppressionList, find_unknown_tables
from clayload.tables.table import Table
from clayload.tables.values import ConfigModel, Name
from clayload.tables.workspace import Workspace


class TablesConfig(ConfigModel):
    """The whole of `config/tables.yaml`; `tables` keeps file order: the first match wins."""

    version: Literal[1] = Field(default=1, description="The version of this file's form.")
    workspace: Workspace = Field(description="The Clay workspace that holds the tables.")
    tables: dict[Name, Table] = Field(
        min_length=1,
        description="The tables by name; a lead goes to the first that matches.",
        json_schema_extra={"additionalProperties": False},
    )
    suppression: dict[Name, SuppressionList] = Field(
        default={},
        description="Suppression lists by name: who is not sent, whatever the filters say.",
        json_schema_extra={"additionalProperties": False},
    )

    @property
    def budgets(self) -> Budgets:
        """What the workspace and its tables may spend."""
        workspace, tables = self.workspace, self.tables.items()
        return Budgets(
            time_zone=workspace.time_zone,
            workspace=workspace.budget or WorkspaceBudget(),
            tables={name: table.budget for name, table in tables if table.budget is not None},
        )

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        found = [
            *find_contradictions(self.workspace, self.tables),
            *find_unknown_tables(self.suppression, self.tables),
        ]
        if found:
            raise refuse(*found)
        return self
