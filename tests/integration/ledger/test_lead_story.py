"""Is a lead's story that of one moment, and does it know every run that it speaks of?"""

from __future__ import annotations

from sqlalchemy import event
from support.scenes.ledger_scene import LedgerScene

from clayload.ledger.books.orphans import NO_ORPHANS
from clayload.ledger.books.story import read_story
from clayload.ledger.store import Ledger

KEY = "ada@example.com"


def test_a_story_is_of_one_moment_though_a_load_registers_the_lead_meanwhile(
    scene: LedgerScene,
) -> None:
    scene.load([KEY])
    reader, other = Ledger.open(scene.url, read_only=True), scene.open()

    def register(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "chunk_leads" in statement:
            scene.start_run(other, "run-2")
            scene.register(other, "run-2", "chunk-1", [KEY])

    event.listen(reader.engine, "before_cursor_execute", register)
    before = read_story(reader, [KEY], NO_ORPHANS)
    event.remove(reader.engine, "before_cursor_execute", register)
    after = read_story(reader, [KEY], NO_ORPHANS)
    reader.close()
    assert [one.run_id for one in before.registered] == list(before.runs) == ["run-1"]
    assert [one.run_id for one in after.registered] == ["run-1", "run-2"]
    assert set(after.runs) == {"run-1", "run-2"}
