"""Questions in chat: the buttons under an answer, what is remembered, what becomes of a thumb down, what a model adds."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.core.answering import Answering
from bot.core.documents import StoredDocument
from bot.core.memory import TURNS
from bot.core.model import Quote, Reply, Text, ThreadRef, UserRef
from bot.core.questions import Questions
from bot.core.writing import Writing
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.loader import load_article
from knowledge.model import Passage, Retrieval, Scope, SectionHit, Sentence, Source, TokensUsed, WriterFailed
from knowledge.ports import Writer
from tests.stores import CURRICULUM, NOW, Wired, buttons, channel, dm, hear, message, person, press, said, wired
from tests.unit.test_answering import Scripted, found, hit

ADA, BOB = person("ada"), person("bob")
THREAD = channel(thread="7")
QUESTION = "does depth matter more nowadays"
FOLLOW_UP = "and why not?"
SURE = {"article": found("article", 0.9, hit("article", 3, "Depth matters more."))}
UNSURE = {"article": found("article", 0.3)}
BLOCKS = ("Retries need idempotent handlers.", "A queue decouples the producer from the consumer.")


def scripted(core: Wired, given: Mapping[Source, Retrieval]) -> Scripted:
    """Let the coach find this."""
    retriever = Scripted(given)
    core.retriever.retrieve = retriever.retrieve  # type: ignore[method-assign]
    return retriever


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    made = wired(sqlite_store, clock)
    scripted(made, SURE)  # type: ignore[arg-type]
    return made


async def told(core: Wired, text: str = QUESTION, who: UserRef = ADA, **given: Any) -> Reply:
    (reply,) = await hear(core.coach, message(text, who, **given))
    return reply


async def stored(store: SqlStore, table: str, who: UserRef = ADA) -> list[dict[str, Any]]:
    return (await store.privacy.export(who)).get(table, [])


# --- buttons ---------------------------------------------------------------------------------


async def test_an_answer_is_one_quote_with_its_buttons(core: Wired) -> None:
    reply = await told(core)
    (quote,) = [block for block in reply.blocks if isinstance(block, Quote)]
    assert quote.text == "Depth matters more."
    assert list(buttons(reply)) == ["Show section", "👍", "👎"]
    assert not reply.private


async def test_what_comes_near_has_no_thumbs_and_nothing_to_practise(core: Wired) -> None:
    scripted(core, UNSURE)  # type: ignore[arg-type]
    assert list(buttons(await told(core))) == ["Show section"]
    scripted(core, {})
    reply = await told(core)
    assert buttons(reply) == {}
    assert "You could ask:" in said(reply)


async def test_show_section_shows_the_whole_of_it_to_the_one_who_pressed(core: Wired) -> None:
    (shown,) = await hear(core.coach, press(buttons(await told(core))["Show section"], BOB, THREAD))
    section = load_article().sections[3]
    assert shown.private
    assert said(shown) == "\n".join([section.heading, "\n\n".join(section.blocks)])


async def document(store: SqlStore, scope: Scope, *blocks: str, heading: str = "Deploys") -> str:
    """A stored document of one section; the section's key."""
    draft = StoredDocument(
        scope=scope, kind="url", location="https://wiki/1", title="Runbook", content_hash="h", added_at=NOW
    )
    name = await store.documents.begin(draft, media_type="text/html")
    key = f"document:{name}:0"
    passages = [Passage(id="", source="documents", key=key, section=heading, text=block) for block in blocks]
    await store.documents.fill(name, passages, [None] * len(passages))
    await store.documents.publish(name)
    return key


def of_document(key: str, *blocks: str) -> dict[Source, Retrieval]:
    one = SectionHit(source="documents", key=key, section="Deploys", score=1.0, blocks=blocks, title="Runbook")
    return {"documents": found("documents", 0.9, one)}


