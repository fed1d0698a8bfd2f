"""The outbox empties: each message is sent once and at the platform's pace, what could not be settled is said."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.core.closing import REVEAL_AFTER, REVEAL_WITHIN
from bot.core.composing import Composing
from bot.core.errors import NotSent, PlatformError, RateLimited, Rejected
from bot.core.intake import LONGEST_WAIT, send_once
from bot.core.model import MessageRef, Reply, ThreadRef, UserRef
from bot.core.ports import Adapter, Clock, Inbox, Opening, Outbox
from bot.core.records import Delivery
from bot.core.sending import LIMITS, Limits, Outcome, Pacing, jitter, refusal_kind
from jobs.gathering import AT_ONCE, Gathered

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""Shorter than the minutes a Discord nonce is unique for, so that a repeat of an unknown send is still dropped there."""
IN_FLIGHT = 32
"""Requests to one platform that are under way at the same time."""
_READY = IN_FLIGHT + IN_FLIGHT // 2
"""Sends noted as begun: a few wait behind the requests, so that the database keeps none waiting. Those that are not sent
when the process is killed have to be looked for."""
_CLAIMED = 3 * IN_FLIGHT
"""Deliveries that a process holds for one platform: no more than go out well within a lease at the slowest pace."""
_MARGIN = timedelta(seconds=15)
"""No send begins in the last seconds of a lease: a request takes ten of them at most."""
_BEGUN_FOR = timedelta(seconds=5)
"""Attempts that follow within this time are one send to the database."""
_RETRY_AFTER = timedelta(minutes=2)
_PATIENCE = timedelta(seconds=LONGEST_WAIT)
_DOWN_AFTER = 3
"""Messages that fail one after the other before a platform counts as down."""
_DOWN_FOR = timedelta(seconds=60)
_TOKEN_WAIT = timedelta(minutes=2)


class _LeaseLost(Exception):
    """The claim ended before the send began: another process has the delivery, or will have it."""


class _TooLate(Exception):
    """The message is of no use any more."""


