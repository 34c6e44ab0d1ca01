"""What exactly does Clay answer?

In:    a status and, for refusals, a type and a message.
Out:   `Answer`: status, headers, body bytes.
Never: a row id; Clay gives none (clay-facts.md §8, behaviour 12).

The 429 is Clay's own text (D). The other refusals follow its shape; of their words only "Record
limit reached for webhook" is documented.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

_JSON = (b"content-type", b"application/json; charset=utf-8")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `headers` holds everything but content-length, `why` is for people."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    why: str


def _refusal(status: int, kind: str, message: str, *extra: tuple[bytes, bytes]) -> Answer:
    document = {"type": kind, "message": message, "details": None}
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, body, (_JSON, *extra), message)


def too_many_requests(retry_after_s: int) -> Answer:
    """Return Clay's 429; the service itself says `Retry-After: 1`."""
    return _refusal(
        429,
        "TooManyRequests",
        "Too many requests. Wait a bit and retry.",
        (b"retry-after", b"%d" % retry_after_s),
    )


TOO_MANY_REQUESTS = too_many_requests(1)
NOT_JSON_TYPE = _refusal(400, "BadRequest", "Content-Type must be application/json")
NOT_JSON = _refusal(400, "BadRequest", "Request body is not valid JSON")
WRONG_TOKEN = _refusal(401, "Unauthorized", "Missing or wrong webhook token")
NO_WEBHOOKS = _refusal(403, "Forbidden", "Webhooks are not part of this plan")
SOURCE_SPENT = _refusal(403, "Forbidden", "Record limit reached for webhook")
TABLE_FULL = _refusal(403, "Forbidden", "Row limit reached for table")
NOT_FOUND = _refusal(404, "NotFound", "Source not found")
TOO_LARGE = {
    status: _refusal(status, kind, "Request body is larger than 100 KB")
    for status, kind in ((400, "BadRequest"), (413, "PayloadTooLarge"))
}
SUCCESS = {
    (status, body): Answer(status, text, (header,), "accepted")
    for status in (200, 202)
    for body, text, header in (("json", b'{"success":true}', _JSON), ("text", b"OK", _TEXT))
}


def forced_answer(code: int, retry_after_s: int = 1) -> Answer:
    """Return the answer of an injected fault: Clay's 429, or a bare 5xx."""
    if code == TOO_MANY_REQUESTS.status:
        return too_many_requests(retry_after_s)
    known = {status.value for status in HTTPStatus}
    phrase = HTTPStatus(code).phrase if code in known else "Server Error"
    return _refusal(code, phrase.replace(" ", ""), phrase)
