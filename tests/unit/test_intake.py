"""A reply reaches its person once, whatever breaks on the way."""

import logging
from collections import deque
from dataclasses import dataclass, replace

import pytest

from bot.core import intake
from bot.core.errors import Ambiguous, InvalidRequest, NotSent, RateLimited, Rejected
from bot.core.intake import ATTEMPTS, answer, resume, send_once
from bot.core.model import Inbound, MessageRef, Reply
from bot.core.ports import Handler, Streaming
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from tests.conftest import START
from tests.peers.memory_inbox import MemoryInbox
from tests.stores import Fault, MemoryAdapter, channel, message, person, press, say, scripted

PLACE = channel(thread="1")
LATER = Fault(RateLimited("Slow down.", retry_after=7.0))
REFUSED = Fault(Rejected("The channel is gone.", code="channel_not_found"))
BROKEN = Fault(NotSent("No connection."))
LOST = Fault(Ambiguous("The connection broke."))
LOST_BUT_THERE = Fault(Ambiguous("The connection broke."), arrives=True)


def adapter(*faults: Fault | None, readable: bool = True) -> MemoryAdapter:
    return MemoryAdapter(faults=deque(faults), readable=readable)


async def once(to: MemoryAdapter, clock: SimulatedClock, **given: object) -> MessageRef | None:
    return await send_once(to, PLACE, say("hello"), key="k", clock=clock, **given)  # type: ignore[arg-type]


def waited(clock: SimulatedClock) -> float:
    return (clock.now() - START).total_seconds()


# --- one message -----------------------------------------------------------------------------


async def test_a_send_that_works_is_made_once_and_asks_nothing(clock: SimulatedClock) -> None:
    chat = adapter()
    assert await once(chat, clock) == chat.sent[0].ref
    assert (chat.attempts, chat.looked_up, waited(clock)) == (["k"], [], 0)


async def test_a_rate_limit_is_waited_for(clock: SimulatedClock) -> None:
    chat = adapter(LATER, LATER)
    assert await once(chat, clock)
    assert len(chat.sent) == 1
    assert waited(clock) == 14


async def test_a_long_rate_limit_is_handed_to_the_caller_at_once(clock: SimulatedClock) -> None:
    chat = adapter(Fault(RateLimited("Slow down.", retry_after=31)))
    with pytest.raises(RateLimited):
        await once(chat, clock)
    assert (len(chat.attempts), waited(clock)) == (1, 0)


async def test_what_did_not_arrive_is_sent_again_after_growing_waits(clock: SimulatedClock) -> None:
    chat = adapter(BROKEN, BROKEN, BROKEN)
    assert await once(chat, clock)
    assert len(chat.attempts) == ATTEMPTS == 4
    assert chat.looked_up == []
    assert waited(clock) == 0.5 + 1 + 2


@pytest.mark.parametrize("fault", [LATER, BROKEN, LOST], ids=["rate limited", "not sent", "ambiguous"])
async def test_attempts_end(clock: SimulatedClock, fault: Fault) -> None:
    chat = adapter(*[fault] * 9)
    with pytest.raises(type(fault.error)):
        await once(chat, clock)
    assert len(chat.attempts) == ATTEMPTS
    assert chat.sent == []


async def test_a_refusal_is_final(clock: SimulatedClock) -> None:
    chat = adapter(REFUSED)
    with pytest.raises(Rejected):
        await once(chat, clock)
    assert (len(chat.attempts), waited(clock)) == (1, 0)


async def test_an_ambiguous_send_that_arrived_is_not_repeated(clock: SimulatedClock) -> None:
    chat = adapter(LOST_BUT_THERE)
    assert await once(chat, clock) == chat.sent[0].ref
    assert (len(chat.attempts), len(chat.sent)) == (1, 1)


async def test_an_ambiguous_send_that_did_not_arrive_is_repeated(clock: SimulatedClock) -> None:
    chat = adapter(LOST)
    assert await once(chat, clock) == chat.sent[0].ref
    assert chat.attempts == ["k", "k"]
    assert chat.looked_up == ["k"]
    assert len(chat.sent) == 1


