"""A process that asks for grants and never tells a verdict, for `test_ledger_on_postgres`.

python asking_process.py LEDGER_URL RUN_ID CLOCK_OFF_S: its own clock is off by so many seconds;
says "ready", begins at a line on stdin, and prints as JSON the delay of each lead it was granted,
in seconds.
"""

from __future__ import annotations

import json
import sys
import time

CLOCK_OFF_S = float(sys.argv[3])
_right_time = time.time
time.time = lambda: _right_time() + CLOCK_OFF_S

# Only now: whoever looks at the clock must see the wrong one.
from clayload.delivery.grant import Grant, Wait  # noqa: E402
from clayload.ledger.store import Ledger  # noqa: E402
from support.scenes.ledger_places import place_at  # noqa: E402
from support.scenes.ledger_scene import LedgerScene  # noqa: E402


def main(url: str, run_id: str) -> None:
    ledger = Ledger.open(url)
    grants = LedgerScene(place_at(url)).grants(ledger, run_id, "chunk-1")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    delays_s: dict[str, float] = {}
    while isinstance(answer := grants.grant(5, ()), Grant | Wait):
        if isinstance(answer, Wait):
            time.sleep(answer.wait_s)
        else:
            delays_s |= {lead.lead_key: lead.delay_s for lead in answer.leads}
    sys.stdout.write(json.dumps(delays_s))
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
