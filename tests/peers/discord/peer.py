"""The peer: a server with the people on it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from aiohttp import web

from tests.peers.discord import rules
from tests.peers.discord.faults import Faults
from tests.peers.discord.gateway import Gateway
from tests.peers.discord.markdown import displayed
from tests.peers.discord.rest import Rest
from tests.peers.discord.world import ALL_PERMISSIONS, MANAGE_GUILD, Interaction, Message, User, World, snowflake
from tests.peers.harness import OpenForm, Post


class DiscordPeer:
    """Start it with `running()`; `api_url` is what COACH_DISCORD_API_URL takes."""

    def __init__(self, *, content_intent: bool = True) -> None:
        self.world = World(content_intent=content_intent)
        self.faults = Faults()
        self.gateway = Gateway(self.world)
        self.rest = Rest(self.world, self.gateway, self.faults)
        self.api_url = ""
        self.base = ""
        self.extra: Callable[[web.Application], None] = lambda _: None

    @contextlib.asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator["DiscordPeer"]:
        app = web.Application(client_max_size=30 * 2**20)
        self.extra(app)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_route("*", "/api/v10/{rest:.*}", self.rest.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        assert runner.addresses
        self.base = f"http://{host}:{runner.addresses[0][1]}"
        self.api_url = f"{self.base}/api/v10"
        self.gateway.url = self.rest.gateway_url = self.base.replace("http", "ws") + "/gateway"
        try:
            yield self
        finally:
            await self.gateway.close(1001)
            await runner.cleanup()

    # --- people ---------------------------------------------------------------------------------

    async def say(self, text: str, *, channel: str | None = None, by: User | None = None, **more: Any) -> Message:
        """Somebody writes; everybody who may hear it does."""
        message = self.world.write(by or self.world.person, channel or self.world.channel.id, text, **more)
        await self.gateway.dispatch("MESSAGE_CREATE", self.world.message_event(message), remember=True)
        return message

    async def mention(self, text: str, *, thread: str | None = None, by: User | None = None) -> Message:
        return await self.say(f"<@{self.world.bot.id}> {text}", channel=thread, by=by)

    async def direct(self, text: str) -> Message:
        return await self.say(text, channel=self.world.direct_channel(self.world.person.id).id)

    async def edit(self, message: Message, text: str) -> None:
        message.content = text
        data = self.world.message_event(message) | {"edited_timestamp": "2026-01-01T00:00:00+00:00"}
        await self.gateway.dispatch("MESSAGE_UPDATE", data, remember=True)

    async def _interact(
        self, kind: int, data: dict[str, Any], *, channel: str, message: Message | None, by: User | None = None
    ) -> Interaction:
        user = by or self.world.person
        interaction = Interaction(
            snowflake(), f"token-{snowflake()}", kind, user.id, channel, time.monotonic(),
            message=message.id if message else None,
        )  # fmt: skip
        self.world.interactions[interaction.token] = interaction
        where = self.world.channels[channel]
        # "Interaction Object"
        payload: dict[str, Any] = {
            "id": interaction.id, "application_id": self.world.application, "type": kind, "data": data,
            "channel_id": channel, "channel": self.world.channel_payload(where), "token": interaction.token,
            "version": 1, "app_permissions": ALL_PERMISSIONS, "locale": "en-US", "entitlements": [],
            "authorizing_integration_owners": {"0": self.world.guild if where.guild else "0"},
            "context": 0 if where.guild else 1, "attachment_size_limit": 10485760,
        }  # fmt: skip
        if message:
            payload["message"] = self.world.message_payload(message)
        if where.guild:
            permissions = str(MANAGE_GUILD if user.manager else 1 << 10)
            payload |= {
                "guild_id": where.guild, "guild_locale": "en-US",
                "guild": {"id": where.guild, "locale": "en-US", "features": []},
                "member": self.world.member(user) | {"permissions": permissions},
            }  # fmt: skip
        else:
            payload["user"] = user.payload()
        await self.gateway.dispatch("INTERACTION_CREATE", payload, remember=True)
        return interaction

    async def slash(self, name: str, *, channel: str | None = None, **options: str) -> Interaction:
        """Use `/coach NAME`; refuses what is not registered, as Discord's client does not offer it."""
        group = next(one for one in self.world.commands if one["name"] == "coach")
        command = next(one for one in group["options"] if one["name"] == name)
        known = {one["name"]: one for one in command.get("options") or ()}
        assert set(options) <= set(known), options
        assert all(one["name"] in options for one in known.values() if one.get("required")), name
        chosen = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        data = {
            "id": group["id"], "name": "coach", "type": 1,
            "options": [{"name": name, "type": 1, "options": chosen}],
        }  # fmt: skip
        return await self._interact(2, data, channel=channel or self.world.channel.id, message=None)

    async def press(self, message: str, label: str) -> Interaction:
        """Press the button with this label."""
        found = self.world.messages[message]
        button = next(one for one in rules.walk(found.components) if one["type"] == 2 and one["label"] == label)
        data = {"custom_id": button["custom_id"], "component_type": 2, "id": button["id"]}
        return await self._interact(3, data, channel=found.channel, message=found)

    async def submit(self, opened: Interaction, values: Mapping[str, str]) -> Interaction:
        """Send a modal; its inputs come back in their labels ("Interaction Data", modal submit)."""
        assert opened.modal
        components = []
        for number, label in enumerate(opened.modal["components"], start=1):
            inner = label["component"]
            name, kind = inner["custom_id"], inner["type"]
            value = values.get(name, inner.get("value") or "")
            assert value or not inner.get("required", True), f"{name} is required"
            assert len(value) <= (inner.get("max_length") or 4000)
            filled = {"type": kind, "id": number, "custom_id": name}
            if kind == 3:
                assert not value or value in {option["value"] for option in inner["options"]}, value
                filled["values"] = [value] if value else []
            else:
                filled["value"] = value
            components.append({"type": 18, "id": 100 + number, "component": filled})
        data = {"custom_id": opened.modal["custom_id"], "components": components}
        message = self.world.messages.get(opened.message or "")
        return await self._interact(5, data, channel=opened.channel, message=message)

    async def redeliver(self, times: int) -> None:
        name, data = self.gateway.last[-1]
        for _ in range(times):
            await self.gateway.dispatch(name, data)

    # --- seeing ---------------------------------------------------------------------------------

    def posts(self) -> list[Post]:
        """The coach's messages that people can see, in the order in which they appeared."""
        return [self.post(one) for one in self.world.visible]

    def post(self, id_: str) -> Post:
        message = self.world.messages[id_]
        channel = self.world.channels[message.channel]
        lines = [message.content] if message.content else []
        lines += [displayed(one["content"]) for one in rules.walk(message.components) if one["type"] == 10]
        lines += [alt for _, _, alt in message.files if alt]
        return Post(
            id=id_,
            channel=channel.parent or channel.id,
            thread=channel.id if channel.parent else None,
            text="\n".join(lines),
            buttons=tuple(one["label"] for one in rules.walk(message.components) if one["type"] == 2),
            files=tuple(message.files),
            only_for=message.only_for,
            raw=message.raw | {"pings": message.pings, "reference": message.reference},
        )

    async def until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait for a request that makes `condition` true; raises TimeoutError."""
        async with asyncio.timeout(timeout), self.rest.changed:
            await self.rest.changed.wait_for(condition)

    def opened(self) -> Interaction | None:
        """The last interaction that was answered with a modal."""
        shown = [one for one in self.world.interactions.values() if one.modal]
        return shown[-1] if shown else None

    def form(self) -> OpenForm | None:
        """That modal as the person sees it."""
        opened = self.opened()
        if opened is None or opened.modal is None:
            return None
        fields = {one["component"]["custom_id"]: one["label"] for one in opened.modal["components"]}
        return OpenForm(title=opened.modal["title"], fields=fields, raw=opened.modal | {"token": opened.token})