async def test_an_ambiguous_send_is_not_repeated_when_nobody_can_tell(clock: SimulatedClock) -> None:
    chat = adapter(LOST, readable=False)
    assert await once(chat, clock) is None
    assert chat.attempts == ["k"]


async def test_a_send_that_an_earlier_process_began_is_looked_up_first(clock: SimulatedClock) -> None:
    chat = adapter()
    first = await once(chat, clock)
    assert await once(chat, clock, maybe_sent=True) == first
    assert len(chat.sent) == 1
    unread = adapter(readable=False)
    assert await once(unread, clock, maybe_sent=True) is None
    assert unread.attempts == []


# --- one event -------------------------------------------------------------------------------


async def test_each_reply_has_a_key_of_its_own_and_the_event_is_finished(
    store: SqlStore, clock: SimulatedClock
) -> None:
    chat = adapter()
    event = message("why?", where=PLACE)
    assert await store.inbox.accept(event)
    await answer(event, scripted(say("one"), say("two")), chat, store.inbox, clock)
    assert [(one.key, one.text) for one in chat.sent] == [(f"{event.id}:0", "one"), (f"{event.id}:1", "two")]
    assert await store.inbox.unfinished("memory") == []
    assert await store.inbox.joins(PLACE), "a follow-up in this thread needs no mention"
    assert not await store.inbox.accept(event), "a redelivery is known"


async def test_what_is_private_and_what_replaces(clock: SimulatedClock) -> None:
    chat, inbox = adapter(), MemoryInbox()
    hung_on = MessageRef(thread=PLACE, id="m0")
    action = replace(press(_button(), where=PLACE), message=hung_on)
    await inbox.accept(action)
    replies = (say("a", private=True), say("b", replaces=True), say("c"))
    await answer(action, scripted(*replies), chat, inbox, clock)
    assert [(one.only_for, one.replaces) for one in chat.sent] == [
        (action.user, None),
        (None, hung_on),
        (None, None),
    ]
    direct = message("hi")
    await inbox.accept(direct)
    await answer(direct, scripted(say("a", private=True)), chat, inbox, clock)
    assert chat.sent[-1].only_for is None, "in private everything is for the one person"
    assert not await inbox.joins(direct.where)


def _button() -> object:
    from bot.core.model import Button

    return Button(label="Hint", action="hint")


async def test_a_known_error_becomes_its_sentence(clock: SimulatedClock) -> None:
    chat, inbox = adapter(), MemoryInbox()
    event = message("subscribe 25:00", where=PLACE)
    await inbox.accept(event)
    failing = scripted(InvalidRequest("That is not a time.", next_step="Use 09:00."))
    await answer(event, failing, chat, inbox, clock)
    assert chat.texts == ["That is not a time. Use 09:00."]
    assert chat.sent[0].only_for == event.user
    assert inbox.finished == [event.id]


