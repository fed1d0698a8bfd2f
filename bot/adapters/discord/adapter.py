"""Discord as a `core.ports.Adapter`: hears what is addressed to the coach and answers it."""

import asyncio
import logging
import re

import discord

from bot.adapters.discord import tokens, translate
from bot.adapters.discord.client import NETWORK, CoachClient, find_gateway, point_at, quiet_logs
from bot.adapters.discord.delivery import Answering, Delivery
from bot.adapters.discord.guide import invite_url
from bot.adapters.discord.listening import Listener
from bot.adapters.discord.threads import Threads
from bot.core.errors import ConfigurationError, InvalidRequest, NotSent
from bot.core.model import MessageRef, Reply, ThreadRef, UserRef
from bot.core.ports import Clock, Handler, Inbox
from bot.settings import Settings

log = logging.getLogger(__name__)

LONGEST_BACKOFF = 60.0
HEALTH_CHECK = 20.0
"""Seconds between two looks at the heartbeat; three bad ones in a row rebuild the client."""

_ID = re.compile(r"\d{15,21}")
_COPY_LINK = "Right-click the channel in Discord, choose Copy Link, and paste it here."
_UNREACHABLE = "Discord could not be reached."
_CHECK_NETWORK = "Check the network, the proxy and COACH_DISCORD_API_URL, then try again."


class DiscordAdapter:
    """See `core.ports.Adapter`. One object serves one `run` at a time; `close` ends what `send` alone has opened."""

    name = translate.PLATFORM

    def __init__(self, settings: Settings, inbox: Inbox, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client: CoachClient | None = None
        self._login = asyncio.Lock()
        self._allow_content = True
        threads = Threads()
        answering: dict[str, Answering] = {}
        self._delivery = Delivery(self._logged_in, answering, threads)
        self.listener = Listener(self, inbox, clock, threads=threads, answering=answering)

    # --- connecting ---------------------------------------------------------------------------

    def build(self) -> CoachClient:
        """A new client that hands what it hears to the listener; `run` makes its own."""
        return CoachClient(self.listener, allow_content=self._allow_content)

    async def _log_in(self) -> CoachClient:
        token = tokens.usable(self._settings.discord_token)
        elsewhere = point_at(self._settings.discord_api_url)
        client = self.build()
        try:
            await client.login(token)
            if elsewhere:
                await find_gateway(client)
        except discord.LoginFailure:
            await client.close()
            raise ConfigurationError("Discord does not know DISCORD_TOKEN.", next_step=tokens.NEXT_STEP) from None
        except BaseException:
            await client.close()
            raise
        return client

    async def _logged_in(self) -> discord.Client:
        """The client to send with; logs in if nothing has yet."""
        async with self._login:
            if self._client is None:
                try:
                    self._client = await self._log_in()
                except (*NETWORK, discord.HTTPException) as error:
                    raise NotSent("Discord could not be reached.") from error
            return self._client

    async def run(self, handle: Handler) -> None:
        """As `core.ports.Adapter.run`: a lost connection is rebuilt for ever, an unusable token ends it."""
        tokens.usable(self._settings.discord_token)
        quiet_logs()
        connected_once, wait = False, 1.0
        try:
            while True:
                try:
                    client = await self._log_in()
                except (*NETWORK, discord.HTTPException, discord.GatewayNotFound) as error:
                    if not connected_once and isinstance(error, NETWORK):
                        raise ConfigurationError(_UNREACHABLE, next_step=_CHECK_NETWORK) from None
                    log.warning("could not log in to Discord (%s); next try in %.0f s", type(error).__name__, wait)
                else:
                    connected_once = True
                    self.listener.serve(client, handle)
                    await self._swap(client)
                    await self._serve(client)
                    wait = 1.0 if client.was_ready else wait
                    log.warning("rebuilding the connection to Discord in %.0f s", wait)
                await self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_BACKOFF)
        finally:
            await self.listener.stop()
            await self.close()

    async def _swap(self, client: CoachClient) -> None:
        async with self._login:
            old, self._client = self._client, client
        if old is not None:
            await old.close()

    async def _serve(self, client: CoachClient) -> None:
        """Listen until the connection needs a new client."""
        watching = [
            asyncio.create_task(client.connect()),
            asyncio.create_task(client.trouble.wait()),
            asyncio.create_task(_unhealthy(client)),
        ]
        try:
            done, _ = await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            if client.ws is not None and client.ws.open:
                await client.ws.close(code=4000)
        error = watching[0].exception() if watching[0] in done and not watching[0].cancelled() else None
        if isinstance(error, discord.ConnectionClosed) and error.code == 4004:
            raise ConfigurationError("Discord no longer accepts DISCORD_TOKEN.", next_step=tokens.NEXT_STEP)
        if isinstance(error, discord.PrivilegedIntentsRequired):
            self._allow_content = False
        log.warning("the connection to Discord ended (%s)", type(error).__name__ if error else "no heartbeat")

    async def whoami(self) -> str:
        """As `core.guide.Connectable.whoami`."""
        client = await self._introduced()
        return f"The token belongs to the bot {client.user.name if client.user else 'without a name'}."

    async def invitation(self) -> str:
        """As `core.guide.Connectable.invitation`."""
        client = await self._introduced()
        application = client.application_id
        return f"Invite it to your server: {invite_url(application)}" if application else "Invite it to your server."

    async def place(self, text: str) -> ThreadRef:
        """As `core.guide.Connectable.place`: a channel's link or id; Discord is asked whether the coach sees it."""
        numbers = _ID.findall(text)
        if not numbers:
            raise InvalidRequest("That is no channel's link.", next_step=_COPY_LINK)
        client = await self._introduced()
        try:
            channel = await client.fetch_channel(int(numbers[-1]))
        except (*NETWORK, discord.DiscordException):
            raise InvalidRequest(
                "I cannot see that channel.", next_step="Invite me with the link above, let me view it, and try again."
            ) from None
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            raise InvalidRequest("That is no channel of a server.", next_step=_COPY_LINK)
        return translate.place(channel, channel.guild.id)

    async def _introduced(self) -> discord.Client:
        try:
            return await self._logged_in()
        except NotSent:
            raise ConfigurationError(_UNREACHABLE, next_step=_CHECK_NETWORK) from None

    async def close(self) -> None:
        """Close the connection; a later `send` opens another."""
        async with self._login:
            client, self._client = self._client, None
        if client is not None:
            await client.close()

    # --- sending ------------------------------------------------------------------------------

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """As `core.ports.Adapter.send`."""
        return await self._delivery.send(to, reply, key=key, only_for=only_for, replaces=replaces)

    async def open(self, to: ThreadRef | UserRef) -> None:
        """As `core.ports.Opening.open`."""
        await self._delivery.open(to)

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """As `core.ports.Adapter.find`."""
        return await self._delivery.find(to, key)

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """As `core.ports.Adapter.start_thread`."""
        return await self._delivery.start_thread(in_, title, first, key=key)


async def _unhealthy(client: CoachClient) -> None:
    """Return when the heartbeat has been gone for a minute: discord.py still calls itself ready then."""
    bad = 0
    while bad < 3:
        await asyncio.sleep(HEALTH_CHECK)
        bad = bad + 1 if client.latency == float("inf") else 0


def create(settings: Settings, inbox: Inbox, clock: Clock) -> DiscordAdapter:
    """The adapter; nothing is opened before `run` or `send`."""
    return DiscordAdapter(settings, inbox, clock)
