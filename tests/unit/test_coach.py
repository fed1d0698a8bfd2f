"""What people say, press and fill in, and what comes of it: the core on a real database."""

import json
from datetime import datetime, timedelta

import pytest

from bot.core.coach import COMMANDS, is_question
from bot.core.errors import InvalidRequest
from bot.core.model import Button, Buttons, File, Reply, Text
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.nudges import enqueue_due
from tests.stores import (
    CURRICULUM,
    Wired,
    buttons,
    channel,
    hear,
    message,
    person,
    press,
    said,
    submit,
    wired,
)

ADA, BOB = person("ada"), person("bob")


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    return wired(sqlite_store, clock)


async def told(core: Wired, text: str, who: object = ADA, **given: object) -> list[Reply]:
    return await hear(core.coach, message(text, who, **given))  # type: ignore[arg-type]


async def today(core: Wired, who: object = ADA, **given: object) -> dict[str, Button]:
    return buttons(*await told(core, "today", who, **given))


def form_of(reply: Reply) -> object:
    assert reply.form is not None
    return reply.form


# --- practice --------------------------------------------------------------------------------


async def test_today_is_the_same_prompt_all_day_and_charged_once(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    first = said(*await told(core, "today"))
    await clock.sleep(23 * 3600)
    assert said(*await told(core, "Today!")) == first
    subscription = await sqlite_store.subscriptions.find(ADA)
    assert subscription is not None
    assert not subscription.active, "asking once is no subscription"
    assert (await sqlite_store.outbox.stream(subscription.id)).count == 1
    await clock.sleep(3600)
    assert said(*await told(core, "today")) != first
    assert (await sqlite_store.outbox.stream(subscription.id)).count == 2


async def test_two_people_have_streams_of_their_own(core: Wired, sqlite_store: SqlStore) -> None:
    await today(core, ADA)
    await today(core, BOB)
    for who in (ADA, BOB):
        subscription = await sqlite_store.subscriptions.find(who)
        assert subscription is not None
        assert (await sqlite_store.outbox.stream(subscription.id)).count == 1


async def test_an_answer_by_form_is_saved_and_comes_back_point_by_point(core: Wired, sqlite_store: SqlStore) -> None:
    pressed = press((await today(core))["Answer"])
    (opened,) = await hear(core.coach, pressed)
    assert opened.form is not None
    assert (opened.form.name, opened.form.argument) == ("answer", pressed.argument)
    filled = submit("answer", {"answer": "The pool is exhausted, add pods."}, ADA, argument=opened.form.argument)
    (feedback,) = await hear(core.coach, filled)
    assert "✓ The pool is exhausted." in said(feedback)
    assert "More pods wait as well." in said(feedback)
    own = next(block for block in feedback.blocks if isinstance(block, Text) and block.emphasis)
    assert [own.text[start:end] for start, end in own.emphasis] == ["pool is exhausted"]
    stored = (await sqlite_store.privacy.export(ADA))["answer"]
    assert [(row["text"], row["score"]) for row in stored] == [("The pool is exhausted, add pods.", 0.7)]


async def test_a_form_delivered_twice_is_one_answer_and_the_same_feedback(core: Wired, sqlite_store: SqlStore) -> None:
    pressed = (await today(core))["Answer"]
    filled = submit("answer", {"answer": "no idea"}, ADA, argument=pressed.argument)
    first, again = await hear(core.coach, filled), await hear(core.coach, filled)
    assert first == again
    assert len((await sqlite_store.privacy.export(ADA))["answer"]) == 1


async def test_the_next_part_of_an_item_has_its_own_form(core: Wired) -> None:
    filled = submit("answer", {"answer": "pool exhausted"}, ADA, argument=(await today(core))["Answer"].argument)
    (first,) = await hear(core.coach, filled)
    assert "What now?" in said(first)
    following = buttons(first)["Answer"]
    assert following.argument.endswith(":b")
    (second,) = await hear(core.coach, submit("answer", {"answer": "stop the job"}, ADA, argument=following.argument))
    assert "✓ Stop the job." in said(second)
    assert "Reveal a good answer" in buttons(second)


async def test_an_empty_answer_is_asked_for_again_and_not_saved(core: Wired, sqlite_store: SqlStore) -> None:
    argument = (await today(core))["Answer"].argument
    (reply,) = await hear(core.coach, submit("answer", {"answer": " \n"}, ADA, argument=argument))
    assert "empty" in said(reply)
    assert "answer" not in await sqlite_store.privacy.export(ADA)


async def test_hints_come_one_by_one_and_the_last_stays(core: Wired) -> None:
    hint = (await today(core))["Hint"]
    hints = [said(*await hear(core.coach, press(hint))) for _ in range(3)]
    assert "1 of 2: Look at what waits." in hints[0]
    assert "2 of 2: Count the connections." in hints[1]
    assert hints[2] == hints[1]
    assert "1 of 2" in said(*await hear(core.coach, press(hint, BOB))), "hints are counted a person"


async def test_reveal_shows_the_answer_to_the_asker_alone(core: Wired, sqlite_store: SqlStore) -> None:
    (reply,) = await hear(core.coach, press((await today(core))["Reveal"], where=channel(thread="1")))
    assert reply.private
    assert "Model answer" in said(reply)
    assert "A book, p. 1" in said(reply)
    assert (await sqlite_store.privacy.export(ADA))["help_taken"][0]["revealed"] is True


async def test_only_the_learner_contests_a_verdict(core: Wired, sqlite_store: SqlStore) -> None:
    argument = (await today(core))["Answer"].argument
    (feedback,) = await hear(core.coach, submit("answer", {"answer": "slots are gone"}, ADA, argument=argument))
    contest = buttons(feedback)["I did say 1"]
    assert "Noted" not in said(*await hear(core.coach, press(contest, BOB)))
    assert (await sqlite_store.privacy.export(ADA))["verdict"][0]["contested"] is False
    assert "Noted" in said(*await hear(core.coach, press(contest, ADA)))
    assert (await sqlite_store.privacy.export(ADA))["verdict"][0]["contested"] is True


async def test_a_statement_in_private_after_today_is_graded_once(core: Wired) -> None:
    assert "I see" not in said(*await told(core, "The pool is exhausted")), "nothing was asked yet"
    await today(core)
    assert "That is the point." in said(*await told(core, "The pool is exhausted"))
    assert core.retriever.asked == ["The pool is exhausted"]
    await told(core, "Kill the job")
    assert len(core.retriever.asked) == 1, "the second part is still open"
    await told(core, "The pool is exhausted")
    assert len(core.retriever.asked) == 2, "every part is answered, so this is a question again"


async def test_a_question_in_private_after_today_is_answered_and_not_graded(
    core: Wired, sqlite_store: SqlStore
) -> None:
    await today(core)
    await told(core, "what is a pool")
    await told(core, "pool exhausted?")
    assert core.retriever.asked == ["what is a pool", "pool exhausted?"]
    assert "answer" not in await sqlite_store.privacy.export(ADA)


async def test_yesterdays_prompt_takes_no_statement(core: Wired, clock: SimulatedClock) -> None:
    await today(core)
    await clock.sleep(25 * 3600)
    await told(core, "The pool is exhausted")
    assert core.retriever.asked == ["The pool is exhausted"]


async def test_an_answer_in_the_thread_of_today_is_private_feedback(core: Wired) -> None:
    thread = channel(thread="77")
    await today(core, ADA, where=thread)
    (reply,) = await told(core, "The pool is exhausted", BOB, where=thread)
    assert "That is the point." in said(reply)
    assert reply.private
    await told(core, "The pool is exhausted", BOB, where=channel(thread="78"))
    assert core.retriever.asked == ["The pool is exhausted"], "in another thread it is not an answer"


async def test_a_button_of_a_prompt_that_is_gone_says_so(core: Wired) -> None:
    gone = (await today(core))["Hint"]
    await hear(core.coach, press(Button(label="Forget me", action="forget_me")))
    with pytest.raises(InvalidRequest, match="no longer there"):
        await hear(core.coach, press(gone))


@pytest.mark.parametrize("name", ["no_such_thing", "answered"])
async def test_a_button_or_form_of_another_version_says_so(core: Wired, name: str) -> None:
    with pytest.raises(InvalidRequest, match="older version"):
        await hear(core.coach, press(Button(label="X", action=name)))
    with pytest.raises(InvalidRequest, match="older version"):
        await hear(core.coach, submit(name, {}))


# --- subscriptions ---------------------------------------------------------------------------


async def test_subscribe_says_when_the_first_prompt_comes(core: Wired, sqlite_store: SqlStore) -> None:
    (reply,) = await told(core, "subscribe 09:00 Europe/Paris")
    assert "09:00 (Europe/Paris), Mon-Fri" in said(reply)
    assert "Monday 05 January, 09:00" in said(reply)
    found = await sqlite_store.subscriptions.find(ADA)
    assert found is not None
    assert found.active
    assert found.next_due is not None
    assert found.next_due.isoformat() == "2026-01-05T08:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "subscribe Europe/Paris 7.30 sat,sun 25/25/25/25",
        "Subscribe me daily at 7:30 in paris 25/25/25/25 sat,sun",
        "subscribe 25/25/25/25 07:30 PARIS sat-sun",
    ],
)
async def test_words_come_in_any_order(core: Wired, sqlite_store: SqlStore, text: str) -> None:
    await told(core, text)
    found = await sqlite_store.subscriptions.find(ADA)
    assert found is not None
    assert (found.zone, f"{found.local_time:%H:%M}", sorted(found.days)) == ("Europe/Paris", "07:30", [5, 6])
    assert set(found.split.values()) == {250}