async def test_a_bug_becomes_one_sentence_with_an_incident_and_a_record(
    clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    chat, inbox = adapter(), MemoryInbox()
    event = message("hi", where=PLACE)
    await inbox.accept(event)
    with caplog.at_level(logging.ERROR):
        await answer(event, scripted(say("first"), KeyError("s3cret")), chat, inbox, clock)
    assert chat.texts[0] == "first"
    (told,) = chat.texts[1:]
    for internal in ("Traceback", "KeyError", "s3cret"):
        assert internal not in told
    (record,) = caplog.records
    incident = str(record.args[0])  # type: ignore[index]
    assert len(incident) == 8
    assert incident in told
    assert record.exc_info is not None
    assert inbox.finished == [event.id]


async def test_a_refused_reply_is_logged_and_the_event_finished(
    clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    chat, inbox = adapter(REFUSED), MemoryInbox()
    event = message("hi")
    await inbox.accept(event)
    await answer(event, scripted(say("one"), say("two")), chat, inbox, clock)
    assert chat.sent == []
    assert inbox.finished == [event.id]
    assert "was not delivered" in caplog.text


# --- a crash ---------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


class CrashingInbox:
    """An inbox whose process ends before or after one of its writes."""

    def __init__(self, inbox: object, call: str, number: int, *, after: bool) -> None:
        self._inbox, self._call, self._number, self._after = inbox, call, number, after
        self._seen = 0

    def __getattr__(self, name: str) -> object:
        method = getattr(self._inbox, name)

        async def guarded(*given: object) -> object:
            self._seen += name == self._call
            now = name == self._call and self._seen == self._number
            if now and not self._after:
                raise Crash
            result = await method(*given)
            if now:
                raise Crash
            return result

        return guarded


WRITES = [
    *((("attempt", number), after) for number in (1, 2, 3) for after in (False, True)),
    (("finish", 1), False),
]
SENDS = [((f"send {number}", arrives)) for number in (1, 2, 3) for arrives in (False, True)]
REPLIES = (say("one"), say("two"), say("three"))


@pytest.mark.parametrize(("step", "after"), WRITES)
async def test_a_crash_at_a_write_is_made_good(
    store: SqlStore, clock: SimulatedClock, step: tuple[str, int], after: bool
) -> None:
    chat = adapter()
    event = message("why?", where=PLACE)
    await store.inbox.accept(event)
    inbox = CrashingInbox(store.inbox, *step, after=after)
    with pytest.raises(Crash):
        await answer(event, scripted(*REPLIES), chat, inbox, clock)  # type: ignore[arg-type]
    assert await resume(scripted(*REPLIES), chat, store.inbox, clock) == 1
    assert chat.texts == ["one", "two", "three"]
    assert await resume(scripted(*REPLIES), chat, store.inbox, clock) == 0


@pytest.mark.parametrize(("step", "arrives"), SENDS)
async def test_a_crash_at_a_send_is_made_good(clock: SimulatedClock, step: str, arrives: bool) -> None:
    number = int(step.split()[1])
    chat, inbox = adapter(*[None] * (number - 1), Fault(Crash(), arrives=arrives)), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, scripted(*REPLIES), chat, inbox, clock)
    await resume(scripted(*REPLIES), chat, inbox, clock)
    assert chat.texts == ["one", "two", "three"]


async def test_a_crash_is_not_repeated_into_a_history_nobody_can_read(clock: SimulatedClock) -> None:
    chat, inbox = adapter(None, Fault(Crash(), arrives=True), readable=False), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, scripted(*REPLIES), chat, inbox, clock)
    await resume(scripted(*REPLIES), chat, inbox, clock)
    assert chat.texts == ["one", "two", "three"], "the second is not repeated, the third is not lost"


