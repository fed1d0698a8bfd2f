"""Once a week each owner of a topic is sent the open questions on it, on a day without another message."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.core.days_off import is_day_off
from bot.core.gaps import SENT_EVERY, Group, Workspace, grouped, nearest_topic
from bot.core.memory import Gaps
from bot.core.model import UserRef
from bot.core.noise import Noise
from bot.core.owning import questions_for
from bot.core.ports import Subscriptions
from bot.core.schedule import Quiet, is_quiet, local_day, zone_of
from bot.core.telling import Tell
from knowledge.ports import Embedder

log = logging.getLogger(__name__)

MONDAY, THURSDAY, FRIDAY, HOUR = 0, 3, 4, 9
"""The weekdays on which they are sent (the first that is free), and the hour (UTC) from which."""
NIGHT: Quiet = (time(20), time(8))
"""The quiet hours of an owner who has set none."""
MOST = 5
"""Groups a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What keeps an owner's message off a day on which they are written to already."""

    noise: Noise
    subscriptions: Subscriptions

    async def allows(self, owner: UserRef, key: str, now: datetime) -> bool:
        """Whether the message with this week's key may go now: not at night, not on a day off, once. One's own prompt
        comes first; whoever gets one every work day is asked for their Friday."""
        stream = await self.subscriptions.find(owner)
        today = local_day(now, stream) if stream else now.date()
        written = await self.noise.used(owner, key)
        if written is not None and written < today:
            return False
        if stream is not None:
            at = now.astimezone(zone_of(stream)).time()
            if is_quiet(at, stream.quiet or NIGHT) or is_day_off(today, stream):
                return False
            if stream.active and stream.next_due and local_day(stream.next_due, stream) == today != written:
                return False
        if await self.noise.take(owner, today, key):
            return True
        if now.weekday() == THURSDAY:
            await self.noise.take(owner, today + timedelta(days=1), key)
        return False


async def ask_owners(
    gaps: Gaps,
    tell: Tell,
    embedder: Embedder | None,
    *,
    now: datetime,
    platforms: Collection[str],
    budget: Budget | None = None,
) -> int:
    """Send to owners on these platforms what waits for them; returns how many messages went out. Safe to repeat and to
    run on several replicas: who sends is claimed before sending. With a `budget` a message waits, until Friday at the
    latest, for a day on which its owner gets no other."""
    if now.hour < HOUR or not MONDAY <= now.weekday() <= (FRIDAY if budget else MONDAY):
        return 0
    sent = 0
    for platform, name in await gaps.workspaces():
        if platform in platforms:
            where = Workspace(platform=platform, id=name)
            for owner, asked in (await _waiting(gaps, embedder, where, now)).items():
                sent += await _send(gaps, tell, where, owner, asked=asked[:MOST], now=now, budget=budget)
    return sent


async def _waiting(
    gaps: Gaps, embedder: Embedder | None, where: Workspace, now: datetime
) -> dict[UserRef, list[tuple[str, Group]]]:
    """Owner -> (topic, group): what was never sent first, then what waits longest, of those the largest first; without
    what was sent lately and what is about no topic."""
    owners = await gaps.owners(where.platform, where.id)
    if not owners:
        return {}
    topics = {topic: await embedder.embed(topic) if embedder else None for topic in owners}
    waiting: dict[UserRef, list[tuple[str, Group]]] = {}
    for group in sorted(grouped(await gaps.open(where.platform, where.id)), key=_sent):
        if _sent(group) > now - SENT_EVERY:
            continue
        topic = nearest_topic(group.gaps[0], topics)
        if topic is not None:
            waiting.setdefault(owners[topic], []).append((topic, group))
    return waiting


def _sent(group: Group) -> datetime:
    """When one of its questions was sent to an owner last."""
    return max((gap.sent_at for gap in group.gaps if gap.sent_at), default=datetime.min.replace(tzinfo=UTC))


async def _send(
    gaps: Gaps,
    tell: Tell,
    where: Workspace,
    owner: UserRef,
    *,
    asked: list[tuple[str, Group]],
    now: datetime,
    budget: Budget | None,
) -> bool:
    key = f"owner:{where.platform}:{where.id}:{owner.id}:{now:%G-W%V}"
    if budget is not None and not await budget.allows(owner, key, now):
        return False
    ids = [gap.id for _, group in asked for gap in group.gaps]
    claimed = await gaps.claim(where.platform, where.id, ids, now=now, every=SENT_EVERY, owner=owner)
    taken = {gap.id for gap in claimed}
    mine = [(topic, group) for topic, group in asked if group.gaps[0].id in taken]
    if not mine:
        return False
    went_out = await tell(owner, questions_for(where, mine), key)
    if not went_out:
        log.warning("the owner %s of %s was not reached; tried again in a week", owner.id, where.platform)
    return went_out
