"""An extract on object storage is loaded as the same file on disk is, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.scenes.load_kit import CYCLE, Workbench, ends_of
from support.scenes.load_tables import Lead, make_leads
from support.servers.link import Link, open_link
from support.servers.s3_server import BUCKET, STRANGER, S3Server, secret_of

LEADS = make_leads("Software", 30) + make_leads("Banking", 20)
BAD: list[Lead] = [{**LEADS[40], "email": "nobody"}, LEADS[41]]
# Half a second, where the whole command takes two.
_FIND = """
import sys
from pathlib import Path
from clayload.errors import ClayloadError
from clayload.extracts.find import find_files
try:
    find_files([sys.argv[1]], Path(sys.argv[2]))
except ClayloadError as error:
    print(error.code, error.message, error.hint, sep="\\n")
"""
_READ_TWICE = """
import sys
from clayload.objects import StorageError, read_blocks
blocks = read_blocks(sys.argv[1])
print(len(next(blocks)), flush=True)
sys.stdin.readline()
try:
    print(len(next(blocks)))
except StorageError as error:
    print(error)
"""
_FILLER = "x" * 400_000


@dataclass
class BreakingLink(Link):
    """A way to the storage that breaks for good once so many bytes have passed."""

    n_left: int = 0

    def is_cut(self, piece: bytes) -> bool:
        self.n_left -= len(piece)
        return self.n_left < 0


def _deliver(bench: Workbench, storage: S3Server, folder: str) -> Path:
    """Put the same three files on disk and in the bucket, with a fourth that nobody means."""
    bench.write_csv(LEADS[:25], "a.csv")
    # Not UTF-8, so that a second copy is made of it.
    text = bench.write_csv(LEADS[25:], "b.csv").read_text()
    (bench.folder / "b.csv").write_text(text, encoding="cp1252", newline="")
    lines = [f'{{"Work Email": "{lead["email"]}", "industry": "Banking"}}\n' for lead in BAD]
    (bench.folder / "c.ndjson").write_text("".join(lines))
    for name in ("a.csv", "b.csv", "c.ndjson"):
        storage.put(f"{folder}/{name}", (bench.folder / name).read_bytes())
    storage.put(f"{folder}/notes.txt", b"not an extract")
    storage.put(f"{folder}/.hidden.csv", b"not an extract")
    return bench.folder


def _without_moments(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out when the load would send, if it began as the plan was made."""

    def is_moment(key: str) -> bool:
        return key.endswith("_at")

    tables = {
        name: {key: one for key, one in table.items() if not is_moment(key)}
        for name, table in plan["tables"].items()
    }
    return {key: one for key, one in plan.items() if not is_moment(key)} | {"tables": tables}


def test_an_extract_on_s3_has_the_identity_and_the_books_of_the_same_files_on_disk(
    bench: Workbench, storage: S3Server
) -> None:
    folder = _deliver(bench, storage, "same")
    names = ("a.csv", "b.csv", "c.ndjson")
    local = bench.run("plan", *(folder / name for name in names), "--json")
    remote = bench.run("plan", f"s3://{BUCKET}/same/*.{{csv,ndjson}}", "--json")
    assert remote.exit_code == 0, remote.stderr
    assert _without_moments(remote.json) == _without_moments(local.json)
    assert remote.json["extract"]["files"] == list(names)
    assert list(bench.folder.glob("home/**/*.csv")) == []

    loaded = bench.load(f"s3://{BUCKET}/same/*.{{csv,ndjson}}")
    assert ends_of(loaded.json) == {"quarantined": 1, "duplicate": 1, "delivered": len(LEADS)}
    # What was loaded from there is settled for the files here.
    again = bench.load(*(folder / name for name in names))
    assert again.json["extract_id"] == loaded.json["extract_id"]
    assert ends_of(again.json)["already delivered"] == len(LEADS)
    assert bench.n_taken() == bench.n_rows() == len(LEADS)
    assert list(bench.home.glob("runs/*/fetched")) == []


