"""Questions are grouped by what they mean, and owners are written to once a week, about their topics alone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.core.gaps import Workspace, containing, grouped, nearest_topic
from bot.core.memory import Gap
from bot.core.model import Reply, ThreadRef, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.gaps import ask_owners
from tests.stores import PLATFORM, buttons, channel, person, said

MONDAY = datetime(2026, 1, 5, 9, 3, tzinfo=UTC)
WEEK = timedelta(days=7)
AXES = {"keys": 0, "deploy": 1, "lunch": 2}


def vector(**parts: float) -> bytes:
    """A direction in a space whose axes are subjects."""
    made = np.zeros(8, np.float32)
    for name, length in parts.items():
        made[AXES[name]] = length
    return (made / np.linalg.norm(made)).tobytes()


KEYS, KEYS_TOO, DEPLOY, LUNCH = vector(keys=1), vector(keys=1, deploy=0.5), vector(deploy=1), vector(lunch=1)


def gap(name: str, question: str = "", *, minutes: int = 0, **given: Any) -> Gap:
    values: dict[str, Any] = {
        "where": channel(thread="7"),
        "user": person(),
        "direct": False,
        "reason": "none",
        "asked_at": MONDAY - timedelta(days=1) + timedelta(minutes=minutes),
        **given,
    }
    return Gap(id=f"{name:-<36}", question=question or name, **values)


def names(groups: Sequence[Any]) -> list[list[str]]:
    return [[one.id.rstrip("-") for one in group.gaps] for group in groups]


# --- grouping --------------------------------------------------------------------------------


def test_near_vectors_are_one_group_the_largest_first_and_then_the_oldest() -> None:
    gaps = [
        gap("lunch", vector=LUNCH),
        gap("keys", minutes=1, vector=KEYS),
        gap("deploy", minutes=2, vector=DEPLOY),
        gap("keys-too", minutes=3, vector=KEYS_TOO),
    ]
    assert names(grouped(gaps)) == [["keys", "keys-too"], ["lunch"], ["deploy"]]
    assert grouped(gaps) == grouped(gaps[::-1]), "the order in which they come does not matter"


def test_what_comes_later_changes_no_group_that_stands() -> None:
    first = [gap("keys", vector=KEYS), gap("deploy", minutes=1, vector=DEPLOY)]
    before = {group.id for group in grouped(first)}
    later = grouped([*first, gap("between", minutes=2, vector=vector(keys=1, deploy=0.9))])
    assert {group.id for group in later} == before


def test_a_group_is_not_stretched_from_one_member_to_the_next() -> None:
    steps = [vector(keys=1), vector(keys=1, deploy=0.8), vector(keys=0.4, deploy=1)]
    gaps = [gap(f"step{number}", minutes=number, vector=one) for number, one in enumerate(steps)]
    assert names(grouped(gaps)) == [["step0", "step1"], ["step2"]]


def test_without_vectors_shared_words_decide() -> None:
    gaps = [
        gap("a", "How do we rotate the API keys?"),
        gap("b", "who rotates our API key", minutes=1),
        gap("c", "Where is the canteen?", minutes=2),
        gap("d", "?", minutes=3),
        gap("e", "why", minutes=4),
    ]
    assert names(grouped(gaps)) == [["a", "b"], ["c"], ["d"], ["e"]]
    mixed = [gap("a", "rotate API keys", vector=KEYS), gap("b", "rotating API keys", minutes=1)]
    assert names(grouped(mixed)) == [["a", "b"]]


def test_vectors_of_another_embedding_are_not_compared() -> None:
    other = np.ones(3, np.float32).tobytes()
    gaps = [gap("a", vector=KEYS), gap("b", minutes=1, vector=KEYS), gap("c", "x", minutes=2, vector=other)]
    assert names(grouped(gaps)) == [["a", "b"], ["c"]]


def test_nothing_is_no_group() -> None:
    assert grouped([]) == []


def test_a_group_tells_its_wordings_once_and_why_it_is_here() -> None:
    gaps = [
        gap("a", "Rotate keys?", vector=KEYS),
        gap("b", "rotate  keys", minutes=1, vector=KEYS, reason="down"),
        gap("c", "Who rotates keys?", minutes=2, vector=KEYS),
    ]
    (group,) = grouped(gaps)
    assert group.question == "Rotate keys?"
    assert group.wordings == ["Rotate keys?", "Who rotates keys?"]
    assert group.why == "not stated (2), 👎"


def test_a_group_is_found_by_any_of_its_questions() -> None:
    groups = grouped([gap("aaaaaaaa1", vector=KEYS), gap("bbbbbbbb1", minutes=1, vector=KEYS)])
    assert containing(groups, "aaaaaaaa") is groups[0]
    assert containing(groups, "bbbbbbbb1---") is groups[0]
    assert containing(groups, "aaaaaaa") is None, "too short to be meant"
    assert containing(groups, "") is None


def test_the_topic_nearest_in_meaning_is_chosen_or_none() -> None:
    topics: dict[str, bytes | None] = {"security": KEYS, "releases": DEPLOY}
    assert nearest_topic(gap("q", vector=KEYS_TOO), topics) == "security"
    assert nearest_topic(gap("q", vector=LUNCH), topics) is None, "no owner is asked about what is not theirs"
    words: dict[str, bytes | None] = {"API keys": None, "deploys": None}
    assert nearest_topic(gap("q", "may I deploy today?"), words) == "deploys"
    assert nearest_topic(gap("q", "how are you?"), words) is None


def test_an_answer_is_for_the_workspace_or_for_everybody_where_there_is_none() -> None:
    assert Workspace.of(channel()).scope.workspace == "memory:w1"
    assert Workspace(platform="console", id="").scope.workspace == "*"


# --- once a week -----------------------------------------------------------------------------


class Words:
    """An `Embedder` over the subjects above."""

    async def embed(self, text: str) -> bytes | None:
        return vector(**{next(name for name in AXES if name in text): 1.0})

    def similarity(self, one: str, other: str) -> float:
        return 1.0


class Post:
    """A `Tell` that keeps what it is given."""

    def __init__(self, *, reaches: bool = True) -> None:
        self.reaches = reaches
        self.sent: list[tuple[ThreadRef | UserRef, Reply, str]] = []

    async def __call__(self, to: ThreadRef | UserRef, reply: Reply, key: str) -> bool:
        self.sent.append((to, reply, key))
        return self.reaches


BOB, CY = person("bob"), person("cy")


@pytest.fixture
async def store(sqlite_store: SqlStore) -> SqlStore:
    await sqlite_store.gaps.own(PLATFORM, "w1", "keys", BOB)
    await sqlite_store.gaps.own(PLATFORM, "w1", "deploy", CY)
    for name, meant in (("keys", KEYS), ("keys-too", KEYS_TOO), ("lunch", LUNCH)):
        await sqlite_store.gaps.add(gap(name, f"About {name}?", vector=meant, user=person("ada")))
    return sqlite_store


async def tick(store: SqlStore, post: Post, now: datetime) -> int:
    return await ask_owners(store.gaps, post, Words(), now=now, platforms=(PLATFORM,))


async def test_an_owner_gets_what_is_theirs_and_not_who_asked(store: SqlStore) -> None:
    post = Post()
    assert await tick(store, post, MONDAY) == 1
    ((to, reply, key),) = post.sent
    assert to == BOB, "nothing is open on deploys, so its owner hears nothing"
    assert "About keys? (asked 2 times)" in said(reply)
    assert "lunch" not in said(reply)
    assert "ada" not in said(reply)
    assert list(buttons(reply)) == ["Answer"]
    assert key == "owner:memory:w1:bob:2026-W02"


@pytest.mark.parametrize(
    "now", [MONDAY.replace(hour=8, minute=59), MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)]
)
async def test_nothing_is_sent_at_another_time(store: SqlStore, now: datetime) -> None:
    post = Post()
    assert await tick(store, post, now) == 0
    assert post.sent == []


async def test_an_owner_is_written_to_once_a_week_whatever_comes_in(store: SqlStore) -> None:
    post = Post()
    await tick(store, post, MONDAY)
    for number in range(7):
        await store.gaps.add(gap(f"late{number}", f"rotate {number} keys", minutes=60, vector=vector(keys=1)))
    assert await tick(store, post, MONDAY + timedelta(hours=2)) == 0
    await store.gaps.close(PLATFORM, "w1", [f"{'keys':-<36}", f"{'keys-too':-<36}"], "answered")
    assert await tick(store, post, MONDAY + timedelta(hours=3)) == 0, "also where they have answered"
    assert await tick(store, post, MONDAY + WEEK) == 1
    assert await tick(store, post, MONDAY + WEEK + timedelta(minutes=10)) == 0


async def test_at_most_five_groups_go_in_a_message_the_rest_a_week_later(sqlite_store: SqlStore) -> None:
    await sqlite_store.gaps.own(PLATFORM, "w1", "keys", BOB)
    subjects = ["vault", "rotation", "expiry", "tokens", "audit", "leaks", "backup"]
    for number, word in enumerate(subjects):
        await sqlite_store.gaps.add(gap(word, f"{word} of keys?", minutes=number))
    posts = []
    for week in range(3):
        post = Post()
        await ask_owners(sqlite_store.gaps, post, None, now=MONDAY + week * WEEK, platforms=(PLATFORM,))
        posts.append(said(post.sent[0][1]) if post.sent else "")
    assert [sum(f"{word} of keys" in post for word in subjects) for post in posts] == [5, 5, 5]
    assert all(f"{word} of keys" in posts[0] + posts[1] for word in subjects), "those that wait longest first"


async def test_of_two_replicas_one_sends(store: SqlStore) -> None:
    posts = [Post() for _ in range(4)]
    sent = await asyncio.gather(*(tick(store, post, MONDAY) for post in posts))
    assert sum(sent) == 1
    assert sum(len(post.sent) for post in posts) == 1


async def test_nothing_is_sent_without_an_owner_or_to_another_platform(sqlite_store: SqlStore) -> None:
    await sqlite_store.gaps.add(gap("keys", vector=KEYS))
    post = Post()
    assert await tick(sqlite_store, post, MONDAY) == 0
    await sqlite_store.gaps.own(PLATFORM, "w1", "keys", BOB)
    assert await ask_owners(sqlite_store.gaps, post, Words(), now=MONDAY, platforms=("slack",)) == 0
    assert post.sent == []


async def test_an_owner_who_is_out_of_reach_is_tried_in_a_week(store: SqlStore, clock: SimulatedClock) -> None:
    post = Post(reaches=False)
    assert await tick(store, post, MONDAY) == 0
    assert await tick(store, post, MONDAY + timedelta(minutes=10)) == 0
    assert len(post.sent) == 1
    await tick(store, post, MONDAY + WEEK)
    assert len(post.sent) == 2
