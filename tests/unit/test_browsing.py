"""A prompt on what somebody names, and what is no such wish."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.core.browsing import Wish, wish_of
from bot.core.model import Button, Reply, UserRef
from bot.core.rulings import DisputeStep
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Leaf, Retrieval, Scope, SectionHit, Source
from tests.stores import CURRICULUM, NOW, Wired, buttons, channel, hear, message, person, press, said, submit, wired

ADA, BOB = person("ada"), person("bob")
_SHIPPED = load_curriculum()

TITLES = {
    "B.DB.LOCK": "Locking",
    "B.DB.INDEX": "Indexing",
    "S.DEC.CACHE": "Do I need caching?",
    "D.SYS.RATE": "Rate limiters",
}


def _curriculum() -> Curriculum:
    plain = next(iter(CURRICULUM.items.values()))
    items = {}
    for leaf in TITLES:
        for number in (1, 2):
            name = f"{leaf}-00{number}"
            items[name] = replace(
                plain,
                id=name,
                category=leaf[0],
                nodes=(leaf,),
                level=number,
                prompt=f"Prompt {name}",
                answer=f"{name}.",
            )
    items["B.DB.LOCK-002"] = replace(items["B.DB.LOCK-002"], answer="A deadlock ends by a victim.")
    leaves = {name: Leaf(id=name, title=title, quota=2) for name, title in TITLES.items()}
    return Curriculum(items=items, leaves=leaves)


BROWSED = _curriculum()


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock, curriculum=BROWSED)


async def told(core: Wired, text: str, who: UserRef = ADA, **given: Any) -> Reply:
    (reply,) = await hear(core.coach, message(text, who, **given))
    return reply


# --- what is a wish --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("give me one on locking", "locking"),
        ("Give me another question about rate limiters, please.", "rate limiters"),
        ("please give me something on “locking”", "locking"),
        ("can you give me one on locking?", "locking"),
        ("Could I have an exercise about message queues please?", "message queues"),
        ("I want a practice question on indexes", "indexes"),
        ("something about caching please", "caching"),
        ("items on B.DB.LOCK", "B.DB.LOCK"),
        ("one on locking!", "locking"),
        ("practise indexes", "indexes"),
        ("Practice query plans now", "query plans"),
        ("let's practise locking", "locking"),
        ("quiz me on B.DB", "B.DB"),
    ],
)
def test_a_wish_and_its_subject(text: str, subject: str) -> None:
    wish = wish_of(text)
    assert wish is not None
    assert wish.subject == subject


@pytest.mark.parametrize(
    "text",
    [
        "what is locking?",
        "what is locking",
        "tell me something about caching",
        "something about caching?",
        "is there one on locking?",
        "give me the article's words on caching",
        "why do I need one on each node?",
        "anything about caching in the article?",
        "practise",
        "practice",
        "today",
        "give me one",
        "give me one on",
        "I practise restores every month and then check the checksums of it",
        "practise failover quarterly and write down what broke each time",
        "give me one on locking. Then explain the rest to me",
        "give me one on " + "x" * 61,
        "",
    ],
)
def test_what_is_no_wish(text: str) -> None:
    assert wish_of(text) is None


@pytest.mark.parametrize(("text", "sure"), [("give me one on x", True), ("items on x", True), ("practise x", False)])
def test_what_may_be_something_else(text: str, sure: bool) -> None:
    assert wish_of(text) == Wish(subject="x", sure=sure)


# --- what is found ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("items on B.DB.LOCK", "B.DB.LOCK-001"),
        ("items on b.db.lock", "B.DB.LOCK-001"),
        ("give me one on B.DB.LOCK-002", "B.DB.LOCK-002"),
        ("give me one on S.DEC", "S.DEC.CACHE-001"),
        ("give me one on locking", "B.DB.LOCK-001"),
        ("practise indexes", "B.DB.INDEX-001"),
        ("something about caching please", "S.DEC.CACHE-001"),
        ("give me one on deadlocks", "B.DB.LOCK-002"),
    ],
)
async def test_by_node_by_title_and_by_words(core: Wired, text: str, found: str) -> None:
    reply = await told(core, text)
    assert f"Prompt {found}" in said(reply)
    assert {"Answer", "Hint", "Reveal"} <= set(buttons(reply))


async def test_it_is_a_prompt_like_any_other_and_changes_no_share(core: Wired, sqlite_store: SqlStore) -> None:
    argument = buttons(await told(core, "practise indexes"))["Answer"].argument
    (reply,) = await hear(core.coach, submit("answer", {"answer": "The pool is exhausted"}, ADA, argument=argument))
    assert "That is the point." in said(reply)
    subscription = await sqlite_store.subscriptions.find(ADA)
    assert subscription is not None
    assert (await sqlite_store.outbox.stream(subscription.id)).count == 0


async def test_what_somebody_had_within_a_week_does_not_come_again(core: Wired, clock: SimulatedClock) -> None:
    assert "B.DB.LOCK-001" in said(await told(core, "give me one on locking"))
    assert "B.DB.LOCK-002" in said(await told(core, "give me one on locking"))
    nothing = said(await told(core, "give me one on locking"))
    assert "You had what I have on “locking” within the last 7 days" in nothing
    assert "B.DB.LOCK-001" in said(await told(core, "give me one on locking", BOB))
    await clock.sleep(8 * 24 * 3600)
    assert "B.DB.LOCK-001" in said(await told(core, "give me one on locking"))


async def test_a_paused_one_is_never_given(core: Wired, sqlite_store: SqlStore) -> None:
    step = DisputeStep(id="1", item_id="B.DB.LOCK-001", step="disputed", user=BOB, at=NOW)
    await sqlite_store.disputes.dispute("memory:w1", step)
    assert "B.DB.LOCK-002" in said(await told(core, "give me one on locking"))
    assert "it is paused here" in said(await told(core, "give me one on B.DB.LOCK-001"))
    eve = person("eve", workspace="w2")
    assert "B.DB.LOCK-001" in said(await told(core, "give me one on locking", eve))


class _Near:
    """A `Retriever` that finds these items in the curriculum with this similarity."""

    def __init__(self, similarity: float, *items: str, semantic: bool = True) -> None:
        self._found = Retrieval(
            hits=tuple(
                SectionHit(source="curriculum", key=f"curriculum:{name}", section="", score=1.0, blocks=())
                for name in items
            ),
            similarity=similarity,
            semantic=semantic,
        )

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        return dict.fromkeys(sources, self._found)


async def test_by_meaning_the_nearest_that_may_be_given(core: Wired) -> None:
    core.coach._browsing._retriever = _Near(0.5, "D.SYS.RATE-002", "gone", "D.SYS.RATE-001")
    assert "Prompt D.SYS.RATE-002" in said(await told(core, "give me one on throttling"))
    assert "Prompt D.SYS.RATE-001" in said(await told(core, "give me one on throttling"))


@pytest.mark.parametrize(
    "near", [_Near(0.3, "D.SYS.RATE-002"), _Near(0.9, "D.SYS.RATE-002", semantic=False), _Near(0.0)]
)
async def test_with_nothing_near_it_says_so_and_names_the_nearest_nodes(core: Wired, near: _Near) -> None:
    core.coach._browsing._retriever = near
    shown = said(await told(core, "give me one on lockin systems"))
    assert "I have no prompt on “lockin systems”. Nearest: “Locking”, " in shown
    assert sum(title in shown for title in TITLES.values()) == 3


async def test_the_nearest_by_meaning_where_nothing_is_spelled_alike(core: Wired) -> None:
    core.coach._browsing._retriever = _Near(0.3, "S.DEC.CACHE-001", "S.DEC.CACHE-002", "D.SYS.RATE-002")
    shown = said(await told(core, "give me one on zebras"))
    assert "Nearest: “Do I need caching?”, “Rate limiters”, “" in shown


async def test_a_node_that_does_not_exist_names_the_nearest(core: Wired) -> None:
    assert "no prompt on “B.DB.LOOK”. Nearest: “Locking”, “" in said(await told(core, "items on B.DB.LOOK"))


# --- what is not taken from others -----------------------------------------------------------


async def test_a_question_stays_a_question(core: Wired) -> None:
    await told(core, "what is locking?")
    await told(core, "questions about parental leave")
    assert core.retriever.asked[0] == "what is locking?"
    assert core.retriever.asked[-1] == "questions about parental leave"


async def test_an_answer_in_a_prompts_thread_stays_an_answer(core: Wired, clock: SimulatedClock) -> None:
    thread = channel(thread="77")
    await hear(core.coach, message("today", ADA, thread))
    assert "I see" in said(await told(core, "practise deadlocks", where=thread)), "found, but no title"
    assert "Prompt B.DB.INDEX" in said(await told(core, "practise indexes", where=thread))


async def test_a_wish_is_a_command_so_it_is_no_answer_to_the_first_incident(core: Wired) -> None:
    assert core.coach.is_command("give me one on locking")
    assert core.coach.is_command("practise indexes")
    assert not core.coach.is_command("practise the failover")
    assert not core.coach.is_command("kill the job")


async def test_the_button_under_an_answer_gives_the_item_it_names(core: Wired) -> None:
    (reply,) = await hear(core.coach, press(Button(label="x", action="practise", argument="D.SYS.RATE-001"), ADA))
    assert "Prompt D.SYS.RATE-001" in said(reply)


# --- the shipped curriculum ------------------------------------------------------------------


@pytest.mark.parametrize("leaf", [one for one in _SHIPPED.leaves.values() if one.quota], ids=lambda one: one.id)
async def test_every_leaf_is_found_by_its_id_and_by_its_title(
    sqlite_store: SqlStore, clock: SimulatedClock, leaf: Leaf
) -> None:
    browsing = wired(sqlite_store, clock, curriculum=_SHIPPED).coach._browsing
    for subject in (leaf.id, leaf.title):
        found = await browsing._found(message("x"), subject)
        assert leaf.id in {item.leaf for item in found.items}
