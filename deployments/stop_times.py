"""How long may a worker and its loads take to end?

In:    the settings.
Out:   seconds, as `clayload serve` and the worker plan with them.
Never: an import of Prefect: `clayload --help` need not wait for it.
"""

from __future__ import annotations

from clayload.settings import Settings

SUBMIT_S, NOTE_S = 15.0, 10.0
"""What a flow run that was fetched may take to get its process, and Prefect to note its end."""

# For a flow run to report to Prefect how it ended, once the last answer is recorded.
_REPORT_S = 15.0


def compute_grace_s(settings: Settings) -> float:
    """Give the seconds a load under way may take to end: its last answers, and to report it."""
    return settings.request_timeout_s + _REPORT_S


def compute_longest_stop_s(settings: Settings) -> float:
    """Give the seconds after which a worker that a signal ends has ended."""
    return SUBMIT_S + compute_grace_s(settings) + NOTE_S
