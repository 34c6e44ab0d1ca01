"""Which chunk do the tests of the sending loop send?

In:    how many leads, the rate, the slots, and what the destination answers.
Out:   `Scene`: the chunk with its ledger and its destination, run in virtual time.
Never: a wait that takes time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clayload.delivery.grant import SlotSnapshot
from clayload.delivery.health import Health
from clayload.delivery.pace import Rate
from clayload.delivery.payload import LIMIT_BYTES
from clayload.delivery.send import ChunkDelivery, Pacing
from clayload.delivery.stop import Stop
from clayload.delivery.verdict import Answer, Answered, NotConnected, VerdictKind
from support.scenes.fakes import FakeDestination, FakeLedger, VirtualClock, run_virtually

TOO_MANY = Answered(429, {"retry-after": "3"}, "")


REFUSED = NotConnected("ConnectError: refused")


@dataclass
class Scene:
    """A chunk of `n` leads, its ledger and its destination, ready to run."""

    n: int = 10
    rate: Rate = field(default_factory=lambda: Rate(10.0, 20))
    slots: Sequence[SlotSnapshot] = (SlotSnapshot("tech-1", 0, 45_000),)
    row_limit: int = 50_000
    destination: FakeDestination = field(default_factory=FakeDestination)
    pacing: Pacing = field(default_factory=Pacing)
    too_large: Sequence[str] = ()
    counts: Counter[str] = field(default_factory=Counter)
    stop: Stop = field(default_factory=Stop)
    health: Health = field(default_factory=Health)

    def __post_init__(self) -> None:
        keys = [f"lead-{i}" for i in range(self.n)]
        now = VirtualClock().monotonic
        self.ledger = FakeLedger(keys, now, self.rate, list(self.slots), self.row_limit)
        self.bodies = {
            key: b"x" * (LIMIT_BYTES + 1) if key in self.too_large else key.encode() for key in keys
        }

    async def deliver(self) -> Counter[str]:
        return await ChunkDelivery(
            self.bodies,
            self.ledger,
            self.destination,
            VirtualClock(),
            self.pacing,
            self.counts,
            self.stop,
            self.health,
        ).run()

    def run(self) -> Counter[str]:
        return run_virtually(self.deliver())

    @property
    def sent_at(self) -> list[float]:
        return [at for at, _, _ in self.destination.sent]

    def verdicts_of(self, key: str) -> list[VerdictKind]:
        return [verdict.kind for sent_key, verdict in self.ledger.recorded if sent_key == key]


def script(key: str, *answers: Answer) -> dict[str, Sequence[Answer]]:
    return {key: answers}
