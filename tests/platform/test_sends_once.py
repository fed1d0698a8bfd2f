"""Killed or frozen anywhere between the outbox and the platform: no message is lost, none is sent twice."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, Self

import pytest

from bot.adapters.discord.render import marker
from bot.core.model import UserRef
from bot.store.store import SqlStore
from bot.store.tables import metadata
from jobs.deliveries import LEASE
from tests.conftest import Place
from tests.peers.discord.peer import DiscordPeer
from tests.peers.discord.world import User
from tests.peers.slack.server import SlackPeer
from tests.peers.slack.state import BOT_TOKEN, TEAM
from tests.platform import sending_process
from tests.platform.sending_process import POINTS, Sending, ShiftedClock
from tests.stores import NOW, charged, subscribed

PEOPLE = 6
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
PAST_THE_LEASE = LEASE.total_seconds() + 1
SOAK = 200

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "tests.platform.sending_process", "discord", "psycopg", "aiosqlite"])


class _Telling(list[Any]):
    """A peer's list of messages that tells when one is taken."""

    accepted: Callable[[], None] | None = None

    def append(self, one: Any) -> None:
        super().append(one)
        if self.accepted:
            told, self.accepted = self.accepted, None
            told()


class Slack:
    """The peer, and how often it shows the message with a key."""

    platform, workspace, token = "slack", TEAM, BOT_TOKEN

    def __init__(self, peer: SlackPeer, *, readable: bool) -> None:
        self.peer, self.api_url = peer, peer.api_url
        self.messages = peer.workspace.posted = _Telling()
        if not readable:
            peer.workspace.scopes -= {"im:history", "channels:history"}

    def person(self, number: int) -> str:
        name = f"U0P{number:06d}"
        self.peer.workspace.users.setdefault(name, {"id": name, "name": name, "tz": "UTC", "is_bot": False})
        return name

    def shown(self, keys: Iterable[str]) -> dict[str, int]:
        found = Counter(one.message["metadata"]["event_payload"]["key"] for one in self.messages)
        return {key: found[key] for key in keys}


class Discord:
    """As `Slack`."""

    platform, workspace = "discord", ""

    def __init__(self, peer: DiscordPeer) -> None:
        self.peer, self.api_url, self.token = peer, peer.api_url, peer.world.token
        self.messages = peer.world.visible = _Telling()

    def person(self, number: int) -> str:
        id_ = f"20000000000001{number:05d}"
        self.peer.world.users.setdefault(id_, User(id_, f"P{number}"))
        return id_

    def shown(self, keys: Iterable[str]) -> dict[str, int]:
        found = Counter(self.peer.world.messages[one].components[0]["id"] for one in self.messages)
        return {key: found[marker(key)] for key in keys}


@contextlib.asynccontextmanager
async def peer_of(platform: str, *, readable: bool = True) -> AsyncIterator[Slack | Discord]:
    if platform == "slack":
        async with SlackPeer(echo=False) as slack:
            yield Slack(slack, readable=readable)
    else:
        async with DiscordPeer().running() as discord:
            yield Discord(discord)


@dataclass
class Tally:
    """What became of the messages, by point."""

    rounds: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    let_go: Counter[str] = field(default_factory=Counter)
    """Sent twice because the freeze came between the last look at the lease and the platform."""

    def show(self, title: str) -> str:
        lines = [f"{title}: {sum(self.rounds.values())} rounds of {PEOPLE} messages"]
        for point, rounds in self.rounds.items():
            lines.append(
                f"  {point:<18} {rounds:>4} rounds, {self.lost[point]} lost, {self.twice[point]} sent twice, "
                f"{self.unknown[point]} unknown"
                + f"; apart: {self.let_go[point]} let go before"
                * bool(self.let_go[point])
            )
        return "\n".join(lines)


