"""Does any trace of a load with faults hold a webhook's URL or token?"""

from __future__ import annotations

import socket
from pathlib import Path

from load_kit import Workbench
from load_tables import FINANCE, make_leads


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
    bench.standin.set_source(FINANCE.slots[0].source_id, token="rotated-meanwhile")
    extract = bench.write_csv(make_leads("Software", 60) + make_leads("Banking", 20))
    commands = [
        ("load", extract),
        ("load", extract, "--json"),
        ("load", extract, "--dry-run"),
        ("plan", extract),
        ("status",),
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
    assert b"503" in b"".join(texts.values())  # the faults did leave their traces
    assert b"slot answers 401" in b"".join(texts.values())
    assert _find_leaks(bench.secrets, texts) == []


def test_no_secret_is_told_where_the_secret_itself_is_the_mistake(bench: Workbench) -> None:
    name = FINANCE.slots[0].url_variable
    url = bench.environ[name]
    extract = bench.write_csv(make_leads("Banking", 3))
    mistakes = [
        url.replace("http://", "http//"),
        url.replace("127.0.0.1", "clay.example"),
        f"{url} x",
    ]
    for mistake in mistakes:
        for command in (("check",), ("load", extract)):
            ended = bench.run(*command, **{name: mistake})
            assert ended.exit_code == 10
            texts = {"stdout": ended.stdout.encode(), "stderr": ended.stderr.encode()}
            assert _find_leaks(bench.secrets, texts) == []


def test_an_unforeseen_refusal_of_the_port_leaks_nothing(bench: Workbench) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{taken.getsockname()[1]}/v3/sources/webhook/secret-end-4711"
        ended = bench.run("check", **{FINANCE.slots[0].url_variable: down})
    assert ended.exit_code == 20
    assert "secret-end-4711" not in ended.stdout + ended.stderr
