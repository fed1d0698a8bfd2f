"""The outbox empties: each prompt is sent once, what could not be settled is said."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.core.errors import NotSent, PlatformError, RateLimited, Rejected
from bot.core.intake import send_once
from bot.core.model import Delivery, ThreadRef
from bot.core.ports import Adapter, Clock, Inbox, Outbox
from bot.core.practice import prompt_reply
from knowledge.model import Curriculum

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""Shorter than the minutes a Discord nonce is unique for, so that a repeat of an unknown send is still dropped there."""
_RETRY_AFTER = timedelta(minutes=2)
_BATCH = 1
"""A lease covers one send, so that no other process takes what this one still has before it."""


class Deliveries:
    """Sends what the outbox holds through the adapters of this process."""

    def __init__(
        self, outbox: Outbox, inbox: Inbox, adapters: Mapping[str, Adapter], curriculum: Curriculum, clock: Clock
    ) -> None:
        self._outbox = outbox
        self._inbox = inbox
        self._adapters = adapters
        self._curriculum = curriculum
        self._clock = clock

    async def send_due(self) -> int:
        """Send everything whose time has come; returns how many were sent."""
        sent = 0
        while claimed := await self._outbox.claim(
            tuple(self._adapters), now=self._clock.now(), lease=LEASE, limit=_BATCH
        ):
            for delivery in claimed:
                sent += await self._send(delivery)
        return sent

    async def _send(self, delivery: Delivery) -> bool:
        now = self._clock.now()
        item = self._curriculum.items.get(delivery.item_id)
        if item is None or now > delivery.expires_at:
            reason = "the item was withdrawn" if item is None else "too late to be of use"
            await self._outbox.settle(delivery.id, "dropped", reason=reason)
            return False
        try:
            message = await send_once(
                self._adapters[delivery.target.platform],
                delivery.target,
                prompt_reply(item, self._curriculum, delivery.id),
                key=delivery.key,
                clock=self._clock,
                maybe_sent=delivery.attempt > 1,
            )
        except Rejected as error:
            log.warning("delivery %s was refused: %s", delivery.id, error)
            await self._outbox.settle(delivery.id, "failed", reason=str(error))
            return False
        except PlatformError as error:
            wait = timedelta(seconds=max(error.retry_after, 1)) if isinstance(error, RateLimited) else _RETRY_AFTER
            log.warning("delivery %s did not go out, next try in %s: %s", delivery.id, wait, error)
            certain = isinstance(error, RateLimited | NotSent)
            await self._outbox.postpone(delivery.id, until=self._clock.now() + wait, reason=str(error), certain=certain)
            return False
        except Exception:
            log.exception("delivery %s did not go out", delivery.id)
            await self._outbox.postpone(
                delivery.id, until=now + _RETRY_AFTER, reason="an error on our side, see the log"
            )
            return False
        if message is None:
            await self._outbox.settle(delivery.id, "unknown", reason="may have arrived; the history is unreadable")
            return False
        await self._outbox.settle(delivery.id, "sent", message=message)
        if isinstance(delivery.target, ThreadRef):  # replies in the thread under it are answers
            await self._inbox.joined(replace(message.thread, thread=message.thread.thread or message.id))
        return True