class Rounds:
    """Rounds on one database and one peer: a batch of messages each, a process that stops, and others after it."""

    def __init__(self, place: Place, peer: Slack | Discord) -> None:
        self.peer, self.place = peer, place
        self.shift: Synchronized[float] = _PROCESSES.Value("d", 0.0)
        self.store: SqlStore = place.open(ShiftedClock(self.shift))
        self.asked = Sending(
            platform=peer.platform, api_url=peer.api_url, token=peer.token, url=place.url, folder=place.folder
        )
        self.streams: list[Any] = []
        self.number = 0
        self.tally = Tally()
        self.told: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        for number in range(PEOPLE):
            who = UserRef(platform=self.peer.platform, workspace=self.peer.workspace, id=self.peer.person(number))
            self.streams.append(await subscribed(self.store, who))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.close()

    def start(self, point: str | None, how: signal.Signals) -> tuple[Any, Connection]:
        ours, theirs = _PROCESSES.Pipe()
        asked = replace(self.asked, point=point, how=how)
        process = _PROCESSES.Process(target=sending_process.send, args=(asked, self.shift, theirs))
        process.start()
        theirs.close()
        if point == "accepted":

            def accepted() -> None:
                assert process.pid
                os.kill(process.pid, how)
                reached.set()

            reached = _PROCESSES.Event()
            self.peer.messages.accepted = accepted
            process.reached = reached
        return process, ours

    async def ended(self, process: Any, *, killed: bool = False) -> None:
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == (-signal.SIGKILL if killed else 0), f"exit code {process.exitcode}"

    async def to_the_end(self) -> None:
        """A process that nothing happens to."""
        self.shift.value += PAST_THE_LEASE
        process, _ = self.start(None, signal.SIGKILL)
        await self.ended(process)

    async def charge(self) -> list[Any]:
        self.number += 1
        made = []
        for number, stream in enumerate(self.streams):
            delivery, _ = await charged(
                self.store,
                stream,
                key=f"round-{self.number}-{number}",
                expires_at=NEVER,
                local_date=NOW.date() + timedelta(days=self.number),
            )
            made.append(delivery)
        return made

    async def killed_at(self, point: str) -> None:
        made = await self.charge()
        process, _ = self.start(point, signal.SIGKILL)
        await self.ended(process, killed=True)
        await self.to_the_end()
        await self.count(point, made)

    async def frozen_at(self, point: str) -> None:
        """One replica freezes, another one takes over what it had, the first one wakes up."""
        made, self.told = await self.charge(), []
        frozen, pipe = self.start(point, signal.SIGSTOP)
        if point == "accepted":
            assert await asyncio.to_thread(frozen.reached.wait, 60)
        else:
            await asyncio.to_thread(_until_reached, pipe, self.told)
        let_go = self.let_go(pipe)
        await self.to_the_end()
        os.kill(frozen.pid, signal.SIGCONT)
        await self.ended(frozen)
        await self.to_the_end()
        await self.count(point, made, let_go)

    def let_go(self, pipe: Connection) -> frozenset[str]:
        """The keys that a frozen process gave to its adapter and that the peer has not seen."""
        while pipe.poll():
            self.told.append(pipe.recv())
        given = {key for what, key in self.told if what == "let go"}
        return frozenset(key for key, times in self.peer.shown(given).items() if not times)

    async def count(self, point: str, made: list[Any], let_go: frozenset[str] = frozenset()) -> None:
        shown = self.peer.shown(one.key for one in made)
        self.tally.rounds[point] += 1
        for one in made:
            now = await self.store.outbox.get(one.id)
            assert now is not None
            (self.tally.let_go if one.key in let_go else self.tally.twice)[point] += shown[one.key] > 1
            self.tally.unknown[point] += now.status == "unknown"
            self.tally.lost[point] += now.status not in {"sent", "unknown"} or (now.status == "sent") > shown[one.key]


def _until_reached(pipe: Connection, told: list[tuple[str, str]]) -> None:
    while not told or told[-1][0] != "reached":
        assert pipe.poll(60), "the point was not reached"
        told.append(pipe.recv())


def rounds_of(points: Iterable[str], total: int) -> list[str]:
    points = list(points)
    return [points[number % len(points)] for number in range(total)]


async def run(place: Place, platform: str, points: list[str], *, how: str, readable: bool = True) -> Tally:
    async with peer_of(platform, readable=readable) as peer, Rounds(place, peer) as rounds:
        for point in points:
            await getattr(rounds, how)(point)
        if not readable:
            listed = sum(
                count for count, status, _, _ in (await rounds.store.outbox.overview())[1] if status == "unknown"
            )
            assert listed == rounds.tally.unknown.total()
        return rounds.tally


