"""A disputed question is paused where it was disputed, shown to those who decide there, and resumed by one tap."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import InvalidRequest
from bot.core.model import Button, Reply, ThreadRef, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.nudges import enqueue_due
from knowledge.model import Curriculum
from tests.stores import (
    CURRICULUM,
    PLATFORM,
    Wired,
    buttons,
    channel,
    hear,
    message,
    person,
    press,
    said,
    submit,
    subscribed,
    wired,
)

ADA, BOB, ROOT = person("ada"), person("bob"), person("root")
ELSEWHERE = ThreadRef(platform=PLATFORM, workspace="w2", channel="general")
FIRST = "B.X.2"
"""What everybody gets first."""


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


async def today(core: Wired, who: UserRef = ADA, where: ThreadRef | None = None) -> Reply:
    (reply,) = await hear(core.coach, message("today", who, where))
    return reply


async def dispute_button(core: Wired, who: UserRef = ADA, where: ThreadRef | None = None) -> Button:
    reveal = buttons(await today(core, who, where))["Reveal"]
    return buttons(*await hear(core.coach, press(reveal, who)))["Dispute this question"]


async def disputed(
    core: Wired, reason: str = "Two answers are right.", who: UserRef = ADA, where: ThreadRef | None = None
) -> Reply:
    pressed = press(await dispute_button(core, who, where), who)
    (opened,) = await hear(core.coach, pressed)
    assert opened.form is not None
    filled = submit("dispute", {"reason": reason}, who, argument=opened.form.argument)
    (reply,) = await hear(core.coach, replace(filled, where=where) if where else filled)
    return reply


async def disputes(core: Wired, **given: object) -> Reply:
    (reply,) = await hear(core.coach, message("disputes", ROOT, **{"admin": True, **given}))  # type: ignore[arg-type]
    return reply


# --- pausing ---------------------------------------------------------------------------------


async def test_a_disputed_question_is_not_chosen_in_its_workspace_any_more(core: Wired) -> None:
    assert FIRST in said(await today(core))
    assert "Paused at once" in said(await disputed(core))
    assert FIRST not in said(await today(core, BOB))
    other = person("eve", workspace="w2")
    assert FIRST in said(await today(core, other)), "another workspace has nothing to do with it"


async def test_the_open_one_can_still_be_answered(core: Wired) -> None:
    prompt = await today(core)
    await disputed(core)
    argument = buttons(prompt)["Answer"].argument
    (reply,) = await hear(core.coach, submit("answer", {"answer": "The pool is exhausted"}, ADA, argument=argument))
    assert "That is the point." in said(reply)
    assert "Dispute this question" in buttons(reply)
    assert FIRST in said(await today(core)), "the prompt of the day stays what it was"


async def test_the_feedback_on_the_last_part_has_the_button_too(core: Wired) -> None:
    argument = buttons(await today(core))["Answer"].argument.replace(":a", ":b")
    (reply,) = await hear(core.coach, submit("answer", {"answer": "Stop the job"}, ADA, argument=argument))
    assert list(buttons(reply)) == [
        "Reveal a good answer",
        "Rate it myself",
        "Dispute this question",
        "Three quick recalls",
    ]


@pytest.mark.parametrize("target", [BOB, channel()])
async def test_nudges_leave_it_out(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock, target: UserRef | ThreadRef
) -> None:
    await disputed(core)
    stream = await subscribed(sqlite_store, target, due=clock.now())
    await enqueue_due(sqlite_store.subscriptions, core.practising, now=clock.now())
    (delivery,) = await sqlite_store.outbox.claim([PLATFORM], now=clock.now(), lease=timedelta(seconds=9), limit=9)
    assert delivery.subscription_id == stream.id
    assert delivery.item_id != FIRST


async def test_an_exercise_under_an_answer_says_that_it_is_paused(core: Wired) -> None:
    await disputed(core)
    with pytest.raises(InvalidRequest, match="paused here"):
        await hear(core.coach, press(Button(label="Practise this", action="practise", argument=FIRST), BOB))


async def test_it_stays_away_from_who_disputed_it_in_a_place_without_a_workspace(
    core: Wired, sqlite_store: SqlStore
) -> None:
    """Ids are the same everywhere there, and a person's own stream belongs to no server."""
    ada, bob = person("ada", workspace=""), person("bob", workspace="")
    assert "Paused for you" in said(await disputed(core, who=ada))
    eve = wired(sqlite_store, SimulatedClock(core_now(core) + timedelta(days=1)))
    assert FIRST in said(await today(eve, bob)), "strangers cannot take questions from one another"


def core_now(core: Wired) -> object:
    return core.practising._clock.now()