async def test_a_section_of_a_document_is_shown_where_it_may_be_seen(core: Wired, sqlite_store: SqlStore) -> None:
    here = Scope(workspace="memory:w1", channel="general")
    blocks = ("Roll back first.", "x" * 2000, "y" * 2000)
    key = await document(sqlite_store, here, *blocks)
    scripted(core, of_document(key, *blocks))
    button = buttons(await told(core, where=THREAD))["Show section"]
    (shown,) = await hear(core.coach, press(button, ADA, THREAD))
    quotes = [block for block in shown.blocks if isinstance(block, Quote)]
    assert "\n\n".join(quote.text for quote in quotes) == "\n\n".join(blocks)
    assert all(len(quote.text) <= 2900 for quote in quotes), "each fits a message of the platforms"
    assert {(quote.citation.document, quote.citation.url) for quote in quotes} == {("Runbook", "https://wiki/1")}
    for elsewhere in (channel("random"), dm(ADA), replace(THREAD, workspace="w2")):
        (hidden,) = await hear(core.coach, press(button, ADA, elsewhere, direct=elsewhere == dm(ADA)))
        assert "no longer there" in said(hidden)
        assert "Roll back" not in said(hidden)


def notes(*numbers: int) -> dict[Source, Retrieval]:
    hits = [hit("curriculum", number) for number in numbers]
    named = [replace(one, key=f"curriculum:B.X.{number}") for one, number in zip(hits, numbers, strict=True)]
    return {"curriculum": found("curriculum", 0.9, *named)}


async def test_practise_this_gives_a_prompt_beside_the_daily_ones(core: Wired, sqlite_store: SqlStore) -> None:
    daily = said(*await hear(core.coach, message("today", ADA)))
    subscription = await sqlite_store.subscriptions.find(ADA)
    assert subscription is not None
    before = await sqlite_store.outbox.stream(subscription.id)
    number = next(number for number in (1, 2, 3) if f"B.X.{number}" not in daily)
    scripted(core, notes(number))
    reply = await told(core)
    assert "From the practice notes" in said(reply)
    assert "Show section" not in buttons(reply), "an explanation has no section"
    pressed = press(buttons(reply)["Practise this"], ADA)
    (prompt,) = await hear(core.coach, pressed)
    assert f"Prompt B.X.{number}" in said(prompt)
    assert await hear(core.coach, pressed) == [prompt], "a redelivered press is the same prompt"
    after = await sqlite_store.outbox.stream(subscription.id)
    assert (after.count, after.credits) == (before.count, before.credits)
    assert said(*await hear(core.coach, message("today", ADA))) == daily
    (opened,) = await hear(core.coach, press(buttons(prompt)["Answer"], ADA))
    assert opened.form is not None


