"""Does a large load find its way over three webhooks, with a kill just before the first is used up?

In:    a place; the stand-in takes leads as fast as they come.
Out:   one row: what 120,000 leads lost and doubled, and how far each webhook was used.
Never: a webhook asked for more than its 50,000.
"""

from __future__ import annotations

import time
from dataclasses import replace

from load_kit import CYCLE, WORKSPACE, Ended, Workbench, end, kill
from load_tables import TECH, BenchOptions, BenchSlot, make_leads
from standin_process import start_standin

from chaos.place import Place
from chaos.row import Row
from chaos.truth import read_truth

N_LEADS, KILL_AT_ROW = 120_000, 49_990
LIFETIME = 50_000
_RATE_PER_S, _BURST = 2_000, 400
_MOST_IN_DOUBT = 4 * 100
"""A grant for each running chunk; at 2,000 leads a second a grant names a hundred."""
_END_WITHIN_S = 1_200
_TABLE = replace(TECH, slots=tuple(BenchSlot(f"tech-{i}", safe_limit=LIFETIME) for i in (1, 2, 3)))


def run_slots(place: Place) -> Row:
    """Load 120,000 leads over three webhooks of 50,000, killed once."""
    leads = make_leads("Software", N_LEADS)
    with start_standin() as standin:
        bench = place.make_bench(standin, BenchOptions((_TABLE,), _RATE_PER_S, _BURST))
        _make_room(bench)
        extract = bench.write_csv(leads)
        started = time.monotonic()
        _kill_at_row(bench, str(extract))
        with bench.start("load", extract, "--cycle", CYCLE, "--json") as process:
            last = end(process, _END_WITHIN_S)
        seconds = time.monotonic() - started
        return _describe(place, bench, last, seconds)


def _make_room(bench: Workbench) -> None:
    """Let the table hold all leads, and the workspace take them as they come."""
    bench.write_config(tables={_TABLE.name: {**_TABLE.describe(), "row_limit": 2 * N_LEADS}})
    bench.standin.set_table(_TABLE.name, row_limit=2 * N_LEADS)
    bench.standin.set_workspace(WORKSPACE, rate_per_s=None)


def _kill_at_row(bench: Workbench, extract: str) -> None:
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        while bench.n_rows() < KILL_AT_ROW - 2_000:
            time.sleep(0.5)
        bench.wait_for_rows(KILL_AT_ROW, _END_WITHIN_S)
        kill(process)


def _describe(place: Place, bench: Workbench, last: Ended, seconds: float) -> Row:
    truth = read_truth(bench, [lead["email"] for lead in make_leads("Software", N_LEADS)])
    used = list(bench.standin.source_records(_TABLE.name).values())
    n_over = int(bench.standin.traffic(WORKSPACE)["answers"].get("403", 0))
    broken = list(truth.broken_laws(in_doubt_at_most=_MOST_IN_DOUBT))
    if n_over:
        broken.append(f"{n_over} submissions past a webhook's lifetime")
    if last.exit_code != (21 if truth.in_doubt else 0):
        broken.append(f"exit code {last.exit_code}")
    row = Row(
        what=f"{N_LEADS:,} leads over 3 webhooks of {LIFETIME:,}, a SIGKILL at row {KILL_AT_ROW:,}",
        ledger=place.ledger,
        how_often="2 loads",
        n_lost=len(truth.lost),
        n_doubled=truth.n_doubled,
        in_doubt=f"{len(truth.in_doubt)} ({_MOST_IN_DOUBT})",
        is_listed=not truth.n_not_listed,
        measured=f"webhooks used {', '.join(f'{n:,}' for n in used)}; {n_over} answers 403; "
        f"{N_LEADS / seconds:,.0f} leads/s",
        seen=f"exit {last.exit_code}",
        broken=tuple(broken),
    )
    place.tell(f"slots on {place.ledger}: {row.measured}; {row.cells[-1]}")
    return row