async def test_while_everything_is_paused_it_says_so(core: Wired, sqlite_store: SqlStore) -> None:
    for item in CURRICULUM.items:
        from bot.core.rulings import DisputeStep

        step = DisputeStep(id=item, item_id=item, step="disputed", user=BOB, at=core_now(core))  # type: ignore[arg-type]
        await sqlite_store.disputes.dispute("memory:w1", step)
    with pytest.raises(InvalidRequest, match="Every question of your learning split is paused"):
        await today(core)


# --- what is said ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "  \n ", "\u200b"])
async def test_a_reason_is_needed(core: Wired, reason: str) -> None:
    with pytest.raises(InvalidRequest, match="Without a reason"):
        await disputed(core, reason)
    assert FIRST in said(await today(core, BOB))


async def test_a_reason_is_bounded_and_without_secrets(core: Wired) -> None:
    await disputed(core, "password=hunter2hunter2 " + "x" * 900)
    shown = said(await disputes(core))
    assert "hunter2" not in shown
    assert "x" * 250 in shown
    assert "x" * 301 not in shown


async def test_nobody_pauses_more_than_five(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    for _ in range(5):
        await disputed(core)
        await clock.sleep(24 * 3600)
    with pytest.raises(InvalidRequest, match="as many as one person can pause"):
        await disputed(core)
    assert "Paused" in said(await disputed(core, who=BOB))


async def test_a_prompt_of_another_platform_or_none_cannot_be_disputed(core: Wired) -> None:
    button = await dispute_button(core)
    for one, who in (
        (button, person("x", platform="other")),
        (Button(label="x", action="dispute", argument="no"), ADA),
    ):
        with pytest.raises(InvalidRequest, match="no longer there"):
            await hear(core.coach, press(one, who))


# --- deciding --------------------------------------------------------------------------------


async def test_administrators_see_who_and_why_and_resume_by_one_tap(core: Wired) -> None:
    await disputed(core)
    listed = await disputes(core)
    assert f"1. {FIRST}" in said(listed)
    assert "Disputed by ada on 05 January: “Two answers are right.”" in said(listed)
    assert listed.private
    resume = buttons(listed)["Resume 1"]
    (done,) = await hear(core.coach, press(resume, ROOT, admin=True))
    assert "asked here again" in said(done)
    assert FIRST in said(await today(core, BOB))
    assert "No question is in dispute" in said(await disputes(core))
    with pytest.raises(InvalidRequest, match="decided already"):
        await hear(core.coach, press(resume, ROOT, admin=True))


async def test_kept_out_it_stays_out_and_can_be_resumed_later(core: Wired) -> None:
    await disputed(core)
    await hear(core.coach, press(buttons(await disputes(core))["Keep out 1"], ROOT, admin=True))
    listed = await disputes(core)
    assert "(kept out)" in said(listed)
    assert "Kept out by root" in said(listed)
    assert list(buttons(listed)) == ["Resume 1"]
    assert FIRST not in said(await today(core, BOB))


@pytest.mark.parametrize("action", ["disputes", "dispute_resume", "dispute_keep_out"])
async def test_only_administrators_decide(core: Wired, action: str) -> None:
    await disputed(core)
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, press(Button(label="x", action=action, argument=FIRST), BOB))
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, message("disputes", BOB))
    assert FIRST not in said(await today(core, BOB))


async def test_an_administrator_of_another_workspace_decides_nothing(core: Wired) -> None:
    await disputed(core)
    for label in ("Resume 1", "Keep out 1"):
        with pytest.raises(InvalidRequest, match="decided already"):
            await hear(core.coach, press(buttons(await disputes(core))[label], ROOT, ELSEWHERE, admin=True))
    assert "No question" in said(await disputes(core, where=ELSEWHERE))


async def test_many_come_five_at_a_time_and_an_item_that_is_gone_as_well(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    for who in (ADA, BOB, person("cy"), person("dan"), person("eve"), person("flo")):
        await disputed(core, who=who)
        await clock.sleep(1)
    later = wired(sqlite_store, clock, curriculum=Curriculum(items={}, leaves=CURRICULUM.leaves))
    first = await disputes(later)
    assert "It is no longer in the curriculum." in said(first)
    (rest,) = await hear(later.coach, press(buttons(first)["1 more"], ROOT, admin=True))
    assert "6. " in said(rest)


async def test_forget_me_leaves_the_pause_and_takes_the_reason(core: Wired) -> None:
    await disputed(core)
    await hear(core.coach, press(Button(label="Forget me", action="forget_me"), ADA))
    shown = said(await disputes(core))
    assert FIRST in shown
    assert "forgotten on request" in shown
    assert "Two answers" not in shown
    assert "ada" not in shown
