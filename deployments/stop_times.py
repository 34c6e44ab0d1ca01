"""How long may a worker and its loads take to end?

Never: an import of Prefect; these are figures that others plan with.
"""

from __future__ import annotations

from clayload.settings import Settings

SUBMIT_S, NOTE_S = 15.0, 10.0
"""What a flow run that was fetched may take to get its process, and Prefect to note its end."""

# For a flow run to tell Prefect how it ended, once the last answer is recorded.
_REPORT_S = 15.0


def grace_s(settings: Settings) -> float:
    """Give the seconds that a load under way may take to end: its last answers, and to say so."""
    return settings.request_timeout_s + _REPORT_S


def longest_stop_s(settings: Settings) -> float:
    """Give the seconds after which a worker that was told to end has ended."""
    return SUBMIT_S + grace_s(settings) + NOTE_S
