"""What has been kept for its time is deleted."""

import logging
from datetime import datetime

from bot.core.ports import Privacy

log = logging.getLogger(__name__)


async def purge(privacy: Privacy, *, now: datetime) -> int:
    """Delete expired rows; returns how many."""
    count = await privacy.purge(now)
    if count:
        log.info("%d rows were kept for their time and are deleted", count)
    return count
