"""Sending: replies to channels, threads, people and open interactions, each message once."""

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord

from bot.adapters.discord import forms, render, threads
from bot.adapters.discord.failures import translated
from bot.adapters.discord.responder import Gone, Responder
from bot.adapters.discord.threads import Threads
from bot.adapters.discord.translate import PLATFORM, title
from bot.core.errors import Ambiguous, NotSent, Rejected, Unreadable
from bot.core.model import Action, Button, Buttons, Form, Inbound, MessageRef, Reply, Text, ThreadRef, UserRef

log = logging.getLogger(__name__)

_NONE = discord.AllowedMentions.none()
_NONCE_SECONDS = 120.0
"""Discord drops repeats of a nonce for "the past few minutes" ("Create Message"); we count on two."""
_HISTORY = 50
_REMEMBERED = 2000


class Answering:
    """An event that is being answered: where its replies go."""

    def __init__(self, inbound: Inbound, responder: Responder | None) -> None:
        self.inbound = inbound
        self.responder = responder


class Delivery:
    """Puts replies on Discord. `client` gives a client that is logged in, connected or not.

    `answering` holds the events being answered by their id; the key of a reply to one is its id, ":" and a number.
    """

    def __init__(
        self, client: Callable[[], Awaitable[discord.Client]], answering: Mapping[str, Answering], threads_: Threads
    ) -> None:
        self._client = client
        self._answering = answering
        self._threads = threads_
        self._tried: OrderedDict[str, float] = OrderedDict()
        self._arrived: dict[str, dict[int, str]] = {}
        self._directs: dict[str, str] = {}

    def _event(self, key: str) -> Answering | None:
        return self._answering.get(key.rpartition(":")[0])

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """As `core.ports.Adapter.send`. A reply of several messages is returned as its last one."""
        client = await self._client()
        self._tried[key] = time.monotonic()
        while len(self._tried) > _REMEMBERED:
            self._tried.popitem(last=False)
        event = self._event(key)
        responder = event.responder if event else None
        with translated():
            if form := reply.form:
                if responder and await responder.open(forms.modal(form)):
                    return MessageRef(thread=_thread(to), id="")
                reply = _offer(form, event.inbound if event else None)
            pages = render.pages(reply, key)
            arrived = self._arrived.pop(key, {})
            last = MessageRef(thread=_thread(to), id="")
            for number, page in enumerate(pages):
                if number in arrived:
                    continue
                first = replaces if number == 0 else None
                part = render.part_key(key, number, len(pages))
                last = await self._put(client, to, page, part, only_for=only_for, replaces=first, responder=responder)
            return last

    async def _put(
        self,
        client: discord.Client,
        to: ThreadRef | UserRef,
        page: render.Page,
        key: str,
        *,
        only_for: UserRef | None,
        replaces: MessageRef | None,
        responder: Responder | None,
    ) -> MessageRef:
        if responder:
            try:
                number = await responder.reply(page, private=only_for is not None, replaces=replaces is not None)
                return MessageRef(thread=_thread(to), id=number)
            except Gone:
                log.info("an interaction ended before its answer; it goes to the channel")
        if replaces and not only_for and (edited := await self._edit(client, replaces, page)):
            return edited
        view, files = page.build()
        target = only_for or to
        if isinstance(target, UserRef):
            direct = await self._direct(client, target)
            channel, where = int(direct.channel), direct
            reference = None
        else:
            spot = await self._threads.spot(client, target, _first_words(page))
            channel, where, reference = spot.channel, target, spot.reference
        send = client.get_partial_messageable(channel).send
        more: dict[str, Any] = {"reference": reference, "mention_author": False} if reference else {}
        try:
            message = await send(
                view=view, files=files, nonce=render.nonce(key), silent=False, allowed_mentions=_NONE, **more
            )
        except discord.NotFound as error:
            if error.code != 10003 or isinstance(target, UserRef) or target.thread is None:
                raise
            # The thread is still to be opened, or it was deleted.
            spot = await self._threads.open(client, target, _first_words(page))
            view, files = page.build()
            more = {"reference": spot.reference, "mention_author": False} if spot.reference else {}
            message = await client.get_partial_messageable(spot.channel).send(
                view=view, files=files, nonce=render.nonce(key), silent=False, allowed_mentions=_NONE, **more
            )
        return MessageRef(thread=where, id=str(message.id))

    async def _edit(self, client: discord.Client, message: MessageRef, page: render.Page) -> MessageRef | None:
        """The message with new contents; None if it is gone and a new one has to do."""
        view, files = page.build()
        for channel in dict.fromkeys((message.thread.thread, message.thread.channel)):
            if channel is None:
                continue
            target = client.get_partial_messageable(threads.number(channel)).get_partial_message(
                threads.number(message.id)
            )
            try:
                await target.edit(view=view, attachments=files, allowed_mentions=_NONE)
            except discord.NotFound:
                view, files = page.build()
                continue
            return message
        return None

    async def open(self, to: ThreadRef | UserRef) -> None:
        """As `core.ports.Opening.open`."""
        if isinstance(to, UserRef):
            client = await self._client()
            try:
                with translated():
                    await self._direct(client, to)
            except Ambiguous as error:
                raise NotSent(str(error)) from error

    async def _direct(self, client: discord.Client, person: UserRef) -> ThreadRef:
        if person.id not in self._directs:
            # discord.py itself remembers 128 of them, and the call that opens one is limited over all people
            channel = await client.create_dm(discord.Object(threads.number(person.id)))
            self._directs[person.id] = str(channel.id)
        return ThreadRef(platform=PLATFORM, workspace="", channel=self._directs[person.id])

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """As `core.ports.Adapter.find`.

        The first component of each message bears an id made from its key, which Discord returns with the history of
        the last 50 messages. Where the history is unreadable, a repeat within two minutes is safe: Discord answers
        it with the first message.
        """
        client = await self._client()
        event = self._event(key)
        with translated():
            if event and event.responder and (first := await event.responder.marker()):
                if first[1] == render.marker(key):
                    return MessageRef(thread=_thread(to), id=first[0])
                if first[1] is not None and first[1] == render.marker(f"{key}#0"):
                    self._arrived.setdefault(key, {})[0] = first[0]
            places: list[ThreadRef | UserRef] = [to]
            if event and not event.inbound.direct and event.inbound.user != to:
                places.append(event.inbound.user)  # a private reply went to the person
            for place in places:
                if found := await self._search(client, place, key):
                    return found
        return None

    async def _search(self, client: discord.Client, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        try:
            where = await self._direct(client, to) if isinstance(to, UserRef) else to
        except discord.Forbidden:
            return None  # nothing can have arrived there
        wanted = render.marker(key)
        parts = {render.marker(f"{key}#{number}"): number for number in range(40)}
        for channel in dict.fromkeys((where.thread, where.channel)):
            if channel is None:
                continue
            try:
                history = await client.http.logs_from(threads.number(channel), _HISTORY)
            except discord.NotFound:
                continue
            except discord.Forbidden as error:
                if time.monotonic() - self._tried.get(key, -_NONCE_SECONDS) < _NONCE_SECONDS:
                    continue
                raise Unreadable("The channel's history may not be read.") from error
            for message in history:
                if client.user is None or int(message["author"]["id"]) != client.user.id:
                    continue
                components: Any = message.get("components") or [{}]
                number = components[0].get("id")
                if number == wanted:
                    return MessageRef(thread=where, id=str(message["id"]))
                if number in parts:
                    self._arrived.setdefault(key, {})[parts[number]] = str(message["id"])
        return None

    async def start_thread(self, in_: ThreadRef, title_: str, first: Reply, *, key: str) -> ThreadRef:
        """As `core.ports.Adapter.start_thread`: `first` in the channel, and the thread on it; in a DM only `first`."""
        message = await self.send(in_, first, key=key)
        if not in_.workspace or in_.thread is not None or not message.id:
            return message.thread
        where = ThreadRef(platform=PLATFORM, workspace=in_.workspace, channel=in_.channel, thread=message.id)
        client = await self._client()
        with translated():
            spot = await self._threads.open(client, where, title(title_))
        if spot.reference is not None:
            raise Rejected("The coach may not open threads in this channel.", code="50013")
        return where


def _thread(to: ThreadRef | UserRef) -> ThreadRef:
    return to if isinstance(to, ThreadRef) else ThreadRef(platform=PLATFORM, workspace="", channel=to.id)


def _first_words(page: render.Page) -> str:
    text = next((part for part in page.parts if isinstance(part, str)), "")
    return title("".join(character for character in text if character not in "\\*_~|`<>[]#\u200b"))


def _offer(form: Form, inbound: Inbound | None) -> Reply:
    """What stands for a form that cannot be opened now: a sentence and the button that opens it."""
    name, argument = form.name, form.argument
    if isinstance(inbound, Action):
        name, argument = inbound.action, inbound.argument
    opener = Button(label=form.title or "Open", action=name, argument=argument, style="primary", opens_form=True)
    return Reply(blocks=(Text(text="Press the button to go on."), Buttons(items=(opener,))))
