"""Is one lead called a lead, and are two called leads?"""

from __future__ import annotations

import pytest

from clayload.plural import count


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 leads"), (1, "1 lead"), (2, "2 leads"), (1_624, "1,624 leads")]
)
def test_a_number_has_its_noun(n: int, said: str) -> None:
    assert count(n, "lead") == said


def test_the_verb_goes_with_the_number() -> None:
    forms = [count(n, "row matches", "rows match") for n in (1, 2)]
    assert forms == ["1 row matches", "2 rows match"]
