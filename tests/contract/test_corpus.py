"""A team's documents on SQLite and PostgreSQL: whole or not at all, and seen by those alone whose they are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.core.documents import LONGEST_LOCATION, Documents, StoredDocument
from bot.core.memory import TURNS, Conversations, Spending, Turn
from bot.service import SimulatedClock
from bot.store.conversation import SqlConversations, SqlSpending
from bot.store.corpus import SqlCorpus
from bot.store.store import SqlStore
from knowledge.model import Passage, Scope, TokensUsed
from knowledge.ports import Corpus
from tests.conftest import Place
from tests.contract.test_store import rows
from tests.stores import NOW, channel, dm, person

ALL, OURS, THEIRS = Scope(), Scope(workspace="slack:T1"), Scope(workspace="slack:T2")
OPS, DEV = Scope(workspace="slack:T1", channel="C1"), Scope(workspace="slack:T1", channel="C2")
THEIR_OPS = Scope(workspace="slack:T2", channel="C1")
SCOPES = {"all": ALL, "ours": OURS, "theirs": THEIRS, "ops": OPS, "dev": DEV, "their ops": THEIR_OPS}
VECTOR = np.eye(1, 384, 7, dtype=np.float32).tobytes()

_: tuple[type[Corpus], type[Documents], type[Conversations], type[Spending]] = (
    SqlCorpus, SqlCorpus, SqlConversations, SqlSpending,
)  # fmt: skip


@pytest.fixture
async def two(place: Place, clock: SimulatedClock) -> AsyncIterator[list[SqlStore]]:
    """Two processes on one database."""
    opened = [place.open(clock) for _ in range(2)]
    yield opened
    for one in opened:
        await one.close()


def draft(scope: Scope = OURS, location: str = "/docs/runbook.md", **given: Any) -> StoredDocument:
    values: dict[str, Any] = {
        "kind": "file", "title": f"of {scope.workspace}{scope.channel}", "content_hash": "h", "added_at": NOW,
        "embedding": "mini",
    }  # fmt: skip
    return StoredDocument(scope=scope, location=location, **{**values, **given})


def cut(name: str, texts: Sequence[str] = ("One.", "Two.")) -> list[Passage]:
    """A section: as a whole, and its blocks."""
    key = f"document:{name}:0"
    whole = Passage(id="", source="documents", key=key, section="S", text="S\n" + " ".join(texts), kind="section")
    return [whole, *(Passage(id="", source="documents", key=key, section="S", text=text) for text in texts)]


async def begun(store: SqlStore, one: StoredDocument, texts: Sequence[str] = ("One.", "Two."), **given: Any) -> str:
    name = await store.documents.begin(one, media_type="text/markdown", **given)
    passages = cut(name, texts)
    await store.documents.fill(name, passages, [VECTOR] * len(passages))
    return name


async def published(store: SqlStore, scope: Scope = OURS, location: str = "/docs/runbook.md", **given: Any) -> str:
    name = await begun(store, draft(scope, location, **given))
    await store.documents.publish(name)
    return name


async def visible(store: SqlStore, scope: Scope, name: str) -> set[str]:
    """By which of its queries a document is seen in a scope."""
    corpus, scopes, key = store.documents, scope.visible, f"document:{name}:0"
    seen = {
        "parts": [one for each in scopes for one in await corpus.parts(each) if one.id == name],
        "contents": [one for each in scopes for one in await corpus.contents(each, name)],
        "passages": await corpus.passages(scopes, [f"{name}.0", f"{name}.1", f"{name}.9"]),
        "wholes": await corpus.wholes(scopes, [key]),
        "sections": await corpus.sections(scopes, [key]),
        "documents": [one for each in scopes for one in await corpus.documents(each) if one.id == name],
    }
    return {query for query, found in seen.items() if found}


EVERY = {"parts", "contents", "passages", "wholes", "sections", "documents"}

# --- from begin to remove --------------------------------------------------------------------


async def test_nothing_is_found_before_it_is_published_and_all_of_it_then(store: SqlStore) -> None:
    name = await begun(store, draft())
    assert await visible(store, OURS, name) == set()
    assert await store.documents.generations([OURS.workspace]) == {}
    await store.documents.publish(name)
    assert await visible(store, OURS, name) == EVERY


async def test_a_document_comes_back_as_it_was_put_in(store: SqlStore) -> None:
    author = person("ada")
    given = draft(OPS, "https://wiki/1", kind="url", text="t", review_at=NOW + timedelta(days=180))
    name = await begun(store, given, ["Why? — “quoted”, <&>, 日本, \U0001f525", "- a\n- b"], credit=author)
    await store.documents.publish(name)
    assert await store.documents.documents(OPS) == [replace(given, id=name, passages=3, credit=author)]
    (part,) = await store.documents.parts(OPS)
    assert (part.id, part.kind, part.passages, part.embedding, part.text) == (name, "url", 3, "mini", "t")
    contents = await store.documents.contents(OPS, name)
    assert contents == [
        (replace(one, id=f"{name}.{number}"), VECTOR)
        for number, one in enumerate(cut(name, ["Why? — “quoted”, <&>, 日本, \U0001f525", "- a\n- b"]))
    ]
    section = (await store.documents.sections([OPS], [f"document:{name}:0"]))[f"document:{name}:0"]
    assert section.blocks == ("Why? — “quoted”, <&>, 日本, \U0001f525", "- a\n- b")
    assert (section.heading, section.title, section.url) == ("S", given.title, "https://wiki/1")
    assert list(await store.documents.wholes([OPS], [f"document:{name}:0"])) == [f"{name}.0"]


async def test_a_file_has_no_address_to_be_cited_with(store: SqlStore) -> None:
    name = await published(store)
    (section,) = (await store.documents.sections([OURS], [f"document:{name}:0"])).values()
    assert section.url is None


async def test_passages_are_numbered_on_through_many_lots(store: SqlStore) -> None:
    name = await store.documents.begin(draft(), media_type="")
    texts = [f"Block {number}." for number in range(1201)]
    for start, end in ((0, 700), (700, 1200), (1200, 1201)):
        lot = cut(name, texts[start:end])[1:]
        await store.documents.fill(name, lot, [VECTOR] * len(lot))
    await store.documents.publish(name)
    contents = await store.documents.contents(OURS, name)
    assert [(one.id, one.text) for one, _ in contents] == [(f"{name}.{n}", text) for n, text in enumerate(texts)]
    assert (await store.documents.parts(OURS))[0].passages == 1201


async def test_a_document_of_which_a_vector_is_missing_says_that_it_has_none(store: SqlStore) -> None:
    name = await store.documents.begin(draft(), media_type="")
    passages = cut(name)
    await store.documents.fill(name, passages[:1], [VECTOR])
    await store.documents.fill(name, passages[1:], [VECTOR, None])
    await store.documents.publish(name)
    assert [one.embedding for one in await store.documents.parts(OURS)] == [""]
    assert [vector for _, vector in await store.documents.contents(OURS, name)] == [VECTOR, VECTOR, None]


async def test_a_new_edition_takes_the_place_of_the_old_one_in_one_step(store: SqlStore) -> None:
    old = await published(store)
    new = await begun(store, draft())
    assert (await visible(store, OURS, old), await visible(store, OURS, new)) == (EVERY, set())
    await store.documents.publish(new, instead_of=[old])
    assert (await visible(store, OURS, old), await visible(store, OURS, new)) == (set(), EVERY)


async def test_a_place_holds_one_document_whoever_publishes(two: list[SqlStore]) -> None:
    names = [await begun(store, draft()) for store in two]
    await asyncio.gather(*(store.documents.publish(name) for store, name in zip(two, names, strict=True)))
    (one,) = await two[0].documents.documents(OURS)
    assert one.id in names
    for other in (draft(OPS), draft(THEIRS), draft(OURS, "/docs/other.md"), draft(kind="alias"), draft(kind="note")):
        await two[0].documents.publish(await begun(two[0], other))
    held = [*await two[1].documents.documents(OURS, whole_workspace=True), *await two[1].documents.documents(THEIRS)]
    assert len(held) == 6, "another scope, place or kind is another document"
    twice = [draft(location="article:3", kind="alias", content_hash=text) for text in "ab"]
    for alias in twice:
        await two[0].documents.publish(await begun(two[0], alias))
    assert len([one for one in await two[0].documents.documents(OURS) if one.location == "article:3"]) == 2


async def test_removing_takes_everything_and_only_from_its_workspace(place: Place, store: SqlStore) -> None:
    name, stays = await published(store), await published(store, OURS, "/docs/stays.md")
    assert await store.documents.remove(THEIRS.workspace, [name]) == 0
    assert await visible(store, OURS, name) == EVERY
    assert await store.documents.remove(OURS.workspace, [name, "no such"]) == 1
    assert await store.documents.remove(OURS.workspace, [name]) == 0
    assert await visible(store, OURS, name) == set()
    assert {row["document_id"] for row in rows(place, "SELECT document_id FROM passage")} == {stays}


async def test_removing_a_channels_document_by_its_workspace(store: SqlStore) -> None:
    name = await published(store, OPS)
    assert await store.documents.remove(OURS.workspace, [name]) == 1


async def test_what_a_crash_left_is_swept_once_it_is_certainly_old(place: Place, store: SqlStore) -> None:
    await begun(store, draft(added_at=NOW - timedelta(hours=2, seconds=1)))
    fresh = await begun(store, draft(added_at=NOW - timedelta(hours=1)))
    ready = await published(store, added_at=NOW - timedelta(days=900), location="/docs/old.md")
    assert await store.documents.sweep(NOW) == 1
    assert await store.documents.sweep(NOW) == 0
    assert {row["id"] for row in rows(place, "SELECT id FROM document")} == {fresh, ready}
    assert {row["document_id"] for row in rows(place, "SELECT document_id FROM passage")} == {fresh, ready}


async def test_a_long_name_is_cut_to_what_fits(store: SqlStore) -> None:
    name = await begun(store, draft(location="/" + "x" * 5000, title="y" * 5000))
    await store.documents.publish(name)
    (one,) = await store.documents.documents(OURS)
    assert (len(one.location), len(one.title)) == (LONGEST_LOCATION, 300)


# --- whose it is -----------------------------------------------------------------------------


@pytest.mark.parametrize("asker", SCOPES)
async def test_a_document_is_seen_in_its_scope_and_those_within_it(store: SqlStore, asker: str) -> None:
    for owner, scope in SCOPES.items():
        name = await published(store, scope)
        within = owner in {"all", asker} or (owner, asker) in {
            ("ours", "ops"),
            ("ours", "dev"),
            ("theirs", "their ops"),
        }
        assert await visible(store, SCOPES[asker], name) == (EVERY if within else set()), owner


async def test_of_many_only_those_that_may_be_seen_come_back(store: SqlStore) -> None:
    names = {owner: await published(store, scope) for owner, scope in SCOPES.items()}
    ids = [f"{name}.{number}" for name in names.values() for number in range(3)]
    keys = [f"document:{name}:0" for name in names.values()]
    mine = {names["all"], names["ours"], names["ops"]}
    corpus, scopes = store.documents, OPS.visible
    assert {name.partition(".")[0] for name in await corpus.passages(scopes, ids)} == mine
    assert {key.split(":")[1] for key in await corpus.sections(scopes, keys)} == mine
    assert {name.partition(".")[0] for name in await corpus.wholes(scopes, keys)} == mine
    assert await corpus.passages(scopes, []) == await corpus.wholes(scopes, []) == {}
    assert await corpus.passages([], ids) == await corpus.sections([], keys) == {}, "nobody sees nothing"


async def test_a_list_is_of_one_scope_or_of_a_whole_workspace(store: SqlStore) -> None:
    for scope in SCOPES.values():
        await published(store, scope)

    async def titles(scope: Scope, **given: Any) -> list[str]:
        return [one.title for one in await store.documents.documents(scope, **given)]

    assert await titles(OURS) == ["of slack:T1"]
    assert await titles(OPS) == ["of slack:T1C1"]
    assert await titles(OURS, whole_workspace=True) == ["of slack:T1", "of slack:T1C1", "of slack:T1C2"]
    assert await titles(ALL, whole_workspace=True) == ["of *"]


async def test_as_many_passages_as_a_search_ever_asks_for_are_looked_up(store: SqlStore) -> None:
    one = await published(store)
    ids = [f"{one}.1", *(f"00000000-0000-4000-8000-{number:012}.{number}" for number in range(800))]
    assert list(await store.documents.passages(OPS.visible, ids)) == [f"{one}.1"]


# --- generations -----------------------------------------------------------------------------


async def test_a_generation_counts_every_change_of_its_workspace(two: list[SqlStore]) -> None:
    first, second = two

    async def number(scope: Scope = OURS) -> int:
        counts = [await store.documents.generations([scope.workspace]) for store in two]
        assert counts[0] == counts[1], "two processes agree"
        return counts[0].get(scope.workspace, 0)

    assert await number() == 0
    name = await published(first)
    assert await number() == 1
    await published(second, OPS)
    assert await number() == 2, "a channel's documents count for its workspace"
    await second.documents.publish(await begun(second, draft()), instead_of=[name])
    assert await number() == 3
    await first.documents.remove(OURS.workspace, ["no such"])
    await begun(first, draft(location="/docs/unfinished.md"))
    assert await number() == 3, "nothing changed"
    (one, *_rest) = await first.documents.documents(OURS)
    await first.documents.remove(OURS.workspace, [one.id])
    assert await number() == 4
    assert await number(THEIRS) == 0
    assert await first.documents.generations([]) == {}


async def test_what_one_process_publishes_the_other_sees_at_once(two: list[SqlStore]) -> None:
    name = await published(two[0])
    assert await visible(two[1], OPS, name) == EVERY
    await two[1].documents.remove(OURS.workspace, [name])
    assert await visible(two[0], OURS, name) == set()


async def test_changes_at_once_are_all_counted(two: list[SqlStore]) -> None:
    names = [await begun(two[0], draft(location=f"/docs/{number}.md")) for number in range(8)]
    await asyncio.gather(*(two[n % 2].documents.publish(name) for n, name in enumerate(names)))
    assert await two[0].documents.generations([OURS.workspace, THEIRS.workspace]) == {OURS.workspace: 8}
    assert len(await two[1].documents.parts(OURS)) == 8


# --- conversations ---------------------------------------------------------------------------

THREAD = channel(thread="7")


def turn(name: str, **given: Any) -> Turn:
    values: dict[str, Any] = {
        "where": THREAD, "user": person("ada"), "question": f"question {name}", "band": "answer",
        "section_key": "article:3", "asked_at": NOW,
    }  # fmt: skip
    return Turn(id=name, **{**values, **given})


async def test_a_turn_is_remembered_once_as_it_was(two: list[SqlStore]) -> None:
    given = turn("t1", question="Why? 日本 \U0001f525", section_key="", band="none")
    await two[0].conversations.remember(given)
    await two[1].conversations.remember(replace(given, question="another"))
    for store in two:
        assert await store.conversations.earlier(THREAD) == [given]
        assert await store.conversations.turn("t1") == given
        assert await store.conversations.turn("t2") is None


async def test_the_last_turns_of_each_place_stay_oldest_first(store: SqlStore) -> None:
    places = [THREAD, replace(THREAD, thread="8"), channel("random", "7"), channel(), dm(person()), replace(THREAD, workspace="w2"), replace(THREAD, platform="slack")]  # fmt: skip
    for number in range(TURNS + 2):
        for index, where in enumerate(places):
            asked_at = NOW + timedelta(seconds=(number * 5) % 8)  # not in the order in which they are stored
            await store.conversations.remember(turn(f"{index}-{number}", where=where, asked_at=asked_at))
    for index, where in enumerate(places):
        held = await store.conversations.earlier(where)
        assert [one.asked_at for one in held] == [NOW + timedelta(seconds=second) for second in range(2, 8)]
        assert {one.id.partition("-")[0] for one in held} == {str(index)}
        assert await store.conversations.turn(f"{index}-0") is None, "the oldest is forgotten altogether"


async def test_a_turn_is_over_after_seven_days(store: SqlStore, clock: SimulatedClock) -> None:
    await store.conversations.remember(turn("t1"))
    await clock.sleep(7 * 86_400 - 1)
    assert await store.conversations.turn("t1")
    assert await store.conversations.earlier(THREAD)
    await clock.sleep(1)
    assert await store.conversations.turn("t1") is None
    assert await store.conversations.earlier(THREAD) == []


async def test_feedback_is_one_a_person_and_turn(place: Place, two: list[SqlStore]) -> None:
    given = turn("t1")
    await two[0].conversations.rate(given, person("ada"), good=True, now=NOW)
    await two[1].conversations.rate(given, person("ada"), good=False, now=NOW + timedelta(hours=1))
    await two[1].conversations.rate(given, person("bob"), good=True, now=NOW)
    await two[0].conversations.rate(turn("t2"), person("bob"), good=True, now=NOW)
    found = rows(place, "SELECT turn_id, user_id, good, section_key FROM feedback ORDER BY turn_id, user_id")
    assert [(row["turn_id"], row["user_id"], bool(row["good"]), row["section_key"]) for row in found] == [
        ("t1", "ada", False, "article:3"),
        ("t1", "bob", True, "article:3"),
        ("t2", "bob", True, "article:3"),
    ]


# --- spending --------------------------------------------------------------------------------


async def test_tokens_add_up_by_workspace_and_day_whoever_spends(two: list[SqlStore]) -> None:
    today, tomorrow = NOW.date(), (NOW + timedelta(days=1)).date()
    assert await two[0].spending.spent("slack:T1", today) == 0
    used = TokensUsed(asked=100, written=7)
    await asyncio.gather(*(store.spending.spend("slack:T1", today, used) for store in two for _ in range(5)))
    await two[0].spending.spend("slack:T2", today, TokensUsed(asked=1, written=0))
    await two[0].spending.spend("slack:T1", tomorrow, TokensUsed(asked=0, written=2))
    assert await two[1].spending.spent("slack:T1", today) == 1070
    assert await two[1].spending.spent("slack:T2", today) == 1
    assert await two[1].spending.spent("slack:T1", tomorrow) == 2
