"""What kind of file is this, whatever its name says?

In:    a file's name and its first bytes.
Out:   format, encoding, delimiter.
Never: a guess that changes data: what does not fit is refused with its line.
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from itertools import islice
from pathlib import Path

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.records import read_records
from clayload.extracts.source_file import Format

_FORMAT_OF_SUFFIX = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".tab": Format.CSV,
    ".txt": Format.CSV,
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".ndjson": Format.NDJSON,
    ".jsonl": Format.NDJSON,
    ".xlsx": Format.EXCEL,
    ".xlsm": Format.EXCEL,
    ".xlsb": Format.EXCEL,
    ".xls": Format.EXCEL,
}
_KIND_OF_MAGIC = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"SQLite format 3": "an SQLite database",
}
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DELIMITERS = ",;\t|"
_SNIFFED_RECORDS = 20
_PRINTABLE_CONTROLS = frozenset(b"\t\n\v\f\r\x00\x1a\x1b")
_BINARY_SHARE = 0.02
_BINARY_MIN = 8
_UTF16_SHARE = 0.3


def sniff_format(path: Path, head: bytes) -> Format:
    """Tell the format by the suffix, and check text against the first bytes.

    Raises:
        UnreadableExtractError: an unknown suffix, or a binary file with a text file's name.
    """
    known = _FORMAT_OF_SUFFIX.get(path.suffix.lower())
    if known is None:
        raise _refuse(
            path,
            f"has the suffix '{path.suffix}', which names no known format",
            f"rename it to one of {', '.join(_FORMAT_OF_SUFFIX)}",
        )
    if known in {Format.CSV, Format.NDJSON} and (kind := _find_binary_kind(head)):
        raise _refuse(
            path, f"is {kind}, not text", "unpack or export it, or give it its right suffix"
        )
    return known


def sniff_encoding(path: Path, head: bytes) -> str:
    """Tell the encoding: a byte-order mark, UTF-16's zeros, UTF-8, or else Windows-1252.

    Raises:
        UnreadableExtractError: text that is UTF-8 in part.
    """
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return encoding
    if utf16 := _find_utf16(head):
        return utf16
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError as exc:
        valid = head[: exc.start]
        return judge_not_utf8(path, seen_utf8=not valid.isascii(), line=1 + valid.count(b"\n"))
    return "utf-8"


def judge_not_utf8(path: Path, *, seen_utf8: bool, line: int) -> str:
    """Decide on text that stops being UTF-8 in `line`.

    With nothing but ASCII before, it is Windows-1252. Otherwise the file mixes two encodings, and
    reading it as either would silently spoil names.

    Raises:
        UnreadableExtractError: the file mixes encodings.
    """
    if not seen_utf8:
        return "cp1252"
    raise _refuse(
        path,
        f"is UTF-8 up to line {line}, which is in another encoding",
        "export the file again as UTF-8; reading it as it is would spoil names",
        line=line,
    )


def sniff_delimiter(path: Path, text: str) -> str:
    """Tell the delimiter: the one that cuts the first records into most equal fields."""
    by_suffix = "\t" if path.suffix.lower() in {".tsv", ".tab"} else ","
    candidates = sorted(_DELIMITERS, key=lambda delimiter: delimiter != by_suffix)
    return max(candidates, key=lambda delimiter: _score(text, delimiter))


def _score(text: str, delimiter: str) -> tuple[float, int]:
    """Score (share of records as wide as the header, width); one field is no evidence at all."""
    records = read_records(io.StringIO(text, newline=""), delimiter)
    widths = [len(record) for record in islice(records, _SNIFFED_RECORDS) if record]
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (Counter(widths)[widths[0]] / len(widths), widths[0])


def _find_utf16(head: bytes) -> str | None:
    half = max(1, len(head) // 2)
    if head[1::2].count(0) / half > _UTF16_SHARE and not head[0::2].count(0):
        return "utf-16-le"
    if head[0::2].count(0) / half > _UTF16_SHARE and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _find_binary_kind(head: bytes) -> str | None:
    for magic, kind in _KIND_OF_MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _find_utf16(head):
        return None
    controls = bytes(byte for byte in range(32) if byte not in _PRINTABLE_CONTROLS)
    n_controls = len(head) - len(head.translate(None, controls))
    # A stray NUL is one lead's misfortune; a file full of them is no text.
    n_odd = n_controls + head.count(0)
    return "a binary file" if n_odd > max(_BINARY_MIN, _BINARY_SHARE * len(head)) else None


def _refuse(path: Path, what: str, hint: str, **facts: int) -> UnreadableExtractError:
    return UnreadableExtractError(
        Code.EXTRACT_UNREADABLE, f"{path.name} {what}", hint=hint, file=path.name, **facts
    )
