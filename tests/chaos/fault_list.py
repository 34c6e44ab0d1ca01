"""Which faults strike a load, and what may each of them cost?

In:    a scene with a load under way.
Out:   `FAULTS`, by the name each is called by on the command line.
Never: a bound taken from what the loader did: each follows from the fault.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from support.scenes.hard_places import fill_disk_of
from support.scenes.load_tables import FINANCE, TECH, BenchSlot

from chaos.bounds import CHUNKS_AT_ONCE, IN_FLIGHT, most_in_doubt
from chaos.faults import OPTIONS, Fault, Scene
from chaos.gate import open_gate
from chaos.place import POSTGRES, SQLITE

_HOUR_S = 3_600
_N_SLOW = 10
_SLOW_S, _REQUEST_TIMEOUT_S = 30, 10
_SHIFTED_CLOCK = Path(__file__).with_name("shifted_clock.py")


def _storm(scene: Scene) -> None:
    scene.bench.standin.faults({"kind": "answer", "code": 429, "for_s": 5})


def _server_errors(scene: Scene) -> None:
    half = {"kind": "answer", "for_s": 3, "probability": 0.4}
    scene.bench.standin.faults(
        {**half, "code": 503, "seed": 1}, {**half, "code": 502, "stored": True, "seed": 2}
    )


def _count_server_errors(scene: Scene) -> int:
    return scene.n_answers("502", "503")


def _reset(scene: Scene, kind: str) -> None:
    scene.bench.standin.faults({"kind": kind, "for_s": 3, "probability": 0.5, "seed": 3})


def _count_resets(scene: Scene) -> int:
    return scene.n_answers("reset")


def _answer_slowly(scene: Scene) -> None:
    """Half of the slow ones are stored at once, half only when nobody waits for the answer."""
    slow = {"kind": "latency", "latency_s": _SLOW_S, "count": _N_SLOW}
    scene.bench.standin.faults({**slow, "when": "after"}, {**slow, "when": "before"})
    scene.last_for(_SLOW_S + _REQUEST_TIMEOUT_S)


def _refuse_tokens(scene: Scene) -> None:
    for slot in (TECH.slots[0], FINANCE.slots[0]):
        scene.bench.standin.rotate_token(
            slot.source_id, token=slot.token, new_refused_for_s=scene.minute_s
        )
    scene.last_for(scene.minute_s)


def _put_gate(scene: Scene) -> None:
    """Let the load reach the stand-in only through a gate."""
    target_port = urlsplit(scene.bench.standin.url).port
    assert target_port is not None
    gate = scene.stack.enter_context(open_gate(target_port))
    for slot in scene.bench.slots:
        url = scene.bench.environ[slot.url_variable]
        scene.env[slot.url_variable] = url.replace(f":{target_port}/", f":{gate.port}/")
    scene.gate = gate


def _take_host_down(scene: Scene) -> None:
    assert scene.gate is not None
    scene.gate.close()
    scene.last_for(scene.minute_s)
    scene.wait_until_over()
    scene.gate.open()


def _restart_postgres(scene: Scene) -> None:
    server = scene.place.server
    assert server is not None
    server.stop("immediate")
    time.sleep(1)
    server.start()


def _fill_disk(scene: Scene) -> None:
    assert scene.process is not None
    fill_disk_of(scene.process.pid)


def _put_clock(scene: Scene) -> None:
    offset_file = _set_clock(scene, 0)
    scene.bench.launcher = (sys.executable, "-P", str(_SHIFTED_CLOCK), str(offset_file))


def _step_clock(scene: Scene) -> None:
    """Step it an hour forward, then, 60 rows later, to an hour before the true time."""
    _set_clock(scene, _HOUR_S)
    scene.bench.wait_for_rows(scene.bench.n_rows() + 60)
    _set_clock(scene, -_HOUR_S)


def _set_clock(scene: Scene, off_by_s: int) -> Path:
    offset_file = scene.bench.folder / "clock-is-off-by"
    # Renamed into place, so that no clock reads half a number.
    partial = offset_file.with_suffix(".partial")
    partial.write_text(str(off_by_s))
    return partial.replace(offset_file)


def _load_beside(scene: Scene) -> None:
    scene.ended.append(scene.bench.run(*scene.command))


def _one_grant_a_chunk(_scene: Scene) -> int:
    return most_in_doubt(OPTIONS.rate_per_s)


def _in_flight(_scene: Scene) -> int:
    return CHUNKS_AT_ONCE * IN_FLIGHT


_WORN = replace(TECH, slots=(BenchSlot("tech-1", lifetime_limit=60), BenchSlot("tech-2")))

FAULTS = {
    "storm": Fault("every answer is 429 for 5 s", _storm, answers_429=True),
    "server-errors": Fault(
        "5xx for 3 s, some after the row was stored",
        _server_errors,
        most_in_doubt=_count_server_errors,
        exits=(21,),
    ),
    "reset-before": Fault(
        "connections reset for 3 s, before the row is stored",
        lambda scene: _reset(scene, "reset_before_store"),
        most_in_doubt=_count_resets,
        exits=(21,),
    ),
    "reset-after": Fault(
        "connections reset for 3 s, after the row is stored",
        lambda scene: _reset(scene, "reset_after_store"),
        most_in_doubt=_count_resets,
        exits=(21,),
    ),
    "slow": Fault(
        f"{2 * _N_SLOW} answers take {_SLOW_S} s (CLAYLOAD_REQUEST_TIMEOUT_S is "
        f"{_REQUEST_TIMEOUT_S}), half of them are stored only then",
        _answer_slowly,
        most_in_doubt=lambda _: 2 * _N_SLOW,
        # A chunk that meets three of them in a row rests, and is run again.
        exits=(20, 21),
        env={"CLAYLOAD_REQUEST_TIMEOUT_S": str(_REQUEST_TIMEOUT_S)},
    ),
    "token": Fault(
        "401 for a minute, at one of two slots and at an only slot", _refuse_tokens, exits=(20,)
    ),
    "early-limit": Fault(
        "403 at 60 submissions of a webhook that should take 50,000",
        options=replace(OPTIONS, tables=(_WORN, FINANCE)),
    ),
    "host-down": Fault(
        "the host is down for a minute, connections are cut",
        _take_host_down,
        prepare=_put_gate,
        most_in_doubt=_in_flight,
        exits=(20,),
        is_attempt=True,
    ),
    "postgres-restart": Fault(
        "Postgres is stopped without notice, and started after 1 s",
        _restart_postgres,
        most_in_doubt=_one_grant_a_chunk,
        exits=(0, 12, 21),
        ledgers=(POSTGRES,),
    ),
    "disk-full": Fault(
        "the disk is full at the ledger",
        _fill_disk,
        most_in_doubt=_one_grant_a_chunk,
        exits=(12,),
        ledgers=(SQLITE,),
    ),
    "clock": Fault(
        "the process's clock is stepped an hour forward, then two hours back",
        _step_clock,
        prepare=_put_clock,
    ),
    "two-loads": Fault("two loads of the same extract at once", _load_beside, at_row=0),
}
