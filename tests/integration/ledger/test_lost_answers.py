"""Is everything written once if the connection breaks, whatever others do until it is back?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection
from support.scenes.ledger_scene import LedgerScene, each, take_grant

from clayload.delivery.verdict import Verdict, VerdictKind, unsent
from clayload.errors import Code, LedgerLostError
from clayload.ledger.audit.audit import audit
from clayload.ledger.database.engine import open_engine
from clayload.ledger.granting.grants import ChunkGrants
from clayload.ledger.store import Ledger

KEYS = [f"lead-{i}@example.com" for i in range(6)]
DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
REFUSED = Verdict(VerdictKind.REFUSED, "refused with 400", 400)
LATE = unsent("its moment had passed")
HOUR_S = 3_600.0
at_either_end = pytest.mark.parametrize("is_committed", [True, False])


class _RolledBackError(Exception):
    """The transaction did not come to its commit."""


@dataclass
class Cut:
    """Breaks one transaction, at its commit; for an hour, in which another process looks about."""

    scene: LedgerScene
    is_committed: bool
    n_left: int = 0
    others: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.others = self.scene.open()

    def happen(self) -> None:
        self.n_left -= 1
        self.scene.clock.at += HOUR_S
        self.others.give_up_overdue()
        raise LedgerLostError(Code.LEDGER_LOST, "the connection was lost", hint="none")


class CutLedger(Ledger):
    """A ledger reached over a connection that breaks."""

    cut: Cut

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with suppress(_RolledBackError), super().transaction() as tx:
            yield tx
            if self.cut.n_left and not self.cut.is_committed:
                raise _RolledBackError
        if self.cut.n_left:
            self.cut.happen()


@dataclass
class Broken:
    """The grants of a chunk, and the cut that is to come."""

    grants: ChunkGrants
    cut: Cut


@pytest.fixture
def broken(scene: LedgerScene, *, is_committed: bool) -> Broken:
    scene.load(KEYS)
    cut = Cut(scene, is_committed)
    ledger = CutLedger(open_engine(scene.url), now=scene.clock)
    ledger.cut = cut
    scene.opened.append(ledger)
    return Broken(scene.grants(ledger, "run-1", "chunk-1"), cut)


@at_either_end
def test_verdicts_are_written_once_though_their_leads_were_given_up_meanwhile(
    scene: LedgerScene, broken: Broken
) -> None:
    leads = take_grant(broken.grants, 6).leads
    broken.cut.n_left = 1
    told = [*each(leads[:2], DELIVERED), *each(leads[2:4], REFUSED), *each(leads[4:], LATE)]
    broken.grants.record(told)
    assert list(scene.states.values()) == ["delivered"] * 2 + ["refused"] * 2 + ["pending"] * 2
    assert scene.used == {"tech-1": 2}
    assert scene.rows_used == 2
    assert scene.query("SELECT n_accepted, n_refused FROM traffic") == [(2, 2)]
    assert audit(broken.cut.others) == []


@at_either_end
def test_a_grant_that_was_never_told_costs_nothing_though_its_leads_were_given_up(
    scene: LedgerScene, broken: Broken
) -> None:
    first = take_grant(broken.grants, 2)
    broken.cut.n_left = 1
    second = take_grant(broken.grants, 4, each(first.leads, DELIVERED))
    assert [lead.lead_key for lead in second.leads] == KEYS[2:]
    assert list(scene.states.values()) == ["delivered"] * 2 + ["sending"] * 4
    assert scene.used == {"tech-1": 6}
    assert audit(broken.cut.others) == []
