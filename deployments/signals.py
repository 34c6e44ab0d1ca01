"""Which signals end a command of this room, and with which exit code?

In:    Ctrl-C, SIGTERM, or SIGHUP: the terminal was closed.
Out:   one call with the exit code, at the first of them.
Never: a cleanup cut short by a second one.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from clayload.errors import ExitCode

_ENDINGS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


@contextmanager
def catch_first_signal(act: Callable[[ExitCode], object]) -> Iterator[None]:
    """Act at the first signal, and pay no heed to others; what `nohup` ignores stays ignored."""
    heeded = [each for each in _ENDINGS if signal.getsignal(each) is not signal.SIG_IGN]

    def end(number: int, _frame: object) -> None:
        # Not SIG_IGN yet: a process that is started now would inherit it.
        _set(heeded, _do_nothing)
        act(_ENDINGS[signal.Signals(number)])

    _set(heeded, end)
    try:
        yield
    finally:
        # Python goes back from handlers to the defaults a while before it ends.
        _set(heeded, signal.SIG_IGN)


def _set(
    numbers: list[signal.Signals], handler: Callable[[int, Any], None] | signal.Handlers
) -> None:
    for number in numbers:
        signal.signal(number, handler)


def _do_nothing(_number: int, _frame: object) -> None:
    pass
