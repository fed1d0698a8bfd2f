"""Slack as one of the coach's platforms."""

import asyncio
import contextlib
import dataclasses
import logging
import re
import time
from collections.abc import AsyncIterator
from typing import Any

from pydantic import SecretStr

from bot.adapters.slack import form as forms
from bot.adapters.slack.failures import code_of, configuration_error
from bot.adapters.slack.guide import GUIDE
from bot.adapters.slack.listening import bolt_app, http, socket_mode
from bot.adapters.slack.posting import Poster, Target, is_direct
from bot.adapters.slack.render import Post, Upload, render
from bot.adapters.slack.requests import Request, Requests
from bot.adapters.slack.translate import PLATFORM, Identity, Incoming, Malformed, translate
from bot.adapters.slack.web import Web, attempt
from bot.core import intake
from bot.core.errors import (
    Ambiguous,
    ConfigurationError,
    InvalidRequest,
    NotSent,
    PlatformError,
    Rejected,
    Unreadable,
)
from bot.core.model import File, Form, Inbound, MessageRef, Picture, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Clock, Handler, Inbox, Pending
from bot.settings import Settings

log = logging.getLogger(__name__)

SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "commands", "im:history", "im:write", "users:read", "files:write"}
)
"""The bot scopes without which the coach does not work; deploy/slack/manifest.yaml asks for exactly these."""
_CHANNEL = re.compile(r"\b[CG][A-Z0-9]{8,}\b")
_PROFILE_SECONDS = 600
_PROFILES = 10_000
_IN_DM = Text(text="Slack shows a file to one person only in direct messages: it is in ours.", style="quiet")
_BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format"}


def create(settings: Settings, inbox: Inbox, clock: Clock) -> "SlackAdapter":
    """The adapter for one workspace. Raises ConfigurationError for a missing token or one of the wrong kind."""
    return SlackAdapter(settings, inbox, clock)


def _token(secret: SecretStr | None, name: str, prefix: str) -> str:
    value = secret.get_secret_value().strip() if secret else ""
    if value and not value.startswith(prefix):
        kinds = {"xoxb-": "a bot token", "xapp-": "an app-level token", "xoxp-": "a user token"}
        found = next((kind for start, kind in kinds.items() if value.startswith(start)), "something else")
        raise ConfigurationError(
            f"{name} is {found}, but {kinds[prefix]} is needed.",
            next_step=f"Set {name} to the one that begins with {prefix}",
        )
    return value


