"""Unanswered questions in chat: who may see them, what an answer does, who hears of it, and what owners may."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import InvalidRequest, NotSent, Rejected
from bot.core.memory import Gap
from bot.core.model import Action, Button, FormSubmitted, Quote, Reply, ThreadRef, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.model import Retrieval, Scope, SectionHit, Source
from tests.stores import NOW, PLATFORM, Wired, buttons, channel, dm, hear, message, person, press, said, submit, wired

ADA, BOB, CY, ROOT = (person(name) for name in ("ADA11111", "BOB22222", "CYY33333", "ROOT4444"))
THREAD = channel("general", "7")
QUESTION = "How do we rotate API keys?"
ANSWER = "Run `vaultctl rotate`.\n\nIt takes a minute."


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


@pytest.fixture
def store(sqlite_store: SqlStore) -> SqlStore:
    return sqlite_store


def gap(name: str, user: UserRef = ADA, where: ThreadRef | None = THREAD, **given: Any) -> Gap:
    values: dict[str, Any] = {"question": QUESTION, "reason": "none", "asked_at": NOW, **given}
    return Gap(id=f"{name:-<36}", user=user, where=where or dm(user), direct=where is None, **values)


async def add(store: SqlStore, *gaps: Gap) -> None:
    for one in gaps:
        await store.gaps.add(one)


async def say(core: Wired, text: str, who: UserRef = ROOT, **given: Any) -> list[Reply]:
    return await hear(core.coach, message(text, who, **{"admin": who == ROOT, **given}))


async def listed(core: Wired) -> dict[str, Button]:
    return buttons(*await say(core, "gaps"))


async def opened(core: Wired, button: Button, who: UserRef = ROOT, **given: Any) -> Reply:
    (reply,) = await hear(core.coach, press(button, who, admin=who == ROOT, **given))
    assert reply.form is not None
    return reply


async def sent(core: Wired, reply: Reply, who: UserRef = ROOT, **values: str) -> list[Reply]:
    assert reply.form is not None
    filled = {field.name: field.value for field in reply.form.fields} | values
    return await hear(core.coach, submit(reply.form.name, filled, who, reply.form.argument, admin=who == ROOT))


async def answered(core: Wired, label: str = "Answer", **values: str) -> list[Reply]:
    form = await opened(core, (await listed(core))[label])
    given: dict[str, Any] = {"topic": "Key rotation", "answer": ANSWER, **values}
    return await sent(core, form, **given)


# --- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["gaps", "owners", "owner keys me", "owner keys none"])
async def test_only_administrators_look_after_questions(core: Wired, store: SqlStore, text: str) -> None:
    await add(store, gap("g1"))
    with pytest.raises(InvalidRequest, match=r"Only an administrator .* Ask one of them"):
        await say(core, text, ADA)
    assert await store.gaps.owners(PLATFORM, "w1") == {}


ACTIONS = ("gaps", "gap_answer", "gap_alias", "gap_synonym", "gap_owner", "gap_dismiss", "name_owner")


@pytest.mark.parametrize("action", ACTIONS)
async def test_nor_do_others_by_an_old_button(core: Wired, store: SqlStore, action: str) -> None:
    await add(store, gap("g1"))
    name = (await store.gaps.open(PLATFORM, "w1"))[0].id
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, press(Button(label="x", action=action, argument=name), ADA))
    if action not in {"gaps", "gap_dismiss"}:
        with pytest.raises(InvalidRequest, match="Only an administrator"):
            await hear(core.coach, submit(action, {"topic": "t", "answer": "a", "words": "a, b"}, ADA, name))
    assert len(await store.gaps.open(PLATFORM, "w1")) == 1


async def test_an_administrator_of_another_workspace_reaches_nothing(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    button = (await listed(core))["Dismiss"]
    elsewhere = ThreadRef(platform=PLATFORM, workspace="w2", channel="general")
    event = press(button, ROOT, elsewhere, admin=True)
    with pytest.raises(InvalidRequest, match="dealt with already"):
        await hear(core.coach, event)
    assert "Nothing waits" in said(*await say(core, "gaps", where=elsewhere))
    assert len(await store.gaps.open(PLATFORM, "w1")) == 1


# --- the list --------------------------------------------------------------------------------


async def test_the_list_tells_how_often_and_why_but_never_who_asked(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"), gap("g2", BOB, None, reason="down"), gap("g3", CY, question="Where is lunch?"))
    (reply,) = await say(core, "gaps")
    text = said(reply)
    assert f"1. {QUESTION}\nAsked 2 times; not stated, 👎." in text
    assert "2. Where is lunch?\nAsked once; not stated." in text
    assert reply.private
    for somebody in (ADA, BOB, CY):
        assert somebody.id not in repr(reply)
    assert list(buttons(reply))[:5] == ["Answer 1", "Same as… 1", "Synonym 1", "Ask its owner 1", "Dismiss 1"]


async def test_a_long_list_comes_in_pages(core: Wired, store: SqlStore) -> None:
    names = "alpha beta gamma delta epsilon zeta eta"
    await add(store, *(gap(f"g{number}", question=f"{name}?") for number, name in enumerate(names.split())))
    (first,) = await say(core, "gaps")
    assert "epsilon" in said(first)
    assert "zeta" not in said(first)
    (second,) = await hear(core.coach, press(buttons(first)["2 more"], ROOT, admin=True))
    assert "6. zeta?" in said(second)
    assert "7. eta?" in said(second)


async def test_what_nobody_asked_needs_no_list(core: Wired) -> None:
    assert said(*await say(core, "Gaps!")) == "Nothing waits for an answer here."


# --- an answer -------------------------------------------------------------------------------


async def test_an_answer_is_saved_credited_dated_and_told_to_each_asker_once(core: Wired, store: SqlStore) -> None:
    await add(
        store,
        gap("g1", ADA),
        gap("g2", ADA, None),
        gap("g3", BOB, None, question="how do we rotate api keys"),
        gap("g4", CY, channel("general")),
        gap("g5", ROOT, None),
    )
    (reply,) = await answered(core)
    assert said(reply).startswith(
        "Saved under “Key rotation”, credited to you, to be reviewed in July 2026. I told 3 who asked."
    )
    assert [(one.to, one.key[:6]) for one in core.adapter.sent] == [(THREAD, "gap:g1"), (BOB, "gap:g3"), (CY, "gap:g4")]
    news = core.adapter.sent[1]
    assert news.text == f"You asked: “how do we rotate api keys” There is an answer now:\n{ANSWER}"
    (quote,) = (block for block in news.reply.blocks if isinstance(block, Quote))
    assert quote.citation.place == "Team notes: Key rotation"
    (note,) = await store.documents.documents(Scope(workspace="memory:w1"))
    assert (note.kind, note.location, note.credit) == ("note", "Key rotation", ROOT)
    assert note.review_at is not None
    assert note.review_at > NOW
    (case,) = await store.gaps.cases("memory:w1")
    assert (case.question, case.section, case.quote) == (QUESTION, "Key rotation", "Run `vaultctl rotate`.")
    assert await store.gaps.open(PLATFORM, "w1") == []


async def test_the_questions_lead_to_the_note_in_their_own_words(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"), gap("g2", question="How do we rotate our API keys?"))
    await answered(core)
    scope = Scope(workspace="memory:w1")
    (note,) = await store.documents.documents(scope)
    held = [passage for passage, _ in await store.documents.contents(scope, note.id)]
    asked = [one for one in held if one.kind == "alias"]
    assert [one.text for one in asked] == [QUESTION, "How do we rotate our API keys?"]
    assert {one.key for one in held} == {asked[0].key}
    shown = await store.documents.sections([scope], [asked[0].key])
    assert shown[asked[0].key].blocks == ("Run `vaultctl rotate`.", "It takes a minute."), "they are never shown"


async def test_an_answer_that_is_not_found_in_those_words_is_said_to_be(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    (reply,) = await answered(core)  # the retriever of this core finds nothing
    assert "I still do not find it" in said(reply)


async def test_an_answer_without_words_is_refused_and_the_question_stays(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    with pytest.raises(InvalidRequest, match="a heading and a text"):
        await answered(core, answer=" \n ")
    assert len(await store.gaps.open(PLATFORM, "w1")) == 1
    assert core.adapter.sent == []


async def test_who_is_out_of_reach_keeps_nothing_from_being_saved(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1", ADA, None), gap("g2", BOB, None), gap("g3", CY, None))
    core.adapter.faults.extend([_fault(Rejected("DMs are closed.")), _fault(NotSent("Try again."))])
    (reply,) = await answered(core)
    assert "I told 2 who asked. 1 of those who asked could not be reached." in said(reply)
    assert [one.to for one in core.adapter.sent] == [BOB, CY]
    assert await store.gaps.open(PLATFORM, "w1") == []


def _fault(error: Exception) -> Any:
    from tests.stores import Fault

    return Fault(error)


async def test_a_question_is_answered_once(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    form = await opened(core, (await listed(core))["Answer"])
    assert form.form is not None
    assert form.form.fields[0].value == QUESTION, "the heading begins as the question, which is found best"
    await sent(core, form, answer=ANSWER)
    with pytest.raises(InvalidRequest, match="dealt with already"):
        await sent(core, form, answer="Another answer.")
    assert len(core.adapter.sent) == 1


# --- a section, synonyms, nothing ------------------------------------------------------------


async def test_the_same_as_a_section_makes_its_wordings_aliases(core: Wired, store: SqlStore) -> None:
    wordings = [f"How do we rotate API keys{' please' * number}?" for number in range(10)]
    await add(store, *(gap(f"g{number}", question=one) for number, one in enumerate(wordings)), gap("h"))
    form = await opened(core, next(button for label, button in (await listed(core)).items() if "Same" in label))
    assert form.form is not None
    (field,) = form.form.fields
    chosen = field.choices[3]
    (reply,) = await sent(core, form, section=chosen.value)
    assert f"Questions like this lead to “{chosen.label}” now." in said(reply)
    held = await store.documents.documents(Scope(workspace="memory:w1"))
    assert [(one.kind, one.location) for one in held] == [("alias", chosen.value)] * 8
    assert {one.title for one in held} == set(wordings[:8])
    (case,) = await store.gaps.cases("memory:w1")
    assert case.section == chosen.label
    assert core.adapter.sent[0].to == THREAD


async def test_a_section_that_is_none_is_refused(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    form = await opened(core, (await listed(core))["Same as…"])
    with pytest.raises(InvalidRequest, match="no section"):
        await sent(core, form, section="article:unknown")


class Knows:
    """A retriever to which the article answers everything from now on."""

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> dict[Source, Retrieval]:
        hit = SectionHit(source="article", key="article:1", section="Databases", score=1.0, blocks=("Know locks.",))
        found = Retrieval(
            hits=(hit,), similarity=1.0, alias_similarity=1.0, coverage=1.0, margin=1.0, leaning=1.0, semantic=True
        )
        return {source: found if source == "article" else Retrieval(hits=()) for source in sources}


async def test_synonyms_deal_with_a_question_only_where_they_answer_it(
    core: Wired, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(store, gap("g1"))
    form = await opened(core, (await listed(core))["Synonym"])
    assert "stays on the list" in said(*await sent(core, form, words="keys, secrets"))
    (line,) = await store.documents.documents(Scope(workspace="memory:w1"))
    assert (line.kind, line.text) == ("synonyms", "keys, secrets")
    assert len(await store.gaps.open(PLATFORM, "w1")) == 1
    monkeypatch.setattr(core.retriever, "retrieve", Knows().retrieve)
    assert "“Databases” answers it" in said(*await sent(core, form, words="rotate, renew"))
    assert core.adapter.sent[0].text.endswith("Know locks.")
    assert [case.quote for case in await store.gaps.cases("memory:w1")] == ["Know locks."]
    assert await store.gaps.open(PLATFORM, "w1") == []


async def test_one_word_is_no_synonym(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    form = await opened(core, (await listed(core))["Synonym"])
    with pytest.raises(InvalidRequest, match="two words"):
        await sent(core, form, words="keys, ")


async def test_dismissing_tells_nobody(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"), gap("g2"))
    (reply,) = await hear(core.coach, press((await listed(core))["Dismiss"], ROOT, admin=True))
    assert said(reply) == f"Off the list: “{QUESTION}”"
    assert core.adapter.sent == []
    assert await store.gaps.cases("memory:w1") == []
    assert "Nothing waits" in said(*await say(core, "gaps"))


# --- owners ----------------------------------------------------------------------------------


async def test_an_owner_is_named_told_and_taken_back(core: Wired, store: SqlStore) -> None:
    assert "No topic has an owner yet" in said(*await say(core, "owners"))
    (reply,) = await say(core, "owner API keys @BOB22222")
    assert "open questions on “API keys” go to BOB22222" in said(reply)
    assert (core.adapter.sent[0].to, core.adapter.sent[0].text[:37]) == (BOB, "You were named the owner of “API keys")
    assert await store.gaps.owners(PLATFORM, "w1") == {"API keys": BOB}
    await say(core, "owner api KEYS CYY33333")
    assert await store.gaps.owners(PLATFORM, "w1") == {"API keys": CY}, "a topic is known in any case"
    assert "API keys CYY33333" in said(*await say(core, "owners"))
    assert "Nobody answers" in said(*await say(core, "owner api keys none"))
    assert await store.gaps.owners(PLATFORM, "w1") == {}


async def test_a_mention_that_names_nobody_says_how_to_find_the_id(core: Wired, store: SqlStore) -> None:
    for text in ("owner keys @ada", "owner keys @Ada Lovelace", "owner keys someone"):
        with pytest.raises(InvalidRequest, match="Copy member ID"):
            await say(core, text)
    with pytest.raises(InvalidRequest, match="a topic and a person"):
        await say(core, "owner keys")
    assert await store.gaps.owners(PLATFORM, "w1") == {}


async def test_an_owner_is_named_by_form_too(core: Wired, store: SqlStore) -> None:
    button = buttons(*await say(core, "owners"))["Name an owner"]
    await sent(core, await opened(core, button), topic="Deploys", person="me")
    assert await store.gaps.owners(PLATFORM, "w1") == {"Deploys": ROOT}
    with pytest.raises(InvalidRequest, match="1 to 80"):
        await sent(core, await opened(core, button), topic=" ", person="me")


async def test_an_owner_out_of_reach_is_named_and_said_to_be(core: Wired) -> None:
    core.adapter.faults.append(_fault(Rejected("DMs are closed.")))
    assert "I could not write to that person" in said(*await say(core, "owner keys BOB22222"))


async def asked(core: Wired, topic: str = "keys", owner: UserRef = BOB) -> Reply:
    """What the owner got."""
    await say(core, f"owner {topic} {owner.id}")
    form = await opened(core, (await listed(core))["Ask its owner"])
    await sent(core, form, topic=topic)
    got = core.adapter.sent[-1]
    assert got.to == owner
    return got.reply


async def test_the_owner_answers_without_being_an_administrator(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1", ADA, None))
    got = await asked(core)
    assert QUESTION in said(got)
    assert ADA.id not in repr(got)
    form = await opened(core, buttons(got)["Answer"], BOB)
    (reply,) = await sent(core, form, BOB, topic="Key rotation", answer=ANSWER)
    assert "Whoever asked knows" in said(reply)
    (note,) = await store.documents.documents(Scope(workspace="memory:w1"))
    assert note.credit == BOB
    assert core.adapter.sent[-1].to == ADA
    with pytest.raises(InvalidRequest, match="dealt with already"):
        await sent(core, form, BOB, topic="Key rotation", answer=ANSWER)


async def test_the_owner_answers_from_a_message_that_belongs_to_no_workspace(core: Wired, store: SqlStore) -> None:
    """As in Discord, whose direct messages know no server."""
    await add(store, gap("g1", ADA))
    event = press(buttons(await asked(core))["Answer"], BOB)
    nowhere = replace(event.where, workspace="")
    (form,) = await hear(core.coach, replace(event, where=nowhere))
    assert form.form is not None
    filled = submit("owner_answer", {"topic": "Keys", "answer": ANSWER}, BOB, form.form.argument)
    await hear(core.coach, replace(filled, where=nowhere))
    assert await store.gaps.open(PLATFORM, "w1") == []
    assert len(await store.documents.documents(Scope(workspace="memory:w1"))) == 1


async def test_only_the_owner_of_that_topic_answers(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    button = buttons(await asked(core))["Answer"]
    form = await opened(core, button, BOB)
    await say(core, f"owner lunch {CY.id}")
    events: list[Action | FormSubmitted] = [press(button, who) for who in (ADA, CY, ROOT)]
    assert form.form is not None
    events.append(submit("owner_answer", {"topic": "x", "answer": "y"}, CY, form.form.argument))
    for event in events:
        with pytest.raises(InvalidRequest, match="Only the owner of that topic"):
            await hear(core.coach, event)
    await say(core, "owner keys none")
    with pytest.raises(InvalidRequest, match="Only the owner of that topic"):
        await sent(core, form, BOB, topic="x", answer="y")
    assert len(await store.gaps.open(PLATFORM, "w1")) == 1


async def test_an_owner_is_asked_once_in_seven_days(core: Wired, store: SqlStore, clock: SimulatedClock) -> None:
    await add(store, gap("g1"))
    await asked(core)
    form = await opened(core, (await listed(core))["Ask its owner"])
    with pytest.raises(InvalidRequest, match="within the last seven days"):
        await sent(core, form, topic="keys")
    await clock.sleep(7 * 86400)
    assert "Sent to the owner" in said(*await sent(core, form, topic="keys"))


async def test_without_an_owner_there_is_nobody_to_ask(core: Wired, store: SqlStore) -> None:
    await add(store, gap("g1"))
    button = (await listed(core))["Ask its owner"]
    with pytest.raises(InvalidRequest, match="Name one first"):
        await hear(core.coach, press(button, ROOT, admin=True))
    with pytest.raises(InvalidRequest, match="has no owner"):
        await hear(core.coach, submit("gap_owner", {"topic": "keys"}, ROOT, button.argument, admin=True))
