"""Whatever is watched is told once when it gets worse, and once when it is fine again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clayload.alerts import AlertLevel, Change, Condition, Kind, Look, ReportedAlert, find_changes

SUBJECTS = ("a", "b", "c")
levels = st.sampled_from(AlertLevel)
looks = st.lists(st.dictionaries(st.sampled_from(SUBJECTS), levels), max_size=12)


def look(stands: dict[str, AlertLevel], kind: Kind = Kind.BUDGET) -> Look:
    conditions = (Condition(subject, kind, level, level) for subject, level in stands.items())
    return Look(tuple(conditions), frozenset({Kind.BUDGET}))


def on_message(told: dict[str, ReportedAlert], seen: Look) -> list[Change]:
    """Find the changes, and remember them as told."""
    changes = find_changes(told.values(), seen)
    for change in changes:
        one = change.condition
        told[one.subject] = ReportedAlert(one.subject, one.kind, one.level, 0.0, one.what)
    return changes


def follow(all_looks: list[dict[str, AlertLevel]], subject: str) -> list[AlertLevel]:
    """Give what was told of a subject over all looks."""
    told: dict[str, ReportedAlert] = {}
    changes = [change for stands in all_looks for change in on_message(told, look(stands))]
    return [one.condition.level for one in changes if one.condition.subject == subject]


@given(looks)
def test_a_second_look_at_the_same_tells_nothing(all_looks: list[dict[str, AlertLevel]]) -> None:
    told: dict[str, ReportedAlert] = {}
    for stands in all_looks:
        on_message(told, look(stands))
        assert on_message(told, look(stands)) == []


@given(looks, st.sampled_from(SUBJECTS))
def test_alerts_only_rise_until_a_recovery_ends_them(
    all_looks: list[dict[str, AlertLevel]], subject: str
) -> None:
    before = AlertLevel.FINE
    for level in follow(all_looks, subject):
        if level is AlertLevel.FINE:
            assert before is not AlertLevel.FINE
        else:
            assert level.is_worse_than(before)
        before = level


@given(looks, st.sampled_from(SUBJECTS))
def test_what_was_told_last_is_the_worst_since_it_was_fine(
    all_looks: list[dict[str, AlertLevel]], subject: str
) -> None:
    worst = AlertLevel.FINE
    for stands in all_looks:
        level = stands.get(subject, AlertLevel.FINE)
        worst = (
            max(worst, level, key=list(AlertLevel).index) if level is not AlertLevel.FINE else level
        )
    told = follow(all_looks, subject)
    assert (told[-1] if told else AlertLevel.FINE) is worst


def test_what_is_no_longer_watched_recovers_and_says_so() -> None:
    told: dict[str, ReportedAlert] = {}
    on_message(told, look({"a": AlertLevel.OVER}))
    (gone,) = on_message(told, look({}))
    assert gone.is_recovery
    assert "no longer watched" in gone.condition.what
    assert on_message(told, look({})) == []


def test_a_look_at_something_else_ends_no_alert() -> None:
    told: dict[str, ReportedAlert] = {}
    on_message(told, look({"a": AlertLevel.OVER}, Kind.FLOW))
    assert on_message(told, look({})) == []
