"""Does any trace of a load with faults hold a webhook's URL or token?"""

from __future__ import annotations

from pathlib import Path

from support.scenes.load_kit import Workbench
from support.scenes.load_tables import FINANCE, make_leads


def _find_leaks(secrets: list[str], texts: dict[str, bytes]) -> list[tuple[str, str]]:
    return [
        (name, secret)
        for name, text in texts.items()
        for secret in secrets
        if secret.encode() in text
    ]


def _read_all(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_secret_is_in_output_ledger_reports_or_any_other_file(bench: Workbench) -> None:
    bench.standin.faults(
        {"kind": "reset_after_store", "count": 2},
        {"kind": "answer", "code": 503, "count": 2},
        {"kind": "answer", "code": 429, "count": 2},
        {"kind": "drop", "count": 1},
    )
    bench.standin.rotate_token(FINANCE.slots[0].source_id)
    extract = bench.write_csv(make_leads("Software", 60) + make_leads("Banking", 20))
    commands = [
        ("load", extract),
        ("load", extract, "--json"),
        ("load", extract, "--dry-run"),
        ("status",),
        ("report",),
        ("check",),
    ]
    texts: dict[str, bytes] = {}
    for command in commands:
        ended = bench.run(*command)
        texts[f"{command} stdout"] = ended.stdout.encode()
        texts[f"{command} stderr"] = ended.stderr.encode()
    texts |= _read_all(bench.home)
    assert any(name.endswith("ledger.db") for name in texts)
    assert any(name.endswith("report.md") for name in texts)
    assert any(name.endswith("report.html") for name in texts)
    assert b"503" in b"".join(texts.values())  # the faults did leave their traces
    assert b"slot answers 401" in b"".join(texts.values())
    assert _find_leaks(bench.secrets, texts) == []
