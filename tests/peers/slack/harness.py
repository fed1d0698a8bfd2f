"""tests.peers.harness.Harness on the Slack peer, by Socket Mode or by HTTP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

from bot.adapters.slack import SlackAdapter, create
from bot.core.ports import Adapter, Clock, Handler, Inbox
from bot.settings import Settings
from tests.peers.harness import Harness, OpenForm, Post
from tests.peers.slack.server import SlackPeer
from tests.peers.slack.state import ADA, APP_TOKEN, BOT_TOKEN, GENERAL, SECRET


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def settings(api_url: str, *, mode: str = "socket", port: int = 3000, **more: Any) -> Settings:
    """Settings for a coach on this API; `more` overrides single ones by their environment name."""
    given: dict[str, Any] = {"SLACK_BOT_TOKEN": BOT_TOKEN, "slack_api_url": api_url, "http_port": port}
    given["SLACK_APP_TOKEN" if mode == "socket" else "SLACK_SIGNING_SECRET"] = APP_TOKEN if mode == "socket" else SECRET
    unset = {"SLACK_APP_TOKEN": None, "SLACK_SIGNING_SECRET": None, "DISCORD_TOKEN": None}
    return Settings(_env_file=None, **(unset | given | more))


class SlackHarness(Harness):
    """`async with SlackHarness() as harness` has a peer of its own; `peer` shares one."""

    PERSON = ADA
    CHANNEL = GENERAL

    def __init__(self, mode: str = "socket", *, peer: SlackPeer | None = None, **more: Any) -> None:
        self.mode = mode
        self.peer = peer or SlackPeer()
        self._more = more

    async def __aenter__(self) -> Self:
        await self.peer.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peer.__aexit__()

    def adapter(self, inbox: Inbox, clock: Clock, *, port: int = 3000) -> SlackAdapter:
        """The adapter as production makes it, with pings fast enough for a test."""
        adapter = create(settings(self.peer.api_url, mode=self.mode, port=port, **self._more), inbox, clock)
        adapter.ping_interval = 0.2
        return adapter

    @contextlib.asynccontextmanager
    async def running(
        self, handle: Handler, inbox: Inbox, clock: Clock, *, grace: float = 0.0
    ) -> AsyncIterator[Adapter]:
        port = free_port()
        adapter = self.adapter(inbox, clock, port=port)
        adapter.grace = grace
        serving = asyncio.create_task(adapter.run(handle))
        try:
            await self._up(serving, port)
            yield adapter
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            self.peer.delivery.request_url = None

    async def _up(self, serving: "asyncio.Task[None]", port: int) -> None:
        connects = self.peer.delivery.connects
        while not serving.done():
            if self.mode == "socket" and self.peer.delivery.connects > connects:
                return
            if self.mode == "http":
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    self.peer.delivery.request_url = f"http://127.0.0.1:{port}/slack/events"
                    return
            await asyncio.sleep(0.005)
        await serving

    async def mention(self, text: str, *, thread: str | None = None) -> str:
        return await self.peer.mention(text, thread=thread)

    async def direct(self, text: str) -> str:
        return await self.peer.direct(text)

    async def chatter(self, text: str, *, thread: str | None = None) -> None:
        await self.peer.chatter(text, thread=thread)

    async def command(self, text: str) -> str:
        await self.peer.command(text)
        return self.CHANNEL

    async def press(self, post: Post, label: str) -> None:
        await self.peer.press(post, label)

    async def submit(self, form: OpenForm, values: Mapping[str, str]) -> None:
        await self.peer.submit(form, values)

    async def redeliver(self, times: int) -> None:
        await self.peer.delivery.redeliver(times)

    async def post(self, number: int, *, timeout: float = 5.0) -> Post:
        return await self.peer.post(number, timeout=timeout)

    async def form(self, *, timeout: float = 5.0) -> OpenForm:
        return await self.peer.form(timeout=timeout)

    def count(self) -> int:
        return self.peer.count()
