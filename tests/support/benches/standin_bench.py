"""How does a unit test put the stand-in's core on the bench, without HTTP and without waiting?

In:    settings of the one table.
Out:   `Bench`: one workspace, one table, two sources, a clock moved by hand.
Never: a process, a port, or a sleep.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from clayload.standin.clay import Clay
from clayload.standin.faults import FaultsSpec
from clayload.standin.judge import Judgement, Submission, judge
from clayload.standin.spec import StandinConfig

if TYPE_CHECKING:
    from clayload.standin.answers import Answer


class Clock:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """One workspace `main` without a rate limit, a table `leads`, sources `s1` and `s2`."""

    def __init__(self, **table: object) -> None:
        self.clock = Clock()
        self.clay = Clay(self.clock, datetime(2026, 11, 23, tzinfo=UTC))
        document = {
            "workspaces": {"main": {"rate_per_s": None}},
            "tables": {"leads": {"workspace": "main", **table}},
            "sources": {"s1": {"table": "leads"}, "s2": {"table": "leads"}},
        }
        self.clay.configure(StandinConfig.model_validate(document))

    def post(self, payload: object, source: str = "s1", token: bytes | None = None) -> Answer:
        return self.post_raw(json.dumps(payload).encode(), source=source, token=token)

    def post_raw(
        self,
        body: bytes,
        *,
        source: str = "s1",
        content_type: bytes | None = b"application/json",
        token: bytes | None = None,
    ) -> Answer:
        outcome = self.outcome(Submission(content_type, token, body, len(body)), source)
        assert outcome.answer is not None
        return outcome.answer

    def outcome(self, submission: Submission, source: str = "s1") -> Judgement:
        return judge(self.clay, source, submission)

    def payloads(self) -> list[Any]:
        return [row.payload() for row in self.clay.table("leads").rows()]

    def fault(self, **fault: object) -> None:
        specs = FaultsSpec.model_validate({"faults": [fault]})
        self.clay.faults.arm(specs.faults, self.clay.now())
