"""Do processes on one ledger share the leads, each lead once, and does a killed one cost no more
than its open grant?
"""

from __future__ import annotations

import json
import signal
import time

import pytest
from support.benches.ledger_processes import Program, finish, release
from support.scenes.ledger_scene import LedgerScene, make_config

from clayload.delivery.grant import Grant

KEYS = [f"lead-{i:04}@example.com" for i in range(600)]
FAST = {"rate_per_s": 10_000.0, "burst": 10_000}


@pytest.fixture
def fast_scene(scene: LedgerScene) -> LedgerScene:
    scene.config = make_config(workspace=FAST)
    scene.load(KEYS)
    scene.start_run(scene.opened[0], "run-2")
    scene.register(scene.opened[0], "run-2", "chunk-1", KEYS)
    return scene


def _start(scene: LedgerScene, run_id: str) -> Program:
    return Program("granting_process", scene.url, run_id, "chunk-1")


def test_two_processes_share_a_ledger_and_no_lead_is_granted_twice(
    fast_scene: LedgerScene,
) -> None:
    processes = [_start(fast_scene, run_id) for run_id in ("run-1", "run-2")]
    release(processes)
    told = [json.loads(output) for output in finish(processes)]
    granted = [key for one in told for key in one["granted"]]
    assert sorted(granted) == KEYS
    assert min(len(one["granted"]) for one in told) >= len(KEYS) / 10, "one of them starved"
    assert set(fast_scene.states.values()) == {"delivered"}
    assert fast_scene.used == {"tech-1": len(KEYS)}


def test_a_killed_process_leaves_its_open_grant_in_doubt_and_another_sends_the_rest(
    fast_scene: LedgerScene,
) -> None:
    process = _start(fast_scene, "run-1")
    release([process])
    while int(process.stderr.readline()) < 200:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    states = list(fast_scene.states.values())
    assert states.count("sending") <= 10
    assert states.count("delivered") >= 190
    ledger = fast_scene.opened[0]
    fast_scene.clock.at = time.time() + 3_600
    assert ledger.give_up_overdue() == states.count("sending")
    grants = fast_scene.grants(ledger, "run-2", "chunk-1")
    n_granted = 0
    while isinstance(answer := grants.grant(100, ()), Grant):
        n_granted += len(answer.leads)
        fast_scene.clock.at += 1
    assert n_granted == states.count("pending")


def test_four_processes_spend_a_budget_to_the_last_lead_and_not_one_more(
    scene: LedgerScene,
) -> None:
    runs = [f"run-{number}" for number in range(1, 5)]
    budget = {"credits_per_day": 375.7}
    scene.config = make_config(workspace={**FAST, "budget": budget}, credits_per_lead=1.5)
    scene.load(KEYS)
    for run_id in runs[1:]:
        scene.start_run(scene.opened[0], run_id)
        scene.register(scene.opened[0], run_id, "chunk-1", KEYS)
    processes = [
        Program("granting_process", scene.url, run_id, "chunk-1", "1.5") for run_id in runs
    ]
    release(processes)
    granted = [key for told in finish(processes) for key in json.loads(told)["granted"]]
    assert len(granted) == len(set(granted)) == 250
    assert sum(n_credits for n_credits, _ in scene.spent.values()) == 375_000
    assert list(scene.states.values()).count("pending") == len(KEYS) - 250
