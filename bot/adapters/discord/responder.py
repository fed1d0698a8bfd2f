"""Answering an interaction: within three seconds, through its token, as long as that lives."""

import asyncio
import datetime as dt
import logging
from typing import Any, Literal

import discord
from discord import ui

from bot.adapters.discord.render import Page
from bot.adapters.discord.translate import Carry
from bot.core.ports import Clock

log = logging.getLogger(__name__)

_LATE, _DONE, _NO_WEBHOOK, _NO_MESSAGE = 10062, 40060, 10015, 10008
_ORIGINAL: Any = "@original"
"""Stands for the id of the first answer, which the library types as a number."""
_NONE = discord.AllowedMentions.none()

State = Literal["fresh", "thinking", "updating", "answered", "unknown", "gone"]


class Gone(Exception):
    """The interaction takes no answer any more; the channel does."""


class Responder:
    """One interaction and how far its answer is.

    fresh: nothing sent, three seconds run. thinking: deferred, a placeholder waits for its text. updating: deferred
    without one, the pressed message may still be replaced. answered: further messages are followups. unknown: an
    earlier process may have done any of it. gone: too late.
    """

    def __init__(
        self,
        client: discord.Client,
        carry: Carry,
        *,
        expires: dt.datetime,
        clock: Clock,
        live: discord.Interaction[Any] | None = None,
        pressed: str | None = None,
        private: bool = False,
    ) -> None:
        self._carry = carry
        self._expires = expires
        self._clock = clock
        self._live = live
        self._pressed = pressed
        self._private = private
        self._state: State = "fresh" if live else "unknown"
        self._lock = asyncio.Lock()
        self.begun = asyncio.Event()
        """Set once Discord has got any answer, or can no longer get one."""
        payload: Any = {"id": carry.application, "type": 3, "token": carry.token}
        self._webhook = discord.Webhook.from_state(data=payload, state=client._connection)  # noqa: SLF001 - as Interaction.followup does

    @property
    def pressed(self) -> str | None:
        """The id of the message whose button this is."""
        return self._pressed

    async def open(self, modal: ui.Modal) -> bool:
        """Open a form, which only the first answer can; whether it did."""
        async with self._lock:
            if self._state != "fresh" or self._live is None or self._live.type is discord.InteractionType.modal_submit:
                return False
            try:
                await self._live.response.send_modal(modal)
            except discord.HTTPException as error:
                if not self._too_late(error):
                    raise
                return False
            self._set("answered")
            return True

    async def defer(self) -> None:
        """Acknowledge without an answer yet, if nothing was said."""
        async with self._lock:
            if self._state != "fresh" or self._live is None:
                return
            updates = self._pressed is not None
            try:
                await self._live.response.defer(thinking=not updates, ephemeral=self._private and not updates)
            except discord.HTTPException as error:
                if not self._too_late(error):
                    raise
            else:
                self._set("updating" if updates else "thinking")

    async def close(self) -> None:
        """After the last reply: no placeholder stays, no press looks failed."""
        await self.defer()
        async with self._lock:
            if self._state == "thinking":
                await self._webhook.delete_message(_ORIGINAL)
                self._set("answered")

    async def reply(self, page: Page, *, private: bool, replaces: bool) -> str:
        """Put one message; its id. Raises Gone, and what requests raise."""
        async with self._lock:
            if self._clock.now() >= self._expires:
                self._set("gone")
            if self._state == "unknown":
                await self._look()
            if self._state == "gone":
                raise Gone
            try:
                return await self._put(page, private=private, replaces=replaces)
            except discord.HTTPException as error:
                if not self._too_late(error):
                    raise
                if self._state == "unknown" and await self._look():
                    return await self._put(page, private=private, replaces=replaces)
                raise Gone from error

    async def _put(self, page: Page, *, private: bool, replaces: bool) -> str:
        view, files = page.build()
        match self._state:
            case "fresh" if self._live and replaces and self._pressed:
                await self._live.response.edit_message(view=view, attachments=files, allowed_mentions=_NONE)
                self._set("updating")
                return self._pressed
            case "fresh" if self._live:
                made = await self._live.response.send_message(
                    view=view, files=files, ephemeral=private, allowed_mentions=_NONE
                )
                self._set("answered")
                return str(made.message_id or "")
            case "thinking" if private == self._private:
                edited = await self._edit_original(view, files)
                self._set("answered")
                return edited
            case "thinking":
                # A followup would take the placeholder's place and its visibility: remove it first.
                await self._webhook.delete_message(_ORIGINAL)
                self._set("answered")
            case "updating" if replaces:
                return await self._edit_original(view, files)
            case _:
                pass
        message = await self._webhook.send(view=view, files=files, ephemeral=private, allowed_mentions=_NONE, wait=True)
        return str(message.id)

    async def _edit_original(self, view: ui.LayoutView, files: list[discord.File]) -> str:
        message = await self._webhook.edit_message(
            _ORIGINAL,
            view=view,
            attachments=files,
            allowed_mentions=_NONE,
        )
        return str(message.id)

    async def marker(self) -> tuple[str, int | None] | None:
        """Id and marker of the interaction's first answer; None if there is none or it is no longer readable."""
        try:
            message = await self._webhook.fetch_message(_ORIGINAL)
        except discord.NotFound:
            return None
        return str(message.id), getattr(message.components[0], "id", None) if message.components else None

    async def _look(self) -> bool:
        """Learn the state from the first answer; False if nothing can be answered."""
        try:
            message = await self._webhook.fetch_message(_ORIGINAL)
        except discord.NotFound:
            self._set("gone")
            return False
        if message.flags.loading:
            self._private = message.flags.ephemeral
            self._set("thinking")
        else:
            self._set("updating" if str(message.id) == self._pressed else "answered")
        return True

    def _too_late(self, error: discord.HTTPException) -> bool:
        """Whether `error` says that this way is closed; notes it."""
        if error.code in {_LATE, _NO_WEBHOOK}:
            self._set("gone")
        elif error.code == _DONE:
            self._set("unknown")
        elif error.code == _NO_MESSAGE and self._state in {"thinking", "updating"}:
            self._set("gone")
        else:
            return False
        log.info("interaction %d no longer takes this answer (code %d)", self._carry.interaction, error.code)
        return True

    def _set(self, state: State) -> None:
        self._state = state
        if state not in {"fresh", "unknown"}:
            self.begun.set()
