"""A contested verdict: who sees it, what a ruling changes, what is learned from it, and who hears of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.answer_text import AnswerText
from bot.core.errors import InvalidRequest, Rejected
from bot.core.exemplars import SAME_FROM, Taught, _Place, exemplar_of, newest, sentence_for, settled, standing
from bot.core.grading import Grader, Task, task_of, totalled
from bot.core.model import Button, Reply, Table, ThreadRef, UserRef
from bot.core.records import PointVerdict
from bot.core.rulings import Exemplar
from bot.core.second_opinion import Grading
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.model import Curriculum, Point
from tests.stores import (
    CURRICULUM,
    PLATFORM,
    Fault,
    Wired,
    buttons,
    hear,
    message,
    person,
    press,
    said,
    submit,
    wired,
)

ADA, BOB, ROOT = person("ada"), person("bob"), person("root")
WORDS = "Every slot of the database is taken"
ELSEWHERE = ThreadRef(platform=PLATFORM, workspace="w2", channel="general")


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


async def answer(core: Wired, words: str, who: UserRef = ADA, where: ThreadRef | None = None) -> Reply:
    argument = buttons(*await hear(core.coach, message("today", who)))["Answer"].argument
    given = {"where": where} if where else {}
    (reply,) = await hear(core.coach, replace(submit("answer", {"answer": words}, who, argument=argument), **given))
    return reply


async def contested(core: Wired, words: str = WORDS, who: UserRef = ADA) -> Reply:
    """The first verdict on the words is a miss, and contested."""
    (reply,) = await hear(core.coach, press(buttons(await answer(core, words, who))["I did say 1"], who))
    return reply


async def corrections(core: Wired, **given: object) -> Reply:
    (reply,) = await hear(core.coach, message("corrections", ROOT, **{"admin": True, **given}))  # type: ignore[arg-type]
    return reply


async def ruled(core: Wired, label: str = "Agree 1") -> Reply:
    button = buttons(await corrections(core))[label]
    (reply,) = await hear(core.coach, press(button, ROOT, admin=True))
    return reply


# --- who may, and what is seen ---------------------------------------------------------------


async def test_a_contested_verdict_is_listed_with_the_learners_sentence_and_never_whose_it_is(core: Wired) -> None:
    told = await contested(core, f"I do not know. {WORDS}. Maybe.", person("quizzy"))
    assert f"“{WORDS}" in said(told)
    assert "administrators here can look at that answer" in said(told)
    assert told.private
    listed = await corrections(core)
    assert f"Said: “{WORDS}" in said(listed)
    assert "The pool is exhausted." in said(listed)
    assert listed.private
    assert "quizzy" not in repr(listed), "an id that no other one holds by chance"


ACTIONS = ("corrections", "correct_hit", "correct_missed", "correct_all", "correct_log")


@pytest.mark.parametrize("action", ACTIONS)
async def test_only_administrators_rule(core: Wired, sqlite_store: SqlStore, action: str) -> None:
    await contested(core)
    (one,) = await sqlite_store.corrections.contested("memory:w1")
    argument = one.answer_id if action == "correct_all" else f"{one.answer_id}:{one.point_id}"
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, press(Button(label="x", action=action, argument=argument), BOB))
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, message("corrections", BOB))
    assert len(await sqlite_store.corrections.contested("memory:w1")) == 1


@pytest.mark.parametrize("label", ["Agree 1", "Decline 1", "Whole answer 1"])
async def test_an_administrator_of_another_workspace_reaches_nothing(core: Wired, label: str) -> None:
    await contested(core)
    button = buttons(await corrections(core))[label]
    with pytest.raises(InvalidRequest, match="dealt with already"):
        await hear(core.coach, press(button, ROOT, ELSEWHERE, admin=True))
    assert "No verdict is contested" in said(await corrections(core, where=ELSEWHERE))


async def test_an_answer_nobody_contested_is_nobodys_business(core: Wired, sqlite_store: SqlStore) -> None:
    await answer(core, WORDS)
    (row,) = (await sqlite_store.privacy.export(ADA))["answer"]
    for action, argument in (("correct_all", row["id"]), ("correct_hit", f"{row['id']}:r1")):
        with pytest.raises(InvalidRequest, match="dealt with already"):
            await hear(core.coach, press(Button(label="x", action=action, argument=argument), ROOT, admin=True))


async def test_many_come_five_at_a_time(core: Wired) -> None:
    for number in range(7):
        await contested(core, who=person(f"p{number}"))
    first = await corrections(core)
    (rest,) = await hear(core.coach, press(buttons(first)["2 more"], ROOT, admin=True))
    assert "Agree 5" in buttons(first)
    assert "Agree 6" not in buttons(first)
    assert [label for label in buttons(rest) if label.startswith("Agree")] == ["Agree 6", "Agree 7"]


# --- rulings ---------------------------------------------------------------------------------


async def test_agreeing_counts_in_the_next_grade_of_that_workspace_alone(core: Wired) -> None:
    await contested(core)
    done = await ruled(core)
    assert "Counted as said. The learner knows." in said(done)
    assert f"“{WORDS}”" in said(done)
    assert "That is the point." in said(await answer(core, f"{WORDS.upper()}!", BOB))
    assert "That is the point." in said(await answer(core, f"Hm. {WORDS}, I think.", BOB))
    assert "That is the point." not in said(await answer(core, WORDS, BOB, ELSEWHERE))
    assert "That is the point." not in said(await answer(core, f"It is not true that {WORDS.lower()}.", BOB))


async def test_agreeing_changes_the_stored_answer_and_declining_does_not(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await contested(core)
    await clock.sleep(1)
    await contested(core, who=BOB)
    await ruled(core)
    assert "It stays as it was judged. The learner knows." in said(await ruled(core, "Decline 1"))
    scores = [(await sqlite_store.privacy.export(who))["answer"][0]["score"] for who in (ADA, BOB)]
    assert scores == [pytest.approx(1.0), 0.0]
    assert "No verdict is contested" in said(await corrections(core))
    assert (
        len(await sqlite_store.corrections.exemplars("memory:w1", "B.X.2"))
        + len(await sqlite_store.corrections.exemplars("memory:w1", "B.X.1"))
        == 1
    ), "a declined one teaches nothing"


async def test_any_verdict_is_overridden_from_the_whole_answer_and_a_hit_becomes_a_near_miss(
    core: Wired, clock: SimulatedClock
) -> None:
    await contested(core, WORDS, BOB)
    shown = buttons(await corrections(core))["Whole answer 1"]
    (opened,) = await hear(core.coach, press(shown, ROOT, admin=True))
    assert WORDS in said(opened)
    assert list(buttons(opened)) == ["1 was said"]
    await hear(core.coach, press(buttons(opened)["1 was said"], ROOT, admin=True))
    (again,) = await hear(core.coach, press(shown, ROOT, admin=True))
    await clock.sleep(1)
    assert list(buttons(again)) == ["1 was not said"]
    (undone,) = await hear(core.coach, press(buttons(again)["1 was not said"], ROOT, admin=True))
    assert "only seeming to" in said(undone)
    assert "I did not see" in said(await answer(core, WORDS, person("cy")))


async def test_a_near_miss_keeps_words_from_counting_that_hold_a_phrase() -> None:
    task = task_of(CURRICULUM.items["B.X.1"])
    text = "The pool exhausted the whole budget"
    exemplar = Exemplar(point_id="r1", hit=False, text=text)
    taught = Taught(Grading(Grader()), _Learned([exemplar]))
    plain = await Grading(Grader()).grade(text, task, "")
    assert plain.points[0].verdict == "hit"
    assert (await _grade(taught, text, task)).points[0].verdict == "missed"


async def test_everything_is_logged_and_the_log_is_for_administrators(core: Wired) -> None:
    await contested(core)
    await ruled(core)
    (log,) = await hear(core.coach, press(buttons(await corrections(core))["What was decided"], ROOT, admin=True))
    (table,) = (block for block in log.blocks if isinstance(block, Table))
    (row,) = table.rows
    assert row[0].startswith("2026-01-05")
    assert row[1].endswith(" r1")
    assert row[2:] == ("not seen → seen", "root")


async def test_two_administrators_at_once_rule_once(core: Wired) -> None:
    await contested(core)
    button = buttons(await corrections(core))["Agree 1"]
    await hear(core.coach, press(button, ROOT, admin=True))
    with pytest.raises(InvalidRequest, match="dealt with already"):
        await hear(core.coach, press(button, BOB, admin=True))


# --- the learner -----------------------------------------------------------------------------


async def test_the_learner_hears_of_it_in_private_and_once(core: Wired) -> None:
    await contested(core)
    await ruled(core)
    (news,) = core.adapter.sent
    assert news.to == ADA
    assert "you did say it" in news.text
    assert "root" not in news.text


async def test_a_learner_who_cannot_be_reached_changes_nothing_else(core: Wired) -> None:
    await contested(core)
    core.adapter.faults.append(Fault(Rejected("DMs are closed.")))
    assert "The learner could not be reached." in said(await ruled(core))
    assert "That is the point." in said(await answer(core, WORDS, BOB))


async def test_contesting_again_after_a_ruling_says_so(core: Wired) -> None:
    button = buttons(await answer(core, WORDS))["I did say 1"]
    await hear(core.coach, press(button, ADA))
    await ruled(core, "Decline 1")
    assert "ruled on that one already" in said(*await hear(core.coach, press(button, ADA)))
    assert "No verdict is contested" in said(await corrections(core))


async def test_forget_me_takes_the_words_back(core: Wired, sqlite_store: SqlStore) -> None:
    await contested(core)
    await ruled(core)
    await hear(core.coach, press(Button(label="Forget me", action="forget_me"), ADA))
    assert "That is the point." not in said(await answer(core, WORDS, BOB))
    assert "No verdict" in said(await corrections(core))


async def test_a_secret_in_an_answer_is_not_learned(core: Wired, sqlite_store: SqlStore) -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    await contested(core, f"Every slot is taken since {key} connects")
    assert key not in said(await ruled(core))
    async with sqlite_store._database.single() as connection:
        rows = (await connection.exec_driver_sql("SELECT exemplar FROM correction")).scalars().all()
    assert rows == ["Every slot is taken since [secret removed] connects"]


async def test_a_point_of_a_question_that_was_retired_is_not_listed(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await contested(core)
    button = buttons(await corrections(core))["Agree 1"]
    later = wired(sqlite_store, clock, curriculum=Curriculum(items={}, leaves=CURRICULUM.leaves))
    assert "No verdict" in said(await corrections(later))
    with pytest.raises(InvalidRequest, match="retired or rewritten"):
        await hear(later.coach, press(button, ROOT, admin=True))


# --- exemplars -------------------------------------------------------------------------------

POINT = Point(id="r1", weight=1.0, claim="The pool is exhausted.", miss="?", hit=("pool exhausted",))
TASK = Task(prompt="What ran out?", points=[POINT])


class _Learned:
    """`Corrections` that teach these, newest first, whatever is asked."""

    def __init__(self, exemplars: Sequence[Exemplar]) -> None:
        self._exemplars = list(exemplars)

    async def exemplars(self, place: str, item_id: str) -> list[Exemplar]:
        return self._exemplars

    def __getattr__(self, name: str) -> object:
        raise NotImplementedError(name)


class _Alike:
    """An `Embedder` by which these pairs (of a sentence and a text) have this cosine, and others none."""

    def __init__(self, cosine: float, *texts: str) -> None:
        self._cosine = cosine
        self._texts = texts

    async def embed(self, text: str) -> bytes | None:
        return None

    def similarity(self, one: str, other: str) -> float:
        return 1.0

    async def similarities(self, sentences: Sequence[str], texts: Sequence[str]) -> list[list[float]]:
        return [[self._cosine if text in self._texts else 0.0 for text in texts] for _ in sentences]


async def _grade(taught: Taught, text: str, task: Task = TASK) -> object:
    return await taught.grade(text, task, item_id="i", place="memory:w1", workspace="memory:w1")


def hit(text: str) -> Exemplar:
    return Exemplar(point_id="r1", hit=True, text=text)


def near(text: str) -> Exemplar:
    return Exemplar(point_id="r1", hit=False, text=text)


@pytest.mark.parametrize(
    ("cosine", "text", "expected"),
    [
        (SAME_FROM, "nobody gets a line to the store", "hit"),
        (SAME_FROM - 0.01, "nobody gets a line to the store", "missed"),
        (SAME_FROM, "clients do wait for a line to the store", "missed"),
        (SAME_FROM, "no store ever reaches the client", "unsure"),
        (SAME_FROM, "no client ever reaches the cache", "unsure"),
        (SAME_FROM, "no client ever reaches the store again", "hit"),
    ],
)
async def test_what_means_the_same_is_judged_the_same(cosine: float, text: str, expected: str) -> None:
    """The third one denies nothing where the exemplar does; the next two may be the reverse of it."""
    learned = hit("no client ever reaches the store")
    taught = Taught(Grading(Grader()), _Learned([learned]), _Alike(cosine, learned.text))  # type: ignore[arg-type]
    assert (await _grade(taught, text)).points[0].verdict == expected  # type: ignore[attr-defined]


async def test_the_later_ruling_on_the_same_words_counts() -> None:
    assert newest([near("All Slots taken"), hit("all slots taken")]) == [near("All Slots taken")]
    for first, second, expected in ((near, hit, "missed"), (hit, near, "hit")):
        taught = Taught(Grading(Grader()), _Learned([first("every slot taken"), second("slot taken by jobs")]))  # type: ignore[arg-type]
        graded = await _grade(taught, "I see every slot taken by jobs")
        assert graded.points[0].verdict == expected  # type: ignore[attr-defined]


async def test_repeating_an_exemplar_is_no_list_of_key_words() -> None:
    words = (
        "Because each request keeps its own line for minutes the pool exhausted itself, so no connection free remained"
        " and callers wait for the pool until one is free again at night"
    )
    points = [replace(POINT, hit=("pool exhausted", "no connection free", "wait for the pool", "one is free"))]
    taught = Taught(Grading(Grader()), _Learned([hit(words)]))  # type: ignore[arg-type]
    assert (await _grade(taught, words, Task(prompt="What ran out?", points=points))).points[0].verdict == "hit"  # type: ignore[attr-defined]


async def test_another_language_is_not_saved_by_an_exemplar() -> None:
    taught = Taught(Grading(Grader()), _Learned([hit("соединения кончились совсем")]))  # type: ignore[arg-type]
    assert (await _grade(taught, "соединения кончились совсем")).score == 0.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Well: every slots, taken!", "every slots, taken"),
        ("every taken slot", None),
        ("It is false that every slot taken is lost", None),
        ("never is every slot taken", None),
        ("", None),
    ],
)
def test_where_words_stand(text: str, found: str | None) -> None:
    span = standing(AnswerText(text, ""), "Every slot taken")
    assert (text[span[0] : span[1]] if span else None) == found


def test_words_of_the_prompt_are_not_the_learners() -> None:
    prompt = "Say why every slot of the pool is taken at noon"
    assert (
        standing(AnswerText("every slot of the pool is taken at noon", prompt), "every slot of the pool is taken")
        is None
    )


def test_a_settled_grade_is_totalled_anew() -> None:
    grade = totalled(TASK, [PointVerdict(point_id="r1", verdict="missed")])
    answer = AnswerText("every slot taken", "")
    assert settled(answer, TASK, grade, {hit("every slot taken"): _Place((0, 16))}).score == 1.0


async def test_the_sentence_that_is_meant() -> None:
    text = "I looked at CPU. The connections of the pool ran dry! Then lunch."
    assert await sentence_for(text, POINT) == "The connections of the pool ran dry"
    assert await sentence_for(text, POINT, "lunch") == "Then lunch"
    assert len(await sentence_for("pool " * 500, POINT)) <= 300
    assert await sentence_for("…", POINT) == "…"


async def test_the_sentence_that_is_meant_by_its_meaning() -> None:
    class Last(_Alike):
        async def similarities(self, sentences: Sequence[str], texts: Sequence[str]) -> list[list[float]]:
            return [[float(number)] for number, _ in enumerate(sentences)]

    text = "The pool. Nobody got a line to the store. No slot was left."
    assert await sentence_for(text, POINT, embedder=Last(0.0)) == "No slot was left"
    assert await sentence_for(text, POINT, "Nobody", embedder=Last(0.0)) == "Nobody got a line to the store"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [("the slots are taken", "the slots are taken"), ("it is that", ""), ("orders", ""), ("slow orders slots", "")],
)
def test_words_that_say_nothing_of_their_own_teach_nothing(sentence: str, expected: str) -> None:
    assert exemplar_of(sentence, "Why are orders slow?") == expected
