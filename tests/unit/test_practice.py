"""Answers that cannot be judged, long ones, and questions that were retired."""

from dataclasses import replace

import pytest

from bot.core.errors import InvalidRequest
from bot.core.grading import LONGEST
from bot.core.model import Reply, Text, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.model import Curriculum, Numeric
from tests.stores import CURRICULUM, Wired, buttons, channel, hear, message, person, press, said, submit, wired

ADA = person("ada")


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


async def answer(core: Wired, words: str, who: UserRef = ADA) -> Reply:
    argument = buttons(*await hear(core.coach, message("today", who)))["Answer"].argument
    (reply,) = await hear(core.coach, submit("answer", {"answer": words}, who, argument=argument))
    return reply


async def answers(store: SqlStore) -> list[str]:
    return [row["text"] for row in (await store.privacy.export(ADA)).get("answer", [])]


def sentences(reply: Reply) -> list[str]:
    return [block.text for block in reply.blocks if isinstance(block, Text)]


# --- one clear sentence ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "was empty"),
        (" \n\t", "was empty"),
        ("\u200b\u2060", "was empty"),
        ("slow", "One word is too little for me to judge"),
        ("Dunno!", "One word is too little for me to judge"),
        ("Пул соединений исчерпан, запросы ждут", "English"),
        ("连接池已经耗尽 请求在等待连接", "English"),
        ("El grupo de conexiones está agotado porque las peticiones esperan por una conexión libre", "English"),
    ],
)
async def test_what_cannot_be_judged_is_one_sentence_and_counts_for_nothing(
    core: Wired, sqlite_store: SqlStore, words: str, sentence: str
) -> None:
    reply = await answer(core, words)
    (only,) = sentences(reply)
    assert sentence in only
    assert await answers(sqlite_store) == []
    assert "That is the point." in said(await answer(core, "The pool is exhausted")), "the part is still open"


async def test_one_word_that_says_it_is_judged(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    plain = CURRICULUM.items["B.X.2"]
    first, second = plain.rubric
    items = {"B.X.2": replace(plain, rubric=(replace(first, pattern=r"connections?"), second))}
    core = wired(sqlite_store, clock, curriculum=Curriculum(items=items, leaves=CURRICULUM.leaves))
    assert "too little" not in said(await answer(core, "Connections."))
    assert await answers(sqlite_store) == ["Connections."]


async def test_a_number_is_no_word(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    plain = CURRICULUM.items["B.X.2"]
    first, second = plain.rubric
    items = {"B.X.2": replace(plain, rubric=(replace(first, hit=(), numeric=Numeric(value=20, unit="ms")), second))}
    core = wired(sqlite_store, clock, curriculum=Curriculum(items=items, leaves=CURRICULUM.leaves))
    assert "too little" not in said(await answer(core, "90ms"))
    assert await answers(sqlite_store) == ["90ms"]


async def test_a_message_without_text_where_an_answer_is_expected(core: Wired, sqlite_store: SqlStore) -> None:
    thread = channel(thread="77")
    await hear(core.coach, message("today", ADA, thread))
    for where in (thread, None):
        (reply,) = await hear(core.coach, message("", ADA, where))
        (only,) = sentences(reply)
        assert "I can only read text" in only
        assert {"Answer", "Hint", "Reveal"} == set(buttons(reply))
    assert await answers(sqlite_store) == []
    (elsewhere,) = await hear(core.coach, message("", ADA, channel(thread="78")))
    assert "Ask me something" in said(elsewhere)


async def test_ten_thousand_characters_are_read_in_part_kept_in_part_and_it_says_so(
    core: Wired, sqlite_store: SqlStore
) -> None:
    words = "The pool is exhausted because of a job that nobody stopped. " + "It went on and on. " * 600
    words = words[:10_000]
    shown = said(await answer(core, words))
    assert "I read the first 4,000 of 10,000 characters." in shown
    assert "That is the point." in shown
    assert await answers(sqlite_store) == [words[:LONGEST]]


async def test_what_stands_behind_the_limit_is_not_seen(core: Wired) -> None:
    late = "We looked at each graph in turn. " * 130 + "The pool is exhausted."
    assert "That is the point." not in said(await answer(core, late))


# --- retired ---------------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["Answer", "Hint", "Reveal"])
async def test_a_retired_question_says_so_and_its_history_stays(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock, label: str
) -> None:
    prompt = buttons(*await hear(core.coach, message("today", ADA)))
    await hear(
        core.coach, submit("answer", {"answer": "The pool is exhausted"}, ADA, argument=prompt["Answer"].argument)
    )
    asked = (await sqlite_store.privacy.export(ADA))["delivery"][0]["item_id"]
    others = {name: item for name, item in CURRICULUM.items.items() if name != asked}
    later = wired(sqlite_store, clock, curriculum=Curriculum(items=others, leaves=CURRICULUM.leaves))
    with pytest.raises(InvalidRequest, match="was retired; what you answered to it stays"):
        await hear(later.coach, press(prompt[label], ADA))
    with pytest.raises(InvalidRequest, match="was retired"):
        await hear(later.coach, submit("answer", {"answer": "More"}, ADA, argument=prompt["Answer"].argument))
    assert await answers(sqlite_store) == ["The pool is exhausted"]
    assert (await sqlite_store.privacy.export(ADA))["delivery"][0]["item_id"] == asked


async def test_todays_prompt_when_it_was_retired(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    await hear(core.coach, message("today", ADA))
    asked = (await sqlite_store.privacy.export(ADA))["delivery"][0]["item_id"]
    others = {name: item for name, item in CURRICULUM.items.items() if name != asked}
    later = wired(sqlite_store, clock, curriculum=Curriculum(items=others, leaves=CURRICULUM.leaves))
    with pytest.raises(InvalidRequest, match=r"retired. A new one comes tomorrow"):
        await hear(later.coach, message("today", ADA))
    await clock.sleep(24 * 3600)
    assert "Prompt" in said(*await hear(later.coach, message("today", ADA)))
