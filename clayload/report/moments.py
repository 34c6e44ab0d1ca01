"""How are moments and durations said to people?

In:    epoch seconds of the ledger's clock, or a number of seconds.
Out:   a few words, the same on the terminal, in reports and in the orchestrator.
Never: a time zone but UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

from clayload.ledger.books.pauses import Pause


def describe_moment(at: float) -> str:
    """Say a moment of the ledger's clock: `2026-11-03 14:05:12 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def describe_seconds(seconds: float) -> str:
    """Say a duration as people do: `0.4 s`, `45 s`, `12 min`, `2 h 47 min`."""
    if seconds < 10:  # noqa: PLR2004 - a single figure says too little
        return f"{seconds:.1f} s"
    if seconds < 90:  # noqa: PLR2004 - below a minute and a half people count seconds
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - minutes in an hour


def describe_pause(pause: Pause) -> str:
    """Say that a workspace is paused, since when, because of what, and how that ends."""
    because = f" ({pause.because})" if pause.because else ""
    return (
        f"{pause.workspace} is paused since {describe_moment(pause.paused_at)}{because}; "
        f"`clayload unpause {pause.workspace}` ends it"
    )
