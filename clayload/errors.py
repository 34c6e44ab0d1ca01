"""What can stop a load, and how far does the stop reach?

In:    the figures of a failure, as keyword arguments.
Out:   one typed error with a stable code, a one-line message and the next step (`hint`).
Never: a secret in a message, and never an exception for one lead: a lead's misfortune is a value.

The class says how far the stop reaches (run, extract, table, chunk); the code says what happened
and is a heading of `deployments/runbook.md`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any


class ExitCode(IntEnum):
    """What `clayload` tells the shell; the README lists them."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIG = 10
    EXTRACT = 11
    LEDGER = 12
    UNREACHABLE = 13
    PENDING = 20
    ATTENTION = 21
    UNBALANCED = 22
    DEFERRED = 23
    INTERRUPTED = 130
    TERMINATED = 143


class Code(StrEnum):
    """Stable names of everything that can go wrong; each has its heading in the runbook."""

    CONFIG_UNREADABLE = "CLY-CFG-01"
    CONFIG_UNKNOWN_KEY = "CLY-CFG-02"
    CONFIG_BAD_VALUE = "CLY-CFG-03"
    CONFIG_BAD_FILTER = "CLY-CFG-04"
    CONFIG_LITERAL_SECRET = "CLY-CFG-05"  # noqa: S105 - the name of an error
    SECRET_MISSING = "CLY-CFG-06"  # noqa: S105 - the name of an error
    SECRET_UNUSABLE = "CLY-CFG-07"  # noqa: S105 - the name of an error
    UNKNOWN_TABLE = "CLY-CFG-08"
    UNKNOWN_WORKSPACE = "CLY-CFG-09"
    UNKNOWN_SLOT = "CLY-CFG-10"
    CONFIG_NOT_EDITED = "CLY-CFG-11"
    SUPPRESSION_UNUSABLE = "CLY-CFG-12"
    EXTRACT_NOT_FOUND = "CLY-EXT-01"
    EXTRACT_UNREADABLE = "CLY-EXT-02"
    EXTRACT_EMPTY = "CLY-EXT-03"
    EXTRACT_NO_KEY = "CLY-EXT-04"
    EXTRACT_NO_COLUMN = "CLY-EXT-05"
    EXTRACT_LOADED_BEFORE = "CLY-EXT-06"
    EXTRACT_NONE_FOR_CYCLE = "CLY-EXT-07"
    PLAN_UNKNOWN = "CLY-PLN-01"
    PLAN_NOT_KEPT = "CLY-PLN-02"
    LEDGER_UNUSABLE = "CLY-LED-01"
    LEDGER_OTHER_VERSION = "CLY-LED-02"
    LEDGER_WRITE_FAILED = "CLY-LED-03"
    LEDGER_LOST = "CLY-LED-04"
    LEDGER_ON_NETWORK_DISK = "CLY-LED-05"
    LEDGER_DAMAGED = "CLY-LED-06"
    RUN_FOLDER_UNUSABLE = "CLY-RUN-01"
    RUN_UNKNOWN = "CLY-RUN-02"
    BOOKS_UNBALANCED = "CLY-RUN-03"
    UNEXPECTED = "CLY-RUN-04"
    RUN_FOLDER_GONE = "CLY-RUN-05"
    LEAD_UNKNOWN = "CLY-RUN-06"
    CRASHES_AGAIN = "CLY-RUN-07"
    SHARD_ENDED = "CLY-RUN-08"
    RESUMED_ALREADY = "CLY-RUN-09"
    LANDING_UNUSABLE = "CLY-LND-01"
    NOT_ANNOUNCED = "CLY-LND-02"
    EXPORT_REFUSED = "CLY-QUA-01"
    RESUBMIT_UNCLEAR = "CLY-QUA-02"
    SLOTS_USED_UP = "CLY-CAP-01"
    TABLE_FULL = "CLY-CAP-02"
    BUDGET_EXHAUSTED = "CLY-BUD-01"
    SAMPLE_SENT = "CLY-BUD-02"
    NO_APPROVAL_NEEDED = "CLY-BUD-03"
    SLOTS_SUSPENDED = "CLY-SLT-01"
    LAST_SLOT = "CLY-SLT-02"
    DESTINATION_DOWN = "CLY-DST-01"
    NO_PREFECT_SERVER = "CLY-PRE-01"
    NOT_DEPLOYED = "CLY-PRE-02"
    SYSTEM_NOT_SUPPORTED = "CLY-SYS-01"


def _rebuild(
    cls: type[ClayloadError], code: Code, message: str, hint: str, facts: dict[str, Any]
) -> ClayloadError:
    return cls(code, message, hint=hint, **facts)


class ClayloadError(Exception):
    """The root: `code`, the message, `hint` (what to do next) and the figures in `facts`."""

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, code: Code, message: str, *, hint: str, **facts: Any) -> None:  # noqa: ANN401 - figures of any kind
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code} {self.message}. Next: {self.hint}"

    def __reduce__(self) -> tuple[Any, ...]:
        # An error crosses process borders (task results), so it must survive pickling whole.
        return _rebuild, (type(self), self.code, self.message, self.hint, self.facts)


class StopRunError(ClayloadError):
    """Nothing more of this run can go on."""


class ConfigError(StopRunError):
    """The configuration or a secret is wrong; `facts` may hold file, line, key, nearest."""

    exit_code = ExitCode.CONFIG


class PlanError(StopRunError):
    """There is no such load plan, or the load would not keep to it; nothing was sent."""

    exit_code = ExitCode.CONFIG


class LedgerError(StopRunError):
    """The ledger cannot be opened, read or written."""

    exit_code = ExitCode.LEDGER


class LedgerLostError(LedgerError):
    """The connection to the ledger's server broke; what was under way may be tried again."""


class LedgerConflictError(LedgerError):
    """The ledger's server gave up what was under way for the sake of others; nothing is written."""


class RunError(StopRunError):
    """The run folder cannot be used, the run is unknown, or its books do not balance."""

    exit_code = ExitCode.UNBALANCED


class AnnounceError(StopRunError):
    """Nobody is sure to have heard that an extract landed; it can be announced again."""

    exit_code = ExitCode.UNREACHABLE


class StopExtractError(ClayloadError):
    """This extract cannot be loaded; nothing of it was sent."""

    exit_code = ExitCode.EXTRACT


class UnreadableExtractError(StopExtractError):
    """The file is missing, empty, or not what its name says; `facts` may hold file and line."""


class ContractError(StopExtractError):
    """The file was read, but its columns cannot make a lead."""


class StopTableError(ClayloadError):
    """One table stops, its leads stay pending; the other tables go on."""

    exit_code = ExitCode.PENDING


class CapacityExhaustedError(StopTableError):
    """All webhook slots of a table, or the table's rows, are used up."""


class BudgetExhaustedError(StopTableError):
    """A budget in credits or Actions is used up; `facts` has its `key`, and `until` (epoch s)."""

    exit_code = ExitCode.DEFERRED


class ApprovalRequiredError(StopTableError):
    """The sample of a table is sent, and nobody has said that the rest may follow."""

    exit_code = ExitCode.DEFERRED


class SlotRejectedError(StopTableError):
    """Clay refuses the table's webhooks (token, deleted source, plan)."""


class RetryChunkError(ClayloadError):
    """The chunk may be tried again later as it is; nothing was lost."""

    exit_code = ExitCode.PENDING


class DestinationDownError(RetryChunkError):
    """Nobody answers at the destination; the leads of the chunk stay pending."""

    exit_code = ExitCode.UNREACHABLE
