"""The discord.py client: the least it may hear, and what keeps it alive."""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.adapters.discord import commands, controls

log = logging.getLogger(__name__)

_PATIENCE = 4
"""Failed reconnects in a row after which the client is rebuilt."""


class Events(Protocol):
    """Who takes what the client hears."""

    async def on_message(self, message: discord.Message) -> None:
        """A message, addressed to the coach or not."""

    async def on_control(self, interaction: discord.Interaction[Any]) -> None:
        """A pressed button of ours."""

    async def on_submission(self, interaction: discord.Interaction[Any]) -> None:
        """A form that came back."""

    async def on_command(self, interaction: discord.Interaction[Any], text: str, private: bool) -> None:
        """A slash command that stands for `text`."""

    async def on_ready(self, client: "CoachClient") -> None:
        """The gateway is connected."""


class _OneLine(logging.Filter):
    """Turns discord.py's tracebacks of lost connections into their kind: a line an operator can read."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None:
            record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


_ONE_LINE = _OneLine()


def quiet_logs() -> None:
    """Keep what people write out of the logs: discord.py's DEBUG records carry every event and request whole."""
    for name in ("discord.gateway", "discord.http", "discord.state", "discord.webhook.async_"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    for name in ("discord.client", "discord.ui.view"):
        logger = logging.getLogger(name)
        if _ONE_LINE not in logger.filters:
            logger.addFilter(_ONE_LINE)


def intents() -> discord.Intents:
    """Guilds, their messages and direct messages; no content beyond mentions and direct messages."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class CoachClient(discord.Client):
    """Hears messages, presses, forms and commands, and hands them to `events`.

    `trouble` is set when the connection does not come back by itself. `reads_content` says whether messages without
    a mention arrive with their text: only if the application's owner switched on the Message Content intent.
    """

    def __init__(self, events: Events, *, allow_content: bool = True) -> None:
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0.05,
            max_ratelimit_timeout=30.0,
        )
        self.tree = commands.build(self, events.on_command)
        self.trouble = asyncio.Event()
        self.was_ready = False
        self.reads_content = False
        self._events = events
        self._allow_content = allow_content
        self._failures = 0
        self._guard_parsers()

    def _guard_parsers(self) -> None:
        # One malformed event would end connect(); READY must still fail, a half-read one leaves no usable state.
        parsers: dict[str, Callable[[Any], Any]] = self._connection.parsers
        for name, parser in list(parsers.items()):
            if name != "READY":
                parsers[name] = _guarded(name, parser)

    async def setup_hook(self) -> None:
        """Runs after login: our buttons on old messages, and the content intent where its owner allows it."""
        self.add_dynamic_items(controls.CoachButton)
        flags = self.application_flags
        granted = flags.gateway_message_content or flags.gateway_message_content_limited
        self.reads_content = self._allow_content and granted
        self._connection._intents.message_content = self.reads_content  # noqa: SLF001 - known only after login

    async def on_message(self, message: discord.Message) -> None:
        """discord.py calls this for every message."""
        await self._events.on_message(message)

    async def on_control(self, interaction: discord.Interaction[Any]) -> None:
        """`CoachButton` calls this."""
        await self._events.on_control(interaction)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """discord.py calls this for every interaction; forms have no state here, so they are taken by their id."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self._events.on_submission(interaction)

    async def on_ready(self) -> None:
        """discord.py calls this after READY."""
        self._failures, self.was_ready = 0, True
        await self._events.on_ready(self)

    async def on_resumed(self) -> None:
        """discord.py calls this after RESUMED."""
        self._failures = 0

    async def on_connect(self) -> None:
        """discord.py calls this after an IDENTIFY was taken."""
        self._failures = 0

    async def on_disconnect(self) -> None:
        """discord.py calls this at every lost or failed connection, and retries the resume address for ever."""
        self._failures += 1
        if self._failures >= 2 and self.ws is not None:
            self.ws.gateway = DiscordWebSocket.DEFAULT_GATEWAY  # a dead resume address: the session may live elsewhere
        if self._failures >= _PATIENCE:
            self.trouble.set()

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log which handler failed and how; the error's text may hold what people wrote."""
        kind = sys.exc_info()[0]
        log.error("the handler %s failed (%s)", event_method, kind.__name__ if kind else "?")


def _guarded(name: str, parser: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def parse(data: Any) -> Any:
        try:
            return parser(data)
        except Exception as error:  # noqa: BLE001 - whatever a malformed event breaks
            log.warning("a malformed %s event was dropped (%s)", name, type(error).__name__)
            return None

    return parse


def point_at(api_url: str) -> bool:
    """Use the REST server at `api_url` from now on in this process; whether it is another one than Discord's."""
    base = api_url.rstrip("/")
    if base != Route.BASE:
        Route.BASE = base
    return not base.startswith("https://discord.com/api/")


async def find_gateway(client: discord.Client) -> None:
    """Use the gateway that the REST server names; raises what requests raise."""
    _, url, _ = await client.http.get_bot_gateway()
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)


NETWORK = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a missing network raises."""
