"""Where does the log of a command go?

In:    the log records of the core's loggers, which are named as its modules are.
Out:   lines on standard error, for people or as JSON: an object a line.
Never: what other libraries log, which may hold a URL; anything on standard output.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

_CORE = "clayload"


class LogLevel(StrEnum):
    """How much is logged: what an operator follows at info, what a maintainer needs at debug."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up_logs(level: LogLevel, *, as_json: bool) -> None:
    """Write the core's log to standard error, from this level on."""
    handler = _StandardError()
    handler.setFormatter(_JsonLine() if as_json else _PlainLine())
    core = logging.getLogger(_CORE)
    core.handlers = [handler]
    core.setLevel(level.upper())


class _StandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # Looked up each time: below a live bar, standard error is the bar's for a while.
        print(self.format(record), file=sys.stderr)  # noqa: T201 - the log itself


class _PlainLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        return f"{_describe_time(record)} {level:7} {record.name}: {record.getMessage()}"


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _describe_time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        # A message's figures are given by name, so that nobody reads them out of it again.
        figures = record.args if isinstance(record.args, Mapping) else {}
        line |= {name: figure for name, figure in figures.items() if name not in line}
        return json.dumps(line, default=str)


def _describe_time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
