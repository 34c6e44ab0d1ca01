"""How many examples does a law draw of which each costs much?

In:    how many are enough for a law that every run of the tests shows again.
Out:   so many where the same are drawn each time, and as many times more where they are drawn anew
       as a law draws there that asks for nothing.
Never: a law of which an example costs little: a profile says how many that draws.
"""

from __future__ import annotations

from hypothesis import settings

SAME = 40
"""What a law that asks for nothing draws where the same are drawn each time."""


def dear(n: int) -> settings:
    """Draw `n` examples, or more where they are drawn anew."""
    return settings(max_examples=count_dear(n))


def count_dear(n: int) -> int:
    """Count them, for a law that asks for other things, too."""
    return round(n * settings.default.max_examples / SAME)
