"""The outbox empties: each prompt once, and what could not be settled is said."""

import asyncio
import sqlite3
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.core.composing import Composing
from bot.core.errors import Ambiguous, NotSent, RateLimited, Rejected
from bot.core.model import MessageRef, Reply, ThreadRef, UserRef
from bot.core.ports import Clock
from bot.core.records import Delivery
from bot.core.sending import Limit, Limits, Outcome
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.deliveries import LEASE, Deliveries
from knowledge.model import Curriculum
from tests.conftest import Place
from tests.stores import CURRICULUM, NOW, Fault, MemoryAdapter, channel, charged, person, subscribed


async def no_digest(_delivery: Delivery) -> Reply | None:
    return None


def sending(
    store: SqlStore, chat: MemoryAdapter, clock: Clock, curriculum: Curriculum = CURRICULUM, **how: Any
) -> Deliveries:
    composing = Composing(store, curriculum, no_digest)
    return Deliveries(store.outbox, store.inbox, {chat.name: chat}, composing, clock, **how)


class Post:
    """A store, an adapter and what sends between them."""

    def __init__(self, store: SqlStore, clock: SimulatedClock, curriculum: Curriculum = CURRICULUM) -> None:
        self.store, self.clock, self.chat = store, clock, MemoryAdapter()
        self.deliveries = sending(store, self.chat, clock, curriculum)

    async def prompt(self, target: UserRef | ThreadRef | None = None, key: str = "k1") -> Delivery:
        stream = await subscribed(self.store, target or person())
        return (await charged(self.store, stream, key=key))[0]

    async def now(self, delivery: Delivery) -> Delivery:
        found = await self.store.outbox.get(delivery.id)
        assert found is not None
        return found


@pytest.fixture
def post(sqlite_store: SqlStore, clock: SimulatedClock) -> Post:
    return Post(sqlite_store, clock)


def failing(post: Post, *errors: BaseException, arrives: bool = False) -> None:
    post.chat.faults = deque(Fault(error, arrives=arrives) for error in errors)


async def test_a_prompt_is_sent_once_and_remembered_where(post: Post) -> None:
    delivery = await post.prompt()
    assert await post.deliveries.send_due() == 1
    assert await post.deliveries.send_due() == 0
    (sent,) = post.chat.sent
    assert (sent.to, sent.key) == (person(), delivery.key)
    assert "Prompt" in sent.text
    after = await post.now(delivery)
    assert (after.status, after.message, after.attempt) == ("sent", sent.ref, 1)


async def test_a_reply_under_a_channels_prompt_is_an_answer_to_it(post: Post) -> None:
    delivery = await post.prompt(channel())
    await post.deliveries.send_due()
    thread = channel(thread=post.chat.sent[0].ref.id)
    assert await post.store.inbox.joins(thread)
    found = await post.store.outbox.in_thread(thread)
    assert found is not None
    assert found.id == delivery.id


async def test_one_that_is_not_due_waits(post: Post) -> None:
    stream = await subscribed(post.store, person())
    await charged(post.store, stream, not_before=NOW + timedelta(seconds=1))
    assert await post.deliveries.send_due() == 0
    post.clock.instant += timedelta(seconds=1)
    assert await post.deliveries.send_due() == 1


async def test_a_refusal_is_final_and_keeps_its_reason(post: Post) -> None:
    delivery = await post.prompt()
    failing(post, Rejected("The person takes no direct messages.", code="50007"))
    assert await post.deliveries.send_due() == 0
    assert (await post.now(delivery)).status == "failed"
    assert await post.store.outbox.reason(delivery.id) == "The person takes no direct messages."
    post.clock.instant += timedelta(hours=1)
    assert await post.deliveries.send_due() == 0
    assert len(post.chat.attempts) == 1


