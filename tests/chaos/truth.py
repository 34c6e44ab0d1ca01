"""What does the stand-in hold, and do the ledger's books say the same?

In:    a workbench after its loads, and the leads that its extracts hold.
Out:   `Truth`: lost, doubled, in doubt, listed; and the laws it breaks, as sentences.
Never: the loader's word alone: the rows at the stand-in are the measure.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from support.scenes.load_kit import Workbench

_FINISHED = ("delivered", "in_doubt")


@dataclass(frozen=True, slots=True)
class Truth:
    """The leads of a workbench, by what is wrong or doubtful about them.

    `lost`: no row, and no book says that it is still owed or in doubt. `n_doubled`: rows beyond a
    lead's first. `misbooked`: has a row, and would be sent again. `n_arrived`: in doubt, and has a
    row. `n_not_listed`: in doubt and not in `clayload status`, or listed and not in doubt.
    `n_overcharged`: submissions charged to slots beyond those delivered or in doubt; below 0 when
    too few.
    """

    n_leads: int
    lost: frozenset[str]
    n_doubled: int
    misbooked: frozenset[str]
    in_doubt: frozenset[str]
    n_arrived: int
    n_not_listed: int
    n_owed: int
    n_overcharged: int

    def broken_laws(self, *, in_doubt_at_most: int, may_owe: bool = False) -> Iterator[str]:
        """Say, a sentence each, which laws do not hold."""
        counts = {
            "lost": len(self.lost),
            "doubled": self.n_doubled,
            "have a row and are owed all the same": len(self.misbooked),
            "in doubt and not listed (or the reverse)": self.n_not_listed,
            "charged to slots and neither delivered nor in doubt": self.n_overcharged,
        }
        yield from (f"{n} leads {what}" for what, n in counts.items() if n)
        if len(self.in_doubt) > in_doubt_at_most:
            yield f"{len(self.in_doubt)} leads in doubt, {in_doubt_at_most} at most may be"
        if self.n_owed and not may_owe:
            yield f"{self.n_owed} leads are still owed or were refused"


def read_truth(bench: Workbench, leads: Collection[str]) -> Truth:
    """Compare the stand-in's rows with the ledger, for these lead_keys."""
    rows = Counter(key for key in itertools.chain(*bench.delivered().values()))
    of_leads = {key: rows[key] for key in leads}
    states = dict(bench.query("SELECT lead_key, state FROM submissions"))
    in_doubt = frozenset(key for key, state in states.items() if state == "in_doubt")
    settled = {key for key, state in states.items() if state in _FINISHED}
    ((n_charged,),) = bench.query("SELECT COALESCE(SUM(used), 0) FROM slots")
    return Truth(
        n_leads=len(of_leads),
        lost=frozenset(
            key
            for key, n in of_leads.items()
            if n == 0 and states.get(key, "delivered") == "delivered"
        ),
        n_doubled=sum(n - 1 for n in of_leads.values() if n > 1),
        misbooked=frozenset(key for key, n in of_leads.items() if n and key not in settled),
        in_doubt=in_doubt,
        n_arrived=len(in_doubt & rows.keys()),
        n_not_listed=len(in_doubt ^ _listed_in_doubt(bench)),
        n_owed=len(states) - len(settled),
        n_overcharged=int(n_charged) - len(settled),
    )


def _listed_in_doubt(bench: Workbench) -> frozenset[str]:
    """Ask `clayload status` for the leads in doubt, of the newest run of each extract."""
    runs = sorted(bench.query("SELECT started_at, extract_id, run_id FROM runs"))
    newest = {extract_id: run_id for _, extract_id, run_id in runs}
    return frozenset(
        lead["lead_key"]
        for run_id in newest.values()
        for lead in bench.run("status", run_id, "--json").json["in_doubt"]
    )
