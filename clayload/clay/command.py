"""What does Clay itself say of credits, Actions and rows?

In:    Clay's own command `clay`, if it is on the PATH; the id of a Clay table.
Out:   figures, or in words why there are none.
Never: an exception for a command that is absent, logged out, slow or talks nonsense; and never a
       word of what it printed, which may hold anything.

The answers are those of clay-facts.md §3 and §5: `clay credits` gives `balance` and
`actionExecutionBalance`, `clay tables get` gives `rowCount`, and `clay tables columns list` gives
`data[].sources[].numSourceRecords`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field, ValidationError

TIMEOUT_S = 10.0
_COMMAND = "clay"

_Answer = TypeVar("_Answer", bound=BaseModel)
_Figure = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(strict=True, ge=0)]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why Clay's word is not known, in words for people."""

    why: str


class Balances(BaseModel):
    """What the workspace has left; Clay calls Actions `action executions`."""

    credits: _Figure = Field(validation_alias="balance")
    actions: _Figure = Field(validation_alias="actionExecutionBalance")


class _TableAnswer(BaseModel):
    n_rows: _Count = Field(validation_alias="rowCount")


class _Source(BaseModel):
    name: str = ""
    n_records: _Count = Field(validation_alias="numSourceRecords")


class _Column(BaseModel):
    sources: list[_Source] = []


class _ColumnsAnswer(BaseModel):
    data: list[_Column]


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """What Clay counts: the table's rows, and the records of each of its sources, by name."""

    n_rows: int
    sources: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ClayCommand:
    """Clay's own command, as this environment finds it."""

    environ: Mapping[str, str]
    timeout_s: float = TIMEOUT_S

    def read_balances(self) -> Balances | Unknown:
        """Ask what the workspace has left."""
        return self._ask(Balances, "credits")

    def read_counts(self, clay_table_id: str) -> LiveCounts | Unknown:
        """Ask how many rows a table has, and how many came through each source."""
        table = self._ask(_TableAnswer, "tables", "get", clay_table_id)
        if isinstance(table, Unknown):
            return table
        columns = self._ask(_ColumnsAnswer, "tables", "columns", "list", clay_table_id)
        if isinstance(columns, Unknown):
            return columns
        sources = (source for column in columns.data for source in column.sources)
        return LiveCounts(table.n_rows, tuple((one.name, one.n_records) for one in sources))

    def _ask(self, answer: type[_Answer], *words: str) -> _Answer | Unknown:
        said = f"{_COMMAND} {' '.join(words)}"
        path = shutil.which(_COMMAND, path=self.environ.get("PATH", ""))
        if path is None:
            return Unknown("there is no command `clay` on the PATH")
        printed = self._run([path, *words])
        if isinstance(printed, Unknown):
            return Unknown(f"`{said}` {printed.why}")
        try:
            return answer.model_validate(json.loads(printed))
        except (ValidationError, ValueError, RecursionError):
            return Unknown(f"`{said}` gave another answer than Clay documents")

    def _run(self, command: list[str]) -> bytes | Unknown:
        try:
            process = subprocess.Popen(  # noqa: S603 - found on the person's own PATH
                command,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            return Unknown(f"cannot be run: {error.strerror or error}")
        with process:
            try:
                printed, _ = process.communicate(timeout=self.timeout_s)
            except subprocess.TimeoutExpired:
                _end(process)
                return Unknown(f"gave no answer within {self.timeout_s:g} s")
            except BaseException:  # Ctrl-C does not reach it, and nobody waits for it any more
                _end(process)
                raise
        if process.returncode:
            return Unknown(f"ended with {process.returncode}; is it logged in?")
        return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started: any of them may hold its output open."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