class Deliveries:
    """Sends what the outbox holds through the adapters of this process. Made once a process: it knows the pace."""

    def __init__(
        self,
        outbox: Outbox,
        inbox: Inbox,
        adapters: Mapping[str, Adapter],
        composing: Composing,
        clock: Clock,
        *,
        limits: Mapping[str, Limits] = LIMITS,
    ) -> None:
        self._outbox = outbox
        self._inbox = inbox
        self._adapters = adapters
        self._composing = composing
        self._clock = clock
        self._pacing = Pacing(limits)
        self._begin = Gathered(self._begin_all)
        self._record = Gathered(self._record_all)
        self._unrecorded: list[Outcome] = []
        self._failing: Counter[str] = Counter()
        self._put_off: Counter[str] = Counter()

    async def send_due(self) -> int:
        """Send everything whose time has come; returns how many were sent. A platform that is down or asks to wait
        keeps no other one waiting."""
        await self._catch_up()
        lanes = [asyncio.create_task(self._lane(platform), name=platform) for platform in tuple(self._adapters)]
        try:
            if lanes:
                await asyncio.wait(lanes)
            return sum(lane.result() for lane in lanes)
        finally:
            for lane in lanes:
                lane.cancel()

    async def _catch_up(self) -> None:
        """Record what the database did not take before; raises if it still does not, and then nothing is sent."""
        if self._unrecorded:
            await self._record_all(self._unrecorded)
            self._unrecorded = []

    async def _lane(self, platform: str) -> int:
        gates = (asyncio.Semaphore(_READY), asyncio.Semaphore(IN_FLIGHT))
        sending: set[asyncio.Task[bool]] = set()
        sent, more = 0, True
        try:
            while True:
                free = (1 if self._failing[platform] >= _DOWN_AFTER else _CLAIMED) - len(sending)
                if self._may_claim(platform) and (not sending or (more and free >= IN_FLIGHT)):
                    claimed = await self._outbox.claim((platform,), now=self._clock.now(), lease=LEASE, limit=free)
                    more = len(claimed) == free
                    for number, one in enumerate(claimed, 1):
                        sending.add(asyncio.create_task(self._send(one, gates), name=one.key))
                        if number % AT_ONCE == 0:
                            await asyncio.sleep(0)
                if not sending:
                    return sent
                done, sending = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                sent += sum(task.result() for task in done)
        finally:
            for task in sending:
                task.cancel()

    def _may_claim(self, platform: str) -> bool:
        return not self._unrecorded and not self._pacing.platform_held(platform, self._clock.now())

    async def _send(self, delivery: Delivery, gates: tuple[asyncio.Semaphore, asyncio.Semaphore]) -> bool:
        adapter = self._adapters[delivery.target.platform]
        turn = _Turn(delivery, adapter=adapter, pacing=self._pacing, clock=self._clock, begin=self._begin, gates=gates)
        try:
            outcome = await self._outcome(turn)
        except _LeaseLost:
            log.warning("the lease of delivery %s ended before it was sent; it is left to whoever has it", delivery.id)
            return False
        except _TooLate:
            reason = f"too late to be of use: {delivery.reason}" if delivery.reason else "too late to be of use"
            outcome = Outcome(delivery=turn.delivery, status="dropped", reason=reason)
        try:
            await self._record(outcome)
        except Exception:
            log.exception("the outcome of delivery %s could not be recorded; it is kept", delivery.id)
            self._unrecorded.append(outcome)
        return outcome.status == "sent"

    async def _outcome(self, turn: "_Turn") -> Outcome:
        """How the send ended. Raises _LeaseLost and _TooLate."""
        turn.check()
        try:
            composed = await self._composing.compose(turn.delivery)
            if isinstance(composed, str):
                return Outcome(delivery=turn.delivery, status="dropped", reason=composed)
            message = await send_once(
                turn,
                composed.to,
                composed.reply,
                key=_key(turn.delivery),
                clock=self._clock,
                maybe_sent=turn.delivery.sent_at is not None,
            )
        except (_LeaseLost, _TooLate):
            raise
        except PlatformError as error:
            return self._failed(turn.delivery, error)
        except Exception:
            log.exception("delivery %s did not go out", turn.delivery.id)
            until = self._clock.now() + _RETRY_AFTER
            return Outcome(delivery=turn.delivery, status="pending", reason=_OURS, not_before=until)
        self._failing[turn.delivery.target.platform] = self._put_off[turn.delivery.target.platform] = 0
        if message is None:
            return Outcome(delivery=turn.delivery, status="unknown", reason=_UNREADABLE)
        return Outcome(delivery=turn.delivery, status="sent", message=message, at=self._clock.now())

    def _failed(self, delivery: Delivery, error: PlatformError) -> Outcome:
        now, platform, reason = self._clock.now(), delivery.target.platform, str(error)
        if isinstance(error, Rejected):
            kind = refusal_kind(error.code)
            if kind != "token":
                log.warning("delivery %s was refused: %s", delivery.id, error)
                self._failing[platform] = 0
                return Outcome(delivery=delivery, status="failed", reason=reason, at=now, stops=kind == "gone")
            wait = _TOKEN_WAIT  # whoever runs the coach can put it right, and what is still fresh then goes out
            self._pacing.hold_platform(platform, now, wait, reason)
        elif isinstance(error, RateLimited):
            wait = timedelta(seconds=max(error.retry_after, 1))
        else:
            wait = _RETRY_AFTER
            self._failing[platform] += 1
            if self._failing[platform] >= _DOWN_AFTER:
                log.warning("%s does not take messages; the next try is in %s", platform, _DOWN_FOR)
                self._pacing.hold_platform(platform, now, _DOWN_FOR, reason)
        until = now + wait + jitter(delivery.key, self._put_off[platform])
        self._put_off[platform] += 1
        log.warning("delivery %s did not go out, next try at %s: %s", delivery.id, until, error)
        certain = isinstance(error, Rejected | RateLimited | NotSent)
        return Outcome(delivery=delivery, status="pending", reason=reason, not_before=until, certain=certain)

    async def _begin_all(self, deliveries: Sequence[Delivery]) -> list[bool]:
        held = await self._outbox.begin(deliveries, now=self._clock.now())
        return [one.id in held for one in deliveries]

    async def _record_all(self, outcomes: Sequence[Outcome]) -> list[None]:
        for one in outcomes:
            delivery = one.delivery
            if one.message and one.at and delivery.kind == "nudge" and isinstance(delivery.target, ThreadRef):
                await self._opened(delivery, one.message, one.at)
        await self._outbox.record(outcomes)
        return [None] * len(outcomes)

    async def _opened(self, delivery: Delivery, message: MessageRef, at: datetime) -> None:
        """A channel has its prompt: replies in the thread under it are answers, and it will be resolved."""
        await self._inbox.joined(replace(message.thread, thread=message.thread.thread or message.id))
        await self._outbox.add_later(
            delivery.subscription_id,
            key=f"reveal:{delivery.id}",
            kind="reveal",
            about=delivery.id,
            local_date=delivery.local_date,
            not_before=at + REVEAL_AFTER,
            expires_at=at + REVEAL_WITHIN,
            now=at,
        )


