"""What people say about a prompt besides answering it, through the coach, down to what is sent and remembered."""

from datetime import timedelta

import pytest

from bot.core.composing import Composing
from bot.core.errors import InvalidRequest
from bot.core.model import Button, Reply, UserRef
from bot.core.records import Delivery
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.deliveries import Deliveries
from tests.stores import (
    CURRICULUM,
    MemoryAdapter,
    Wired,
    buttons,
    channel,
    charged,
    hear,
    message,
    person,
    press,
    said,
    submit,
    subscribed,
    wired,
)

ADA, BOB = person("ada"), person("bob")


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


async def today(core: Wired, who: UserRef = ADA) -> dict[str, Button]:
    return buttons(*await hear(core.coach, message("today", who)))


async def pressed(core: Wired, shown: dict[str, Button], label: str, who: UserRef = ADA) -> Reply:
    (reply,) = await hear(core.coach, press(shown[label], who))
    return reply


async def no_digest(_delivery: Delivery) -> Reply | None:
    return None


def sending(store: SqlStore, chat: MemoryAdapter, clock: SimulatedClock) -> Deliveries:
    return Deliveries(store.outbox, store.inbox, {chat.name: chat}, Composing(store, CURRICULUM, no_digest), clock)


# --- later -----------------------------------------------------------------------------------


async def test_a_prompt_that_is_put_off_comes_back_as_a_message_of_its_own(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    chat = MemoryAdapter()
    sender = sending(sqlite_store, chat, clock)
    delivery, _ = await charged(sqlite_store, await subscribed(sqlite_store, ADA))
    assert await sender.send_due() == 1
    later = await hear(core.coach, press(Button(label="Later …", action="later", argument=delivery.id), ADA))
    reply = await pressed(core, buttons(*later), "In an hour")
    assert "It comes back at" in said(reply)
    assert reply.private
    assert await sender.send_due() == 0
    await clock.sleep(3601)
    assert await sender.send_due() == 1
    assert len({sent.key for sent in chat.sent}) == 2
    assert await sender.send_due() == 0


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "2027-12-31"])
async def test_a_day_that_cannot_be_meant_is_one_sentence_and_changes_nothing(
    core: Wired, sqlite_store: SqlStore, day: str
) -> None:
    shown = await today(core)
    later = await pressed(core, shown, "Later …")
    form = await pressed(core, buttons(later), "Another day …")
    assert form.form is not None
    with pytest.raises(InvalidRequest):
        await hear(core.coach, submit("snooze_day", {"day": day}, ADA, argument=form.form.argument))
    found = await sqlite_store.outbox.get(form.form.argument)
    assert found is not None
    assert found.status == "sent"


async def test_nobody_puts_off_a_channels_prompt(core: Wired, sqlite_store: SqlStore) -> None:
    delivery, _ = await charged(sqlite_store, await subscribed(sqlite_store, channel()))
    for action, argument in (("snooze", f"{delivery.id}:1h"), ("skip", delivery.id)):
        button = Button(label="x", action=action, argument=argument)
        with pytest.raises(InvalidRequest, match="belongs to the channel"):
            await hear(core.coach, press(button, BOB))


# --- not this one ----------------------------------------------------------------------------


