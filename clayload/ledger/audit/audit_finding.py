"""What may a look through the ledger find?

In:    what is wrong, in a sentence with figures.
Out:   a finding.
Never: an exception: whoever looks goes on, and tells all of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing found. A remark is explained by what people and loads do; the rest is damage."""

    what: str
    is_damage: bool = True
