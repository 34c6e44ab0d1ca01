"""Has this process been told to send no more leads of a run?

In:    the id of a run of which this process sends chunks.
Out:   whether its chunks may ask for further grants.
Never: a word to other processes: those go on with the run. To halt it for all of them is the
       ledger's (`Ledger.halt_run`).
"""

from __future__ import annotations

_stopped: set[str] = set()


def stop_here(run_id: str) -> None:
    """Let the run's chunks in this process end within a grant."""
    _stopped.add(run_id)


def go_on_here(run_id: str) -> None:
    """Let this process send chunks of the run; it may have been stopped before."""
    _stopped.discard(run_id)


def is_stopped_here(run_id: str) -> bool:
    """Whether no chunk of the run may ask for a further grant in this process."""
    return run_id in _stopped