class _Turn:
    """One delivery's `Sender`: each attempt waits its turn, and is made only while the claim holds."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        adapter: Adapter,
        pacing: Pacing,
        clock: Clock,
        begin: Callable[[Delivery], Awaitable[bool]],
        gates: tuple[asyncio.Semaphore, asyncio.Semaphore],
    ) -> None:
        self._ready, self._request = gates
        self.delivery = delivery
        self._adapter = adapter
        self._pacing = pacing
        self._clock = clock
        self._begin = begin
        self._begun = datetime.min.replace(tzinfo=UTC)

    def check(self) -> None:
        """Raises _LeaseLost or _TooLate where nothing may be sent any more."""
        now, until = self._clock.now(), self.delivery.lease_until
        # one that ends later than a lease lasts was taken before the clock was put back: whether it holds is not known
        if until is None or not now + _MARGIN <= until <= now + LEASE:
            raise _LeaseLost
        if now > self.delivery.expires_at:
            raise _TooLate

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """As `Sender.find`."""
        return await self._adapter.find(to, key)

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """As `Sender.send`; RateLimited also where its turn is too far away to wait for."""
        await self._turn(to)
        async with self._ready:
            if self._clock.now() - self._begun > _BEGUN_FOR:
                if not await self._begin(self.delivery):
                    raise _LeaseLost
                self._begun = self._clock.now()
                self.delivery = replace(self.delivery, sent_at=self._begun)
            async with self._request:
                self._not_held()
                self.check()
                try:
                    return await self._adapter.send(to, reply, key=key, only_for=only_for, replaces=replaces)
                except RateLimited as error:
                    wait = timedelta(seconds=error.retry_after)
                    self._pacing.hold(self.delivery.target, self._clock.now(), wait, str(error))
                    raise

    async def _turn(self, to: ThreadRef | UserRef) -> None:
        if isinstance(self._adapter, Opening):
            await self._adapter.open(to)
        target, now = self.delivery.target, self._clock.now()
        wait = self._pacing.reserve(target, now, within=_PATIENCE)
        at = now + wait
        while wait > timedelta(0):
            if wait > _PATIENCE:
                self._not_held()
                raise RateLimited("Others are sent there first.", retry_after=wait.total_seconds())
            await self._clock.sleep(wait.total_seconds())
            now = self._clock.now()
            wait = max(min(at - now, wait), self._pacing.held(target, now))
        self.check()

    def _not_held(self) -> None:
        target = self.delivery.target
        if wait := self._pacing.held(target, self._clock.now()).total_seconds():
            raise RateLimited(self._pacing.why(target), retry_after=wait)


_OURS = "an error on our side, see the log"
_UNREADABLE = "may have arrived; the history is unreadable"


def _key(delivery: Delivery) -> str:
    """A prompt that was put off is another message than the one that came first."""
    return f"{delivery.key}:{delivery.not_before:%m%d%H%M}" if delivery.touched_at else delivery.key
