"""Whatever is watched is told once when it gets worse, and once when it is fine again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clayload.alerts import Change, Condition, Kind, Level, Look, Told, find_changes

SUBJECTS = ("a", "b", "c")
levels = st.sampled_from(Level)
looks = st.lists(st.dictionaries(st.sampled_from(SUBJECTS), levels), max_size=12)


def look(stands: dict[str, Level], kind: Kind = Kind.BUDGET) -> Look:
    conditions = (Condition(subject, kind, level, level) for subject, level in stands.items())
    return Look(tuple(conditions), frozenset({Kind.BUDGET}))


def tell(told: dict[str, Told], seen: Look) -> list[Change]:
    """Find the changes, and remember them as told."""
    changes = find_changes(told.values(), seen)
    for change in changes:
        one = change.condition
        told[one.subject] = Told(one.subject, one.kind, one.level, 0.0, one.what)
    return changes


def follow(all_looks: list[dict[str, Level]], subject: str) -> list[Level]:
    """Give what was told of a subject over all looks."""
    told: dict[str, Told] = {}
    changes = [change for stands in all_looks for change in tell(told, look(stands))]
    return [one.condition.level for one in changes if one.condition.subject == subject]


@given(looks)
def test_a_second_look_at_the_same_tells_nothing(all_looks: list[dict[str, Level]]) -> None:
    told: dict[str, Told] = {}
    for stands in all_looks:
        tell(told, look(stands))
        assert tell(told, look(stands)) == []


@given(looks, st.sampled_from(SUBJECTS))
def test_alerts_only_rise_until_a_recovery_ends_them(
    all_looks: list[dict[str, Level]], subject: str
) -> None:
    before = Level.FINE
    for level in follow(all_looks, subject):
        if level is Level.FINE:
            assert before is not Level.FINE
        else:
            assert level.is_worse_than(before)
        before = level


@given(looks, st.sampled_from(SUBJECTS))
def test_what_was_told_last_is_the_worst_since_it_was_fine(
    all_looks: list[dict[str, Level]], subject: str
) -> None:
    worst = Level.FINE
    for stands in all_looks:
        level = stands.get(subject, Level.FINE)
        worst = max(worst, level, key=list(Level).index) if level is not Level.FINE else level
    told = follow(all_looks, subject)
    assert (told[-1] if told else Level.FINE) is worst


def test_what_is_no_longer_watched_recovers_and_says_so() -> None:
    told: dict[str, Told] = {}
    tell(told, look({"a": Level.OVER}))
    (gone,) = tell(told, look({}))
    assert gone.is_recovery
    assert "no longer watched" in gone.condition.what
    assert tell(told, look({})) == []


def test_a_look_at_something_else_ends_no_alert() -> None:
    told: dict[str, Told] = {}
    tell(told, look({"a": Level.OVER}, Kind.FLOW))
    assert tell(told, look({})) == []