def sqlite(place: Place) -> bool:
    return place.url is None


def short(place: Place) -> list[str]:
    """Each point once over the two databases, those inside a transaction on both."""
    half = POINTS[::2] if sqlite(place) else POINTS[1::2]
    return list(dict.fromkeys([*half, "recording"]))


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def show(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return show


PLATFORMS = pytest.mark.parametrize("platform", ["slack", "discord"])


@PLATFORMS
@pytest.mark.parametrize("rounds", ["short", pytest.param("soak", marks=pytest.mark.soak)])
async def test_a_kill_at_any_point_loses_nothing_and_sends_nothing_twice(
    place: Place, platform: str, rounds: str, told: Callable[[str], None]
) -> None:
    points = short(place) if rounds == "short" else rounds_of(POINTS, SOAK)
    tally = await run(place, platform, points, how="killed_at")
    told(tally.show(f"kill -9, {platform}, {'SQLite' if sqlite(place) else 'PostgreSQL'}"))
    assert (tally.lost.total(), tally.twice.total(), tally.unknown.total()) == (0, 0, 0)


@pytest.mark.parametrize("rounds", ["short", pytest.param("soak", marks=pytest.mark.soak)])
async def test_where_the_history_is_unreadable_only_what_was_under_way_is_unknown(
    place: Place, rounds: str, told: Callable[[str], None]
) -> None:
    points = ["claimed", "sent-not-recorded"] if rounds == "short" else rounds_of(POINTS, SOAK)
    tally = await run(place, "slack", points, how="killed_at", readable=False)
    told(tally.show(f"kill -9, slack without history, {'SQLite' if sqlite(place) else 'PostgreSQL'}"))
    assert (tally.lost.total(), tally.twice.total()) == (0, 0)
    assert tally.unknown["claiming"] == tally.unknown["claimed"] == 0, "nothing of it was begun"
    assert tally.unknown["recorded"] < PEOPLE * tally.rounds["recorded"] or not tally.rounds["recorded"]
    assert tally.unknown["sent-not-recorded"] > 0


@pytest.fixture
def on_postgresql(new_postgresql: Callable[..., str], postgresql_template: str, tmp_path: Path) -> Place:
    return Place(new_postgresql(postgresql_template), tmp_path)


@PLATFORMS
@pytest.mark.parametrize("rounds", ["short", pytest.param("soak", marks=pytest.mark.soak)])
async def test_a_replica_that_freezes_past_its_lease_sends_nothing_that_another_one_sent(
    on_postgresql: Place, platform: str, rounds: str, told: Callable[[str], None]
) -> None:
    points = ["begun", "recording"] if rounds == "short" else rounds_of(POINTS, SOAK)
    tally = await run(on_postgresql, platform, points, how="frozen_at")
    told(tally.show(f"frozen past its lease, {platform}, two replicas on PostgreSQL"))
    assert (tally.lost.total(), tally.unknown.total()) == (0, 0)
    assert tally.twice.total() == 0
    if platform == "discord":  # Slack knows no nonce: what the last look at the lease let go, nobody can call back
        assert tally.let_go.total() == 0


@pytest.mark.parametrize("rounds", ["short", pytest.param("soak", marks=pytest.mark.soak)])
async def test_a_migration_that_was_killed_is_made_at_the_next_start(
    rounds: str, empty_place: Place, told: Callable[[str], None]
) -> None:
    steps = [40] if rounds == "short" else range(2, 120, 3)
    done = 0
    for step in steps:
        process = _PROCESSES.Process(target=sending_process.migrate, args=(empty_place.url, empty_place.folder, step))
        process.start()
        await asyncio.to_thread(process.join, 60)
        if process.exitcode == 0:
            break
        done += 1
    store = empty_place.open(ShiftedClock(_PROCESSES.Value("d", 0.0)))
    from sqlalchemy import inspect

    async with store._database.single() as connection:
        tables = await connection.run_sync(lambda one: set(inspect(one).get_table_names()))
    assert set(metadata.tables) <= tables
    await store.close()
    told(f"mid-migration: {done} kills")
    assert done
