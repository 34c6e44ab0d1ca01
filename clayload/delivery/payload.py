"""What exactly is put on the wire for one lead?

In:    the lead's allow-listed fields, its key, the run's id.
Out:   one JSON object as UTF-8 bytes; one POST is one row (clay-facts.md §1).
Never: a field that the table's allow-list does not name; an array.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

LIMIT_BYTES = 100_000
"""Clay takes "100 KB" without saying which; 100,000 is under both readings (§1)."""


def build_body(lead: Mapping[str, object], lead_key: str, run_id: str) -> bytes:
    """Build the body: the lead's fields (missing ones as null), `lead_key` and `run_id`.

    Every lead of a table has the same keys, so Clay's column mapping does not depend on which
    lead came first.
    """
    document = {**lead, "lead_key": lead_key, "run_id": run_id}
    return json.dumps(document, ensure_ascii=False, default=_to_json).encode()


def hash_payload(lead: Mapping[str, object]) -> str:
    """Name the content of a lead, so that a change shows; 16 hexadecimal digits."""
    content = json.dumps(lead, ensure_ascii=False, default=_to_json, sort_keys=True)
    return blake2b(content.encode(), digest_size=8).hexdigest()


def _to_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    msg = f"a lead field of type {type(value).__name__} has no JSON form"
    raise TypeError(msg)
