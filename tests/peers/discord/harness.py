"""Discord for the contract suite: the adapter on the wire peer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from pydantic import SecretStr

from bot.adapters.discord import DiscordAdapter, create
from bot.core.ports import Clock, Handler, Inbox
from bot.settings import Settings
from tests.peers.discord.peer import DiscordPeer
from tests.peers.discord.world import Interaction, World
from tests.peers.harness import Harness, OpenForm, Post


def settings(peer: DiscordPeer, token: str | None = None) -> Settings:
    return Settings(_env_file=None, DISCORD_TOKEN=SecretStr(token or peer.world.token), discord_api_url=peer.api_url)  # type: ignore[call-arg]


class DiscordHarness(Harness):
    """`async with DiscordHarness().started() as harness`, or give it a peer that runs already."""

    def __init__(self, peer: DiscordPeer | None = None) -> None:
        self.peer = peer or DiscordPeer()
        self.PERSON = self.peer.world.person.id
        self.CHANNEL = self.peer.world.channel.id

    @property
    def world(self) -> World:
        return self.peer.world

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator["DiscordHarness"]:
        async with self.peer.running():
            yield self

    @contextlib.asynccontextmanager
    async def running(self, handle: Handler, inbox: Inbox, clock: Clock) -> AsyncIterator[DiscordAdapter]:
        async with self.serving(create(settings(self.peer), inbox, clock), handle) as adapter:
            yield adapter

    @contextlib.asynccontextmanager
    async def serving(self, adapter: DiscordAdapter, handle: Handler) -> AsyncIterator[DiscordAdapter]:
        """`adapter`, connected, its commands registered."""
        self.peer.gateway.ready.clear()
        serving = asyncio.create_task(adapter.run(handle))
        ready = asyncio.create_task(self.connected())
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            if serving.done():
                serving.result()
            assert ready.done(), "the adapter did not connect"
            yield adapter
        finally:
            for task in (serving, ready):
                task.cancel()
            await asyncio.gather(serving, ready, return_exceptions=True)

    async def connected(self) -> None:
        """Wait until a coach is connected and its commands are registered."""
        await self.peer.gateway.ready.wait()
        await self.peer.until(lambda: bool(self.world.commands), 10)

    async def mention(self, text: str, *, thread: str | None = None) -> str:
        message = await self.peer.mention(text, thread=thread)
        return thread or message.id

    async def direct(self, text: str) -> str:
        return (await self.peer.direct(text)).channel

    async def chatter(self, text: str, *, thread: str | None = None) -> None:
        await self.peer.say(text, channel=thread)

    async def command(self, text: str) -> str:
        group = next(one for one in self.world.commands if one["name"] == "coach")
        first, *rest = text.split() or [""]
        if first == "subscribe" and rest:
            options = dict(zip(("time", "zone"), rest, strict=False))
            await self.peer.slash("subscribe", **options)
        elif first != "ask" and first in {one["name"] for one in group["options"]}:
            await self.peer.slash(first)
        else:
            await self.peer.slash("ask", question=text.removeprefix("ask ").strip() or "?")
        return self.CHANNEL

    async def press(self, post: Post, label: str) -> None:
        await self.peer.press(post.id, label)

    async def submit(self, form: OpenForm, values: Mapping[str, str]) -> None:
        await self.peer.submit(self.world.interactions[str(form.raw["token"])], values)

    async def redeliver(self, times: int) -> None:
        await self.peer.redeliver(times)

    async def post(self, number: int, *, timeout: float = 5.0) -> Post:
        await self.peer.until(lambda: len(self.world.visible) > number, timeout)
        return self.peer.posts()[number]

    async def form(self, *, timeout: float = 5.0) -> OpenForm:
        pressed = [one for one in self.world.interactions.values() if one.kind in {2, 3}][-1]
        await self.peer.until(lambda: pressed.modal is not None, timeout)
        found = self.peer.form()
        assert found is not None
        return found

    def count(self) -> int:
        return len(self.world.visible)


__all__ = ["DiscordHarness", "Interaction", "settings"]