async def test_resume_answers_in_order_and_goes_on_after_one_that_fails(
    store: SqlStore, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    chat = adapter(Fault(ZeroDivisionError()))
    events = [message(f"question {number}", person(), PLACE) for number in range(3)]
    for event in events:
        await store.inbox.accept(event)
        await clock.sleep(1)
    assert await resume(echo(), chat, store.inbox, clock) == 3
    assert chat.texts == ["question 1", "question 2"]


async def test_resume_leaves_other_platforms_alone(store: SqlStore, clock: SimulatedClock) -> None:
    await store.inbox.accept(message("hi", person(platform="slack")))
    assert await resume(echo(), adapter(), store.inbox, clock) == 0
    assert len(await store.inbox.unfinished("slack")) == 1


def echo() -> Handler:
    async def handle(inbound: Inbound):  # type: ignore[no-untyped-def]
        yield Reply(blocks=say(inbound.text).blocks)  # type: ignore[union-attr]

    return handle


def test_a_reply_is_given_up_before_a_person_gives_up() -> None:
    assert intake.LONGEST_WAIT <= 60


async def test_a_bug_in_an_adapter_ends_the_event_and_is_logged(
    clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    chat, inbox = adapter(Fault(ZeroDivisionError())), MemoryInbox()
    event = message("hi")
    await inbox.accept(event)
    await answer(event, scripted(say("one")), chat, inbox, clock)
    assert inbox.finished == [event.id]
    assert "was not delivered" in caplog.text


# --- a reply that grows ----------------------------------------------------------------------


@dataclass(slots=True)
class Streamer(MemoryAdapter):
    """A platform that edits its own messages, every two seconds at the most."""

    edits_every: float = 2.0

    @property
    def shown(self) -> list[str]:
        """What stands there in the end: an edit takes the place of what it edits."""
        texts: dict[str, str] = {}
        for one in self.sent:
            place = one.replaces.id if one.replaces and one.replaces.id in texts else one.ref.id
            texts[place] = one.text
        return list(texts.values())

    async def send(self, *given: object, replaces: MessageRef | None = None, **more: object) -> MessageRef:
        ref = await MemoryAdapter.send(self, *given, replaces=replaces, **more)  # type: ignore[arg-type]
        return replaces or ref


def streamer(*faults: Fault | None, readable: bool = True) -> Streamer:
    return Streamer(faults=deque(faults), readable=readable)


def growing(clock: SimulatedClock, *states: tuple[str, float], last: str = "a b c.") -> Handler:
    """Partial replies, each followed by a wait in seconds, then the finished one and another."""

    async def handle(_inbound: Inbound):  # type: ignore[no-untyped-def]
        for text, wait in states:
            yield say(text, partial=True)
            await clock.sleep(wait)
        yield say(last)
        yield say("more")

    return handle


STATES = (("a", 1.0), ("a b", 1.0), ("a b c", 1.0))


async def test_only_an_adapter_that_says_so_is_streaming() -> None:
    assert isinstance(streamer(), Streaming)
    assert not isinstance(adapter(), Streaming)


async def test_without_streaming_partial_replies_are_passed_over_and_not_counted(clock: SimulatedClock) -> None:
    chat, inbox = adapter(), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    await answer(event, growing(clock, *STATES), chat, inbox, clock)
    assert [(one.key, one.text) for one in chat.sent] == [(f"{event.id}:0", "a b c."), (f"{event.id}:1", "more")]
    assert inbox.calls.count("attempt") == 2


async def test_a_growing_reply_is_one_message_edited_in_place(clock: SimulatedClock) -> None:
    chat, inbox = streamer(), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    await answer(event, growing(clock, *STATES), chat, inbox, clock)
    first, second, final, more = chat.sent
    assert [one.text for one in chat.sent] == ["a", "a b c", "a b c.", "more"], "not faster than every two seconds"
    assert (first.replaces, second.replaces, final.replaces, more.replaces) == (None, first.ref, first.ref, None)
    assert (final.key, more.key) == (f"{event.id}:0", f"{event.id}:1")
    assert first.key not in {final.key, more.key}, "looking for the finished reply must not find half of it"
    assert chat.shown == ["a b c.", "more"]
    assert inbox.finished == [event.id]


@pytest.mark.parametrize(("wait", "shown"), [(1.99, ["a", "a b c."]), (2.0, ["a", "a b", "a b c."])])
async def test_an_edit_waits_its_time_the_finished_reply_never(
    clock: SimulatedClock, wait: float, shown: list[str]
) -> None:
    chat, inbox = streamer(), MemoryInbox()
    event = message("why?")
    await inbox.accept(event)
    await answer(event, growing(clock, ("a", wait), ("a b", 0)), chat, inbox, clock)
    assert chat.texts[:-1] == shown
    assert waited(clock) == wait


async def test_the_thread_is_joined_with_the_first_that_is_shown(clock: SimulatedClock) -> None:
    chat, inbox = streamer(None, Fault(Crash())), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, growing(clock, ("a", 0)), chat, inbox, clock)
    assert await inbox.joins(PLACE)


async def test_what_only_one_may_see_does_not_grow_before_others(clock: SimulatedClock) -> None:
    chat, inbox = streamer(), MemoryInbox()
    replies = (say("half", private=True, partial=True), say("whole", private=True))
    for event, count in ((message("why?", where=PLACE), 1), (message("why?"), 2)):
        chat.sent.clear()
        await inbox.accept(event)
        await answer(event, scripted(*replies), chat, inbox, clock)
        assert len(chat.sent) == count
        assert chat.sent[-1].text == "whole"


async def test_an_error_takes_the_place_of_half_a_reply(clock: SimulatedClock) -> None:
    chat, inbox = streamer(), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    failing = scripted(say("half", partial=True), InvalidRequest("No.", next_step="Ask again."))
    await answer(event, failing, chat, inbox, clock)
    assert chat.shown == ["No. Ask again."]


@pytest.mark.parametrize("fault", [LATER, REFUSED, BROKEN, LOST, Fault(ZeroDivisionError())])
@pytest.mark.parametrize("number", [0, 1])
async def test_a_state_that_is_not_shown_costs_nothing_but_itself(
    clock: SimulatedClock, fault: Fault, number: int
) -> None:
    chat, inbox = streamer(*[None] * number, fault), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    states = (("a", 2.0), ("a b", 2.0), ("a b c", 0.0))
    await answer(event, growing(clock, *states), chat, inbox, clock)
    assert chat.shown == ["a b c.", "more"]
    assert len(chat.attempts) == number + 3, "no further state is tried"
    assert waited(clock) == 4


async def test_a_state_that_arrived_unnoticed_is_found_and_replaced(clock: SimulatedClock) -> None:
    chat, inbox = streamer(LOST_BUT_THERE), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    await answer(event, growing(clock, *STATES), chat, inbox, clock)
    assert chat.shown == ["a b c.", "more"]
    assert chat.sent[1].replaces == chat.sent[0].ref


async def test_a_finished_reply_whose_edit_is_uncertain_is_looked_for_by_its_own_key(clock: SimulatedClock) -> None:
    for fault in (LOST, LOST_BUT_THERE):
        chat, inbox = streamer(None, fault), MemoryInbox()
        event = message("why?", where=PLACE)
        await inbox.accept(event)
        await answer(event, growing(clock, ("a", 0)), chat, inbox, clock)
        assert chat.shown == ["a b c.", "more"]
        assert chat.looked_up == [f"{event.id}:0"]
        assert [one.text for one in chat.sent] == ["a", "a b c.", "more"]


GROWN = (("a", 2.0), ("a b", 0.0))
AT = [(number, arrives) for number in range(1, 5) for arrives in (False, True)]


@pytest.mark.parametrize(("number", "arrives"), AT)
async def test_a_crash_while_a_reply_grows_is_made_good(
    store: SqlStore, clock: SimulatedClock, number: int, arrives: bool
) -> None:
    chat = streamer(*[None] * (number - 1), Fault(Crash(), arrives=arrives))
    event = message("why?", where=PLACE)
    await store.inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, growing(clock, *GROWN), chat, store.inbox, clock)
    assert await resume(growing(clock, *GROWN), chat, store.inbox, clock) == 1
    assert chat.shown == ["a b c.", "more"], "one message, finished, and nothing twice"
    assert await resume(growing(clock, *GROWN), chat, store.inbox, clock) == 0


async def test_after_a_crash_a_model_that_is_silent_still_finishes_what_it_began(clock: SimulatedClock) -> None:
    chat, inbox = streamer(None, Fault(Crash())), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, growing(clock, ("a", 0)), chat, inbox, clock)
    await resume(growing(clock, last="the quotes alone"), chat, inbox, clock)
    assert chat.shown == ["the quotes alone", "more"]


async def test_after_a_crash_the_second_reply_does_not_take_the_place_of_the_first(clock: SimulatedClock) -> None:
    chat, inbox = streamer(None, None, Fault(Crash())), MemoryInbox()
    event = message("why?", where=PLACE)
    await inbox.accept(event)
    with pytest.raises(Crash):
        await answer(event, growing(clock, ("a", 0)), chat, inbox, clock)
    await resume(growing(clock, ("a", 0)), chat, inbox, clock)
    assert chat.shown == ["a b c.", "more"]
