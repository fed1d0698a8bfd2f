"""What comes in from Discord: which of it is addressed to the coach, stored before it is acknowledged, answered once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import discord

from bot.adapters.discord import commands, translate
from bot.adapters.discord.client import NETWORK, CoachClient
from bot.adapters.discord.delivery import Answering
from bot.adapters.discord.intake import OnceInbox
from bot.adapters.discord.responder import Responder
from bot.adapters.discord.threads import Threads
from bot.core import intake
from bot.core.errors import PlatformError
from bot.core.model import Inbound, Message, Reply, Text, ThreadRef
from bot.core.ports import Adapter, Clock, Handler, Inbox

log = logging.getLogger(__name__)

ACKNOWLEDGE_AFTER = 1.5
"""Seconds of real time without an answer after which an interaction is deferred; Discord allows three."""
ACKNOWLEDGE_FORM_AFTER = 2.6
"""The same for a press that opens a form, which a deferred press cannot."""

_NOT_STORED = "I could not take that down, so I have not done it. Please try again in a minute."
_NO_CONTENT = (
    "I can read only messages here that mention me. Mention me to go on, "
    "or ask whoever runs me to switch on the Message Content intent on the bot's page."
)


class Listener:
    """Takes a client's events (`client.Events`) between `serve` and `stop`; before and after it hears nothing.

    `answering` is where it notes for `Delivery` what is being answered.
    """

    def __init__(
        self, adapter: Adapter, inbox: Inbox, clock: Clock, *, threads: Threads, answering: dict[str, Answering]
    ) -> None:
        self._adapter = adapter
        self._stored = inbox
        self._inbox = OnceInbox(inbox)
        self._clock = clock
        self._threads = threads
        self._answering = answering
        self._handle: Handler | None = None
        self._on: CoachClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._resumed = False
        self.acknowledge_after = ACKNOWLEDGE_AFTER
        self.acknowledge_form_after = ACKNOWLEDGE_FORM_AFTER

    def serve(self, client: CoachClient, handle: Handler) -> None:
        """Hear `client` from now on; called again with the next client after a rebuild."""
        self._on, self._handle = client, handle

    async def stop(self) -> None:
        """Hear nothing more and drop what is being answered: it stays in the inbox for the next start."""
        self._on = self._handle = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._resumed, self._inbox = False, OnceInbox(self._stored)

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
        await intake.resume(self._tracked(handle), self._adapter, self._inbox, self._clock)

    async def on_message(self, message: discord.Message) -> None:
        """Take a message if it is addressed to the coach; of any other nothing is kept."""
        client = self._on
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
                    platform=translate.PLATFORM,
                    workspace=where.workspace,
                    channel=where.channel,
                    thread=str(message.id),
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
        if inbound is None or self._handle is None or self._on is None:
            return
        try:
            new = await self._inbox.accept(inbound)
        except Exception as error:  # noqa: BLE001 - whatever the store raises, its text may hold the message
            log.error("an event could not be stored (%s)", type(error).__name__)  # noqa: TRY400
            await interaction.response.send_message(_NOT_STORED, ephemeral=True)
            return
        if new:
            responder = self._responder(inbound, self._on, live=interaction, private=private)
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
            await intake.answer(inbound, self._handle, self._adapter, self._inbox, self._clock)
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
            responder = self._responder(inbound, self._on, live=None) if self._on else None
            self._answering[inbound.id] = Answering(inbound, responder)
            try:
                async for reply in handle(inbound):
                    yield reply
            finally:
                self._answering.pop(inbound.id, None)

        return tracked

    async def _ask_for_mention(self, where: ThreadRef) -> None:
        """Say once in a thread why a message without a mention gets no answer."""
        key = f"{translate.PLATFORM}:mention-me:{where.thread}"
        try:
            if await self._adapter.find(where, key) is None:
                await self._adapter.send(where, Reply(blocks=(Text(text=_NO_CONTENT, style="quiet"),)), key=key)
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
