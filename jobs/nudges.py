"""Due subscriptions become rows of the outbox, each local date once."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from bot.core.attention import SILENT_AFTER, Newest, asks_for_weekly, ignored_now, is_silent
from bot.core.charging import Charge, Charging
from bot.core.days_off import is_prompt_day, prepare
from bot.core.errors import InvalidRequest
from bot.core.noise import Noise, Unsolicited
from bot.core.ports import Move, Subscriptions
from bot.core.practice import Practising
from bot.core.prompts import FRESH_FOR, nudge_key
from bot.core.records import Subscription
from bot.core.schedule import fresh_until, local_day, upcoming, zone_is_known

log = logging.getLogger(__name__)

_BATCH = 500
_GAP = timedelta(days=4)
"""A coach that was down over a week end sends what is fresh of Monday's."""


async def enqueue_due(
    subscriptions: Subscriptions,
    practising: Practising,
    *,
    now: datetime,
    platforms: Collection[str] | None = None,
    noise: Noise | None = None,
    charging: Charging | None = None,
) -> int:
    """Charge every subscription of these platforms (None: of all) that is due at `now` and set its next instant;
    returns how many were charged.

    One that is more than three hours late (the coach was down), or late and in quiet hours, skips that day uncharged; so does one whose person or channel has had its message of the day (`noise`), or has not touched the
    last ten. Safe to repeat and to run on several replicas: the outbox key holds the local date. With `charging` many
    are charged at once, and who touched none of the last three is asked whether weekly would suit better.
    """
    await _bring_back(subscriptions, now)
    count = 0
    known: dict[tuple[object, ...], _Instants] = {}
    while due := await subscriptions.due(now, limit=_BATCH, platforms=platforms):
        await asyncio.to_thread(prepare, due, now.year)
        newest = await subscriptions.newest([one.id for one in due])
        steps = [_step(one, newest.get(one.id), now=now, may_ask=charging is not None, known=known) for one in due]
        moves = [one for one in steps if isinstance(one, Move)]
        charges, refused = await _within_budget([one for one in steps if isinstance(one, Charge)], noise)
        await subscriptions.move_all([*moves, *map(_left_out, refused)])
        if charging is None:
            charged = await _one_by_one(subscriptions, practising, charges, now)
        else:
            charged = await charging.charge(charges, now=now)
        count += charged
        more = len(due) == _BATCH and (charged or moves or refused)  # or another replica has them at hand
        if not more and not any(one.to <= now for one in moves):
            break
    return count


_Instants = tuple[date, datetime, datetime]
"""The local date that is due, until when its prompt is fresh, and when the next one is due."""


def _instants(one: Subscription, now: datetime, known: dict[tuple[object, ...], _Instants]) -> _Instants:
    """Computed once for all that share their settings; `known` lasts for one `now`."""
    assert one.next_due is not None
    settings = (one.zone, one.local_time, one.days, one.quiet, one.holidays, one.off_until, one.rhythm, one.next_due)
    if (found := known.get(settings)) is None:
        day = local_day(one.next_due, one)
        following = _following(one, after=max(now, one.next_due), had=day)
        found = known[settings] = day, fresh_until(one.next_due, one), following
    return found


def _step(
    one: Subscription,
    newest: Newest | None,
    *,
    now: datetime,
    may_ask: bool,
    known: dict[tuple[object, ...], _Instants],
) -> Charge | Move:
    """What becomes of a stream that is due: a message, or nothing but its next due instant."""
    assert one.next_due is not None
    if not zone_is_known(one.zone):
        log.error(
            "the time zone %s of subscription %s is no longer known; its last hour in UTC is kept", one.zone, one.id
        )
    day, until, following = _instants(one, now, known)
    ignored = ignored_now(one, newest)
    if is_silent(one) or not is_prompt_day(day, one):
        return Move(subscription_id=one.id, seen=one.next_due, to=following)
    if now > until:
        log.info("subscription %s was due %s ago; that day is left out", one.id, now - one.next_due)
        # today's may be fresh still; after a longer gap the clock may have jumped instead
        after = now - FRESH_FOR if now - one.next_due < _GAP else now
        today = _following(one, after=after, had=day)
        return Move(subscription_id=one.id, seen=one.next_due, to=today)
    if ignored >= SILENT_AFTER:
        log.info("subscription %s has touched none of the last %d; it waits", one.id, ignored)
        return Move(subscription_id=one.id, seen=one.next_due, to=following, ignored=ignored)
    asks = may_ask and asks_for_weekly(one, newest)
    return Charge(
        subscription=one,
        kind="offer" if asks else "nudge",
        key=f"offer:{one.id}:{day}" if asks else nudge_key(one, day.isoformat()),
        local_date=day,
        due=one.next_due,
        expires_at=until,
        following=following,
        ignored=ignored,
    )


def _following(one: Subscription, *, after: datetime, had: date) -> datetime:
    try:
        return upcoming(one, after, had=had)
    except InvalidRequest:
        log.exception("subscription %s has no day left; it is looked at again tomorrow", one.id)
        return after + timedelta(days=1)


async def _within_budget(charges: Sequence[Charge], noise: Noise | None) -> tuple[list[Charge], list[Charge]]:
    """Those that may be sent, and those whose target has had its message of the day."""
    if noise is None or not charges:
        return list(charges), []
    taken = await noise.take_all(
        [Unsolicited(target=one.subscription.target, day=one.local_date, key=one.key) for one in charges]
    )
    both = list(zip(charges, taken, strict=True))
    return [one for one, free in both if free], [one for one, free in both if not free]


def _left_out(one: Charge) -> Move:
    return Move(subscription_id=one.subscription.id, seen=one.due, to=one.following)


async def _one_by_one(
    subscriptions: Subscriptions, practising: Practising, charges: Sequence[Charge], now: datetime
) -> int:
    charged = 0
    for one in charges:
        name, ignored = one.subscription.id, one.ignored
        try:
            await practising.charge(one.subscription, now=now, due=one.due)
            charged += 1
        except Exception:
            log.exception("subscription %s could not be charged; its next day is tried", name)
        await subscriptions.move_all([Move(subscription_id=name, seen=one.due, to=one.following, ignored=ignored)])
    return charged


async def _bring_back(subscriptions: Subscriptions, now: datetime) -> None:
    """Set streams right whose next instant was set while the clock was ahead; where a prompt of a later date has been
    sent, it is rather behind now, and waiting is what nudges nobody twice."""
    for one in await subscriptions.stranded(now, limit=_BATCH):
        assert one.next_due is not None
        had, today = await subscriptions.last_day(one.id), local_day(now, one)
        if had is None or had <= today:
            log.warning("subscription %s was due only at %s; its day is computed anew", one.id, one.next_due)
            following = _following(one, after=now - FRESH_FOR, had=had or today - timedelta(days=1))
            await subscriptions.move(one.id, seen=one.next_due, to=following)
