"""Does a large load fill its webhooks to the last lead, with a kill just before the first is full?

In:    a place; the stand-in takes leads as fast as they come.
Out:   one row: what 120,000 leads lost and doubled, and how far each webhook was used.
Never: room to spare: the first two tables get as many leads as they and their webhooks hold, so a
       submission charged and not sent, or sent and not charged, shows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from support.scenes.load_kit import CYCLE, WORKSPACE, Ended, Workbench, end, kill
from support.scenes.load_tables import BenchOptions, BenchSlot, BenchTable, make_leads
from support.servers.standin_process import start_standin

from chaos.bounds import most_in_doubt
from chaos.place import Place
from chaos.row import Row
from chaos.truth import read_truth

LIFETIME, LIFETIME_SMALL = 50_000, 600
_N_OTHERS, _N_OTHERS_SMALL = 20_000, 100
_LEFT_AT_KILL = 10
_RATE_PER_S, _BURST = 2_000, 400
_MOST_IN_DOUBT = most_in_doubt(_RATE_PER_S)
_END_WITHIN_S = 1_200
_PLAIN_POLL_S, _FINE_POLL_S = 0.5, 0.005


def _make_tables(lifetime: int) -> tuple[BenchTable, ...]:
    """Make three tables; the first goes first, so that the kill meets it alone."""
    tech, finance, retail = (
        (BenchSlot(name, safe_limit=lifetime, lifetime_limit=lifetime),)
        for name in ("tech-1", "finance-1", "retail-1")
    )
    return (
        BenchTable("tech", "Software", tech, "high"),
        BenchTable("finance", "Banking", finance),
        BenchTable("retail", "Retail", retail),
    )


def run_slots(place: Place) -> Row:
    """Load 120,000 leads over three webhooks of 50,000, killed once."""
    lifetime = LIFETIME_SMALL if place.is_small else LIFETIME
    n_others = _N_OTHERS_SMALL if place.is_small else _N_OTHERS
    n_of = {"Software": lifetime, "Banking": lifetime, "Retail": n_others}
    leads = [lead for industry, n in n_of.items() for lead in make_leads(industry, n)]
    with start_standin() as standin:
        bench = place.make_bench(standin, BenchOptions(_make_tables(lifetime), _RATE_PER_S, _BURST))
        bench.standin.set_workspace(WORKSPACE, rate_per_s=None)
        extract = bench.write_csv(leads)
        started = time.monotonic()
        _kill_at_row(bench, str(extract), lifetime - _LEFT_AT_KILL)
        with bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
            last = end(process, _END_WITHIN_S)
        seconds = time.monotonic() - started
        return _describe(place, bench, last, [lead["email"] for lead in leads], seconds)


def _kill_at_row(bench: Workbench, extract: str, row: int) -> None:
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        while (n_rows := bench.standin.row_count("tech")) < row:
            if process.poll() is not None:
                raise RuntimeError(end(process).stderr)
            is_near = n_rows > row - 2_000
            time.sleep(_FINE_POLL_S if is_near else _PLAIN_POLL_S)
        kill(process)


def _describe(
    place: Place, bench: Workbench, last: Ended, emails: Sequence[str], seconds: float
) -> Row:
    truth = read_truth(bench, emails)
    used = [
        n
        for table in bench.options.tables
        for n in bench.standin.source_records(table.name).values()
    ]
    n_over = int(bench.standin.traffic(WORKSPACE)["answers"].get("403", 0))
    broken = list(truth.broken_laws(in_doubt_at_most=_MOST_IN_DOUBT))
    if n_over:
        broken.append(f"{n_over} submissions past a webhook's lifetime")
    if last.exit_code != (21 if truth.in_doubt else 0):
        broken.append(f"exit code {last.exit_code}")
    lifetime = bench.slots[0].safe_limit
    row = Row(
        what=f"{len(emails):,} leads over 3 webhooks of {lifetime:,}, a SIGKILL at row "
        f"{lifetime - _LEFT_AT_KILL:,} of the first",
        ledger=place.ledger,
        how_often="2 loads",
        n_lost=len(truth.lost),
        n_doubled=truth.n_doubled,
        in_doubt=f"{len(truth.in_doubt)} ({_MOST_IN_DOUBT})",
        is_listed=not truth.n_not_listed,
        measured=f"webhooks used {', '.join(f'{n:,}' for n in used)}; {n_over} answers 403; "
        f"{len(emails) / seconds:,.0f} leads/s",
        seen=f"exit {last.exit_code}",
        broken=tuple(broken),
    )
    place.on_message(f"slots on {place.ledger}: {row.measured}; {row.cells[-1]}")
    return row
