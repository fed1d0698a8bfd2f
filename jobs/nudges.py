"""Due subscriptions become rows of the outbox, each local date once."""

import logging
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.ports import Subscriptions
from bot.core.practice import FRESH_FOR, Practising
from bot.core.schedule import next_due

log = logging.getLogger(__name__)

_BATCH = 200


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.error("the time zone %s is no longer known; its prompts are left out until it is corrected", name)  # noqa: TRY400
        return ZoneInfo("UTC")


async def enqueue_due(
    subscriptions: Subscriptions,
    practising: Practising,
    *,
    now: datetime,
    platforms: Collection[str] | None = None,
) -> int:
    """Charge every subscription of these platforms (None: of all) that is due at `now` and set its next instant; returns how many were charged.

    One that is more than three hours late (the coach was down) skips to its next day uncharged. Safe to repeat and to
    run on several replicas: the outbox key holds the local date.
    """
    charged = 0
    while due := await subscriptions.due(now, limit=_BATCH, platforms=platforms):
        for one in due:
            assert one.next_due is not None
            try:
                if now - one.next_due <= FRESH_FOR:
                    await practising.charge(one, now=now, due=one.next_due)
                    charged += 1
                else:
                    log.info("subscription %s was due %s ago; that day is left out", one.id, now - one.next_due)
            except Exception:
                log.exception("subscription %s could not be charged; its next day is tried", one.id)
            following = next_due(max(now, one.next_due), one.local_time, _zone(one.zone), one.days)
            await subscriptions.move(one.id, seen=one.next_due, to=following)
    return charged
