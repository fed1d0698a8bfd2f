"""What a rating does to a card, when it comes back, and what an answer says about memory."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import fsrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.records import Grade
from bot.core.review import (
    BACKLOG,
    RETENTION,
    UNKNOWN_AFTER,
    Card,
    Rating,
    due_first,
    rated,
    rating_of,
    replayed,
    retrievability,
)
from tests.stores import NOW

DAY = timedelta(days=1)
RATINGS = st.sampled_from((1, 2, 3, 4))
GAPS = st.timedeltas(min_value=timedelta(0), max_value=400 * DAY)
LOGS = st.lists(st.tuples(GAPS, RATINGS), min_size=1, max_size=25)


def log_of(steps: list[tuple[timedelta, Rating]]) -> list[tuple[datetime, Rating]]:
    log, at = [], NOW
    for gap, rating in steps:
        at += gap
        log.append((at, rating))
    return log


def card(name: str = "B.X.1", *, stability: float = 10.0, due: int = 0, reviewed: int = 10) -> Card:
    """Due in `due` days, reviewed `reviewed` days ago."""
    return Card(
        item_id=name,
        stability=stability,
        difficulty=5.0,
        due=NOW + due * DAY,
        reviewed_at=NOW - reviewed * DAY,
        reps=3,
        lapses=0,
    )


def graded(score: float, **given: bool) -> Grade:
    return Grade(points=(), score=score, unsure=0.0, **{"abstained": False, **given})


# --- cards -----------------------------------------------------------------------------------


def test_a_card_is_what_the_package_makes_of_it() -> None:
    scheduler = fsrs.Scheduler(desired_retention=0.85, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    theirs, ours = fsrs.Card(card_id=1), None
    for rating in (3, 1, 2, 4, 3):
        at = theirs.due if ours else NOW
        theirs, _ = scheduler.review_card(theirs, fsrs.Rating(rating), at)
        ours = rated(ours, "B.X.1", rating, at)  # type: ignore[arg-type]
        assert (ours.stability, ours.difficulty, ours.due) == (theirs.stability, theirs.difficulty, theirs.due)
    assert ours is not None
    assert (ours.reps, ours.lapses, ours.item_id) == (5, 1, "B.X.1")


def test_the_first_ratings_set_the_first_intervals() -> None:
    days = [(rated(None, "x", rating, NOW).due - NOW) / DAY for rating in (1, 2, 3, 4)]
    assert days[0] == 1
    assert days == sorted(days)
    assert days[3] > days[2] > 1


@given(LOGS)
def test_replaying_the_log_is_rating_step_by_step(steps: list[tuple[timedelta, Rating]]) -> None:
    log = log_of(steps)
    incremental: Card | None = None
    for number, (at, rating) in enumerate(log, start=1):
        incremental = rated(incremental, "B.X.1", rating, at)
        assert replayed("B.X.1", log[:number]) == incremental
    assert incremental is not None
    assert incremental.reps == len(log)
    assert incremental.lapses <= sum(rating == 1 for _, rating in log)


def test_without_a_log_there_is_no_card() -> None:
    assert replayed("B.X.1", []) is None


@given(LOGS, st.timedeltas(min_value=-400 * DAY, max_value=40_000 * DAY))
def test_retrievability_is_a_probability_at_any_time(steps: list[tuple[timedelta, Rating]], later: timedelta) -> None:
    made = replayed("B.X.1", log_of(steps))
    assert made is not None
    assert 0 < retrievability(made, NOW + later) <= 1
    assert retrievability(made, made.reviewed_at) == 1


@given(LOGS)
def test_every_card_is_due_in_whole_days_and_no_sooner_than_tomorrow(steps: list[tuple[timedelta, Rating]]) -> None:
    made = replayed("B.X.1", log_of(steps))
    assert made is not None
    assert made.due - made.reviewed_at >= DAY
    assert (made.due - made.reviewed_at) % DAY == timedelta(0)


def test_a_learned_card_is_due_when_its_recall_has_fallen_to_the_retention() -> None:
    made = replayed("B.X.1", [(NOW, 3), (NOW + 4 * DAY, 3), (NOW + 20 * DAY, 3)])
    assert made is not None
    assert retrievability(made, made.due) == pytest.approx(RETENTION, abs=0.01)


def test_a_card_long_overdue_begins_anew_and_keeps_its_history() -> None:
    before = replace(card(stability=80.0, reviewed=100), lapses=2)
    late = before.due + UNKNOWN_AFTER
    on_time = rated(before, "B.X.1", 3, late)
    assert on_time.stability > before.stability
    unknown = rated(before, "B.X.1", 3, late + timedelta(seconds=1))
    assert unknown.stability == rated(None, "B.X.1", 3, late).stability
    assert (unknown.reps, unknown.lapses) == (4, 2)
    assert rated(before, "B.X.1", 1, late + timedelta(seconds=1)).lapses == 2, "what is unknown is not forgotten"
    assert rated(before, "B.X.1", 1, late).lapses == 3


def test_a_clock_that_goes_back_a_year_leaves_a_card_that_is_due_again() -> None:
    ahead = rated(None, "B.X.1", 3, NOW + 365 * DAY)
    back = rated(ahead, "B.X.1", 3, NOW)
    assert back.reviewed_at == NOW
    assert NOW < back.due < NOW + 100 * DAY


def test_instants_are_aware_and_stored_in_utc() -> None:
    with pytest.raises(ValueError, match="naive"):
        rated(None, "B.X.1", 3, NOW.replace(tzinfo=None))
    there = NOW.astimezone(timezone(timedelta(hours=14)))
    assert rated(None, "B.X.1", 3, there) == rated(None, "B.X.1", 3, NOW)
    assert rated(None, "B.X.1", 3, there).due.tzinfo is UTC


# --- ratings from grades ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "hints", "in_time", "rating"),
    [
        (0.0, 0, True, 1),
        (0.49, 0, True, 1),
        (0.5, 0, True, 2),
        (0.69, 0, True, 2),
        (0.1 + 0.2 + 0.4, 0, True, 3),
        (0.4 + 0.3 - 1e-12, 0, True, 3),
        (0.89, 0, True, 3),
        (0.9, 0, True, 4),
        (1.0, 0, True, 4),
        (1.0, 0, False, 3),
        (1.0, 1, True, 2),
        (0.7, 2, True, 2),
        (0.3, 1, True, 1),
    ],
)
def test_the_rating_of_a_grade(score: float, hints: int, in_time: bool, rating: Rating) -> None:
    assert rating_of(graded(score), hints=hints, revealed=False, in_time=in_time) == rating


def test_who_gave_up_did_not_know_it() -> None:
    assert rating_of(graded(1.0), hints=0, revealed=True, in_time=True) == 1
    assert rating_of(graded(0.0, refused=True), hints=0, revealed=False, in_time=True) == 1


def test_an_answer_that_could_not_be_judged_is_neither_known_nor_forgotten() -> None:
    for score in (0.0, 1.0):
        assert rating_of(graded(score, abstained=True), hints=0, revealed=False, in_time=True) == 2


# --- what is due -----------------------------------------------------------------------------


def test_a_small_backlog_comes_longest_due_first() -> None:
    cards = [card("a", due=-1), card("b", due=-3), card("c", due=0), card("d", due=1)]
    assert [one.item_id for one in due_first(cards, NOW, 9)] == ["b", "a", "c"]
    assert [one.item_id for one in due_first(cards, NOW, 1)] == ["b"]


def test_a_large_backlog_comes_likely_known_first() -> None:
    cards = [card(f"c{number}", stability=number + 1.0, due=-number) for number in range(BACKLOG + 1)]
    assert [one.item_id for one in due_first(cards, NOW, 2)] == ["c7", "c6"]
    assert [one.item_id for one in due_first(cards[1:], NOW, 2)] == ["c7", "c6"]
    steady = [replace(one, stability=20.0 - one.stability) for one in cards]
    assert [one.item_id for one in due_first(steady, NOW, 2)] == ["c0", "c1"]
    assert [one.item_id for one in due_first(steady[1:], NOW, 2)] == ["c7", "c6"], "seven are no backlog"


@given(
    st.lists(st.tuples(st.floats(0.1, 400), st.integers(-40, 10), st.integers(0, 300)), max_size=20), st.integers(0, 9)
)
def test_only_what_is_due_comes_and_no_more_than_asked_for(drawn: list[tuple[float, int, int]], limit: int) -> None:
    cards = [card(f"c{n}", stability=s, due=due, reviewed=ago) for n, (s, due, ago) in enumerate(drawn)]
    found = due_first(cards, NOW, limit)
    due = [one for one in cards if one.due <= NOW]
    assert len(found) == min(limit, len(due))
    assert all(one in due for one in found)
    if len(due) > BACKLOG and found:
        left = [one for one in due if one not in found]
        assert min(retrievability(one, NOW) for one in found) >= max((retrievability(o, NOW) for o in left), default=0)
