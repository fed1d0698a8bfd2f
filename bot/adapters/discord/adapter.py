"""Discord as a `core.ports.Adapter`: hears what is addressed to the coach and answers it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import discord

from bot.adapters.discord import commands, tokens, translate
from bot.adapters.discord.client import NETWORK, CoachClient, find_gateway, point_at, quiet_logs
from bot.adapters.discord.delivery import Answering, Delivery
from bot.adapters.discord.guide import invite_url
from bot.adapters.discord.intake import OnceInbox
from bot.adapters.discord.responder import Responder
from bot.adapters.discord.threads import Threads
from bot.core import intake
from bot.core.errors import ConfigurationError, NotSent, PlatformError
from bot.core.model import Inbound, Message, MessageRef, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Clock, Handler, Inbox
from bot.settings import Settings

log = logging.getLogger(__name__)

ACKNOWLEDGE_AFTER = 1.5
"""Seconds of real time without an answer after which an interaction is deferred; Discord allows three."""
ACKNOWLEDGE_FORM_AFTER = 2.6
"""The same for a press that opens a form, which a deferred press cannot."""
LONGEST_BACKOFF = 60.0
HEALTH_CHECK = 20.0
"""Seconds between two looks at the heartbeat; three bad ones in a row rebuild the client."""

_UNREACHABLE = "Discord could not be reached."
_CHECK_NETWORK = "Check the network, the proxy and COACH_DISCORD_API_URL, then try again."
_NOT_STORED = "I could not take that down, so I have not done it. Please try again in a minute."
_NO_CONTENT = (
    "I can read only messages here that mention me. Mention me to go on, "
    "or ask whoever runs me to switch on the Message Content intent on the bot's page."
)


class DiscordAdapter:
    """See `core.ports.Adapter`. One object serves one `run` at a time; `close` ends what `send` alone has opened."""

    name = translate.PLATFORM

    def __init__(self, settings: Settings, inbox: Inbox, clock: Clock) -> None:
        self._settings = settings
        self._stored = inbox
        self._inbox = OnceInbox(inbox)
        self._clock = clock
        self._handle: Handler | None = None
        self._client: CoachClient | None = None
        self._login = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answering: dict[str, Answering] = {}
        self._threads = Threads()
        self._delivery = Delivery(self._logged_in, self._answering, self._threads)
        self._resumed = False
        self._allow_content = True
        self.acknowledge_after = ACKNOWLEDGE_AFTER
        self.acknowledge_form_after = ACKNOWLEDGE_FORM_AFTER

    # --- connecting ---------------------------------------------------------------------------

    def build(self) -> CoachClient:
        """A new client that hands what it hears to this adapter; `run` makes its own."""
        return CoachClient(self, allow_content=self._allow_content)

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
        self._handle = handle
        self._resumed, self._inbox = False, OnceInbox(self._stored)
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
                    await self._swap(client)
                    await self._serve(client)
                    wait = 1.0 if client.was_ready else wait
                    log.warning("rebuilding the connection to Discord in %.0f s", wait)
                await self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_BACKOFF)
        finally:
            self._handle = None
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
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

    # --- hearing ------------------------------------------------------------------------------

    async def on_ready(self, client: CoachClient) -> None:
        """Connected: register the commands, and answer what an earlier process left."""
        self._start(self._register(client))
        if not self._resumed and self._handle is not None:
            self._resumed = True
            self._start(self._resume(self._handle))

    async def _register(self, client: CoachClient) -> None:
        try:
            if await commands.register(client, client.tree):
                log.info("the slash commands were registered")
        except (*NETWORK, discord.DiscordException, RuntimeError) as error:
            log.warning("the slash commands could not be registered (%s)", type(error).__name__)

    async def _resume(self, handle: Handler) -> None:
        await intake.resume(self._tracked(handle), self, self._inbox, self._clock)

    async def on_message(self, message: discord.Message) -> None:
        """Take a message if it is addressed to the coach; of any other nothing is kept."""
        client = self._client
        if client is None or client.user is None or self._handle is None or not translate.from_person(message):
            return
        me = client.user.id
        try:
            where = await self._where(client, message, me)
        except Exception as error:  # noqa: BLE001 - the store, asked whether this thread is ours
            log.error("a thread could not be looked up (%s)", type(error).__name__)  # noqa: TRY400
            return
        if where is None:
            return
        mentioned = translate.mentions(message, me)
        if not mentioned and not translate.is_direct(message) and not client.reads_content:
            self._start(self._ask_for_mention(where))
            return
        inbound = translate.message(message, where, me)
        if not await self._accept(inbound):
            return
        if mentioned and where.thread is not None:
            self._threads.enter(where.thread)
        if mentioned and where.thread == str(message.id):
            self._threads.expect(where.thread, translate.title(inbound.text))
        self._start(self._answer(inbound, None))

    async def _where(self, client: CoachClient, message: discord.Message, me: int) -> ThreadRef | None:
        """Where to answer a message, or None if it is not addressed to the coach."""
        guild = message.guild.id if message.guild else None
        if translate.is_direct(message):
            return translate.place(message.channel, None)
        channel: Any = message.channel
        if translate.mentions(message, me):
            if isinstance(channel, discord.PartialMessageable):
                try:  # a thread that was archived when we connected, perhaps
                    channel = await client.fetch_channel(channel.id)
                except (*NETWORK, discord.DiscordException):
                    log.info("channel %d is unknown; answering at its top level", channel.id)
                guild = guild or channel.guild.id
            where = translate.place(channel, guild)
            if where.thread is None:
                return ThreadRef(
                    platform=self.name, workspace=where.workspace, channel=where.channel, thread=str(message.id)
                )
            return where
        if not isinstance(channel, discord.Thread) or message.mentions:
            return None  # no thread, or addressed to somebody else
        where = translate.place(channel, guild)
        return where if self._threads.entered(where.thread) or await self._inbox.joins(where) else None

    async def on_control(self, interaction: discord.Interaction[Any]) -> None:
        """Take a pressed button."""
        inbound = translate.press(interaction)
        after = self.acknowledge_form_after if translate.opens_form(interaction) else 0
        await self._interaction(interaction, inbound, acknowledge=after)

    async def on_submission(self, interaction: discord.Interaction[Any]) -> None:
        """Take a form that came back."""
        await self._interaction(interaction, translate.submission(interaction))

    async def on_command(self, interaction: discord.Interaction[Any], text: str, private: bool) -> None:
        """Take a slash command."""
        await self._interaction(interaction, translate.command(interaction, text), private=private)

    async def _interaction(
        self,
        interaction: discord.Interaction[Any],
        inbound: Inbound | None,
        *,
        acknowledge: float = 0,
        private: bool = False,
    ) -> None:
        if inbound is None or self._handle is None or self._client is None:
            return
        try:
            new = await self._inbox.accept(inbound)
        except Exception as error:  # noqa: BLE001 - whatever the store raises, its text may hold the message
            log.error("an event could not be stored (%s)", type(error).__name__)  # noqa: TRY400
            await interaction.response.send_message(_NOT_STORED, ephemeral=True)
            return
        if new:
            responder = self._responder(inbound, self._client, live=interaction, private=private)
            self._start(self._answer(inbound, responder))
            self._start(self._acknowledge(responder, acknowledge or self.acknowledge_after))

    async def _acknowledge(self, responder: Responder | None, after: float) -> None:
        if responder is None:
            return
        try:
            await asyncio.wait_for(responder.begun.wait(), after)
        except TimeoutError:
            await responder.defer()

    # --- answering ----------------------------------------------------------------------------

    async def _accept(self, inbound: Inbound) -> bool:
        try:
            return await self._inbox.accept(inbound)
        except Exception as error:  # noqa: BLE001 - whatever the store raises, its text may hold the message
            log.error("an event could not be stored (%s)", type(error).__name__)  # noqa: TRY400
            return False

    def _responder(
        self, inbound: Inbound, client: discord.Client, *, live: discord.Interaction[Any] | None, private: bool = False
    ) -> Responder | None:
        carry = translate.carried(inbound)
        if carry is None:
            return None
        pressed = None if isinstance(inbound, Message) or inbound.message is None else inbound.message.id
        return Responder(
            client,
            carry,
            # A live one counts from now: this machine's clock may differ from Discord's.
            expires=(self._clock.now() if live else inbound.at) + translate.TOKEN_LIFE,
            clock=self._clock,
            live=live,
            pressed=pressed,
            private=private,
        )

    async def _answer(self, inbound: Inbound, responder: Responder | None) -> None:
        if self._handle is None:
            return
        self._answering[inbound.id] = Answering(inbound, responder)
        try:
            await intake.answer(inbound, self._handle, self, self._inbox, self._clock)
            if responder:
                await responder.close()
        except discord.HTTPException as error:
            log.info("an interaction could not be closed (code %d)", error.code)
        except Exception as error:
            # The event stays unfinished in the inbox: the next start makes it good.
            log.exception("answering %s failed (%s)", inbound.id, type(error).__name__)
        finally:
            self._answering.pop(inbound.id, None)

    def _tracked(self, handle: Handler) -> Handler:
        """`handle` for events of an earlier process: their interactions are answered through the stored token."""

        async def tracked(inbound: Inbound) -> AsyncIterator[Reply]:
            client = await self._logged_in()
            self._answering[inbound.id] = Answering(inbound, self._responder(inbound, client, live=None))
            try:
                async for reply in handle(inbound):
                    yield reply
            finally:
                self._answering.pop(inbound.id, None)

        return tracked

    async def _ask_for_mention(self, where: ThreadRef) -> None:
        """Say once in a thread why a message without a mention gets no answer."""
        key = f"{self.name}:mention-me:{where.thread}"
        try:
            if await self.find(where, key) is None:
                await self.send(where, Reply(blocks=(Text(text=_NO_CONTENT, style="quiet"),)), key=key)
        except PlatformError as error:
            log.info("could not say how to be heard: %s", error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a task of the Discord adapter failed (%s)", type(error).__name__)

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