def test_a_months_extracts_are_found_on_s3_and_one_may_hold_a_bracket_in_its_name(
    bench: Workbench, storage: S3Server
) -> None:
    storage.put(f"month/{CYCLE}/a.csv", b"email\na@example.com\n")
    storage.put(f"month/{CYCLE}/b [1].csv", b"email\nb@example.com\n")
    storage.put("month/2026-10/a.csv", b"email\nolder@example.com\n")
    asked = "s3://leads/month/{cycle}/*.{csv,xlsx}"
    program = (
        "from clayload.loading.intake.cycle import request_month\n"
        f"request = request_month({asked!r}, {CYCLE!r})\n"
        "print(*request.files, sep='\\n')"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=bench.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    files = found.stdout.splitlines()
    assert files == [f"s3://leads/month/{CYCLE}/a.csv", f"s3://leads/month/{CYCLE}/b [1].csv"]
    planned = bench.run("plan", *files, "--json").json
    assert planned["extract"]["n_rows"] == 2


@dataclass(frozen=True, slots=True)
class Refused:
    """What is asked for, what of the surroundings differs, and what comes of it."""

    address: str
    code: str
    said: str
    changes: dict[str, str] = field(default_factory=dict)


REFUSED = [
    Refused("s3://leads/no/such.csv", "CLY-EXT-01", "there is no object s3://leads/no/such.csv"),
    Refused("s3://leads/no/*.csv", "CLY-EXT-01", "no object matches s3://leads/no/*.csv"),
    Refused("s3://no-bucket/*.csv", "CLY-EXT-01", "s3://no-bucket/*.csv is not there"),
    Refused("s3://no-bucket/a.csv", "CLY-EXT-01", "s3://no-bucket/a.csv"),
    Refused("s3://*/a.csv", "CLY-EXT-02", "does not say which bucket is meant"),
    Refused(
        "s3://leads/ready",
        "CLY-EXT-02",
        "is refused to us",
        {"AWS_ACCESS_KEY_ID": STRANGER, "AWS_SECRET_ACCESS_KEY": secret_of(STRANGER)},
    ),
    Refused(
        "s3://leads/*", "CLY-EXT-02", "s3://leads/*", {"AWS_SECRET_ACCESS_KEY": "hush-hush-too"}
    ),
    Refused(
        "s3://leads/ready",
        "CLY-EXT-02",
        "cannot be reached without credentials",
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    ),
    Refused(
        "s3://leads/ready",
        "CLY-EXT-02",
        "does not answer",
        {"AWS_ENDPOINT_URL": "http://someone:hush-hush@127.0.0.1:9"},
    ),
    Refused("s3://a-key:hush-hush@leads/ready", "CLY-CFG-05", "holds credentials (not shown)"),
    Refused("s3://a-key:hush/hush@leads/ready", "CLY-CFG-05", "holds credentials (not shown)"),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda one: one.said)
def test_what_cannot_be_had_from_s3_is_told_with_its_code_and_the_next_step(
    storage: S3Server, tmp_path: Path, refused: Refused
) -> None:
    environ = {**os.environ, **storage.environ(), **refused.changes}
    ended = subprocess.run(
        [sys.executable, "-c", _FIND, refused.address, str(tmp_path)],
        env=environ,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.stderr == ""
    code, message, hint = ended.stdout.splitlines()
    assert code == refused.code
    assert refused.said in message
    assert hint
    for secret in ("hush", secret_of(STRANGER)):
        assert secret not in ended.stdout


def test_a_load_whose_extract_is_not_on_s3_sends_nothing_and_ends_as_for_a_file(
    bench: Workbench,
) -> None:
    ended = bench.load("s3://leads/no/*.csv")
    assert ended.exit_code == 11
    assert ended.error_lines == [
        "CLY-EXT-01 no object matches s3://leads/no/*.csv",
        "next: check the bucket and the name; put a pattern in quotes",
    ]
    assert bench.n_posts() == 0


@pytest.fixture
def big_extract(storage: S3Server) -> str:
    header = "email,industry,filler"
    rows = [f"lead{n}@example.com,Banking,{_FILLER}" for n in range(40)]
    return storage.put("big.csv", "\n".join([header, *rows, ""]).encode())


def test_a_storage_that_goes_away_in_the_middle_stops_the_load_and_nothing_is_taken_for_all(
    bench: Workbench, storage: S3Server, big_extract: str
) -> None:
    with open_link(BreakingLink(storage.port, n_left=10_000_000)) as link:
        ended = bench.load(big_extract, **storage.environ(port=link.port))
    assert ended.exit_code == 11, ended.stderr
    assert "CLY-EXT-02" in ended.stderr
    assert "next: check the network" in ended.stderr
    assert link.n_left < 0
    assert bench.n_posts() == 0
    assert bench.query("SELECT * FROM runs") == []
    assert list(bench.home.glob("runs/*/fetched")) == []

    again = bench.load(big_extract)
    assert ends_of(again.json) == {"delivered": 40}


def test_an_object_that_is_replaced_while_it_is_read_is_refused(storage: S3Server) -> None:
    address = storage.put("replaced.csv", b"a" * 10_000_000)
    with subprocess.Popen(
        [sys.executable, "-c", _READ_TWICE, address],
        env={**os.environ, **storage.environ()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "8388608\n"
        storage.put("replaced.csv", b"b" * 10_000_000)
        said, _ = reader.communicate("go on\n")
    assert said == f"{address} changed while it was read\n"


def test_without_the_extra_an_address_is_refused_with_what_to_install(bench: Workbench) -> None:
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from clayload.cli import main\n"
        "sys.argv = ['clayload', 'plan', 's3://leads/ready']; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **bench.environ},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.returncode == 11
    assert "next: install what it needs: pip install 'clayload[s3]'" in ended.stderr
