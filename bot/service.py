"""`coach run`: all configured platforms and the jobs in one process."""

import asyncio
import ctypes
import gc
import ipaddress
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.app import App, add_platforms, index_folder, open_app
from bot.core.errors import ConfigurationError, InvalidRequest
from bot.core.guide import Connectable
from bot.settings import Settings
from bot.store.folder import held_folder
from jobs.clock import SystemClock

log = logging.getLogger(__name__)

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of malloc.h."""


def _frugal_malloc() -> None:
    """Keep glibc from holding on to what is freed: two heaps for all threads, and large blocks mapped one by one.

    Loading the embedding model frees some 60 MB, which otherwise stay in the heap of the thread that loaded it.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_ARENA_MAX, 2)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def spare_what_stays() -> None:
    """Leave what is loaded by now out of later garbage collections: a whole one over it stops the loop for .1 s."""
    gc.collect()
    gc.freeze()


async def serve(settings: Settings) -> None:
    """Until SIGINT or SIGTERM. Raises ConfigurationError for what a person can put right at the start."""
    _frugal_malloc()
    clock = SystemClock()
    with held_folder(settings.data_dir):
        async with open_app(settings, clock, index=index_folder(settings)) as app:
            add_platforms(app)
            spare_what_stays()
            log.info("serving %s", ", ".join(app.adapters))
            serving = asyncio.create_task(app.serve())
            loop = asyncio.get_running_loop()
            for name in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(name, serving.cancel)
            with suppress(asyncio.CancelledError):
                await serving
            log.info("stopped")


@dataclass(slots=True)
class SimulatedClock:
    """A clock that moves only when told to."""

    instant: datetime

    def now(self) -> datetime:
        """See `Clock`."""
        return self.instant

    async def sleep(self, seconds: float) -> None:
        """See `Clock`: the time passes at once."""
        self.instant += timedelta(seconds=seconds)


def _only_loopback(settings: Settings) -> None:
    for url in (settings.slack_api_url, settings.discord_api_url):
        host = urlsplit(url).hostname or ""
        with suppress(ValueError):
            if host == "localhost" or ipaddress.ip_address(host).is_loopback:
                return
    raise ConfigurationError(
        "A simulated clock sends many days' prompts at once.",
        next_step="It is for test peers on this machine only: set COACH_SLACK_API_URL or COACH_DISCORD_API_URL.",
    )


async def rehearse(settings: Settings, start: str, days: int) -> None:
    """Send what falls due in `days` days from `start` (ISO, UTC), jumping from one due instant to the next."""
    _only_loopback(settings)
    try:
        begin = datetime.fromisoformat(start)
    except ValueError as error:
        raise InvalidRequest(f"“{start[:40]}” is not an instant.", next_step="Use 2026-01-05T00:00+00:00.") from error
    clock = SimulatedClock(begin if begin.tzinfo else begin.replace(tzinfo=UTC))
    end = clock.now() + timedelta(days=days)
    with held_folder(settings.data_dir):
        async with open_app(settings, clock, index=index_folder(settings)) as app:
            add_platforms(app)
            try:
                sent = await rehearse_until(app, clock, end)
            finally:
                for adapter in app.adapters.values():
                    if isinstance(adapter, Connectable):
                        await adapter.close()
    print(f"{sent} prompts sent in {days} simulated days.")


_AT_ONCE = 1000


async def rehearse_until(app: App, clock: SimulatedClock, end: datetime) -> int:
    """Move the clock through every due instant up to `end`, doing what the ticks do; returns how many were sent.

    Everybody counts as having touched what they were sent, lest the coach falls silent after ten.
    """
    sent = 0
    served = tuple(app.adapters)
    while (due := await app.store.subscriptions.next_due(served)) is not None and due <= end:
        clock.instant = max(clock.instant, due)
        for stream in await app.store.subscriptions.due(clock.now(), limit=_AT_ONCE, platforms=served):
            await app.store.subscriptions.touched(stream.id)
        sent += await app.send_prompts()
    clock.instant = max(clock.instant, end)
    return sent
