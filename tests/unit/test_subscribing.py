"""What a subscription promises is what happens: whose it is, when the next prompt comes, what a changed form does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.model import Field, Form, FormSubmitted, Text, ThreadRef
from bot.core.prompts import passages
from bot.core.subscribing import read_schedule
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.nudges import enqueue_due
from tests.stores import Wired, buttons, channel, hear, message, person, press, said, submit, subscribed, wired

ADA = person("ada")
HERE = channel()


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


def filled_in(form: Form, **changed: str) -> dict[str, str]:
    return {field.name: field.value for field in form.fields if isinstance(field, Field)} | changed


def sent(form: Form, values: dict[str, str], where: ThreadRef | None = None) -> FormSubmitted:
    event = submit(form.name, values, ADA, form.argument)
    return replace(event, where=where, direct=False) if where else event


async def test_choosing_a_zone_for_a_channel_subscribes_the_channel(core: Wired, sqlite_store: SqlStore) -> None:
    asked = await hear(core.coach, message("subscribe channel 10:30", ADA, HERE))
    (opened,) = await hear(core.coach, press(buttons(*asked)["Choose"], ADA, HERE))
    assert opened.form is not None
    values = filled_in(opened.form, zone="Europe/Paris")
    assert values["time"] == "10:30", "what was typed is kept"
    (confirmed,) = await hear(core.coach, sent(opened.form, values, HERE))
    assert "This channel gets one prompt at 10:30" in said(confirmed)
    assert not confirmed.private, "the channel learns of it"
    stream = await sqlite_store.subscriptions.find(HERE)
    assert stream is not None
    assert stream.active
    assert await sqlite_store.subscriptions.find(ADA) is None


async def test_the_next_prompt_is_not_promised_for_a_day_that_had_one(core: Wired, sqlite_store: SqlStore) -> None:
    await hear(core.coach, message("today", ADA))
    shown = said(*await hear(core.coach, message("subscribe 18:00 UTC daily", ADA)))
    assert "Tuesday 06 January, 18:00" in shown, "Monday's prompt was had by `today`"
    stream = await sqlite_store.subscriptions.find(ADA)
    assert stream is not None
    assert stream.next_due is not None
    assert stream.next_due.day == 6


async def test_changing_settings_while_off_leaves_it_off(core: Wired, sqlite_store: SqlStore) -> None:
    await subscribed(sqlite_store, ADA)
    await hear(core.coach, message("unsubscribe", ADA))
    shown = await hear(core.coach, message("settings", ADA))
    (opened,) = await hear(core.coach, press(buttons(*shown)["Change"], ADA))
    assert opened.form is not None
    assert "off" in said(*await hear(core.coach, sent(opened.form, filled_in(opened.form, split="25/25/25/25"))))
    stream = await sqlite_store.subscriptions.find(ADA)
    assert stream is not None
    assert not stream.active
    assert stream.split["A"] == 250


async def test_a_zone_of_two_words(core: Wired, sqlite_store: SqlStore) -> None:
    await hear(core.coach, message("subscribe 18:00 New York", ADA))
    stream = await sqlite_store.subscriptions.find(ADA)
    assert stream is not None
    assert stream.zone == "America/New_York"
    assert read_schedule(["9", "los", "angeles", "mon-thu"], stream)[0].zone == "America/Los_Angeles"


async def test_only_platforms_that_are_served_are_charged(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await subscribed(sqlite_store, ADA)
    now = clock.now() + timedelta(days=2)
    store = sqlite_store.subscriptions
    assert await store.due(now, limit=9, platforms=("slack",)) == []
    assert await store.next_due(("slack",)) is None
    assert await enqueue_due(store, core.practising, now=now, platforms=("slack",)) == 0
    assert len(await store.due(now, limit=9, platforms=(ADA.platform,))) == 1


def test_fences_become_code() -> None:
    text = "Why?\n```sql\nSELECT 1\n```\nAnd now?"
    assert list(passages(text)) == [
        Text(text="Why?"),
        Text(text="SELECT 1", style="code"),
        Text(text="And now?"),
    ]
