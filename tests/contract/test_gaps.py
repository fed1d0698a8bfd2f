"""Open questions on both databases: claimed by one replica, kept to their workspace; and what an answer changes reaches
every replica at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.library import Library
from bot.core.memory import EvaluationCase, Gap, Gaps
from bot.service import SimulatedClock
from bot.store.gaps import SqlGaps
from bot.store.store import SqlStore
from knowledge.index.opening import open_index
from knowledge.loader import load_article
from knowledge.model import Scope
from tests.architecture.test_seam import assert_keeps
from tests.conftest import Place
from tests.contract.test_retriever import small
from tests.stores import NOW, PLATFORM, Shelf, channel, dm, person

WEEK = timedelta(days=7)
BOB, CY = person("bob"), person("cy")


def gap(name: str, **given: Any) -> Gap:
    values: dict[str, Any] = {
        "where": channel(thread="7"),
        "user": person(),
        "direct": False,
        "question": f"Why {name}?",
        "reason": "none",
        "asked_at": NOW,
        "vector": b"\0\0\x80?",
        **given,
    }
    return Gap(id=name, **values)


def ids(gaps: list[Gap]) -> list[str]:
    return [one.id for one in gaps]


@pytest.fixture
async def replicas(place: Place, clock: SimulatedClock) -> AsyncIterator[list[SqlStore]]:
    opened = [place.open(clock) for _ in range(3)]
    yield opened
    for one in opened:
        await one.close()


async def claim(store: SqlStore, *names: str, **given: Any) -> list[str]:
    values: dict[str, Any] = {"now": NOW, "every": WEEK, **given}
    return ids(await store.gaps.claim(PLATFORM, "w1", names, **values))


def test_the_store_keeps_the_port() -> None:
    assert_keeps(SqlGaps, Gaps)


# --- questions -------------------------------------------------------------------------------


async def test_a_question_comes_back_as_it_was_added_and_once(store: SqlStore) -> None:
    first, direct = gap("a"), gap("b", where=dm(BOB), user=BOB, direct=True, vector=None, reason="down")
    for one in (first, direct, first):
        await store.gaps.add(one)
    await store.gaps.add(gap("a", question="Another text under the same id"))
    assert await store.gaps.open(PLATFORM, "w1") == [first, direct]
    assert await store.gaps.workspaces() == [(PLATFORM, "w1")]


async def test_a_workspace_sees_and_closes_its_own_alone(store: SqlStore) -> None:
    await store.gaps.add(gap("a"))
    assert await store.gaps.open(PLATFORM, "w2") == []
    assert await store.gaps.close(PLATFORM, "w2", ["a"], "dismissed") == []
    assert await store.gaps.claim(PLATFORM, "w2", ["a"], now=NOW, every=WEEK) == []
    assert ids(await store.gaps.close(PLATFORM, "w1", ["a", "unknown"], "answered")) == ["a"]
    assert await store.gaps.close(PLATFORM, "w1", ["a"], "dismissed") == [], "dealt with once"
    assert await store.gaps.open(PLATFORM, "w1") == []
    assert await store.gaps.workspaces() == []


# --- claims ----------------------------------------------------------------------------------


async def test_a_claimed_question_is_free_again_after_a_week(store: SqlStore) -> None:
    await store.gaps.add(gap("a"))
    assert await claim(store, "a", "unknown") == ["a"]
    assert (await store.gaps.open(PLATFORM, "w1"))[0].sent_at == NOW
    await store.gaps.add(gap("b", asked_at=NOW + timedelta(hours=1)))
    assert await claim(store, "a", "b", now=NOW + WEEK - timedelta(seconds=1)) == ["b"]
    assert await claim(store, "a", "b", now=NOW + WEEK) == ["a"]


async def test_what_is_dealt_with_is_not_claimed(store: SqlStore) -> None:
    await store.gaps.add(gap("a"))
    await store.gaps.close(PLATFORM, "w1", ["a"], "answered")
    assert await claim(store, "a") == []


async def test_an_owner_has_one_turn_a_week_over_all_topics(store: SqlStore) -> None:
    for name in "abcd":
        await store.gaps.add(gap(name))
    for topic, user in (("keys", BOB), ("deploys", BOB), ("lunch", CY)):
        await store.gaps.own(PLATFORM, "w1", topic, user)
    assert await claim(store, "a", owner=BOB) == ["a"]
    assert await claim(store, "b", owner=BOB) == []
    assert await claim(store, "b", owner=CY) == ["b"], "another owner has a turn of their own"
    await store.gaps.own(PLATFORM, "w1", "audits", BOB)
    assert await claim(store, "c", owner=BOB) == [], "a new topic is no new turn"
    assert await claim(store, "c") == ["c"], "an administrator's request is no turn"
    assert await claim(store, "d", owner=BOB, now=NOW + WEEK) == ["d"]


async def test_replicas_that_claim_together_share_nothing(replicas: list[SqlStore]) -> None:
    first = replicas[0]
    names = [f"q{number}" for number in range(6)]
    for name in names:
        await first.gaps.add(gap(name))
    await first.gaps.own(PLATFORM, "w1", "keys", BOB)
    await first.gaps.own(PLATFORM, "w1", "deploys", BOB)
    turns = await asyncio.gather(*(claim(one, *names, owner=BOB) for one in replicas))
    assert sorted(map(len, turns)) == [0, 0, 6]
    free = await asyncio.gather(*(claim(one, *names, now=NOW + WEEK) for one in replicas))
    assert sorted(name for claimed in free for name in claimed) == names


async def test_replicas_that_close_together_answer_once(replicas: list[SqlStore]) -> None:
    await replicas[0].gaps.add(gap("a"))
    closed = await asyncio.gather(*(one.gaps.close(PLATFORM, "w1", ["a"], "answered") for one in replicas))
    assert sorted(map(len, closed)) == [0, 0, 1]


# --- owners, cases ---------------------------------------------------------------------------


async def test_a_topic_has_one_owner_until_it_is_taken_back(store: SqlStore) -> None:
    await store.gaps.own(PLATFORM, "w1", "keys", BOB)
    await store.gaps.own(PLATFORM, "w1", "keys", CY)
    await store.gaps.own(PLATFORM, "w2", "keys", BOB)
    assert await store.gaps.owners(PLATFORM, "w1") == {"keys": CY}
    await store.gaps.own(PLATFORM, "w1", "keys", None)
    assert await store.gaps.owners(PLATFORM, "w1") == {}
    assert await store.gaps.owners(PLATFORM, "w2") == {"keys": BOB}


async def test_cases_are_kept_by_workspace_oldest_first(store: SqlStore) -> None:
    cases = [EvaluationCase(question=f"Why {name}?", section=name, quote=f"{name}.") for name in ("a", "b")]
    for number, case in enumerate(cases):
        await store.gaps.add_case("memory:w1", case, now=NOW + timedelta(seconds=number))
    assert await store.gaps.cases("memory:w1") == cases
    assert await store.gaps.cases("memory:w2") == []


# --- every replica ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["alias", "note"])
async def test_what_one_replica_adds_another_finds_within_two_seconds(
    new_postgresql: Callable[..., str], postgresql_template: str, tmp_path: Path, clock: SimulatedClock, kind: str
) -> None:
    """With vectors of the real embedding, which is what a running coach has."""
    article, curriculum = small()
    opened = Place(new_postgresql(postgresql_template), tmp_path)
    stores = [opened.open(clock) for _ in range(2)]
    try:
        retriever, state = open_index(None, article, curriculum, stores[1].documents)
        assert state.semantic
        scope, question = Scope(workspace="memory:w1"), "Whom do I ring when the flux capacitor hums?"
        section = article.sections[-1]

        async def ask(where: Scope) -> tuple[str, float]:
            found = await retriever.retrieve(question, sources=("article", "documents"), scope=where)
            one = found["article" if kind == "alias" else "documents"]
            return (one.hits[0].section if one.hits else ""), max(one.alias_similarity, one.similarity)

        before, _ = await ask(scope)
        assert before != (wanted := section.heading if kind == "alias" else "Facilities")
        library = Library(stores[0].documents, Shelf(), _Embedding(retriever.embedded), clock)
        if kind == "alias":
            await library.alias(scope, section.key, section.heading, question)
        else:
            await library.note(scope, "Facilities", "Call extension 1985.", by=BOB, questions=[question])
        began = time.monotonic()
        heading, near = await ask(scope)
        assert time.monotonic() - began < 2
        assert heading == wanted
        assert near > 0.9, "the question itself is what was led there"
        assert (await ask(Scope(workspace="memory:w2")))[0] != wanted, "another workspace hears nothing of it"
    finally:
        for one in stores:
            await one.close()


class _Embedding:
    """The retriever's own embedding as a `PassageEmbedder`, without a process for it."""

    def __init__(self, embedded: Callable[[str], bytes | None]) -> None:
        from knowledge.index.embeddings import NAME

        self.name = NAME
        self._embedded = embedded

    async def embed(self, texts: Any) -> list[bytes]:
        return [self._embedded(text) or b"" for text in texts]


def test_the_article_has_room_for_its_sections_in_a_form() -> None:
    assert 1 <= sum(bool(section.blocks) for section in load_article().sections) <= 25
