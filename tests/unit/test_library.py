"""Taking in a document: once, whole or not at all, with vectors or without."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.core.documents import LONGEST_LOCATION
from bot.core.errors import InvalidRequest
from bot.core.library import NOTE_IS_REVIEWED_AFTER, Fetched, Library
from bot.service import SimulatedClock
from bot.store.store import SqlStore, open_store
from knowledge.model import KnowledgeError, ParsedDocument, Refused, Scope
from tests.stores import NOW, Shelf, person

OURS, OPS = Scope(workspace="memory:w1"), Scope(workspace="memory:w1", channel="ops")
PAGE = "https://wiki.internal/runbook"
TEXT = "Runbook\n\nRoll back first.\n\nThen ask why."


class FragileShelf(Shelf):
    """Counts what is read and embedded, and breaks on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0
        self.embedded: list[str] = []
        self.refuses: Exception | None = None
        self.fails: BaseException | None = None
        self.fails_after = 0

    async def parse(self, fetched: Fetched) -> ParsedDocument:
        self.read += 1
        if self.refuses:
            raise self.refuses
        return await super().parse(fetched)

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        if self.fails and len(self.embedded) >= self.fails_after:
            raise self.fails
        self.embedded += texts
        return await super().embed(texts)


@pytest.fixture
def shelf() -> FragileShelf:
    return FragileShelf()


@pytest.fixture
def library(sqlite_store: SqlStore, shelf: FragileShelf, clock: SimulatedClock) -> Library:
    return Library(sqlite_store.documents, shelf, shelf, clock)


def page(text: str = TEXT, location: str = PAGE) -> Fetched:
    return Fetched(location=location, name="runbook", data=text.encode(), media_type="text/plain", kind="url")


async def texts(store: SqlStore, scope: Scope = OURS) -> list[str]:
    """The blocks of what a scope holds."""
    return [
        passage.text
        for part in await store.documents.parts(scope)
        for passage, _ in await store.documents.contents(scope, part.id)
        if passage.kind == "block"
    ]


# --- files and pages -------------------------------------------------------------------------


async def test_a_page_is_taken_in_with_its_passages_and_vectors(
    library: Library, sqlite_store: SqlStore, shelf: FragileShelf
) -> None:
    seen: list[tuple[int, int]] = []
    taken = await library.take_in(page(), OURS, lambda done, total: seen.append((done, total)))
    assert (taken.outcome, taken.title, taken.passages) == ("added", "Runbook", 3)
    assert seen == [(3, 3)]
    assert await texts(sqlite_store) == ["Roll back first.", "Then ask why."]
    (held,) = await library.held(OURS)
    assert (held.kind, held.location, held.embedding, held.added_at) == ("url", PAGE, shelf.name, NOW)
    contents = await sqlite_store.documents.contents(OURS, held.id)
    assert all(vector is not None and np.frombuffer(vector, dtype=np.float32).shape == (384,) for _, vector in contents)


async def test_the_same_content_is_neither_read_nor_embedded_again(library: Library, shelf: FragileShelf) -> None:
    await library.take_in(page(), OURS)
    before = (shelf.read, list(shelf.embedded))
    taken = await library.take_in(page(), OURS)
    assert (taken.outcome, taken.passages) == ("unchanged", 3)
    assert (shelf.read, shelf.embedded) == before
    assert (await library.take_in(page(), OPS)).outcome == "added", "another scope has a copy of its own"
    assert (await library.take_in(page(location=PAGE + "/2"), OURS)).outcome == "added"


async def test_other_content_from_the_same_place_takes_its_place(library: Library, sqlite_store: SqlStore) -> None:
    await library.take_in(page(), OURS)
    taken = await library.take_in(page("Runbook\n\nRoll forward."), OURS)
    assert (taken.outcome, taken.passages) == ("replaced", 2)
    assert await texts(sqlite_store) == ["Roll forward."]
    assert len(await library.held(OURS)) == 1


async def test_a_place_with_a_very_long_name_is_known_again(library: Library) -> None:
    long = PAGE + "?" + "x" * 2 * LONGEST_LOCATION
    await library.take_in(page(location=long), OURS)
    assert (await library.take_in(page(location=long), OURS)).outcome == "unchanged"
    assert (await library.take_in(page("Other", location=long), OURS)).outcome == "replaced"


async def test_a_name_that_is_no_text_is_kept_as_far_as_it_can_be(library: Library) -> None:
    odd = replace(page("Caf\u00e9"), location="/docs/caf\udce9.md", kind="file")
    assert (await library.take_in(odd, OURS)).outcome == "added"
    assert (await library.take_in(odd, OURS)).outcome == "unchanged"


@pytest.mark.parametrize("before", [False, True], ids=["new", "held"])
async def test_what_is_refused_leaves_what_was_there(
    library: Library, sqlite_store: SqlStore, shelf: FragileShelf, before: bool
) -> None:
    if before:
        await library.take_in(page(), OURS)
    held, generations = await library.held(OURS), await sqlite_store.documents.generations([OURS.workspace])
    shelf.refuses = Refused("That is no document.")
    with pytest.raises(Refused):
        await library.take_in(page("\x7fELF"), OURS)
    assert await library.held(OURS) == held
    assert await sqlite_store.documents.generations([OURS.workspace]) == generations


