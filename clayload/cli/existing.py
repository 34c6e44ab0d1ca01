"""Where are the runs that were?

In:    the environment.
Out:   the surroundings of a command that looks at them.
Never: a ledger made: where there is none, there was no run.
"""

from __future__ import annotations

from collections.abc import Mapping

from clayload.errors import Code, RunError
from clayload.ledger.database.engine import is_new
from clayload.setup import Setup, read_setup


def read_existing(environ: Mapping[str, str]) -> Setup:
    """Read the surroundings of runs that were; the ledger is opened read-only.

    Raises:
        RunError: there is no ledger yet.
    """
    setup = read_setup(environ, read_only=True)
    if is_new(setup.settings.ledger_url):
        raise RunError(
            Code.RUN_UNKNOWN,
            f"there is no ledger yet at {setup.settings.ledger_url}",
            hint="load an extract first, or name the ledger you mean in CLAYLOAD_HOME",
        )
    return setup
