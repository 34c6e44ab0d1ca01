"""Is it one lead, or are there several?

In:    a number, and what is counted.
Out:   the number with its noun, and with the verb that follows if it is given too.
Never: a number by itself: "1 leads" is how that goes wrong.
"""

from __future__ import annotations


def count(n: int, one: str, many: str = "") -> str:
    """Count something: `count(1, "lead")` is `1 lead`, `count(1_624, "lead")` is `1,624 leads`.

    `many` is for what more than an s changes: `count(n, "lead is", "leads are")`.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