async def test_a_rate_limit_postpones(post: Post) -> None:
    delivery = await post.prompt()
    failing(post, RateLimited("Slow down.", retry_after=600))
    assert await post.deliveries.send_due() == 0
    after = await post.now(delivery)
    assert (after.status, after.not_before) == ("pending", NOW + timedelta(seconds=600))
    post.clock.instant += timedelta(seconds=599)
    assert await post.deliveries.send_due() == 0
    post.clock.instant += timedelta(seconds=1)
    assert await post.deliveries.send_due() == 1
    assert len(post.chat.sent) == 1


@pytest.mark.parametrize("error", [NotSent("No connection."), ZeroDivisionError()], ids=["not sent", "a bug"])
async def test_a_failure_postpones_and_the_others_go_out(post: Post, error: Exception) -> None:
    first = await post.prompt(person("ada"), "k1")
    second = await post.prompt(person("bob"), "k2")
    failing(post, *[error] * (4 if isinstance(error, NotSent) else 1))
    assert await post.deliveries.send_due() == 1
    assert sorted([(await post.now(first)).status, (await post.now(second)).status]) == ["pending", "sent"]
    post.clock.instant += timedelta(minutes=2, seconds=10)
    assert await post.deliveries.send_due() == 1
    assert sorted(one.key for one in post.chat.sent) == ["k1", "k2"]


async def test_too_late_is_dropped_and_said(post: Post) -> None:
    delivery = await post.prompt()
    post.clock.instant += timedelta(hours=3, seconds=1)
    assert await post.deliveries.send_due() == 0
    assert (await post.now(delivery)).status == "dropped"
    assert "late" in await post.store.outbox.reason(delivery.id)
    assert post.chat.attempts == []


