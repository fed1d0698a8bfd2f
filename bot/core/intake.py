"""From a stored event to its answer, once: what every adapter does after the acknowledgement."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from bot.core.errors import Ambiguous, CoachError, NotSent, PlatformError, RateLimited, Unreadable
from bot.core.model import Action, FormSubmitted, Inbound, MessageRef, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Adapter, Clock, Handler, Inbox, Pending, Sender, Streaming

log = logging.getLogger(__name__)

ATTEMPTS = 4
LONGEST_WAIT = 30.0
"""Seconds; a reply that a platform wants later than this is given up, the person asks again."""


async def send_once(
    adapter: Sender,
    to: ThreadRef | UserRef,
    reply: Reply,
    *,
    key: str,
    clock: Clock,
    only_for: UserRef | None = None,
    replaces: MessageRef | None = None,
    maybe_sent: bool = False,
) -> MessageRef | None:
    """Send `reply` and repeat only what certainly did not arrive.

    Returns None if it may have arrived and the platform's history may not be read: then it is not repeated.
    Raises the last PlatformError when the attempts are used up, Rejected at once.
    """
    wait = 0.5
    for attempt in range(1, ATTEMPTS + 1):
        if maybe_sent:
            try:
                if found := await adapter.find(to, key):
                    return found
            except Unreadable:
                log.warning("send %s: outcome unknown, the history is unreadable; not repeated", key)
                return None
            except (RateLimited, NotSent) as error:
                raise Ambiguous(f"It may have arrived and cannot be looked up now: {error}") from error
            maybe_sent = False
        try:
            return await adapter.send(to, reply, key=key, only_for=only_for, replaces=replaces)
        except RateLimited as error:
            if attempt == ATTEMPTS or error.retry_after > LONGEST_WAIT:
                raise
            await clock.sleep(error.retry_after)
        except Ambiguous:
            if attempt == ATTEMPTS:
                raise
            maybe_sent = True
        except NotSent:
            if attempt == ATTEMPTS:
                raise
            await clock.sleep(wait)
            wait *= 2
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _explained(replies: AsyncIterator[Reply], inbound: Inbound) -> AsyncIterator[Reply]:
    """The replies; a failure on the way becomes one sentence for the person and a record for the operator."""
    try:
        async for reply in replies:
            yield reply
    except CoachError as error:
        yield Reply(blocks=(Text(text=str(error)),), private=True)
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("incident %s while answering %s", incident, inbound.id)
        sentence = f"Something broke on my side (incident {incident}). Please send that again; whoever runs me can find the cause by that number."
        yield Reply(blocks=(Text(text=sentence),), private=True)


class _Growing:
    """A reply while it grows: a message that is edited until the finished reply takes its place.

    It has a key of its own, so that looking for the finished reply never finds half of it. Whatever goes wrong ends the
    growing; the finished reply comes in any case.
    """

    def __init__(self, adapter: Adapter, inbound: Inbound, clock: Clock, key: str) -> None:
        self._adapter = adapter
        self._inbound = inbound
        self._clock = clock
        self._key = f"{key}~"
        self._every = timedelta(seconds=adapter.edits_every) if isinstance(adapter, Streaming) else None
        self._next: datetime | None = None
        self._message: MessageRef | None = None
        self._lost = False

    def shows(self, reply: Reply) -> bool:
        """Whether this state is to be shown: the platform can, all may see it, and the last edit is long enough ago."""
        if self._every is None or (reply.private and not self._inbound.direct):
            return False
        return self._next is None or self._clock.now() >= self._next

    async def show(self, reply: Reply) -> bool:
        """Show a state; whether it arrived."""
        assert self._every is not None
        try:
            self._message = await self._adapter.send(self._inbound.where, reply, key=self._key, replaces=self._message)
        except Exception as error:  # noqa: BLE001 - the finished reply meets it again, and tells
            log.info("%s is not shown while it grows: %s", self._key, error)
            self._lost = self._message is None and isinstance(error, Ambiguous)
            self._every = None
            return False
        self._next = self._clock.now() + self._every
        return True

    async def message(self, *, resumed: bool) -> MessageRef | None:
        """What the finished reply takes the place of; after a crash or an uncertain send it is looked for."""
        if self._message is None and (self._lost or (resumed and isinstance(self._adapter, Streaming))):
            try:
                self._message = await self._adapter.find(self._inbound.where, self._key)
            except Exception as error:  # noqa: BLE001 - then it is a message of its own
                log.info("%s cannot be looked for: %s", self._key, error)
        return self._message


async def answer(
    inbound: Inbound, handle: Handler, adapter: Adapter, inbox: Inbox, clock: Clock, *, before: Pending | None = None
) -> None:
    """Send what `handle` yields for a stored event, each reply once, and mark the event answered.

    Partial replies are shown where the adapter is `Streaming`, passed over elsewhere, and not counted. `before` is how far an earlier process came. Raises nothing but cancellation: a reply that the platform refuses
    is logged, and the event is finished.
    """
    sent = before.sent if before else 0
    message = inbound.message if isinstance(inbound, Action | FormSubmitted) else None
    spoken = inbound.where.thread is not None and not inbound.direct
    number = 0
    growing = _Growing(adapter, inbound, clock, f"{inbound.id}:0")
    async for reply in _explained(handle(inbound), inbound):
        maybe_sent = bool(before and before.attempted and number == sent)
        if reply.partial:
            if number >= sent and not maybe_sent and growing.shows(reply):
                await inbox.attempt(inbound.id, number)
                if await growing.show(reply) and number == 0 and spoken:
                    await inbox.joined(inbound.where)
            continue
        if number >= sent:
            await inbox.attempt(inbound.id, number)
            grown = await growing.message(resumed=maybe_sent)
            try:
                await send_once(
                    adapter,
                    inbound.where,
                    reply,
                    key=f"{inbound.id}:{number}",
                    clock=clock,
                    only_for=inbound.user if reply.private and not inbound.direct and not grown else None,
                    replaces=grown or (message if reply.replaces else None),
                    maybe_sent=maybe_sent,
                )
            except PlatformError as error:
                log.warning("reply %s:%d was not delivered: %s", inbound.id, number, error)
                break
            except Exception:
                log.exception("reply %s:%d was not delivered", inbound.id, number)
                break
        number += 1
        growing = _Growing(adapter, inbound, clock, f"{inbound.id}:{number}")
        if number == 1 and spoken:
            await inbox.joined(inbound.where)  # at once: the next message may follow on the heels of the first reply
    await inbox.finish(inbound.id)


async def resume(handle: Handler, adapter: Adapter, inbox: Inbox, clock: Clock) -> int:
    """Answer what an earlier process acknowledged and did not answer; returns how many."""
    pending = await inbox.unfinished(adapter.name)
    for one in pending:
        try:
            await answer(one.inbound, handle, adapter, inbox, clock, before=one)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("could not resume %s", one.inbound.id)
    return len(pending)
