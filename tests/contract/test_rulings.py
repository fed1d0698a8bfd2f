"""What people rule on both databases: verdicts and their exemplars, disputed questions; each kept to its workspace."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot.core import rulings
from bot.core.model import UserRef
from bot.core.records import Grade, PointVerdict
from bot.core.rulings import EXEMPLARS, DisputeStep, Exemplar, Ruling
from bot.store.corrections import SqlCorrections
from bot.store.disputes import SqlDisputes
from bot.store.engine import database_url, prepare
from bot.store.store import SqlStore
from tests.architecture.test_seam import assert_keeps
from tests.conftest import ROOT as FOLDER
from tests.conftest import Place
from tests.stores import NOW, person

HERE, ELSEWHERE, ALONE = "memory:w1", "memory:w2", "memory:"
ADA, BOB, ROOT = person("ada"), person("bob"), person("root")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("cls", "port"), [(SqlCorrections, rulings.Corrections), (SqlDisputes, rulings.Disputes)])
def test_the_store_keeps_the_ports(cls: type, port: type) -> None:
    assert_keeps(cls, port)


# --- verdicts --------------------------------------------------------------------------------


async def answered(store: SqlStore, event: str = "e1", *, who: UserRef = ADA, words: str = "slots are gone") -> str:
    """An answer of which r1 was missed and r2 seen."""
    seen = (
        PointVerdict(point_id="r1", verdict="missed"),
        PointVerdict(point_id="r2", verdict="hit", quote="slots", span=(0, 5)),
    )
    return await store.practice.save_answer(
        inbound_id=event,
        learner_id=await store.subscriptions.learner(who, now=NOW),
        delivery_id="d1",
        item_id="B.X.1",
        text=words,
        grade=Grade(points=seen, score=0.4, unsure=0.0, abstained=False),
        now=NOW,
    )


async def contest(store: SqlStore, answer: str, *, place: str = HERE, who: UserRef = ADA, point: str = "r1") -> bool:
    learner = await store.subscriptions.learner(who, now=NOW)
    return await store.practice.contest(
        learner_id=learner, answer_id=answer, point_id=point, place=place, sentence="slots are gone", now=NOW
    )


async def rule(store: SqlStore, answer: str, *, place: str = HERE, at: int = 0, **given: Any) -> rulings.Ruled | None:
    values = {
        "answer_id": answer,
        "point_id": "r1",
        "seen": "missed",
        "verdict": "hit",
        "exemplar": "slots are gone",
        "gain": 0.6,
        "by": ROOT,
    }
    return await store.corrections.rule(place, Ruling(**{**values, **given}), now=NOW + at * SECOND)  # type: ignore[arg-type]


async def test_a_contested_verdict_waits_in_its_own_workspace_with_the_sentence_that_is_meant(store: SqlStore) -> None:
    answer = await answered(store)
    assert await store.corrections.contested(HERE) == []
    assert await store.corrections.verdicts(HERE, answer) == [], "what nobody contested is nobody's business"
    assert await contest(store, answer)
    (one,) = await store.corrections.contested(HERE)
    assert (one.answer_id, one.item_id, one.point_id) == (answer, "B.X.1", "r1")
    assert (one.verdict, one.sentence, one.open, one.ruled) == ("missed", "slots are gone", True, False)
    assert await store.corrections.contested(ELSEWHERE) == []
    assert [each.point_id for each in await store.corrections.verdicts(HERE, answer)] == ["r1", "r2"]
    assert await store.corrections.verdicts(ELSEWHERE, answer) == []


async def test_only_the_learner_reads_an_answer_as_their_own(store: SqlStore) -> None:
    answer = await answered(store)
    ada, bob = [await store.subscriptions.learner(who, now=NOW) for who in (ADA, BOB)]
    assert len(await store.corrections.own(learner_id=ada, answer_id=answer)) == 2
    assert await store.corrections.own(learner_id=bob, answer_id=answer) == []


async def test_a_ruling_changes_verdict_and_score_is_logged_and_teaches(store: SqlStore) -> None:
    answer = await answered(store)
    await contest(store, answer)
    done = await rule(store, answer)
    assert done is not None
    assert done.learner == ADA
    assert await store.corrections.contested(HERE) == []
    assert [one.verdict for one in await store.corrections.verdicts(HERE, answer)] == ["hit", "hit"]
    (row,) = (await store.privacy.export(ADA))["answer"]
    assert row["score"] == pytest.approx(1.0)
    (line,) = await store.corrections.log(HERE, limit=9)
    assert (line.at, line.item_id, line.point_id, line.before, line.after, line.by) == (
        NOW, "B.X.1", "r1", "missed", "hit", "root",
    )  # fmt: skip
    assert await store.corrections.exemplars(HERE, "B.X.1") == [
        Exemplar(point_id="r1", hit=True, text="slots are gone")
    ]
    assert await store.corrections.exemplars(ELSEWHERE, "B.X.1") == []
    assert await store.corrections.exemplars(HERE, "B.X.2") == []
    assert await store.corrections.log(ELSEWHERE, limit=9) == []


async def test_a_verdict_is_ruled_on_once_and_from_its_own_workspace_alone(store: SqlStore) -> None:
    answer = await answered(store)
    assert await rule(store, answer) is None, "nobody contested anything of it"
    await contest(store, answer)
    assert await rule(store, answer, place=ELSEWHERE) is None
    assert await rule(store, answer, seen="unsure") is None, "it is not what was seen"
    assert await rule(store, answer)
    assert await rule(store, answer) is None
    assert not await contest(store, answer), "it is ruled on"
    assert len(await store.corrections.log(HERE, limit=9)) == 1


async def test_a_declined_verdict_stays_is_logged_and_teaches_nothing(store: SqlStore) -> None:
    answer = await answered(store)
    await contest(store, answer)
    same = {"verdict": "missed", "exemplar": "", "gain": 0.0}
    assert await rule(store, answer, **same)
    assert await rule(store, answer, **same) is None
    assert await store.corrections.contested(HERE) == []
    assert await store.corrections.exemplars(HERE, "B.X.1") == []
    (line,) = await store.corrections.log(HERE, limit=9)
    assert (line.before, line.after) == ("missed", "missed")


async def test_a_score_stays_between_nothing_and_all(store: SqlStore) -> None:
    answer = await answered(store)
    await contest(store, answer)
    await rule(store, answer, gain=5.0)
    await rule(store, answer, point_id="r2", seen="hit", verdict="missed", gain=-9.0)
    (row,) = (await store.privacy.export(ADA))["answer"]
    assert row["score"] == 0.0


async def test_the_newest_twenty_of_each_point_are_learned_from(store: SqlStore) -> None:
    for number in range(EXEMPLARS + 3):
        answer = await answered(store, f"e{number}")
        await contest(store, answer)
        assert await rule(store, answer, exemplar=f"words {number}", at=number)
    near = {"point_id": "r2", "seen": "hit", "verdict": "missed", "exemplar": "a near miss"}
    assert await rule(store, answer, **near, at=99)
    taught = await store.corrections.exemplars(HERE, "B.X.1")
    assert [one.text for one in taught if one.point_id == "r1"] == [f"words {n}" for n in range(EXEMPLARS + 2, 2, -1)]
    assert [one for one in taught if one.point_id == "r2"] == [Exemplar(point_id="r2", hit=False, text="a near miss")]


async def test_forget_me_takes_a_learners_words_out_of_the_exemplars(store: SqlStore) -> None:
    for who in (ADA, BOB):
        answer = await answered(store, f"e-{who.id}", who=who)
        await contest(store, answer, who=who)
        await rule(store, answer, exemplar=f"words of {who.id}")
    await store.privacy.forget(ADA)
    assert [one.text for one in await store.corrections.exemplars(HERE, "B.X.1")] == ["words of bob"]


async def test_forgetting_who_ruled_keeps_the_ruling(store: SqlStore) -> None:
    answer = await answered(store)
    await contest(store, answer)
    await rule(store, answer)
    assert "correction_author" in await store.privacy.export(ROOT)
    await store.privacy.forget(ROOT)
    (line,) = await store.corrections.log(HERE, limit=9)
    assert line.by is None
    assert len(await store.corrections.exemplars(HERE, "B.X.1")) == 1


# --- questions -------------------------------------------------------------------------------

_ids = iter(range(10_000))


def step(item: str = "B.X.1", kind: Any = "disputed", who: UserRef = ADA, **given: Any) -> DisputeStep:
    return DisputeStep(id=f"s{next(_ids)}", item_id=item, step=kind, user=who, at=NOW, **given)


async def test_a_disputed_item_is_paused_in_its_workspace_until_it_is_resumed(store: SqlStore) -> None:
    first = step(reason="Two answers are right.")
    await store.disputes.dispute(HERE, first)
    await store.disputes.dispute(HERE, first)
    assert await store.disputes.paused([HERE], BOB) == {"B.X.1"}
    assert await store.disputes.paused([HERE], None) == {"B.X.1"}
    assert await store.disputes.paused([ELSEWHERE], BOB) == frozenset()
    (held,) = await store.disputes.listed(HERE)
    assert (held.item_id, held.kept_out, held.steps) == ("B.X.1", False, (first,))
    assert await store.disputes.listed(ELSEWHERE) == []
    assert not await store.disputes.settle(ELSEWHERE, step(kind="resumed", who=ROOT))
    assert await store.disputes.settle(HERE, step(kind="resumed", who=ROOT))
    assert not await store.disputes.settle(HERE, step(kind="resumed", who=ROOT))
    assert await store.disputes.paused([HERE], ADA) == frozenset()
    await store.disputes.dispute(HERE, first)
    assert await store.disputes.paused([HERE], ADA) == frozenset(), "the same event does not pause it again"


async def test_what_is_kept_out_stays_out_and_can_be_resumed(store: SqlStore) -> None:
    await store.disputes.dispute(HERE, step())
    await store.disputes.dispute(HERE, replace(step("B.X.2"), at=NOW + SECOND))
    assert await store.disputes.settle(HERE, step(kind="kept_out", who=ROOT))
    assert not await store.disputes.settle(HERE, step(kind="kept_out", who=ROOT))
    await store.disputes.dispute(HERE, step(who=BOB))
    listed = await store.disputes.listed(HERE)
    assert [(one.item_id, one.kept_out) for one in listed] == [("B.X.2", False), ("B.X.1", True)]
    assert [one.step for one in listed[1].steps].count("disputed") == 2
    assert await store.disputes.paused([HERE], None) == {"B.X.1", "B.X.2"}
    assert await store.disputes.settle(HERE, step(kind="resumed", who=ROOT))
    assert await store.disputes.paused([HERE], None) == {"B.X.2"}


async def test_an_item_stays_away_from_who_disputed_it_wherever_that_was(store: SqlStore) -> None:
    await store.disputes.dispute(HERE, step())
    assert await store.disputes.paused([ALONE], ADA) == {"B.X.1"}
    assert await store.disputes.paused([ALONE], BOB) == frozenset()


async def test_without_a_workspace_a_dispute_holds_for_its_author_until_it_is_decided(store: SqlStore) -> None:
    await store.disputes.dispute(ALONE, step())
    assert await store.disputes.paused([ALONE], ADA) == {"B.X.1"}
    assert await store.disputes.paused([ALONE], BOB) == frozenset()
    await store.disputes.settle(ALONE, step(kind="kept_out", who=ROOT))
    assert await store.disputes.paused([ALONE], BOB) == {"B.X.1"}


async def test_how_many_somebody_has_paused(store: SqlStore) -> None:
    for one in (step(), step(), step("B.X.2"), step("B.X.3", who=BOB), step("B.X.4")):
        await store.disputes.dispute(HERE, one)
    await store.disputes.settle(HERE, step("B.X.4", "kept_out", ROOT))
    assert await store.disputes.waiting(HERE, ADA) == 2
    assert await store.disputes.waiting(ELSEWHERE, ADA) == 0


async def test_forgetting_who_disputed_an_item_keeps_it_paused(store: SqlStore) -> None:
    await store.disputes.dispute(HERE, step(reason="words of ada"))
    await store.privacy.forget(ADA)
    (held,) = await store.disputes.listed(HERE)
    assert held.steps == ()
    assert await store.disputes.paused([HERE], None) == {"B.X.1"}


# --- the schema ------------------------------------------------------------------------------


def test_answers_of_the_schema_before_are_kept(empty_place: Place) -> None:
    from alembic import command
    from alembic.config import Config

    url = database_url(empty_place.url, empty_place.folder)
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(FOLDER / "bot/store/migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO learner (id, created_at) VALUES ('l1', '2026-01-05 00:00:00+00:00')"))
        connection.execute(
            text(
                "INSERT INTO answer (id, inbound_key, learner_id, item_id, text, score, hints, created_at) VALUES"
                " ('a1', 'e1', 'l1', 'B.X.1', 'pool', 0.6, 0, '2026-01-05 00:00:00+00:00')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO verdict (answer_id, point_id, verdict, quote, contested) VALUES ('a1', 'r1', 'hit', 'pool', true)"
            )
        )
    prepare(url)
    with engine.begin() as connection:
        (row,) = connection.execute(text("SELECT quote, contested, place, ruled_at FROM verdict")).all()
        assert (row.quote, bool(row.contested), row.place, row.ruled_at) == ("pool", True, None, None)
    engine.dispose()