@pytest.mark.parametrize("error", [ZeroDivisionError(), asyncio.CancelledError()], ids=["bug", "cancelled"])
async def test_what_breaks_off_in_the_middle_leaves_nothing(
    library: Library, sqlite_store: SqlStore, shelf: FragileShelf, clock: SimulatedClock, error: BaseException
) -> None:
    shelf.fails, shelf.fails_after = error, 256
    with pytest.raises(type(error)):
        await library.take_in(page("\n\n".join(f"Paragraph {number}" for number in range(600))), OURS)
    assert len(shelf.embedded) == 256, "the first lot was stored by then"
    assert await texts(sqlite_store) == []
    await clock.sleep(3 * 3600)
    assert await library.sweep() == 0, "nothing is left to be swept"


async def test_two_processes_that_take_in_the_same_page_keep_it_once(
    sqlite_store: SqlStore, shelf: FragileShelf, clock: SimulatedClock, tmp_path: Path
) -> None:
    other = open_store(None, tmp_path, clock)
    libraries = [Library(store.documents, shelf, shelf, clock) for store in (sqlite_store, other)]
    await asyncio.gather(*(library.take_in(page(), OURS) for library in libraries))
    assert len(await libraries[0].held(OURS)) == 1
    await other.close()


async def test_without_an_embedding_it_is_kept_and_embedded_when_there_is_one(
    library: Library, sqlite_store: SqlStore, shelf: FragileShelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.fails = KnowledgeError("The embedding is not available.")
    assert (await library.take_in(page(), OURS)).outcome == "added"
    assert "keywords alone" in caplog.text
    (held,) = await library.held(OURS)
    assert held.embedding == ""
    assert {vector for _, vector in await sqlite_store.documents.contents(OURS, held.id)} == {None}
    shelf.fails = None
    assert (await library.take_in(page(), OURS)).outcome == "replaced"
    (held,) = await library.held(OURS)
    assert held.embedding == shelf.name
    assert None not in {vector for _, vector in await sqlite_store.documents.contents(OURS, held.id)}


async def test_another_embedding_embeds_anew(library: Library, shelf: FragileShelf) -> None:
    await library.take_in(page(), OURS)
    shelf.name = "another"
    assert (await library.take_in(page(), OURS)).outcome == "replaced"
    (held,) = await library.held(OURS)
    assert held.embedding == "another"


# --- what people write -----------------------------------------------------------------------


async def test_a_note_is_credited_dated_and_led_to_by_its_questions(library: Library, sqlite_store: SqlStore) -> None:
    questions = ("How do we rotate keys?", "key rotation?")
    key = await library.note(OURS, "Keys", "By vaultctl.\n\n\n\nOnce a month.", by=person(), questions=questions)
    (held,) = await library.held(OURS)
    assert (held.kind, held.title, held.credit) == ("note", "Team notes", person())
    assert held.review_at == NOW + NOTE_IS_REVIEWED_AFTER > NOW + timedelta(days=179)
    (section,) = (await sqlite_store.documents.sections([OURS], [key])).values()
    assert (section.heading, section.blocks) == ("Keys", ("By vaultctl.", "Once a month."))
    contents = await sqlite_store.documents.contents(OURS, held.id)
    assert [passage.text for passage, _ in contents if passage.kind == "alias"] == list(questions)
    assert {passage.key for passage, _ in contents} == {key}
    assert all(vector for _, vector in contents)


async def test_two_notes_on_one_topic_stand_beside_each_other(library: Library, sqlite_store: SqlStore) -> None:
    for text in ("By vaultctl.", "Ask Ada."):
        await library.note(OURS, "Keys", text, by=person())
    assert sorted(await texts(sqlite_store)) == ["Ask Ada.", "By vaultctl."]


async def test_aliases_lead_to_sections_of_the_article_and_of_documents_several_to_one(
    library: Library, sqlite_store: SqlStore
) -> None:
    for key, question in (("article:3", "is my job toast"), ("article:3", "am i obsolete"), ("document:d:0", "keys?")):
        await library.alias(OURS, key, "Heading", question)
    parts = await sqlite_store.documents.parts(OURS)
    assert [part.kind for part in parts] == ["alias"] * 3
    found = [(await sqlite_store.documents.contents(OURS, part.id))[0] for part in parts]
    assert all(vector for _, vector in found)
    assert {(one.source, one.key, one.kind, one.text) for one, _ in found} == {
        ("article", "article:3", "alias", "is my job toast"),
        ("article", "article:3", "alias", "am i obsolete"),
        ("documents", "document:d:0", "alias", "keys?"),
    }


async def test_synonyms_are_one_line_in_lower_case_each_word_once(library: Library, sqlite_store: SqlStore) -> None:
    await library.synonyms(OURS, ["K8s", " Kubernetes ", "k8s", "", "kube cluster"])
    (part,) = await sqlite_store.documents.parts(OURS)
    assert (part.kind, part.text, part.passages) == ("synonyms", "k8s, kubernetes, kube cluster", 0)
    for words in ((), ("k8s",), ("k8s", " K8S ")):
        with pytest.raises(InvalidRequest, match="two words or more"):
            await library.synonyms(OURS, words)


async def test_what_is_forgotten_is_gone(library: Library, sqlite_store: SqlStore) -> None:
    await library.take_in(page(), OURS)
    (held,) = await library.held(OURS)
    assert await library.forget("memory:w2", [held.id]) == 0
    assert await library.forget(OURS.workspace, [held.id]) == 1
    assert await texts(sqlite_store) == []
    assert (await library.take_in(page(), OURS)).outcome == "added"
