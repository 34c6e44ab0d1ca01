"""Does a load take the time that was foretold, by its plan and by a simulated month?

In:    a place.
Out:   one row each: the moments foretold, and when the stand-in saw them.
Never: how many leads, slots and credits it takes: that is exact on any machine, and tested there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from support.benches.plan_bench import WORN
from support.scenes.load_kit import CYCLE, Ended, Workbench
from support.scenes.load_tables import FINANCE, BenchOptions, Lead, make_leads
from support.scenes.simulated_load import OPTIONS, make_both, simulate
from support.servers.standin_process import Document, start_standin

from chaos.place import Place
from chaos.row import Row
from chaos.truth import read_truth

_WITHIN = 0.05
_PLANNED = BenchOptions((WORN, FINANCE), rate_per_s=20, burst=8)
_SMALL_CHUNKS = {"CLAYLOAD_CHUNK_ROWS": "5"}
_UNDER_WAY_S = 4 * 5 / 20
"""Which of the chunks that are under way gets the next grant, the ledger's lock decides."""
_TOTAL = "the last lead"

Moments = Mapping[str, float]
"""What happened when, in seconds from the first lead."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """Moments that were foretold, and as they were; a moment of one table may be `off_s` off."""

    foretold: Moments
    seen: Moments
    off_s: float = 0.0

    def broken_laws(self) -> Iterator[str]:
        """Say which moments were another."""
        allowed_s = _WITHIN * self.foretold[_TOTAL]
        for what, at_s in self.foretold.items():
            off_s = abs(self.seen[what] - at_s)
            if off_s > allowed_s + (0.0 if what == _TOTAL else self.off_s):
                yield f"{what} at {self.seen[what]:.1f} s, foretold at {at_s:.1f} s"

    def __str__(self) -> str:
        return ", ".join(
            f"{what} at {self.seen[what]:.1f} s (foretold at {at_s:.1f} s)"
            for what, at_s in self.foretold.items()
        )


def run_planned(place: Place) -> Row:
    """Plan a load of two tables, one with a slot that fills up, and run it."""
    leads = make_leads("Software", 150) + make_leads("Banking", 50)
    with start_standin() as standin:
        bench = place.make_bench(standin, _PLANNED)
        bench.environ |= _SMALL_CHUNKS
        extract = bench.write_csv(leads)
        plan = bench.run("plan", extract, "--cycle", CYCLE, "--json").json
        ended = bench.load(extract)
        foretold = Foretold(_read_plan(plan), _see_planned(bench), _UNDER_WAY_S)
        return _describe(place, bench, leads, ended, ("its plan", foretold))


def run_simulated(place: Place) -> Row:
    """Load what a month is simulated with."""
    leads = make_both()
    with start_standin() as standin:
        bench = place.make_bench(standin, OPTIONS)
        ended = bench.load(bench.write_csv(leads))
        month = simulate(bench.folder)
        seen = {_TOTAL: max(_see_arrivals(bench).values())}
        foretold = Foretold({_TOTAL: month.total.last_sent_s}, seen)
        return _describe(place, bench, leads, ended, ("the simulated month", foretold))


def _read_plan(plan: Document) -> Moments:
    starts_at = datetime.fromisoformat(plan["starts_at"])

    def since(moment: str) -> float:
        return (datetime.fromisoformat(moment) - starts_at).total_seconds()

    tables = plan["tables"]
    of_tables = {
        f"the {which} of {name}": since(table[f"{which}_at"])
        for name, table in tables.items()
        for which in ("first", "last")
    }
    full = {"tech-1 full": since(tables["tech"]["fills_at"]["tech-1"])}
    return {_TOTAL: plan["sending_time_s"]} | of_tables | full


def _see_planned(bench: Workbench) -> Moments:
    arrivals = _see_arrivals(bench)
    seen = {_TOTAL: max(arrivals.values())}
    for table in bench.options.tables:
        moments = [at for (name, _, _), at in arrivals.items() if name == table.name]
        seen |= {f"the first of {table.name}": min(moments)}
        seen |= {f"the last of {table.name}": max(moments)}
    worn = WORN.slots[0].source_id
    return seen | {"tech-1 full": max(at for (_, of, _), at in arrivals.items() if of == worn)}


def _see_arrivals(bench: Workbench) -> Mapping[tuple[str, str, str], float]:
    """Give when each lead arrived, by table, source and key, in seconds from the first."""
    arrived_at = {
        (table.name, row["source"], row["payload"]["lead_key"]): datetime.fromisoformat(
            row["received_at"]
        ).timestamp()
        for table in bench.options.tables
        for row in bench.standin.rows(table.name)
    }
    first_at = min(arrived_at.values())
    return {which: at - first_at for which, at in arrived_at.items()}


def _describe(
    place: Place,
    bench: Workbench,
    leads: list[Lead],
    ended: Ended,
    by: tuple[str, Foretold],
) -> Row:
    who, foretold = by
    truth = read_truth(bench, [lead["email"] for lead in leads])
    broken = [*truth.broken_laws(in_doubt_at_most=0), *foretold.broken_laws()]
    if ended.exit_code != 0:
        broken.append(f"exit code {ended.exit_code}")
    row = Row(
        what=f"a load whose time {who} foretold, within {_WITHIN:.0%}",
        ledger=place.ledger,
        how_often=f"{truth.n_leads} leads",
        n_lost=len(truth.lost),
        n_doubled=truth.n_doubled,
        in_doubt=f"{len(truth.in_doubt)} (0)",
        is_listed=not truth.n_not_listed,
        measured=str(foretold),
        seen=f"exit {ended.exit_code}",
        broken=tuple(broken),
    )
    place.on_message(f"{row.what} on {place.ledger}: {row.measured}; {row.cells[-1]}")
    return row