async def test_a_withdrawn_item_is_dropped(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    post = Post(sqlite_store, clock, Curriculum(items={}, leaves={}))
    delivery = await post.prompt()
    assert await post.deliveries.send_due() == 0
    assert (await post.now(delivery)).status == "dropped"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("arrived", [False, True])
async def test_after_a_crash_it_is_looked_for_before_it_is_sent_again(post: Post, arrived: bool) -> None:
    delivery = await post.prompt()
    failing(post, Killed(), arrives=arrived)
    with pytest.raises(Killed):
        await post.deliveries.send_due()
    assert (await post.now(delivery)).status == "sending"
    post.clock.instant += LEASE
    assert await post.deliveries.send_due() == 0, "the lease still holds"
    post.clock.instant += timedelta(seconds=1)
    assert await post.deliveries.send_due() == 1
    assert post.chat.looked_up == [delivery.key]
    assert len(post.chat.sent) == 1
    after = await post.now(delivery)
    assert (after.status, after.message) == ("sent", post.chat.sent[0].ref)


async def test_an_ambiguous_send_that_arrived_is_sent_and_not_repeated(post: Post) -> None:
    delivery = await post.prompt()
    failing(post, Ambiguous("The connection broke."), arrives=True)
    assert await post.deliveries.send_due() == 1
    assert len(post.chat.sent) == 1
    assert (await post.now(delivery)).status == "sent"


@pytest.mark.parametrize("how", ["ambiguous", "crash"])
async def test_what_nobody_can_look_up_is_unknown_and_never_repeated(post: Post, how: str) -> None:
    delivery = await post.prompt()
    post.chat.readable = False
    if how == "ambiguous":
        failing(post, Ambiguous("The connection broke."))
    else:
        failing(post, Killed())
        with pytest.raises(Killed):
            await post.deliveries.send_due()
        post.clock.instant += LEASE + timedelta(seconds=1)
    assert await post.deliveries.send_due() == 0
    assert (await post.now(delivery)).status == "unknown"
    post.clock.instant += timedelta(hours=1)
    assert await post.deliveries.send_due() == 0
    assert len(post.chat.attempts) == 1
    assert "unreadable" in await post.store.outbox.reason(delivery.id)


async def test_a_process_takes_only_what_its_platforms_can_send(post: Post) -> None:
    elsewhere = await post.prompt(person(platform="slack"))
    assert await post.deliveries.send_due() == 0
    assert (await post.now(elsewhere)).status == "pending"


async def test_a_rate_limited_prompt_certainly_did_not_arrive(post: Post) -> None:
    await post.prompt()
    post.chat.readable = False
    failing(post, RateLimited("Slow down.", retry_after=60))
    await post.deliveries.send_due()
    post.clock.instant += timedelta(seconds=60)
    assert await post.deliveries.send_due() == 1


async def test_a_rate_limit_of_no_time_is_no_loop(post: Post) -> None:
    await post.prompt()
    failing(post, *[RateLimited("Slow down.", retry_after=0)] * 40)
    await post.deliveries.send_due()
    assert len(post.chat.attempts) == 4


async def test_a_slow_process_and_a_second_one_send_each_prompt_once(place: Place, clock: SimulatedClock) -> None:
    stores = [place.open(clock) for _ in range(2)]
    slow, other = (Post(store, clock) for store in stores)
    stream = await subscribed(stores[0], person())
    for number in range(5):
        await charged(stores[0], stream, key=f"k{number}")
    send = slow.chat.send

    class Slow(MemoryAdapter):
        async def send(self, *given: Any, **more: Any) -> MessageRef:
            ref = await send(*given, **more)
            clock.instant += timedelta(seconds=50)
            if len(slow.chat.sent) == 2:
                await other.deliveries.send_due()
            return ref

    other.deliveries = sending(stores[1], slow.chat, clock)
    await sending(stores[0], Slow(sent=slow.chat.sent), clock).send_due()
    assert sorted(one.key for one in slow.chat.sent) == [f"k{number}" for number in range(5)]
    for store in stores:
        await store.close()


# --- pace, outages, refusals -----------------------------------------------------------------

SLOWLY = {"memory": Limits(workspace=Limit(burst=5, per_second=5), refused="workspace")}
MINUTE = timedelta(minutes=1)


class Timed(MemoryAdapter):
    """Notes when each message arrived; `down` says when the platform does not answer."""

    def __init__(self, clock: SimulatedClock, down: tuple[datetime, datetime] | None = None, **how: Any) -> None:
        super().__init__(**how)
        self.clock, self.down, self.at, self.tried = clock, down, [], []

    async def send(self, *given: Any, **more: Any) -> MessageRef:
        self.tried.append(self.clock.now())
        if self.down and self.down[0] <= self.clock.now() < self.down[1]:
            raise NotSent("Slack cannot be reached.")
        ref = await super().send(*given, **more)
        self.at.append(self.clock.now())
        return ref


async def crowd(store: SqlStore, count: int, **given: Any) -> list[Delivery]:
    made = []
    for number in range(count):
        stream = await subscribed(store, person(f"p{number}"))
        made.append((await charged(store, stream, key=f"c{number}", **given))[0])
    return made


async def test_messages_go_at_the_pace_of_the_workspace(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    chat = Timed(clock)
    await crowd(sqlite_store, 60)
    assert await sending(sqlite_store, chat, clock, limits=SLOWLY).send_due() == 60
    assert clock.now() - NOW == pytest.approx(timedelta(seconds=11), abs=timedelta(seconds=0.5))


async def test_a_request_to_wait_holds_the_whole_workspace(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    made = await crowd(sqlite_store, 12)
    chat = Timed(clock)
    chat.faults = deque([Fault(RateLimited("Slow down.", retry_after=300))])
    deliveries = sending(sqlite_store, chat, clock, limits=SLOWLY)
    assert await deliveries.send_due() == 0
    assert len(chat.attempts) == 1
    again = [(await sqlite_store.outbox.get(one.id)).not_before for one in made]  # type: ignore[union-attr]
    assert all(timedelta(seconds=300) <= at - NOW < timedelta(seconds=305) for at in again)
    assert len(set(again)) > 6, "they do not all come back at once"
    clock.instant = NOW + timedelta(seconds=306)
    assert await deliveries.send_due() == 12


async def test_after_an_outage_what_is_fresh_goes_out_once_and_at_its_pace(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    due = NOW + timedelta(hours=9)
    fresh = await crowd(sqlite_store, 200, not_before=due, expires_at=due + timedelta(hours=3))
    stream = await subscribed(sqlite_store, person("late"))
    late, _ = await charged(sqlite_store, stream, key="late", not_before=due, expires_at=due + 20 * MINUTE)
    back = NOW + timedelta(hours=9, minutes=40)
    chat = Timed(clock, down=(NOW + timedelta(hours=8, minutes=55), back))
    deliveries = sending(sqlite_store, chat, clock, limits=SLOWLY)
    clock.instant, sent, during = due, 0, None
    while clock.now() < back + 20 * MINUTE:
        sent += await deliveries.send_due()
        if during is None and clock.now() > due + 10 * MINUTE:
            during = (await sqlite_store.outbox.overview())[1]
        clock.instant += timedelta(seconds=20)
    assert during is not None
    assert during[0][1:] == ("pending", "memory", "Slack cannot be reached.")
    assert sent == len(fresh)
    assert sorted(one.key for one in chat.sent) == sorted(one.key for one in fresh)
    assert len(chat.tried) - len(chat.sent) < 400, "a platform that is down is asked now and then"
    assert back <= min(chat.at)
    assert timedelta(seconds=len(fresh) / 5 - 10) < max(chat.at) - min(chat.at) < 10 * MINUTE
    dropped = await sqlite_store.outbox.get(late.id)
    assert dropped is not None
    assert (dropped.status, dropped.reason[:8]) == ("dropped", "too late")


@pytest.mark.parametrize(
    ("code", "active"),
    [("user_disabled", False), ("10003", False), ("50001", False), ("50007", False), ("50013", True)],
)
async def test_what_can_never_arrive_ends_its_stream(post: Post, code: str, active: bool) -> None:
    await post.prompt()
    failing(post, Rejected("Gone for good.", code=code))
    await post.deliveries.send_due()
    found = await post.store.subscriptions.find(person())
    assert found is not None
    assert (found.active, found.next_due is not None) == (active, active)
    assert (await post.store.outbox.overview())[1] == [(1, "failed", "memory", "Gone for good.")]


async def test_a_revoked_token_stops_the_platform_and_what_is_fresh_waits_for_a_new_one(post: Post) -> None:
    await crowd(post.store, 3)
    failing(post, *[Rejected("The coach's token was revoked.", code="token_revoked")] * 3)
    await post.deliveries.send_due()
    assert (await post.store.outbox.overview())[1] == [(3, "pending", "memory", "The coach's token was revoked.")]
    tried = len(post.chat.attempts)
    assert await post.deliveries.send_due() == 0
    assert len(post.chat.attempts) == tried <= 3, "it is not tried again at once"
    post.chat.faults.clear()
    post.clock.instant += 3 * MINUTE
    assert await post.deliveries.send_due() == 3


# --- the database ----------------------------------------------------------------------------


class Sick:
    """An outbox whose database fails in the named calls, as often as it is told to."""

    def __init__(self, outbox: Any, call: str, error: str, times: int) -> None:
        self._outbox, self._call, self._error, self._left = outbox, call, error, times

    def __getattr__(self, name: str) -> Any:
        if name == self._call and self._left:
            self._left -= 1
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError(self._error))
        return getattr(self._outbox, name)


@pytest.mark.parametrize("error", ["database or disk is full", "database is locked"])
@pytest.mark.parametrize("call", ["claim", "begin", "record"])
async def test_a_full_disk_or_a_locked_database_loses_and_doubles_nothing(post: Post, call: str, error: str) -> None:
    await crowd(post.store, 3)
    post.chat.readable = False  # so that nothing but the record tells what was sent
    post.deliveries._outbox = Sick(post.store.outbox, call, error, 2)  # type: ignore[assignment]
    for _ in range(4):
        with suppress(OperationalError):
            await post.deliveries.send_due()
        post.clock.instant += LEASE + timedelta(seconds=31)
    assert sorted(one.key for one in post.chat.sent) == ["c0", "c1", "c2"]
    assert (await post.store.outbox.overview())[1] == []


async def test_a_lease_that_is_over_sends_nothing_even_before_anybody_took_it(post: Post) -> None:
    await post.prompt()
    claim = post.store.outbox.claim

    async def slowly(*given: Any, **more: Any) -> list[Delivery]:
        claimed = await claim(*given, **more)
        post.clock.instant += LEASE if claimed and not post.chat.looked_up else timedelta(0)
        post.chat.looked_up.append("claimed")
        return claimed

    post.deliveries._outbox.claim = slowly  # type: ignore[method-assign]
    assert await post.deliveries.send_due() == 0
    assert post.chat.attempts == []


async def test_what_was_claimed_and_not_begun_is_sent_without_a_look(post: Post) -> None:
    await post.prompt()
    post.chat.readable = False
    await post.store.outbox.claim(["memory"], now=NOW, lease=LEASE, limit=9)  # and killed
    post.clock.instant += LEASE + timedelta(seconds=1)
    assert await post.deliveries.send_due() == 1


async def test_a_late_word_never_undoes_what_another_process_recorded(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    await charged(store, stream)
    (slow,) = await store.outbox.claim(["memory"], now=NOW, lease=LEASE, limit=9)
    later = NOW + LEASE + timedelta(seconds=1)
    (quick,) = await store.outbox.claim(["memory"], now=later, lease=LEASE, limit=9)
    assert await store.outbox.begin([slow], now=later) == frozenset()
    assert await store.outbox.begin([quick], now=later) == {quick.id}
    await store.outbox.record([Outcome(delivery=slow, status="pending", reason="late", certain=True)])
    assert (await store.outbox.get(slow.id)).status == "sending"  # type: ignore[union-attr]
    await store.outbox.record([Outcome(delivery=quick, status="unknown")])
    sent = MessageRef(thread=channel(), id="m1")
    await store.outbox.record([Outcome(delivery=slow, status="sent", message=sent, at=later)])
    found = await store.outbox.get(slow.id)
    assert found is not None
    assert (found.status, found.message, found.sent_at) == ("sent", sent, later), "that it was sent is a fact"
    await store.outbox.record([Outcome(delivery=quick, status="dropped")])
    assert (await store.outbox.get(slow.id)).status == "sent"  # type: ignore[union-attr]


@pytest.mark.parametrize("jump", [-timedelta(days=365), -timedelta(hours=1), timedelta(hours=1), timedelta(days=365)])
async def test_a_clock_that_jumps_under_a_claim_neither_loses_nor_doubles(post: Post, jump: timedelta) -> None:
    stream = await subscribed(post.store, person())
    far = timedelta(days=800)
    await charged(post.store, stream, not_before=NOW - far, expires_at=NOW + far)
    failing(post, Killed(), arrives=True)
    with pytest.raises(Killed):
        await post.deliveries.send_due()
    post.clock.instant += jump
    assert await post.deliveries.send_due() == 1
    assert len(post.chat.sent) == 1


async def test_one_platform_that_waits_keeps_no_other_one_waiting(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    waiting = asyncio.Event()

    class Stuck(MemoryAdapter):
        async def send(self, *_given: Any, **_more: Any) -> MessageRef:
            await waiting.wait()
            raise NotSent("No connection.")

    stuck, quick = Stuck(name="stuck"), MemoryAdapter(name="quick")
    for name in ("stuck", "quick"):
        stream = await subscribed(sqlite_store, person(platform=name))
        await charged(sqlite_store, stream, key=name)
    deliveries = sending(sqlite_store, stuck, clock)
    deliveries._adapters = {"stuck": stuck, "quick": quick}
    running = asyncio.create_task(deliveries.send_due())
    async with asyncio.timeout(5):
        while not quick.sent:
            await asyncio.sleep(0)
    waiting.set()
    assert await running == 1
