"""Once a week each owner of a topic is sent the open questions on it."""

import logging
from collections.abc import Collection
from datetime import UTC, datetime

from bot.core.gaps import SENT_EVERY, Group, Workspace, grouped, nearest_topic
from bot.core.memory import Gaps
from bot.core.model import UserRef
from bot.core.owning import questions_for
from bot.core.telling import Tell
from knowledge.ports import Embedder

log = logging.getLogger(__name__)

MONDAY, HOUR = 0, 9
"""The weekday and the hour (UTC) from which they are sent."""
MOST = 5
"""Groups a message."""


async def ask_owners(
    gaps: Gaps, tell: Tell, embedder: Embedder | None, *, now: datetime, platforms: Collection[str]
) -> int:
    """Send to owners on these platforms what waits for them; returns how many messages went out. Safe to repeat and to
    run on several replicas: who sends is claimed before sending."""
    if now.weekday() != MONDAY or now.hour < HOUR:
        return 0
    sent = 0
    for platform, name in await gaps.workspaces():
        if platform in platforms:
            where = Workspace(platform=platform, id=name)
            for owner, asked in (await _waiting(gaps, embedder, where, now)).items():
                sent += await _send(gaps, tell, where, owner, asked=asked[:MOST], now=now)
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
    gaps: Gaps, tell: Tell, where: Workspace, owner: UserRef, *, asked: list[tuple[str, Group]], now: datetime
) -> bool:
    ids = [gap.id for _, group in asked for gap in group.gaps]
    claimed = await gaps.claim(where.platform, where.id, ids, now=now, every=SENT_EVERY, owner=owner)
    taken = {gap.id for gap in claimed}
    mine = [(topic, group) for topic, group in asked if group.gaps[0].id in taken]
    if not mine:
        return False
    key = f"owner:{where.platform}:{where.id}:{owner.id}:{now:%G-W%V}"
    went_out = await tell(owner, questions_for(where, mine), key)
    if not went_out:
        log.warning("the owner %s of %s was not reached; tried again in a week", owner.id, where.platform)
    return went_out
