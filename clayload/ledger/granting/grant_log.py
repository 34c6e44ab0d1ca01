"""What does the log say of a chunk's grants?

In:    the ledger's answers, one after the other.
Out:   at debug each answer; at info what holds the chunk up, once, and that it goes on.
Never: a lead_key.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from clayload.delivery.grant import Finished, Grant, GrantAnswer, Wait
from clayload.model import ChunkRef

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class GrantLog:
    """The log of one chunk's grants; `held_up_by` a pause or a throttle, or nothing."""

    chunk: ChunkRef
    workspace: str
    held_up_by: str = ""

    def note_answer(self, answer: GrantAnswer, *, is_paused: bool) -> None:
        """Note what was answered while the workspace was paused by a person, or was not."""
        names = {"chunk_id": self.chunk.chunk_id, "run_id": self.chunk.run_id}
        match answer:
            case Grant(slot=slot, leads=leads):
                granted = names | {"n_leads": len(leads), "slot": slot}
                _log.debug("granted: %(chunk_id)s through %(slot)s, leads: %(n_leads)d", granted)
                self._go_on()
            case Wait(wait_s):
                _log.debug("waits: %(chunk_id)s for %(wait_s).2f s", names | {"wait_s": wait_s})
                if is_paused:
                    self._hold_up("a pause")
            case Finished():
                _log.debug("nothing more to grant: %(chunk_id)s", names)
            case _:
                refusal = names | {"limit": type(answer).__name__}
                _log.debug("refused: no grant for %(chunk_id)s, %(limit)s", refusal)

    def note_throttle(self, throttle_s: float) -> None:
        """Note that Clay answered a lead with 429."""
        of_throttle = {"workspace": self.workspace, "throttle_s": throttle_s}
        _log.info("throttled: workspace %(workspace)s, for %(throttle_s).1f s", of_throttle)
        self.held_up_by = "a throttle"

    def _hold_up(self, why: str) -> None:
        if why != self.held_up_by:
            self.held_up_by = why
            held_up = {"chunk_id": self.chunk.chunk_id, "workspace": self.workspace, "why": why}
            _log.info("held up: %(chunk_id)s by %(why)s of workspace %(workspace)s", held_up)

    def _go_on(self) -> None:
        if self.held_up_by:
            goes_on = {"chunk_id": self.chunk.chunk_id, "why": self.held_up_by}
            _log.info("goes on: %(chunk_id)s after %(why)s", goes_on)
            self.held_up_by = ""
