"""A process that sends a chunk as fast as the ledger grants, for `test_ledger_by_many_processes`.

python granting_process.py LEDGER_URL RUN_ID CHUNK_ID [CREDITS_PER_LEAD]:
says "ready", begins at a line on stdin, counts on stderr, and prints as JSON which leads were
granted to it.
"""

from __future__ import annotations

import json
import sys
import time

from clayload.delivery.grant import Grant, Verdicts, Wait
from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.ledger.database.engine import open_engine
from clayload.ledger.store import Ledger
from support.scenes.ledger_places import place_at
from support.scenes.ledger_scene import LedgerScene, each, make_config

SENDING_S = 0.03
"""What ten POSTs take; so long that a process which comes a second later still finds some."""
FAST = {"rate_per_s": 10_000.0, "burst": 10_000}


def main(url: str, run_id: str, chunk_id: str, credits_per_lead: str = "0") -> None:
    config = make_config(workspace=FAST, credits_per_lead=float(credits_per_lead))
    scene = LedgerScene(place_at(url), config)
    ledger = Ledger(open_engine(scene.url))
    grants = scene.grants(ledger, run_id, chunk_id)
    _say("ready")
    sys.stdin.readline()
    granted: list[str] = []
    verdicts: Verdicts = ()
    while True:
        answer = grants.grant(10, verdicts)
        verdicts = ()
        if isinstance(answer, Wait):
            time.sleep(answer.wait_s)
        elif isinstance(answer, Grant):
            granted += [lead.lead_key for lead in answer.leads]
            verdicts = each(answer.leads, Verdict(VerdictKind.DELIVERED, "accepted", 200))
        else:
            break
        sys.stderr.write(f"{len(granted)}\n")
        time.sleep(SENDING_S)
    _say(json.dumps({"granted": granted}))
    ledger.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
