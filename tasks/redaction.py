"""What may Prefect keep of an error?

In:    any error of a step.
Out:   a typed error as it is; of an unforeseen one, its type and its place.
Never: the message of an unforeseen error: it may hold a lead's data or a secret.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.logging import get_run_logger

from clayload.errors import ClayloadError, Code


@contextmanager
def scrubbed_errors() -> Iterator[None]:
    """Let typed errors through without what caused them; of others their type and place."""
    try:
        yield
    except ClayloadError as error:
        # Its cause may quote the file: Prefect would log the whole chain.
        raise error.with_traceback(None) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not be kept as it is
        raise _unforeseen(error) from None


def _unforeseen(error: Exception) -> ClayloadError:
    frames = traceback.extract_tb(error.__traceback__)
    get_run_logger().error(
        "unexpected %s (its message may hold a lead's data and is not shown):\n%s",
        type(error).__name__,
        "".join(traceback.format_list(frames)),
    )
    return ClayloadError(
        Code.UNEXPECTED,
        f"unexpected {type(error).__name__} in {frames[-1].name}",
        hint="see the log, report it, and run the same load again: it resumes",
    )
