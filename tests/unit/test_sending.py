"""The pace at which a platform is written to, what refusals mean, and instants spread over minutes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import ThreadRef, UserRef
from bot.core.prompts import FRESH_FOR
from bot.core.sending import LIMITS, Limit, Limits, Pacing, jitter, refusal_kind
from tests.stores import NOW, channel, person

SECOND = timedelta(seconds=1)
NONE = timedelta(0)
PATIENCE = timedelta(seconds=30)
PACE = {"memory": Limits(workspace=Limit(burst=3, per_second=2), channel=Limit(burst=1, per_second=1))}


def waits(pacing: Pacing, targets: list[UserRef | ThreadRef], at: timedelta = NONE) -> list[float]:
    return [pacing.reserve(one, NOW + at, within=PATIENCE).total_seconds() for one in targets]


def people(count: int, **how: str) -> list[UserRef | ThreadRef]:
    return [person(f"p{number}", **how) for number in range(count)]


def test_a_burst_goes_at_once_and_the_rest_at_the_pace_of_the_workspace() -> None:
    assert waits(Pacing(PACE), people(6)) == [0, 0, 0, 0.5, 1, 1.5]


def test_a_bucket_fills_again() -> None:
    pacing = Pacing(PACE)
    waits(pacing, people(3))
    assert waits(pacing, people(4), SECOND) == [0, 0, 0.5, 1]


def test_a_channel_has_a_pace_of_its_own_and_threads_share_it() -> None:
    assert waits(Pacing(PACE), [channel("a"), channel("a", thread="7"), channel("b")]) == [0, 1, 0]


def test_workspaces_and_platforms_do_not_wait_for_each_other() -> None:
    pacing = Pacing(PACE)
    waits(pacing, people(3))
    assert waits(pacing, people(2, workspace="w2")) == [0, 0]
    assert waits(pacing, people(50, platform="elsewhere")) == [0] * 50


def test_what_would_wait_too_long_takes_nothing() -> None:
    pacing = Pacing(PACE)
    assert pacing.reserve(channel("a"), NOW, within=NONE) == NONE
    assert [pacing.reserve(channel("a"), NOW, within=SECOND / 2) for _ in range(3)] == [SECOND] * 3


@pytest.mark.parametrize(
    ("platform", "target", "held", "free"),
    [
        ("slack", channel("a", platform="slack"), person("x", platform="slack"), person("x", workspace="w2", platform="slack")),
        ("discord", channel("a", platform="discord"), channel("a", thread="9", platform="discord"), channel("b", platform="discord")),
        ("discord", person("x", platform="discord"), person("y", platform="discord"), person("y", platform="slack")),
    ],
)  # fmt: skip
def test_a_request_to_wait_concerns_the_whole_bucket(
    platform: str, target: UserRef | ThreadRef, held: UserRef | ThreadRef, free: UserRef | ThreadRef
) -> None:
    pacing = Pacing(LIMITS)
    pacing.hold(target, NOW, 20 * SECOND)
    assert waits(pacing, [target, held, free]) == pytest.approx([20, 20, 0])
    assert pacing.held(held, NOW + 20 * SECOND) == NONE


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    pacing = Pacing(PACE)
    pacing.hold(channel("a"), NOW, 20 * SECOND)
    pacing.hold(channel("a"), NOW, SECOND)
    assert pacing.held(channel("a"), NOW) == 20 * SECOND


def test_after_an_outage_there_is_no_burst() -> None:
    pacing = Pacing(PACE)
    waits(pacing, people(1))
    pacing.hold_platform("memory", NOW, 60 * SECOND)
    assert pacing.platform_held("memory", NOW + 59 * SECOND) == SECOND
    assert waits(pacing, people(4), 60 * SECOND) == [0, 0.5, 1, 1.5]


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=365)])
def test_a_clock_that_jumps_holds_nothing_up(jump: timedelta) -> None:
    for there in (NOW + jump, NOW - jump):
        pacing = Pacing(PACE)
        waits(pacing, people(40))
        pacing.hold(channel("a"), NOW, 20 * SECOND)
        assert pacing.reserve(person("x"), there, within=PATIENCE) == NONE
        assert pacing.held(channel("a"), there) == NONE


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 4)), min_size=1, max_size=60))
def test_no_window_holds_more_than_burst_and_pace_allow(asked: list[tuple[int, int]]) -> None:
    pacing, sent = Pacing({"memory": Limits(workspace=Limit(burst=3, per_second=2))}), []
    for at, who in sorted(asked):
        now = NOW + timedelta(milliseconds=at)
        sent.append(now + pacing.reserve(person(f"p{who}"), now, within=timedelta(hours=1)))
    sent.sort()
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= 3 + 2 * (sent[last] - sent[first]).total_seconds() + 1e-3


@given(st.text(max_size=80), st.integers(0, 10**7))
def test_jitter_is_the_same_for_a_key_and_bounded(key: str, among: int) -> None:
    once = jitter(key, among)
    assert once == jitter(key, among)
    assert NONE <= once <= min(timedelta(seconds=among / 5), timedelta(minutes=10)) < FRESH_FOR


def test_jitter_spreads_a_backlog_evenly_and_leaves_a_team_alone() -> None:
    assert jitter("anything", 0) == NONE
    assert max(jitter(f"k{number}", 20) for number in range(20)) <= 4 * SECOND
    minutes = [int(jitter(f"k{number}", 10_000).total_seconds() // 60) for number in range(10_000)]
    counts = [minutes.count(minute) for minute in range(10)]
    assert min(counts) > 850
    assert max(counts) < 1150


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("user_disabled", "gone"),
        ("channel_not_found", "gone"),
        ("not_in_channel", "gone"),
        ("50007", "gone"),
        ("50001", "gone"),
        ("10003", "gone"),
        ("token_revoked", "token"),
        ("401", "token"),
        ("50013", "other"),
        ("msg_too_long", "other"),
        ("", "other"),
    ],
)
def test_a_refusal_is_about_its_target_the_token_or_the_message(code: str, kind: str) -> None:
    assert refusal_kind(code) == kind
