"""The numbers behind the picture, from rows: shares, minutes, known points, nodes, the week; and what is said of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.balance import DEFAULT_SPLIT
from bot.core.known import NAMED, SAMPLES
from bot.core.model import Picture, Table, Text
from bot.core.progress import (
    MICRO_MINUTES,
    RETIRED_MINUTES,
    Attempt,
    History,
    Progress,
    Prompt,
    Rated,
    TeamCounts,
    days_off,
    measure,
)
from bot.core.progress_words import LONGEST_ALT, alt_text, digest_reply, progress_reply, team_reply, words
from bot.core.records import Subscription
from bot.core.review import rated, retrievability
from bot.core.subscribing import new_subscription
from knowledge.model import CATEGORIES
from tests import learners
from tests.stores import CURRICULUM, person, said

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
"""A Friday."""
TODAY = NOW.date()
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


def weekend(day: date) -> bool:
    return day.weekday() > 4


def prompt(category: Any, ago: int = 0, name: str = "") -> Prompt:
    return Prompt(id=name or f"{category}{ago}", category=category, day=TODAY - DAY * ago)


def attempt(item: str, ago: float = 0, **given: Any) -> Attempt:
    return Attempt(**{"at": NOW - DAY * ago, "item_id": item, "prompt": f"{item}@{ago}", **given})


def rating(item: str, ago: float = 0, value: Any = 3, kind: Any = "prompt") -> Rated:
    return Rated(at=NOW - DAY * ago, item_id=item, rating=value, kind=kind)


def of(*, zone: ZoneInfo = UTC_ZONE, off: Any = weekend, quizzes: Any = None, **rows: Any) -> Progress:
    return measure(History(**rows), CURRICULUM, split=DEFAULT_SPLIT, zone=zone, now=NOW, off=off, quizzes=quizzes)


# --- shares and minutes ----------------------------------------------------------------------


def test_prompts_delivered_answered_and_minutes_by_category() -> None:
    found = of(
        prompts=[prompt("B", 3), prompt("S", 2), prompt("B", 1), prompt("D", 0)],
        attempts=[
            attempt("B.X.1", 3, prompt="B3"),
            attempt("B.X.1", 2.9, prompt="B3"),  # another part of the same prompt
            attempt("S.X.1", 2),
            attempt("B.X.9", 1),  # retired
        ],
        ratings=[rating("D.X.1", 1, kind="micro"), rating("B.X.1", 3)],
    )
    shares = {one.category: (one.delivered, one.answered, one.minutes) for one in found.shares}
    assert shares["B"] == (2, 2, pytest.approx(2 * 3 / 2 + RETIRED_MINUTES))
    assert shares["S"] == (1, 1, pytest.approx(1.5))
    assert shares["D"] == (1, 0, pytest.approx(MICRO_MINUTES))
    assert shares["A"] == (0, 0, 0.0)
    assert [one.target for one in found.shares] == [0.4, 0.3, 0.2, 0.1]


def test_minutes_of_quizzes_are_added() -> None:
    found = of(quizzes={"S": 25.0})
    assert [one.minutes for one in found.shares] == [0.0, 25.0, 0.0, 0.0]


def test_shares_forget_what_is_twelve_weeks_old_and_what_lies_ahead() -> None:
    found = of(prompts=[prompt("B", 84), prompt("B", 83), prompt("B", -1)], attempts=[attempt("B.X.1", 85)])
    assert (found.shares[0].delivered, found.shares[0].answered, found.shares[0].minutes) == (1, 0, 0.0)


def test_the_week_counts_from_the_first_practice_on() -> None:
    assert of().week.work_days == 1, "nobody is behind before they began"
    found = of(attempts=[attempt("B.X.1", 2), attempt("S.X.1", 0)])
    assert (found.week.work_days, found.week.practised, found.week.answered) == (3, 2, 2)
    assert found.week.minutes == pytest.approx(3.0)
    assert of(attempts=[attempt("B.X.1", 30)]).week.work_days == 5


def test_days_are_those_of_the_persons_zone() -> None:
    late = attempt("B.X.1", 0.75)  # 18:00 on the fifth in UTC
    assert of(attempts=[late]).since == date(2026, 3, 5)
    assert of(attempts=[late], zone=ZoneInfo("Asia/Tokyo")).since == date(2026, 3, 6)


def test_what_a_clock_that_was_ahead_noted_is_ignored() -> None:
    found = of(attempts=[attempt("B.X.1", -400)], ratings=[rating("B.X.1", -400)])
    assert (found.since, found.known, found.shares[0].answered) == (None, (), 0)


# --- what is known ---------------------------------------------------------------------------


def test_a_point_counts_by_the_last_verdict_on_it_times_the_chance_to_recall_it() -> None:
    rows: dict[str, Any] = {
        "attempts": [
            attempt("B.X.1", 9, judged=frozenset({"r1", "r2"}), hit=frozenset({"r1", "r2"})),
            attempt("B.X.1", 8, judged=frozenset({"r2"}), hit=frozenset()),
            attempt("B.X.1", 7, judged=frozenset({"r3"}), hit=frozenset({"r3"})),
        ],
        "ratings": [rating("B.X.1", 9, value=4)],
    }
    last = of(**rows).known[-1]
    card = rated(None, "B.X.1", 4, NOW - DAY * 9)
    chance = retrievability(card, NOW)
    assert 0 < chance < 1
    assert last.items == pytest.approx(chance)
    assert sum(last.points) == pytest.approx(2 * chance), "r1 and r3"
    assert 7 <= card.stability < 28
    assert last.points[1] == sum(last.points)


@pytest.mark.parametrize(("value", "band"), [(1, 0), (3, 0), (4, 1)])
def test_durability_is_the_stability_of_the_memory(value: Any, band: int) -> None:
    points = of(ratings=[rating("B.X.1", 1, value)]).known[-1].points
    assert [number for number, one in enumerate(points) if one] == [band]


def test_what_lasts_over_four_weeks_came_back_in_time() -> None:
    again = [rating("B.X.1", ago) for ago in (60, 57, 48, 20)]
    assert of(ratings=again).known[-1].points[2] > 0.8


def test_an_item_that_was_only_rated_counts_as_one_point() -> None:
    assert sum(of(ratings=[rating("B.X.1", 0)]).known[-1].points) == pytest.approx(1.0)


def test_it_runs_from_the_first_rating_to_now() -> None:
    known = of(ratings=[rating("B.X.1", 300), rating("S.X.1", 2)]).known
    assert len(known) == SAMPLES
    assert (known[0].at, known[-1].at) == (NOW - DAY * 300, NOW)
    assert known[0].items == pytest.approx(1.0)
    assert all(before.at < after.at for before, after in pairwise(known))
    assert [one.at for one in of(ratings=[rating("B.X.1", 0)]).known] == [NOW]
    assert of().known == ()


def test_nodes_are_named_by_what_is_still_known_in_a_month() -> None:
    ratings = [
        *(rating("B.X.1", ago) for ago in (40, 37, 28, 5)),
        *(rating("S.X.1", ago, 1) for ago in (5, 4)),
        *(rating("D.X.1", ago) for ago in (5, 2)),
        rating("A.X.1", 1, 4),  # once: not judged yet
    ]
    found = of(ratings=sorted(ratings, key=lambda one: one.at))
    assert [node.id for node in found.strongest] == ["B.X", "D.X"]
    assert [node.id for node in found.weakest] == ["S.X"]
    assert found.strongest[0].strength > found.strongest[1].strength > found.weakest[0].strength


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 80), st.floats(0, 1), st.integers(0, 9))
def test_whoever_it_is(days: int, rate: float, seed: int) -> None:
    found = learners.progress(days, rate=rate, seed=seed)
    assert len(found.strongest) <= NAMED
    assert len(found.weakest) <= NAMED
    assert not {one.id for one in found.strongest} & {one.id for one in found.weakest}
    for one in found.known:
        assert all(points >= 0 for points in one.points)
        assert sum(one.points) >= one.items - 1e-9
    assert found.week.practised <= found.week.work_days
    assert len(alt_text(found)) <= LONGEST_ALT


# --- days off --------------------------------------------------------------------------------


def stream(**given: Any) -> Subscription:
    fresh = new_subscription(person(), "l1", zone="UTC", at=time(9), days=range(5), split=DEFAULT_SPLIT)
    return replace(fresh, **{"active": True, **given})


def test_without_a_stream_the_weekend_is_off() -> None:
    off = days_off(None, History(), zone=UTC_ZONE, today=TODAY)
    assert [off(TODAY + DAY * number) for number in range(4)] == [False, True, True, False]


def test_chosen_days_and_public_holidays_are_off() -> None:
    off = days_off(stream(active=False, days=frozenset({0, 6}), holidays="DE"), History(), zone=UTC_ZONE, today=TODAY)
    assert off(date(2026, 3, 3))
    assert not off(date(2026, 3, 1))
    assert off(date(2025, 5, 5)) is False
    assert off(date(2024, 4, 1)), "Easter Monday"


def test_a_past_day_without_a_prompt_is_nobodys_miss_while_prompts_are_on() -> None:
    """Time off stores when it ends alone; weekly prompts and outages leave days without one, too."""
    rows = History(prompts=[prompt("B", 4), prompt("B", 1)], attempts=[attempt("B.X.1", 3)])
    off = days_off(stream(off_until=TODAY - DAY), rows, zone=UTC_ZONE, today=TODAY)
    assert [off(TODAY - DAY * ago) for ago in (4, 3, 2, 1, 0)] == [False, False, True, False, False]
    off = days_off(stream(active=False), rows, zone=UTC_ZONE, today=TODAY)
    assert not off(TODAY - DAY * 2)


def test_time_off_that_lasts_covers_today() -> None:
    off = days_off(stream(off_until=TODAY + DAY * 4), History(), zone=UTC_ZONE, today=TODAY)
    assert off(TODAY)
    assert not off(TODAY + DAY * 4)


def test_a_streak_outlives_time_off() -> None:
    rows = History(
        prompts=[prompt("B", ago) for ago in (17, 16, 15, 14, 0)],
        attempts=[attempt("B.X.1", ago) for ago in (17, 16, 15, 14, 0)],
    )
    off = days_off(stream(), rows, zone=UTC_ZONE, today=TODAY)
    found = measure(rows, CURRICULUM, split=DEFAULT_SPLIT, zone=UTC_ZONE, now=NOW, off=off)
    assert (found.streak.length, found.streak.freezes_left) == (5, 2)


def test_a_review_repairs_and_a_new_item_does_not() -> None:
    """Missed on Wednesday; on Thursday something learned before is rated, or something new."""
    before = [rating("B.X.1", 3), rating("S.X.1", 3)]
    again = of(ratings=[*before, rating("B.X.1", 1, kind="micro")])
    new = of(ratings=[*before, rating("D.X.1", 1)])
    wednesday = TODAY - DAY * 2
    assert (again.streak.days[wednesday], new.streak.days[wednesday]) == ("repaired", "frozen")


# --- in words --------------------------------------------------------------------------------

YEAR = learners.progress(365)
SHAME = ("fail", "lost", "broke", "miss", "lazy", "behind", "only", "should have", "shame", "bad", "poor", "sorry")


def everything(found: Progress) -> str:
    return "\n".join((alt_text(found), said(progress_reply(found, None)), said(digest_reply(found))))


@pytest.mark.parametrize("days", [0, 1, 3, 30, 365])
@pytest.mark.parametrize("rate", [0.2, 1.0])
def test_nothing_shames(days: int, rate: float) -> None:
    text = everything(learners.progress(days, rate=rate)).lower()
    leaves = learners.load_curriculum().leaves.values()
    titles = sorted((leaf.title.lower() for leaf in leaves), key=len, reverse=True)
    for title in titles:
        text = text.replace(title, "")
    assert [word for word in SHAME if word in text] == []


def test_the_alternative_text_says_what_the_picture_shows() -> None:
    text = alt_text(YEAR)
    assert text.startswith(f"{YEAR.streak.length} work days in a row"), "Discord keeps 256 characters"
    assert f"practice on {YEAR.week.practised} of {YEAR.week.work_days} work days" in text
    assert f"{round(sum(YEAR.known[-1].points))} points" in text
    for number in YEAR.known[-1].points:
        assert f"{number:.0f} " in text
    for one in (*YEAR.strongest, *YEAR.weakest):
        assert f"{one.title} ({one.strength:.0%})" in text
    sent = sum(one.delivered for one in YEAR.shares)
    assert f"Backend {YEAR.shares[0].delivered / sent:.0%}" in text
    assert "split 40%" in text


def test_the_words_say_the_same() -> None:
    blocks = words(YEAR)
    (table,) = [one for one in blocks if isinstance(one, Table)]
    assert [row[0] for row in table.rows] == ["Backend", "Design", "DSA", "AI"]
    minutes = sum(one.minutes for one in YEAR.shares)
    assert table.rows[0][-1] == f"{YEAR.shares[0].minutes:.0f} ({YEAR.shares[0].minutes / minutes:.0%})"
    text = "\n".join(one.text for one in blocks if isinstance(one, Text))
    for sentence in ("in a row", "This week", "last over four weeks", "Strongest", "Weakest", "frozen"):
        assert sentence in text


def test_who_has_not_begun_is_told_how() -> None:
    text = said(progress_reply(learners.progress(0), None))
    assert "Your first answer starts a streak." in text
    assert "`today`" in text


def test_a_repairable_day_is_offered() -> None:
    found = of(ratings=[rating("B.X.1", 2)])
    assert "A review today counts for Thursday, too." in alt_text(found)
    assert "counts for" not in alt_text(of(ratings=[rating("B.X.1", 2), rating("B.X.1", 0)])), "that was done"


def test_alternative_text_ends_with_a_whole_sentence() -> None:
    long = tuple(replace(node, title=node.title * 20) for node in YEAR.strongest)
    text = alt_text(replace(YEAR, strongest=long))
    assert len(text) <= LONGEST_ALT
    assert text.endswith(".")
    assert "Weakest" in text, "what is too long is left out, and not what follows it"


def test_the_picture_comes_with_its_words_and_for_the_asker_alone() -> None:
    reply = progress_reply(YEAR, b"png")
    assert reply.private
    assert reply.blocks[0] == Picture(data=b"png", alt=alt_text(YEAR), name="progress.png")
    assert reply.blocks[1:] == words(YEAR)


def test_the_digest_is_words_alone_and_says_how_to_stop_it() -> None:
    reply = digest_reply(YEAR)
    assert all(isinstance(one, Text) for one in reply.blocks)
    assert f"practice on {YEAR.week.practised} of {YEAR.week.work_days}" in said(reply)
    assert "`progress digest off`" in said(reply)


def test_a_team_has_no_categories_until_five_practised() -> None:
    counts = TeamCounts(members=8, practised=5, answers={"B.X.1": 4, "S.X.1": 2}, micro={"B.X.2": 10})
    reply = team_reply(counts, CURRICULUM, since="6 March", member=True)
    (table,) = [one for one in reply.blocks if isinstance(one, Table)]
    assert [row[1:] for row in table.rows][:2] == [("9", "75%"), ("3", "25%")]
    assert len(table.rows) == len(CATEGORIES)
    few = team_reply(replace(counts, practised=4), CURRICULUM, since="6 March", member=False)
    assert not any(isinstance(one, Table) for one in few.blocks)
    assert "4 of 8 members practised" in said(few)
