"""APScheduler as the clock: it only ticks. What is due stands in the database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core.errors import CoachError

log = logging.getLogger(__name__)

_FINISH_WITHIN = 10.0


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


class Ticker:
    """Runs jobs on their intervals; a job that fails is logged and runs again."""

    def __init__(self, jobs: tuple[Job, ...]) -> None:
        self._jobs = jobs
        self._running: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def run(self) -> None:
        """Tick until cancelled; then what is under way is finished, within ten seconds."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        scheduler = AsyncIOScheduler(timezone=UTC)
        for job in self._jobs:
            scheduler.add_job(
                self._start,
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
            self._stopped = True  # the shutdown takes effect at the loop's next turn, and a job may begin before
            scheduler.shutdown(wait=False)
            if self._running:
                await asyncio.wait(self._running, timeout=_FINISH_WITHIN)

    async def _start(self, job: Job) -> None:
        if self._stopped:
            return
        # a task of its own: a shutdown of the scheduler cancels what it awaits, and a send must not be cut off
        task = asyncio.create_task(_guarded(job), name=job.name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        with suppress(asyncio.CancelledError):  # the scheduler goes, the task is waited for in `run`
            await asyncio.shield(task)


async def _guarded(job: Job) -> None:
    try:
        await job.run()
    except CoachError as error:
        log.error("job %s failed; it runs again in %d s: %s", job.name, job.seconds, error)  # noqa: TRY400
    except Exception:
        log.exception("job %s failed; it runs again in %d s", job.name, job.seconds)
