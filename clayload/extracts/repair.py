"""Polars refused a text file: where is it wrong, or can it be read all the same?

In:    a `SourceFile` of text that polars would not read.
Out:   a `SourceFile` whose `readable` is a clean copy, or an error with file, line and value.
Never: a row dropped or cut; only what RFC 4180 leaves open is settled here, such as `5" pipe`.
"""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.facts import ByteFacts, read_blocks
from clayload.extracts.records import read_records
from clayload.extracts.sniff import judge_not_utf8
from clayload.extracts.source_file import SourceFile
from clayload.extracts.text_file import describe_text
from clayload.extracts.transcode import open_copy, transcode

_SHOWN_CHARACTERS = 60


def repair_text(file: SourceFile, work_dir: Path) -> SourceFile:
    """Write a copy that polars can read.

    Raises:
        UnreadableExtractError: the first line that cannot be read, with its value.
        RunError: the copy cannot be written.
    """
    facts = ByteFacts(file.sha256, file.n_bytes, 0, file.may_hold_nul)
    encoding = _check_encoding(file)
    if encoding == "cp1252" != file.encoding:
        copy = work_dir / f"{file.sha256[:12]}-cp1252.csv"
        file = describe_text(file.path, transcode(file.path, encoding, copy), encoding, facts)
    copy = work_dir / f"{file.sha256[:12]}-clean.csv"
    _rewrite(file, copy)
    return describe_text(file.path, copy, encoding, facts)


def _check_encoding(file: SourceFile) -> str:
    """Find the encoding now that the whole file is looked at, and not its head only."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen_utf8, line = False, 1
    for block in read_blocks(file.readable):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as exc:
            valid = exc.object[: exc.start]
            seen_utf8 = seen_utf8 or not valid.isascii()
            return judge_not_utf8(file.path, seen_utf8=seen_utf8, line=line + valid.count(b"\n"))
        seen_utf8 = seen_utf8 or not block.isascii()
        line += block.count(b"\n")
    return file.encoding or "utf-8"


def _rewrite(file: SourceFile, copy: Path) -> None:
    delimiter = file.delimiter or ","
    with (
        file.readable.open(encoding="utf-8-sig", newline="") as text,
        open_copy(copy) as out,
    ):
        out.writelines(text.readline() for _ in range(file.header_line - 1))
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        records = read_records(text, delimiter, strict=True)
        line = file.header_line
        try:
            for record in records:
                writer.writerow(_fit(record, file, line))
                line = file.header_line + records.line
        except csv.Error as exc:
            raise _refuse_quotes(file, line, exc) from exc


def _fit(record: list[str], file: SourceFile, line: int) -> list[str]:
    """Take the empty cells off a record that has more of them than the header."""
    width = len(file.columns)
    extra = record[width:]
    if not any(extra):
        return record[:width]
    value = next(cell for cell in extra if cell)
    raise UnreadableExtractError(
        Code.EXTRACT_UNREADABLE,
        f"{file.name} line {line} has {len(record)} fields under {width} headers; "
        f"the first too many is {value[:_SHOWN_CHARACTERS]!r}",
        hint=f"put quotes around fields that hold a {file.delimiter!r}, or add the missing header",
        file=file.name,
        line=line,
        value=value[:_SHOWN_CHARACTERS],
    )


def _refuse_quotes(file: SourceFile, line: int, exc: csv.Error) -> UnreadableExtractError:
    with file.readable.open(encoding="utf-8-sig", newline="") as text:
        value = next((row for n, row in enumerate(text, start=1) if n == line), "").strip()
    return UnreadableExtractError(
        Code.EXTRACT_UNREADABLE,
        f"{file.name} line {line} opens a quote that is not closed as it should be ({exc}): "
        f"{value[:_SHOWN_CHARACTERS]!r}",
        hint="close the quote, and write a quote inside a quoted field twice",
        file=file.name,
        line=line,
        value=value[:_SHOWN_CHARACTERS],
    )