async def test_without_a_zone_it_is_asked_for_or_taken_from_the_profile(core: Wired, sqlite_store: SqlStore) -> None:
    (reply,) = await told(core, "subscribe 09:00")
    assert "time zone" in said(reply)
    assert (await sqlite_store.subscriptions.find(ADA)) is None
    core.zone = "Asia/Kolkata"
    assert "Asia/Kolkata" in said(*await told(core, "subscribe 09:00"))


@pytest.mark.parametrize(
    ("text", "sentence", "step"),
    [
        ("subscribe 09:00 Europe/Pariss", "Europe/Pariss", "Europe/Paris"),
        ("subscribe 40/30/20/11", "101", "40/30/20/10"),
        ("subscribe whenever", "whenever", "/"),
    ],
)
async def test_a_word_it_does_not_know_changes_nothing(
    core: Wired, sqlite_store: SqlStore, text: str, sentence: str, step: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await told(core, text)
    assert sentence in caught.value.sentence
    assert step in caught.value.next_step
    assert await sqlite_store.subscriptions.find(ADA) is None


async def test_a_channel_has_a_stream_of_its_own(core: Wired, sqlite_store: SqlStore) -> None:
    where = channel(thread="5")
    (reply,) = await told(core, "subscribe channel 10:00 UTC", ADA, where=where)
    assert "This channel gets" in said(reply)
    assert not reply.private
    found = await sqlite_store.subscriptions.find(channel())
    assert found is not None
    assert (found.target, found.learner_id) == (channel(), None)
    assert await sqlite_store.subscriptions.find(ADA) is None
    assert "Stopped" in said(*await told(core, "unsubscribe channel", ADA, where=where))
    stopped = await sqlite_store.subscriptions.find(channel())
    assert stopped is not None
    assert not stopped.active


async def test_unsubscribe_and_subscribe_again_keeps_the_progress(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await told(core, "subscribe 09:00 Europe/Paris")
    await today(core)
    assert "Stopped" in said(*await told(core, "unsubscribe"))
    assert "no daily prompt to stop" in said(*await told(core, "unsubscribe"))
    assert await sqlite_store.subscriptions.next_due() is None
    await told(core, "subscribe 18:00")
    found = await sqlite_store.subscriptions.find(ADA)
    assert found is not None
    assert found.zone == "Europe/Paris"
    assert (await sqlite_store.outbox.stream(found.id)).count == 1


async def test_settings_show_what_is_set_and_change_all_of_it_or_nothing(core: Wired, sqlite_store: SqlStore) -> None:
    await told(core, "subscribe 09:00 Europe/Paris")
    (shown,) = await told(core, "settings")
    assert "on. 09:00, Europe/Paris, Mon-Fri, split 40/30/20/10" in said(shown)
    (opened,) = await hear(core.coach, press(buttons(shown)["Change"]))
    assert opened.form is not None
    values = {field.name: field.value for field in opened.form.fields}
    assert values == {
        "time": "09:00",
        "zone": "Europe/Paris",
        "days": "mon-fri",
        "split": "40/30/20/10",
        "holidays": "",
    }
    for wrong in ({"time": "25:00"}, {"zone": "Mars/Base"}, {"days": "someday"}, {"split": "1/2/3"}):
        with pytest.raises(InvalidRequest) as caught:
            await hear(core.coach, submit("settings", {**values, "time": "07:00", **wrong}, ADA))
        assert caught.value.next_step
    unchanged = await sqlite_store.subscriptions.find(ADA)
    assert unchanged is not None
    assert f"{unchanged.local_time:%H:%M}" == "09:00"
    (done,) = await hear(core.coach, submit("settings", {**values, "time": "7pm", "days": "daily"}, ADA))
    assert "19:00 (Europe/Paris), every day" in said(done)
    (again,) = await hear(core.coach, press(buttons(shown)["Change"]))
    assert again.form is not None
    assert {field.name: field.value for field in again.form.fields}["days"] == "daily"


async def test_the_stop_button_unsubscribes(core: Wired, sqlite_store: SqlStore) -> None:
    await told(core, "subscribe 09:00 UTC")
    shown = buttons(*await told(core, "settings"))
    assert "Stopped" in said(*await hear(core.coach, press(shown["Stop the daily prompt"])))
    assert "Stop the daily prompt" not in buttons(*await told(core, "settings"))


async def test_today_before_the_daily_prompt_is_the_days_prompt(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await told(core, "subscribe 09:00 UTC daily")
    await today(core)
    clock.instant += timedelta(hours=9)
    await enqueue_due(sqlite_store.subscriptions, core.practising, now=clock.now())
    assert await sqlite_store.outbox.claim(["memory"], now=clock.now(), lease=timedelta(seconds=90), limit=9) == []
    found = await sqlite_store.subscriptions.find(ADA)
    assert found is not None
    assert (await sqlite_store.outbox.stream(found.id)).count == 1
    assert found.next_due == datetime.fromisoformat("2026-01-06T09:00:00+00:00")


async def test_today_takes_over_a_prompt_that_still_waits_to_be_sent(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await told(core, "subscribe 09:00 UTC daily")
    clock.instant += timedelta(hours=9)
    await enqueue_due(sqlite_store.subscriptions, core.practising, now=clock.now())
    await today(core)
    assert await sqlite_store.outbox.claim(["memory"], now=clock.now(), lease=timedelta(seconds=90), limit=9) == []


# --- one's own data, and the rest ------------------------------------------------------------


async def test_export_is_a_private_file_of_ones_own(core: Wired) -> None:
    for who in (ADA, BOB):
        argument = (await today(core, who))["Answer"].argument
        await hear(core.coach, submit("answer", {"answer": f"words of {who.id}"}, who, argument=argument))
    (reply,) = await told(core, "export")
    (file,) = reply.blocks
    assert isinstance(file, File)
    assert reply.private
    rows = json.loads(file.data)
    assert [row["text"] for row in rows["answer"]] == ["words of ada"]
    assert b"bob" not in file.data


async def test_forget_me_asks_first_and_then_deletes(core: Wired, sqlite_store: SqlStore) -> None:
    await told(core, "subscribe 09:00 UTC")
    await today(core)
    asked = buttons(*await told(core, "forget me"))
    assert await sqlite_store.subscriptions.find(ADA) is not None
    (done,) = await hear(core.coach, press(asked["Forget me"]))
    assert "Forgotten" in said(done)
    assert done.replaces
    assert await sqlite_store.subscriptions.find(ADA) is None
    assert await sqlite_store.privacy.export(ADA) == {}


@pytest.mark.parametrize("text", ["help", "Hi!", "hello", "?", "HELP."])
async def test_help_names_every_command(core: Wired, text: str) -> None:
    shown = said(*await told(core, text))
    assert all(command in shown for command, _ in COMMANDS)
    assert core.retriever.asked == []


@pytest.mark.parametrize("command", [command.split()[0] for command, _ in COMMANDS])
def test_the_first_word_of_every_command_in_help_is_known(core: Wired, command: str) -> None:
    assert core.coach.is_command(command)


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b"])
async def test_nothing_said_gets_examples(core: Wired, text: str) -> None:
    assert "Ask me something" in said(*await told(core, text))


async def test_twenty_thousand_characters_are_searched_in_part_and_it_says_so(core: Wired) -> None:
    shown = said(*await told(core, "why " * 5000))
    assert "its first 1,000 characters" in shown
    assert 990 < len(core.retriever.asked[0]) <= 1000


async def test_a_question_nobody_answered_offers_others(core: Wired) -> None:
    shown = said(*await told(core, "which broker should I buy?"))
    assert "does not say anything about that" in shown
    assert "Why does depth matter more now?" in shown


async def test_a_section_that_is_gone_says_so(core: Wired) -> None:
    for argument in ("9999", "x", ""):
        shown = said(*await hear(core.coach, press(Button(label="Show", action="section", argument=argument))))
        assert "no longer there" in shown
    (reply,) = await hear(core.coach, press(Button(label="Show", action="section", argument="0")))
    assert len(reply.blocks) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("why?", True),
        ("Why is that so", True),
        ("the pool is full", False),
        ("is it the pool", True),
        ("howitzer", False),
        ("", False),
        ("Explain that to me", True),
        ("EXPLAIN ANALYZE for a large tenant", False),
        ("Do a rolling restart", False),
        ("Give each tenant its own pool.", False),
        ("The pool; what else could it be", False),
        ("Does " + "x" * 200, False),
    ],
)
def test_what_reads_like_a_question(text: str, expected: bool) -> None:
    assert is_question(text) is expected


def test_buttons_of_every_prompt_fit_their_platforms() -> None:
    from bot.core.prompts import prompt_reply

    for item in CURRICULUM.items.values():
        reply = prompt_reply(item, CURRICULUM, "0" * 36)
        assert any(isinstance(block, Buttons) for block in reply.blocks)


@pytest.mark.parametrize("profile", [None, "Asia/Kolkata"])
async def test_today_chooses_no_zone_for_a_later_subscription(core: Wired, profile: str | None) -> None:
    await today(core)
    core.zone = profile
    shown = said(*await told(core, "subscribe 09:00"))
    assert (profile or "In which time zone") in shown


@pytest.mark.parametrize("text", ["unsubscribe!", "Unsubscribe."])
async def test_a_command_may_end_like_a_sentence(core: Wired, text: str) -> None:
    await told(core, "subscribe 09:00 UTC")
    assert "Stopped" in said(*await told(core, text))


async def test_a_time_with_a_space(core: Wired) -> None:
    assert "17:00 (Europe/Paris)" in said(*await told(core, "subscribe 5 pm Europe/Paris"))


async def test_today_after_a_delivery_nobody_could_settle_takes_an_answer(
    core: Wired, sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await told(core, "subscribe 00:01 UTC daily")
    clock.instant += timedelta(minutes=1)
    await enqueue_due(sqlite_store.subscriptions, core.practising, now=clock.now())
    (claimed,) = await sqlite_store.outbox.claim(["memory"], now=clock.now(), lease=timedelta(seconds=90), limit=1)
    await sqlite_store.outbox.settle(claimed.id, "unknown")
    await today(core)
    assert "That is the point." in said(*await told(core, "The pool is exhausted"))