async def test_an_article_section_leads_to_the_easiest_item_on_it(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    named = load_article().sections[3].heading
    items = {
        name: replace(item, article_anchor=named if name in {"S.X.1", "S.X.2"} else None)
        for name, item in CURRICULUM.items.items()
    }
    core = wired(sqlite_store, clock, curriculum=replace(CURRICULUM, items=items))
    scripted(core, SURE)  # type: ignore[arg-type]
    assert buttons(await told(core))["Practise this"].argument == "S.X.2", "of level 1; S.X.1 is of level 2"
    scripted(core, {"article": found("article", 0.9, hit("article", 5))})
    assert "Practise this" not in buttons(await told(core))


async def test_what_is_to_be_practised_is_not_explained_for_a_week(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    scripted(core, notes(1))
    await hear(core.coach, press(buttons(await told(core))["Practise this"], ADA))
    assert "Practise this" not in buttons(await told(core)), "it would give the answer away"
    assert "Practise this" in buttons(await told(core, who=BOB))
    await clock.sleep(8 * 86_400)
    assert "Practise this" in buttons(await told(core))


async def test_a_thumb_is_stored_and_a_later_one_takes_its_place(core: Wired, sqlite_store: SqlStore) -> None:
    given = buttons(await told(core, where=THREAD))
    await hear(core.coach, press(given["👍"], BOB, THREAD))
    (feedback,) = await stored(sqlite_store, "feedback", BOB)
    assert (feedback["good"], feedback["section_key"]) == (True, "article:3")
    assert await sqlite_store.gaps.open("memory", "w1") == []
    (reply,) = await hear(core.coach, press(given["👎"], BOB, THREAD))
    assert reply.private
    assert [row["good"] for row in await stored(sqlite_store, "feedback", BOB)] == [False]


async def test_a_thumb_down_puts_the_question_on_the_list_once_as_the_askers(
    core: Wired, sqlite_store: SqlStore
) -> None:
    down = buttons(await told(core, where=THREAD))["👎"]
    for who in (BOB, ADA, BOB):
        await hear(core.coach, press(down, who, THREAD))
    (gap,) = await sqlite_store.gaps.open("memory", "w1")
    assert (gap.question, gap.reason, gap.user, gap.where, gap.direct) == (QUESTION, "down", ADA, THREAD, False)


async def test_an_answer_that_is_forgotten_cannot_be_rated(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    down = buttons(await told(core))["👎"]
    await clock.sleep(7 * 86_400 + 1)
    assert "no longer remember" in said(*await hear(core.coach, press(down, ADA)))
    assert await stored(sqlite_store, "feedback") == []
    assert await sqlite_store.gaps.open("memory", "w1") == []


# --- questions without an answer -------------------------------------------------------------


@pytest.mark.parametrize(("given", "reason"), [({}, "none"), (UNSURE, "near")])
async def test_what_is_not_answered_is_noted(core: Wired, sqlite_store: SqlStore, given: Any, reason: str) -> None:
    scripted(core, given)
    event = message(QUESTION, ADA)
    await hear(core.coach, event)
    await hear(core.coach, event)
    (gap,) = await sqlite_store.gaps.open("memory", "w1")
    assert (gap.question, gap.reason, gap.direct, gap.asked_at) == (QUESTION, reason, True, NOW)


async def test_what_is_answered_is_not_noted(core: Wired, sqlite_store: SqlStore) -> None:
    await told(core)
    assert await sqlite_store.gaps.open("memory", "w1") == []


class Embedded:
    """An `Embedder` of one vector."""

    vector = np.eye(1, 384, 3, dtype=np.float32).tobytes()

    async def embed(self, text: str) -> bytes | None:
        return self.vector

    def similarity(self, one: str, other: str) -> float:
        return 1.0


async def test_a_gap_has_the_vector_of_its_question(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    questions = asking(sqlite_store, clock, Scripted({}), embedder=Embedded())
    assert [reply async for reply in questions.replies(message(QUESTION, ADA))]
    (gap,) = await sqlite_store.gaps.open("memory", "w1")
    assert gap.vector == Embedded.vector


async def test_a_secret_in_a_question_is_stored_nowhere(core: Wired, sqlite_store: SqlStore) -> None:
    for given in (SURE, {}):
        scripted(core, given)  # type: ignore[arg-type]
        await told(core, "why is redis://:hunter2hunter2@cache refused, password: hunter2hunter2?")
    everything = str(await sqlite_store.privacy.export(ADA))
    assert "refused" in everything
    assert "hunter2" not in everything


# --- memory ----------------------------------------------------------------------------------


async def leaned(core: Wired, **given: Any) -> bool:
    """Whether a follow-up was searched for together with the question before it."""
    retriever = scripted(core, UNSURE)  # type: ignore[arg-type]
    await told(core, FOLLOW_UP, **given)
    return f"{QUESTION} {FOLLOW_UP}" in retriever.asked


async def test_a_follow_up_knows_the_question_before_it_in_its_thread_whoever_asks(core: Wired) -> None:
    await told(core, where=THREAD)
    assert await leaned(core, who=BOB, where=THREAD)


@pytest.mark.parametrize(
    "elsewhere",
    [channel(thread="8"), channel("random", "7"), channel(), replace(THREAD, workspace="w2"), None],
    ids=["thread", "channel", "top level", "workspace", "direct"],
)
async def test_nothing_is_remembered_across_places(core: Wired, elsewhere: ThreadRef | None) -> None:
    await told(core, where=THREAD)
    assert not await leaned(core, where=elsewhere)


@pytest.mark.parametrize(
    ("where", "seconds", "remembered"),
    [
        (THREAD, 7 * 86_400 - 1, True),
        (THREAD, 7 * 86_400, False),
        (None, 30 * 60 - 1, True),
        (None, 30 * 60, False),
        (channel(), 30 * 60 - 1, True),
        (channel(), 30 * 60, False),
    ],
)
async def test_how_long_is_remembered(
    core: Wired, clock: SimulatedClock, where: ThreadRef | None, seconds: int, remembered: bool
) -> None:
    await told(core, where=where)
    await clock.sleep(seconds)
    assert await leaned(core, where=where) is remembered


async def test_six_turns_of_a_thread_are_kept(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    for number in range(TURNS + 3):
        await told(core, f"does depth matter in case {number}", where=THREAD)
        await clock.sleep(1)
    kept = await sqlite_store.conversations.earlier(THREAD)
    assert [turn.question[-1] for turn in kept] == ["3", "4", "5", "6", "7", "8"]
    assert {(turn.section_key, turn.band) for turn in kept} == {("article:3", "answer")}


async def test_a_question_without_an_answer_is_remembered_without_a_section(
    core: Wired, sqlite_store: SqlStore
) -> None:
    scripted(core, {"article": replace(UNSURE["article"], leaning=-100)})
    await told(core, where=THREAD)
    (turn,) = await sqlite_store.conversations.earlier(THREAD)
    assert (turn.band, turn.section_key) == ("none", "")


async def test_a_redelivered_question_is_one_turn(core: Wired, sqlite_store: SqlStore) -> None:
    event = message(QUESTION, ADA, THREAD)
    assert await hear(core.coach, event) == await hear(core.coach, event)
    assert len(await sqlite_store.conversations.earlier(THREAD)) == 1


# --- what a model writes ---------------------------------------------------------------------


class Model:
    """A `Writer` that writes what it is given, raising the errors among it; `asked` lists its calls."""

    name = "fake"

    def __init__(self, *pieces: Sentence | TokensUsed | Exception) -> None:
        self.pieces = pieces
        self.asked: list[tuple[str, Sequence[str], Sequence[str]]] = []

    async def write(
        self, question: str, quotes: Sequence[str], *, earlier: Sequence[str] = ()
    ) -> AsyncIterator[Sentence | TokensUsed]:
        self.asked.append((question, quotes, earlier))
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


_: type[Writer] = Model
GOOD, ALSO = Sentence(text=BLOCKS[0], quote_ids=(1,)), Sentence(text=BLOCKS[1], quote_ids=(2,))
INVENTED = Sentence(text="Kafka is always the right choice.", quote_ids=(1,))
WRONG_QUOTE = Sentence(text=BLOCKS[1], quote_ids=(1,))
USED = TokensUsed(asked=700, written=50)
WORKSPACE = "memory:w1"


def asking(
    store: SqlStore,
    clock: SimulatedClock,
    retriever: Scripted,
    *,
    model: Model | None = None,
    budget: int = 10_000,
    embedder: Embedded | None = None,
) -> Questions:
    article = load_article()
    writing = Writing(model, store.spending, clock, budget=budget) if model else None
    return Questions(
        Answering(retriever, article), article, CURRICULUM, store, clock, writing=writing, embedder=embedder
    )


async def written(
    store: SqlStore, clock: SimulatedClock, model: Model, *, budget: int = 10_000, given: Any = None, **where: Any
) -> list[Reply]:
    answer = {"article": found("article", 0.9, hit("article", 3, *BLOCKS))}
    questions = asking(store, clock, Scripted(answer if given is None else given), model=model, budget=budget)
    return [reply async for reply in questions.replies(message(QUESTION, ADA, **where))]


def own(reply: Reply) -> str:
    """What the coach says itself, above the quotes."""
    return " ".join(block.text for block in reply.blocks if isinstance(block, Text))


async def test_checked_sentences_come_one_by_one_and_stand_above_the_quotes(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    replies = await written(sqlite_store, clock, Model(GOOD, INVENTED, ALSO, WRONG_QUOTE, USED), where=THREAD)
    assert [(own(reply), reply.partial) for reply in replies] == [
        (BLOCKS[0], True),
        (" ".join(BLOCKS), True),
        (" ".join(BLOCKS), False),
    ]
    *states, last = replies
    assert not any(isinstance(block, Quote) for reply in states for block in reply.blocks)
    assert [block.text for block in last.blocks if isinstance(block, Quote)] == ["\n\n".join(BLOCKS)]
    assert isinstance(last.blocks[0], Text)
    assert "👍" in buttons(last)
    assert await sqlite_store.spending.spent(WORKSPACE, NOW.date()) == 750


async def test_of_a_model_that_invents_nothing_is_shown_but_what_it_cost_is_counted(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    (reply,) = await written(sqlite_store, clock, Model(INVENTED, WRONG_QUOTE, USED), where=THREAD)
    assert (own(reply), reply.partial) == ("", False)
    assert "\n\n".join(BLOCKS) in said(reply)
    assert await sqlite_store.spending.spent(WORKSPACE, NOW.date()) == 750


async def test_a_model_that_fails_midway_leaves_its_checked_sentences_and_the_quotes(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    replies = await written(sqlite_store, clock, Model(GOOD, USED, WriterFailed("too slow")), where=THREAD)
    assert own(replies[-1]) == BLOCKS[0]
    assert "\n\n".join(BLOCKS) in said(replies[-1])
    assert await sqlite_store.spending.spent(WORKSPACE, NOW.date()) == 750


async def test_a_model_that_fails_at_once_leaves_the_quotes(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    (reply,) = await written(sqlite_store, clock, Model(WriterFailed("refused")))
    assert own(reply) == ""
    assert "👍" in buttons(reply)


async def test_a_budget_that_is_used_up_asks_no_model_until_the_next_day(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await sqlite_store.spending.spend(WORKSPACE, NOW.date(), TokensUsed(asked=8000, written=1))
    model = Model(GOOD, USED)
    (reply,) = await written(sqlite_store, clock, model, where=THREAD)
    assert (model.asked, own(reply)) == ([], "")
    elsewhere = replace(THREAD, workspace="w2")
    assert len(await written(sqlite_store, clock, model, where=elsewhere)) == 2, "each workspace has its own"
    await clock.sleep(86_400)
    assert len(await written(sqlite_store, clock, model, where=THREAD)) == 2


@pytest.mark.parametrize("given", [{}, UNSURE], ids=["none", "near"])
async def test_a_model_is_asked_only_where_there_is_an_answer(
    sqlite_store: SqlStore, clock: SimulatedClock, given: Any
) -> None:
    model = Model(GOOD, USED)
    (reply,) = await written(sqlite_store, clock, model, given=given)
    assert model.asked == []
    assert not reply.partial


async def test_a_model_sees_no_secret_and_the_two_questions_before(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    leak = {"article": found("article", 0.9, hit("article", 3, "Use password: hunter2hunter2 there."))}
    model = Model(USED)
    for number in range(3):
        await written(sqlite_store, clock, model, given=leak, where=THREAD)
        await clock.sleep(number + 1)
    question, quotes, earlier = model.asked[-1]
    assert "hunter2" not in str(model.asked)
    assert quotes == ["Use [secret removed] there."]
    assert (question, list(earlier)) == (QUESTION, [QUESTION, QUESTION])


async def test_the_answer_is_remembered_as_the_quotes_section_whatever_the_model_wrote(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await written(sqlite_store, clock, Model(GOOD, USED), where=THREAD)
    (turn,) = await sqlite_store.conversations.earlier(THREAD)
    assert (turn.question, turn.section_key) == (QUESTION, "article:3")
    assert turn.asked_at - NOW < timedelta(seconds=1)
