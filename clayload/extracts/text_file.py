"""How is a CSV or TSV file opened?

In:    a delivered text file and what its bytes told.
Out:   a `SourceFile` whose `readable` polars can scan, with every column a String.
Never: a field cast, trimmed or dropped; rows shorter than the header end in nulls.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.extracts.facts import ByteFacts, read_facts
from clayload.extracts.find import refuse_empty
from clayload.extracts.headers import name_columns
from clayload.extracts.records import read_records
from clayload.extracts.sniff import sniff_delimiter, sniff_encoding
from clayload.extracts.source_file import Format, SourceFile
from clayload.extracts.transcode import transcode

HEAD_BYTES = 1 << 20
_UTF8 = frozenset({"utf-8", "utf-8-sig"})
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The column headers, the delimiter, and the lines the header starts and ends in."""

    headers: tuple[str, ...]
    delimiter: str
    line: int
    last_line: int


def open_text(path: Path, facts: ByteFacts, work_dir: Path) -> SourceFile:
    """Open a delimited text file.

    Raises:
        UnreadableExtractError: no header, no rows, or mixed encodings.
        RunError: the copy of a file that is not UTF-8 cannot be written.
    """
    head = read_head(path)
    encoding = sniff_encoding(path, head)
    old_mac = b"\r" in head and b"\n" not in head
    if encoding in _UTF8 and not old_mac:
        return describe_text(path, path, encoding, facts)
    copy = transcode(path, encoding, work_dir / f"{facts.sha256[:12]}.csv", old_mac=old_mac)
    return describe_text(path, copy, encoding, facts)


def describe_text(path: Path, readable: Path, encoding: str, facts: ByteFacts) -> SourceFile:
    """Describe a delivered file by its UTF-8 form `readable`.

    Raises:
        UnreadableExtractError: EXTRACT_EMPTY, when there is a header at most.
    """
    seen = facts if readable == path else read_facts(readable)
    header = _read_header(readable)
    columns = name_columns(header.headers)
    if not columns:
        raise refuse_empty(path.name, "holds no text")
    # Stray quotes can hide every row from the count; reading the rows then tells, and fixes.
    n_rows = _count_rows(readable, header, columns) or seen.n_lines - header.last_line
    if not n_rows:
        raise refuse_empty(path.name, "has a header and no rows")
    return SourceFile(
        name=path.name,
        path=path,
        sha256=facts.sha256,
        n_bytes=facts.n_bytes,
        format=Format.CSV,
        readable=readable,
        headers=header.headers,
        columns=columns,
        n_rows=n_rows,
        header_line=header.line,
        first_line=header.last_line + 1,
        encoding=encoding,
        delimiter=header.delimiter,
        spans_lines=seen.n_lines != header.last_line + n_rows,
        may_hold_nul=seen.has_nul,
    )


def scan_text(file: SourceFile) -> pl.LazyFrame:
    """Scan the rows under the file's own columns, each a String."""
    return _scan(file.readable, file.delimiter or ",", file.header_line, file.columns)


def read_head(path: Path) -> bytes:
    """Read the first `HEAD_BYTES` of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _read_header(readable: Path) -> Header:
    text = read_head(readable).decode("utf-8-sig", errors="ignore")
    n_lines_before, delimiter = 0, ""
    # Excel reads and writes a first line `sep=;`; it is no header.
    if sep := _SEP_LINE.match(text):
        n_lines_before, delimiter, text = 1, sep[1], text[sep.end() :]
    n_before = n_lines_before
    delimiter = delimiter or sniff_delimiter(readable, text)
    records = read_records(io.StringIO(text, newline=""), delimiter)
    for record in records:
        if any(field.strip() for field in record):
            return Header(tuple(record), delimiter, n_before + 1, n_lines_before + records.line)
        n_before = n_lines_before + records.line
    return Header((), delimiter, 1, 1)


def _count_rows(readable: Path, header: Header, columns: tuple[str, ...]) -> int:
    frame = _scan(readable, header.delimiter, header.line, columns)
    counted: int = frame.select(pl.len()).collect(engine="streaming").item()
    return counted


def _scan(
    readable: Path, delimiter: str, header_line: int, columns: tuple[str, ...]
) -> pl.LazyFrame:
    return pl.scan_csv(
        readable,
        skip_lines=header_line - 1,
        infer_schema=False,
        new_columns=list(columns),
        separator=delimiter,
        glob=False,
    )
