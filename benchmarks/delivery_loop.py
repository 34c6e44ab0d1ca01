"""How long does the bare delivery loop take?

In:    a prepared load.
Out:   the seconds in which all of it was delivered, as many chunks at once as a load has.
Never: a lead that was not delivered counted as one.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from clayload.loading.deliver import deliver_chunk
from clayload.loading.prepare import PreparedLoad
from clayload.setup import Setup


def deliver_all(prepared: PreparedLoad, setup: Setup) -> float:
    """Deliver a prepared load; gives the seconds."""
    started = time.perf_counter()
    with ThreadPoolExecutor(setup.settings.chunks_at_once) as pool:
        ends = list(pool.map(partial(deliver_chunk, setup=setup), prepared.chunks))
    seconds = time.perf_counter() - started
    counts = sum(ends, Counter[str]())
    if counts["delivered"] != prepared.n_owed:
        sys.exit(f"{counts} of {prepared.n_owed} leads")
    return seconds
