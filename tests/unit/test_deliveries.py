"""The outbox empties: each prompt once, and what could not be settled is said."""

from collections import deque
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import Ambiguous, NotSent, RateLimited, Rejected
from bot.core.model import Delivery, MessageRef, ThreadRef, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.deliveries import LEASE, Deliveries
from knowledge.model import Curriculum
from tests.conftest import Place
from tests.stores import CURRICULUM, NOW, Fault, MemoryAdapter, channel, charged, person, subscribed


class Post:
    """A store, an adapter and what sends between them."""

    def __init__(self, store: SqlStore, clock: SimulatedClock, curriculum: Curriculum = CURRICULUM) -> None:
        self.store, self.clock, self.chat = store, clock, MemoryAdapter()
        self.deliveries = Deliveries(store.outbox, store.inbox, {"memory": self.chat}, curriculum, clock)

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

    other.deliveries = Deliveries(stores[1].outbox, stores[1].inbox, {"memory": slow.chat}, CURRICULUM, clock)
    await Deliveries(
        stores[0].outbox, stores[0].inbox, {"memory": Slow(sent=slow.chat.sent)}, CURRICULUM, clock
    ).send_due()
    assert sorted(one.key for one in slow.chat.sent) == [f"k{number}" for number in range(5)]
    for store in stores:
        await store.close()
