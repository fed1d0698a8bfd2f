"""APScheduler as the clock: it only ticks. What is due stands in the database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

log = logging.getLogger(__name__)


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to do every `seconds`; one run at a time, missed runs are one run."""

    name: str
    seconds: int
    run: Callable[[], Awaitable[object]]


async def tick(jobs: tuple[Job, ...]) -> None:
    """Run the jobs on their intervals until cancelled; a job that fails is logged and runs again."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(timezone=UTC)
    for job in jobs:
        scheduler.add_job(
            _guarded,
            "interval",
            args=(job,),
            id=job.name,
            seconds=job.seconds,
            next_run_time=datetime.now(UTC),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
    scheduler.start()
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


async def _guarded(job: Job) -> None:
    try:
        await job.run()
    except Exception:
        log.exception("job %s failed; it runs again in %d s", job.name, job.seconds)