async def test_what_is_not_wanted_is_never_asked_again(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    refused: set[str] = set()
    for _ in range(6):
        shown = await today(core)
        delivery = await sqlite_store.outbox.get(shown["More …"].argument)
        assert delivery is not None
        assert delivery.item_id not in refused
        refused.add(delivery.item_id)
        await pressed(core, buttons(await pressed(core, shown, "More …")), "Not for me")
        await clock.sleep(24 * 3600)


async def test_that_is_taken_back_by_a_tap(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    refused = await pressed(core, buttons(await pressed(core, await today(core), "More …")), "Not for me")
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    assert len(await sqlite_store.reviews.unwanted(who)) == 1
    await pressed(core, buttons(refused), "Undo")
    assert await sqlite_store.reviews.unwanted(who) == frozenset()


async def test_once_nothing_is_wanted_it_says_so(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    for name in CURRICULUM.items:
        await sqlite_store.reviews.add_unwanted(who, name, now=clock.now())
    with pytest.raises(InvalidRequest, match="not for me"):
        await today(core)


async def test_a_skipped_prompt_is_not_ignored(core: Wired, sqlite_store: SqlStore) -> None:
    shown = await today(core)
    await pressed(core, buttons(await pressed(core, shown, "Later …")), "Skip it")
    found = await sqlite_store.outbox.get(shown["More …"].argument)
    assert found is not None
    assert found.touched_at is not None


@pytest.mark.parametrize(("label", "expected"), [("Too easy", 3.0), ("Too hard", 1.0)])
async def test_a_tap_moves_the_level(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock, label: str, expected: float
) -> None:
    await pressed(core, buttons(await pressed(core, await today(core), "More …")), label)
    level = await sqlite_store.reviews.level(await sqlite_store.subscriptions.learner(ADA, now=clock.now()))
    assert level is not None
    assert level.value == expected


# --- memory ----------------------------------------------------------------------------------


async def answered(core: Wired, words: str, who: UserRef = ADA) -> tuple[str, Reply]:
    shown = await today(core, who)
    (reply,) = await hear(core.coach, submit("answer", {"answer": words}, who, argument=shown["Answer"].argument))
    return shown["More …"].argument, reply


async def test_an_answer_is_remembered_and_ones_own_rating_overrides_it(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    delivery_id, reply = await answered(core, "The pool is exhausted")
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    before = await sqlite_store.reviews.rating(learner_id=who, delivery_id=delivery_id)
    assert before in {3, 4}
    (card,) = (await sqlite_store.reviews.cards(who)).values()
    rate = await pressed(core, buttons(reply), "Rate it myself")
    told = await pressed(core, buttons(rate), "Again")
    assert "comes back in about 1 day" in said(told)
    (after,) = (await sqlite_store.reviews.cards(who)).values()
    assert (after.due < card.due, after.reps) == (True, 1)


async def test_a_look_at_the_model_answer_counts_as_not_known(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    shown = await today(core)
    await pressed(core, shown, "Reveal")
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    assert await sqlite_store.reviews.rating(learner_id=who, delivery_id=shown["More …"].argument) == 1
    await hear(
        core.coach, submit("answer", {"answer": "The pool is exhausted"}, ADA, argument=shown["Answer"].argument)
    )
    assert await sqlite_store.reviews.rating(learner_id=who, delivery_id=shown["More …"].argument) == 1


async def test_the_first_answers_find_the_level(core: Wired, sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    for placed in (1, 2, 3, 3):
        await answered(core, "The pool is exhausted")
        level = await sqlite_store.reviews.level(who)
        assert level is not None
        assert level.placed == placed
        await clock.sleep(24 * 3600)


# --- a channel -------------------------------------------------------------------------------


async def test_a_channels_prompt_is_resolved_once_with_what_was_agreed_to(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    chat = MemoryAdapter()
    sender = sending(sqlite_store, chat, clock)
    delivery, _ = await charged(sqlite_store, await subscribed(sqlite_store, channel()))
    await sender.send_due()
    (prompt,) = chat.sent
    part = f"{delivery.id}:a"
    for who, words, quote in ((ADA, "The pool is exhausted, say I", "yes"), (BOB, "No idea what happens there", "no")):
        await hear(core.coach, submit("answer", {"answer": words, "quote": quote}, who, argument=part, where=channel()))
    await clock.sleep(timedelta(hours=4, seconds=1).total_seconds())
    assert await sender.send_due() == 1
    assert await sender.send_due() == 0
    resolved = chat.sent[-1]
    assert resolved.to == channel(thread=prompt.ref.id)
    assert "2 answered" in resolved.text
    assert "The pool is exhausted, say I" in resolved.text
    assert "No idea" not in resolved.text
    who = await sqlite_store.subscriptions.learner(ADA, now=clock.now())
    assert delivery.item_id in await sqlite_store.reviews.cards(who)


async def test_a_prompt_that_nobody_answered_is_not_resolved(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    chat = MemoryAdapter()
    sender = sending(sqlite_store, chat, clock)
    await charged(sqlite_store, await subscribed(sqlite_store, channel()))
    await sender.send_due()
    await clock.sleep(5 * 3600)
    assert await sender.send_due() == 0
    assert len(chat.sent) == 1
