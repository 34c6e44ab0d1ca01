"""Does a dry run write what would be sent, one lead a line?"""

from __future__ import annotations

from pathlib import Path

from clayload.delivery.payload import build_body
from clayload.loading.planning.dry_run import write_bodies


def test_each_body_is_one_line_even_when_a_field_holds_line_breaks(tmp_path: Path) -> None:
    bodies = [build_body({"notes": f"a\nb\r\n{i}"}, f"lead-{i}", "run-1") for i in range(3)]
    path = tmp_path / "new" / "folder" / "bodies.ndjson"
    assert write_bodies(path, bodies) == 3
    assert path.read_bytes().split(b"\n") == [*bodies, b""]


def test_a_second_call_appends(tmp_path: Path) -> None:
    path = tmp_path / "bodies.ndjson"
    assert [write_bodies(path, [b"{}"]), write_bodies(path, [b"{}", b"{}"])] == [1, 2]
    assert path.read_bytes() == b"{}\n{}\n{}\n"
