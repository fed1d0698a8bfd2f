"""Settings by a few words: what they set, what they say, and what is no command at all."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from bot.core.errors import InvalidRequest
from bot.core.model import Button, Inbound, Reply, UserRef
from bot.core.records import Subscription
from bot.core.subscribing import Subscribing
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from tests.stores import buttons, channel, message, person, press, said, submit, subscribed

ADA = person("ada")


@pytest.fixture
def subscribing(sqlite_store: SqlStore, clock: SimulatedClock) -> Subscribing:
    async def berlin(_user: UserRef) -> str | None:
        return "Europe/Berlin"

    return Subscribing(sqlite_store, clock, berlin)


async def heard(subscribing: Subscribing, inbound: Inbound) -> list[Reply]:
    feature: Any = subscribing.feature_of(inbound.text)  # type: ignore[union-attr]
    assert feature is not None
    return [reply async for reply in feature(inbound)]


async def stream_of(store: SqlStore, target: Any = ADA) -> Subscription:
    stream = await store.subscriptions.find(target)
    assert stream is not None
    return stream


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("quiet 19:00-08:00", {"quiet": (time(19), time(8))}),
        ("Quiet hours from 7pm to 8am", {"quiet": (time(19), time(8))}),
        ("quiet off", {"quiet": None}),
        ("holidays DE-BY", {"holidays": "DE-BY"}),
        ("holidays in Germany", {"holidays": "DE"}),
        ("holidays none", {"holidays": None}),
        ("off until 2026-02-02", {"off_until": date(2026, 2, 2)}),
        ("I'm off for 2 weeks.", {"off_until": date(2026, 1, 19)}),
        ("off until monday", {"off_until": date(2026, 1, 12)}),
        ("back", {"off_until": None}),
        ("I'm back!", {"off_until": None}),
        ("weekly", {"rhythm": "weekly"}),
        ("make it daily please", {"rhythm": "daily"}),
        ("split 50/30/10/10", {"split": {"B": 500, "S": 300, "D": 100, "A": 100}}),
        ("digest on", {"digest": True}),
    ],
)
async def test_a_few_words_set_one_thing(
    subscribing: Subscribing, sqlite_store: SqlStore, words: str, changed: dict[str, Any]
) -> None:
    await subscribed(sqlite_store, ADA)
    (reply,) = await heard(subscribing, message(words, ADA))
    stream = await stream_of(sqlite_store)
    assert {name: getattr(stream, name) for name in changed} == changed
    assert "The next prompt:" in said(reply)
    assert reply.private


@pytest.mark.parametrize(
    "text",
    [
        "Split reads from writes",
        "Back pressure, so that the queue stays short",
        "back off with jitter",
        "Off-heap memory",
        "off by one",
        "Daily backups",
        "weekly full backups and a daily increment",
        "Quiet failures are the worst",
        "holidays make traffic spike every year",
        "digest the payload with SHA-256",
        "split the monolith",
        "quiet",
        "split",
        "daily " * 40,
        "",
    ],
)
def test_an_answer_that_begins_like_a_command_is_none(subscribing: Subscribing, text: str) -> None:
    assert subscribing.feature_of(text) is None


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("holidays DE-BX", "DE-BY"),
        ("holidays Germny", "DE"),
        ("off", "off 2 weeks"),
        ("off until 2020-01-01", "back"),
        ("off until 2036-01-01", "unsubscribe"),
        ("quiet 19:00-19:00", "unsubscribe"),
        ("quiet 19:00", "quiet 19:00-08:00"),
        ("split 50/50/50/50", "40/30/20/10"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_next_step(
    subscribing: Subscribing, sqlite_store: SqlStore, words: str, near: str
) -> None:
    before = await subscribed(sqlite_store, ADA)
    with pytest.raises(InvalidRequest) as caught:
        await heard(subscribing, message(words, ADA))
    assert near in caught.value.next_step
    assert await stream_of(sqlite_store) == before


async def test_a_channel_is_set_by_its_name_and_tells_everybody(
    subscribing: Subscribing, sqlite_store: SqlStore
) -> None:
    await subscribed(sqlite_store, channel())
    (reply,) = await heard(subscribing, message("quiet channel 19:00-08:00", ADA, channel()))
    assert (await stream_of(sqlite_store, channel())).quiet == (time(19), time(8))
    assert not reply.private
    assert "when the quiet hours end" in said(reply), "its time of 00:00 is quiet now"


async def test_coming_back_ends_the_silence_and_time_off(subscribing: Subscribing, sqlite_store: SqlStore) -> None:
    stream = await subscribed(sqlite_store, ADA)
    now = datetime.fromisoformat("2026-01-05T00:00+00:00")
    await sqlite_store.subscriptions.save(replace(stream, ignored=10, off_until=date(2026, 3, 1)), now=now)
    told = said(*[reply async for reply in subscribing.settings(message("settings", ADA))])
    assert "ten prompts" in told
    assert "Off until Sunday 01 March 2026" in told
    await heard(subscribing, message("back", ADA))
    stream = await stream_of(sqlite_store)
    assert (stream.ignored, stream.off_until) == (0, None)


async def test_words_without_a_prompt_are_kept_and_switch_nothing_on(
    subscribing: Subscribing, sqlite_store: SqlStore
) -> None:
    (reply,) = await heard(subscribing, message("split 25/25/25/25", ADA))
    assert "off; `subscribe" in said(reply)
    stream = await stream_of(sqlite_store)
    assert (stream.active, stream.next_due) == (False, None)


@pytest.mark.parametrize("rhythm", ["weekly", "daily"])
async def test_the_buttons_of_the_question_set_the_rhythm(
    subscribing: Subscribing, sqlite_store: SqlStore, rhythm: str
) -> None:
    await subscribed(sqlite_store, ADA)
    pressed = press(Button(label="x", action="rhythm", argument=rhythm), ADA)
    _ = [reply async for reply in subscribing.actions["rhythm"](pressed)]
    assert (await stream_of(sqlite_store)).rhythm == rhythm


async def test_the_form_has_five_fields_and_holidays_may_stay_empty(
    subscribing: Subscribing, sqlite_store: SqlStore
) -> None:
    await subscribed(sqlite_store, ADA)
    shown = [reply async for reply in subscribing.settings(message("settings", ADA))]
    (opened,) = [reply async for reply in subscribing.settings_form(press(buttons(*shown)["Change"], ADA))]
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert list(values) == ["time", "zone", "days", "split", "holidays"]
    for region, kept in (("de-bayern", "DE-BY"), ("", None)):
        form = submit("settings", {**values, "holidays": region}, ADA)
        _ = [reply async for reply in subscribing.changed(form)]
        assert (await stream_of(sqlite_store)).holidays == kept
    with pytest.raises(InvalidRequest, match="Narnia"):
        _ = [reply async for reply in subscribing.changed(submit("settings", {**values, "holidays": "Narnia"}, ADA))]


async def test_a_changed_time_keeps_todays_prompt(
    subscribing: Subscribing, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    _ = [one async for one in subscribing.subscribe(message("subscribe", ADA), "18:00 UTC daily")]
    clock.instant += timedelta(hours=12)
    _ = [one async for one in subscribing.subscribe(message("subscribe", ADA), "09:00")]
    stream = await stream_of(sqlite_store)
    assert stream.next_due == clock.now() + timedelta(hours=6), (
        "at the hour that was promised; from tomorrow on at nine"
    )


async def test_a_zone_that_is_gone_is_told(subscribing: Subscribing, sqlite_store: SqlStore) -> None:
    await subscribed(sqlite_store, ADA, zone="Europe/Atlantis")
    told = said(*[reply async for reply in subscribing.settings(message("settings", ADA))])
    assert "Europe/Atlantis does not exist any more" in told
    assert "subscribe 00:00 Europe/Paris" in told