class SlackAdapter:
    """Implements core.ports.Adapter and core.ports.Profiles.

    `ping_interval` (seconds, Socket Mode) and `grace` (seconds that answers under way have at a shutdown) may be
    changed before `run`.
    """

    name = PLATFORM

    def __init__(self, settings: Settings, inbox: Inbox, clock: Clock) -> None:
        self.ping_interval = 5.0
        self.grace = 3.0
        bot_token = _token(settings.slack_bot_token, "SLACK_BOT_TOKEN", "xoxb-")
        self._app_token = _token(settings.slack_app_token, "SLACK_APP_TOKEN", "xapp-")
        if not bot_token:
            raise ConfigurationError(
                "SLACK_BOT_TOKEN is not set.", next_step="Copy the bot token (xoxb-) from api.slack.com/apps into .env."
            )
        secret = settings.slack_signing_secret
        self._signing_secret = secret.get_secret_value().strip() if secret else ""
        self._host, self._port = settings.http_host, settings.http_port
        self._inbox, self._clock = inbox, clock
        self._web = Web(bot_token, settings.slack_api_url)
        self._poster = Poster(self._web, clock.sleep)
        self._requests = Requests()
        self._profiles: dict[str, tuple[float, dict[str, Any]]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._first_url = ""

    # --- in ------------------------------------------------------------------------------------

    async def run(self, handle: Handler) -> None:
        """As `Adapter.run`: by Socket Mode if there is an app-level token, else by HTTP."""
        try:
            me = await self.check()
            earlier = await self._inbox.unfinished(self.name)
            async with self._listening(me, handle):
                self._spawn(self._resume(earlier, handle))
                await asyncio.Event().wait()
        finally:
            await self._stop_answering()
            await self._web.close()

    async def check(self) -> Identity:
        """Who the bot token belongs to. Raises ConfigurationError for tokens that do not serve, or no network."""
        if not self._app_token and not self._signing_secret:
            raise ConfigurationError(
                "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) besides SLACK_BOT_TOKEN.",
                next_step="Set SLACK_APP_TOKEN to the app-level token (xapp-); it needs no public address.",
            )
        try:
            answer = await self._web.client.auth_test()
        except Exception as error:  # noqa: BLE001  # every failure here is told as one sentence
            raise configuration_error(error, "SLACK_BOT_TOKEN", self._web.base_url) from None
        granted = {name.strip() for name in answer.headers.get("x-oauth-scopes", "").split(",")} - {""}
        if granted and (missing := SCOPES - granted):
            raise ConfigurationError(
                f"The Slack app lacks the permission {', '.join(sorted(missing))}.",
                next_step="Update it from deploy/slack/manifest.yaml and install it again.",
            )
        if self._app_token:
            try:
                opened = await self._web.client.apps_connections_open(app_token=self._app_token)
            except Exception as error:  # noqa: BLE001  # as above
                raise configuration_error(error, "SLACK_APP_TOKEN", self._web.base_url) from None
            self._first_url = str(opened["url"])
        return Identity(
            team=str(answer["team_id"]),
            bot_user=str(answer["user_id"]),
            bot=str(answer.get("bot_id") or ""),
            team_name=str(answer.get("team") or ""),
        )

    @contextlib.asynccontextmanager
    async def _listening(self, me: Identity, handle: Handler) -> AsyncIterator[None]:
        async def receive(body: dict[str, Any]) -> bool:
            return await self._receive(body, me, handle)

        app = bolt_app(self._web, me, receive, self._signing_secret)
        if self._app_token:
            listening = socket_mode(
                app,
                self._web,
                app_token=self._app_token,
                first_url=self._first_url,
                ping_interval=self.ping_interval,
            )
        else:
            listening = http(app, signing_secret=self._signing_secret, host=self._host, port=self._port)
        async with listening:
            yield

    async def _receive(self, body: dict[str, Any], me: Identity, handle: Handler) -> bool:
        """Store an event that is addressed to the coach and begin its answer; False if it could not be stored."""
        try:
            incoming = translate(body, me, self._clock.now())
        except Malformed as error:
            log.warning("a malformed Slack event was dropped (%s)", error)
            return True
        if incoming is None:
            return True
        try:
            if await self._is_new(incoming):
                self._requests.remember(incoming.inbound, incoming.trigger)
                self._spawn(self._answer(incoming.inbound, handle))
        except Exception as error:  # noqa: BLE001  # whatever the store raises: Slack delivers the event again
            # without the traceback: a store's may quote the event's text
            log.error("a Slack event could not be stored (%s); Slack delivers it again", type(error).__name__)  # noqa: TRY400
            return False
        return True

    async def _is_new(self, incoming: Incoming) -> bool:
        if incoming.uninvited and not await self._inbox.joins(incoming.inbound.where):
            return False
        return await self._inbox.accept(incoming.inbound)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, inbound: Inbound, handle: Handler, before: Pending | None = None) -> None:
        try:
            known = dataclasses.replace(inbound, admin=await self._is_admin(inbound.user))
            await intake.answer(known, handle, self, self._inbox, self._clock, before=before)
        except Exception:
            log.exception("could not answer %s", inbound.id)
        finally:
            self._requests.forget(inbound.id)

    async def _resume(self, earlier: list[Pending], handle: Handler) -> None:
        """Answer what an earlier process accepted. The list is from before this one accepted anything."""
        for one in earlier:
            self._requests.remember(one.inbound, None)
            await self._answer(one.inbound, handle, before=one)

    async def _stop_answering(self) -> None:
        if self._answering:
            await asyncio.wait(self._answering, timeout=self.grace)
        for task in list(self._answering):
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    # --- out -----------------------------------------------------------------------------------

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """As `Adapter.send`; the id of a form is its view's."""
        place = await self._place(to)
        request = self._requests.of(key)
        target = _target(place, request, only_for, replaces)
        if reply.form is not None:
            return await self._open(reply.form, request, place, target, key)
        if target.only_for and any(isinstance(block, Picture | File) for block in reply.blocks):
            reply = dataclasses.replace(reply, blocks=(*reply.blocks, _IN_DM))
        try:
            ts = await self._poster.deliver(render(reply), target, key)
        except Rejected as error:
            parts = render(reply)
            if error.code not in _BAD_BLOCKS or not any(isinstance(part, Post) and part.has_table for part in parts):
                raise
            ts = await self._poster.deliver(render(reply, tables=False), target, key)
        return MessageRef(thread=place, id=ts)

    async def open(self, to: ThreadRef | UserRef) -> None:
        """As `Opening.open`: the DM with a person."""
        try:
            await self._place(to)
        except Ambiguous as error:
            raise NotSent(str(error)) from error

    async def _place(self, to: ThreadRef | UserRef) -> ThreadRef:
        if isinstance(to, ThreadRef):
            return to
        channel = await self._poster.direct_channel(to.id)
        return ThreadRef(platform=self.name, workspace=to.workspace, channel=channel)

    async def _open(
        self, form: Form, request: Request | None, place: ThreadRef, target: Target, key: str
    ) -> MessageRef:
        """Open a modal, or post the button that leads to it where the press is too long ago."""
        trigger = self._requests.trigger(request) if request else None
        if request and trigger:
            try:
                view = forms.modal(form, request, place)
                opened = await attempt(self._web.client.views_open(trigger_id=trigger, view=view))
                return MessageRef(thread=place, id=str(opened["view"]["id"]))
            except (Rejected, Ambiguous) as error:
                if isinstance(error, Rejected) and "trigger" not in error.code:
                    raise
        sentence, button = forms.reopening(form, request)
        [post] = render(Reply(blocks=(Text(text=sentence),)))
        assert not isinstance(post, Upload)
        if button:
            row = {"type": "actions", "elements": [button]}
            post = dataclasses.replace(post, blocks=(*post.blocks, row))
        if request and not is_direct(place.channel):
            target = dataclasses.replace(target, only_for=request.inbound.user.id)
        ts = await self._poster.deliver([post], dataclasses.replace(target, replaces=None), key)
        return MessageRef(thread=place, id=ts)

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """As `Adapter.find`; a message that one person alone saw is nowhere to be found."""
        request = self._requests.of(key)
        if request and request.carry.only:
            raise Unreadable("Slack keeps no record of what it shows to one person.")
        place = await self._place(to)
        ts = await self._poster.find(place.channel, place.thread, key)
        return MessageRef(thread=place, id=ts) if ts else None

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """Post the title and `first` as one message; its thread."""
        opening = dataclasses.replace(first, blocks=(Text(text=title, style="heading"), *first.blocks))
        sent = await self.send(dataclasses.replace(in_, thread=None), opening, key=key)
        return dataclasses.replace(in_, thread=sent.id)

    async def whoami(self) -> str:
        """As `core.guide.Connectable.whoami`."""
        me = await self.check()
        return f"The tokens belong to the coach in the Slack workspace {me.team_name or me.team}."

    async def invitation(self) -> str:
        """As `core.guide.Connectable.invitation`."""
        return "In Slack, invite it to a channel: type /invite @Backend Coach there."

    async def place(self, text: str) -> ThreadRef:
        """As `core.guide.Connectable.place`: a channel's id or its link."""
        match = _CHANNEL.search(text.strip())
        if match is None:
            raise InvalidRequest("That is not a Slack channel's id or link.", next_step=GUIDE.place + ".")
        return ThreadRef(platform=self.name, workspace=(await self.check()).team, channel=match[0])

    async def close(self) -> None:
        """Close the connections of an adapter that only sent; `run` does this itself."""
        await self._web.close()

    # --- people --------------------------------------------------------------------------------

    async def _profile(self, user: UserRef) -> dict[str, Any]:
        now = time.monotonic()
        if (known := self._profiles.get(user.id)) and known[0] > now:
            return known[1]
        try:
            told = await attempt(self._web.client.users_info(user=user.id))
        except PlatformError as error:
            log.warning("a Slack profile could not be read: %s", code_of(error.__cause__ or error) or error)
            return known[1] if known else {}
        profile = {name: told["user"].get(name) for name in ("is_admin", "is_owner", "tz")}
        if len(self._profiles) >= _PROFILES:
            self._profiles.clear()
        self._profiles[user.id] = (now + _PROFILE_SECONDS, profile)
        return profile

    async def _is_admin(self, user: UserRef) -> bool:
        profile = await self._profile(user)
        return bool(profile.get("is_admin") or profile.get("is_owner"))

    async def time_zone(self, user: UserRef) -> str | None:
        """As `Profiles.time_zone`; read at most every ten minutes."""
        return (await self._profile(user)).get("tz") or None


def _target(place: ThreadRef, request: Request | None, only_for: UserRef | None, replaces: MessageRef | None) -> Target:
    """Where the reply goes: an answer to what one person alone saw is shown to that person alone."""
    carry = request.carry if request else None
    person = only_for.id if only_for else None
    if person is None and request and carry and carry.only:
        person = request.inbound.user.id
    if is_direct(place.channel) and not (carry and carry.ephemeral):
        person = None
    by_url = bool(carry and carry.ephemeral)
    return Target(
        channel=place.channel,
        thread=place.thread,
        only_for=person,
        response_url=carry.response_url if carry else "",
        replaces=replaces.id if replaces and (by_url or not person) else None,
        by_url=by_url,
    )
