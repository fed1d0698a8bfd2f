"""The REST routes that the coach uses; any other is refused. Error codes: Discord's "JSON Error Codes"."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from tests.peers.discord import rules
from tests.peers.discord.faults import Faults
from tests.peers.discord.gateway import Gateway
from tests.peers.discord.world import DM, PUBLIC_THREAD, TEXT, Interaction, Message, World, snowflake

Handler = Callable[..., Awaitable[web.Response]]
Files = list[tuple[str, bytes, str]]


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str, errors: object = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors


def reply(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # http.py json_or_text: the type must be exactly this, a charset breaks login
    return web.Response(
        body=json.dumps(data).encode(), status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )


class Rest:
    """Serves everything under /api/v10."""

    def __init__(self, world: World, gateway: Gateway, faults: Faults) -> None:
        self.world, self.gateway, self.faults = world, gateway, faults
        self.changed = asyncio.Condition()
        self.requests: list[str] = []
        self.refusals: list[str] = []
        self.gateway_url = ""
        self.bucket: tuple[int, float] | None = None
        self._used: dict[str, list[float]] = {}
        number = r"(\d{15,21})"
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(pattern.replace("#", number).replace("TOKEN", r"([\w.-]+)")), handler)
            for method, pattern, handler in (
                ("GET", "/users/@me", self.me),
                ("GET", "/oauth2/applications/@me", self.application),
                ("GET", "/gateway/bot", self.gateway_bot),
                ("GET", "/applications/#/commands", self.get_commands),
                ("PUT", "/applications/#/commands", self.put_commands),
                ("POST", "/users/@me/channels", self.create_dm),
                ("GET", "/channels/#", self.get_channel),
                ("GET", "/channels/#/messages", self.history),
                ("POST", "/channels/#/messages", self.create_message),
                ("PATCH", "/channels/#/messages/#", self.edit_message),
                ("POST", "/channels/#/messages/#/threads", self.create_thread),
                ("POST", "/interactions/#/TOKEN/callback", self.callback),
                ("POST", "/webhooks/#/TOKEN", self.followup),
                ("GET", "/webhooks/#/TOKEN/messages/(@original|\\d+)", self.get_answer),
                ("PATCH", "/webhooks/#/TOKEN/messages/(@original|\\d+)", self.edit_answer),
                ("DELETE", "/webhooks/#/TOKEN/messages/(@original|\\d+)", self.delete_answer),
            )
        ]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v10")
        self.requests.append(f"{request.method} {path}")
        fault = self.faults.due(request.method, path)
        if fault and fault.kind == "reset":
            self._abort(request)
        if fault and fault.kind == "429":
            return self._limited(fault.retry_after, everywhere=fault.everywhere, via=fault.via)
        if fault and fault.kind.isdigit():
            return reply({"message": "server error", "code": 0}, int(fault.kind))
        try:
            answer = await self._route(request, path)
        except Refused as error:
            self.refusals.append(f"{request.method} {path}: {error.code} {error.errors or error.message}")
            body = {"code": error.code, "message": error.message}
            answer = reply(body | ({"errors": error.errors} if error.errors else {}), error.status)
        async with self.changed:
            self.changed.notify_all()
        if fault and fault.kind == "lost":
            self._abort(request)
        return answer

    def _abort(self, request: web.Request) -> None:
        if request.transport:
            request.transport.abort()
        raise ConnectionResetError

    def _limited(self, after: float, *, everywhere: bool = False, via: bool = True) -> web.Response:
        # "Rate Limits": the body; http.py: without Via it counts as a Cloudflare ban
        headers = {"Retry-After": str(after), **({"Via": "1.1 google"} if via else {})}
        if everywhere:
            headers["X-RateLimit-Global"] = "true"
        return reply(
            {"message": "You are being rate limited.", "retry_after": after, "global": everywhere}, 429, headers
        )

    async def _route(self, request: web.Request, path: str) -> web.Response:
        for method, pattern, handler in self.routes:
            match = pattern.fullmatch(path)
            if not match or method != request.method:
                continue
            open_route = path.startswith(("/interactions/", "/webhooks/"))  # their token is in the path
            if not open_route and request.headers.get("Authorization") != f"Bot {self.world.token}":
                raise Refused(401, 0, "401: Unauthorized")
            if limited := self._spend(f"{handler.__name__}:{match.group(1) if match.groups() else ''}"):
                return limited
            answer = await handler(request, *match.groups())
            answer.headers.update(self._headers(f"{handler.__name__}:{match.group(1) if match.groups() else ''}"))
            return answer
        raise Refused(404, 0, "404: Not Found")

    def _spend(self, key: str) -> web.Response | None:
        if self.bucket is None or not key.startswith("create_message"):
            return None
        limit, window = self.bucket
        now = time.monotonic()
        used = [at for at in self._used.get(key, []) if now - at < window]
        self._used[key] = used
        if len(used) >= limit:
            return self._limited(round(window - (now - used[0]), 3))
        used.append(now)
        return None

    def _headers(self, key: str) -> dict[str, str]:
        if self.bucket is None or not key.startswith("create_message"):
            return {}
        limit, window = self.bucket
        left = limit - len(self._used.get(key, []))
        return {  # "Rate Limits": header format
            "X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(time.time() + window), "X-RateLimit-Reset-After": str(window),
            "X-RateLimit-Bucket": "messages",
        }  # fmt: skip

    # --- reading bodies -------------------------------------------------------------------------

    async def _body(self, request: web.Request) -> tuple[dict[str, Any], Files]:
        if request.content_type != "multipart/form-data":
            if request.content_type != "application/json":
                raise Refused(400, 50035, "Invalid Form Body")
            return await request.json(), []
        form = await request.post()
        data = json.loads(str(form["payload_json"]))
        uploads = {}
        for name, value in form.items():
            if match := re.fullmatch(r"files\[(\d+)\]", name):
                assert isinstance(value, web.FileField)
                uploads[int(match[1])] = (value.filename, value.file.read())
        files: Files = []
        for one in data.get("attachments", []):  # "Uploading Files": attachments name the parts by their index
            name, content = uploads[int(one["id"])]
            if len(one.get("description") or "") > 1024:
                raise Refused(400, 50035, "Invalid Form Body", ["description: at most 1024"])
            files.append((one.get("filename", name), content, one.get("description") or ""))
        return data, files

    def _check(self, complaints: Iterable[str]) -> None:
        if found := list(complaints):
            raise Refused(400, 50035, "Invalid Form Body", {"_errors": [{"code": "X", "message": m} for m in found]})

    # --- plain routes ---------------------------------------------------------------------------

    async def me(self, _: web.Request) -> web.Response:
        return reply(self.world.bot.payload() | {"verified": True, "mfa_enabled": False, "locale": "en-US"})

    async def application(self, _: web.Request) -> web.Response:
        return reply(self.world.application_payload())

    async def gateway_bot(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14400000, "max_concurrency": 1}
        return reply({"url": self.gateway_url, "shards": 1, "session_start_limit": limit})

    async def get_commands(self, _: web.Request, _application: str) -> web.Response:
        return reply(self.world.commands)

    async def put_commands(self, request: web.Request, application: str) -> web.Response:
        commands = await request.json()
        for command in commands:
            self._check(rules.command(command))
        made = {"application_id": application, "version": snowflake(), "default_member_permissions": None}
        self.world.commands = [command | made | {"id": snowflake()} for command in commands]
        return reply(self.world.commands)

    async def create_dm(self, request: web.Request) -> web.Response:
        person = str((await request.json())["recipient_id"])
        if person not in self.world.users:
            raise Refused(400, 50033, "Invalid Recipient(s)")
        return reply(self.world.channel_payload(self.world.direct_channel(person)))

    def _channel(self, id_: str) -> Any:
        channel = self.world.channels.get(id_)
        if channel is None:
            raise Refused(404, 10003, "Unknown Channel")
        if (id_, "view") in self.world.denied:
            raise Refused(403, 50001, "Missing Access")
        return channel

    async def get_channel(self, _: web.Request, id_: str) -> web.Response:
        return reply(self.world.channel_payload(self._channel(id_)))

    async def history(self, request: web.Request, id_: str) -> web.Response:
        self._channel(id_)
        if (id_, "history") in self.world.denied:
            raise Refused(403, 50001, "Missing Access")
        limit = int(request.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise Refused(400, 50035, "Invalid Form Body")
        # No nonce in here: Discord returns it to the sender and in its event only.
        return reply([self.world.message_payload(one) for one in self.world.history(id_)[:limit]])

    async def create_message(self, request: web.Request, id_: str) -> web.Response:
        channel = self._channel(id_)
        data, files = await self._body(request)
        self._check(rules.message(data, {name: content for name, content, _ in files}))
        if (id_, "send") in self.world.denied:
            raise Refused(403, 50013, "Missing Permissions")
        if channel.type == DM and channel.person in self.world.closed_dms:
            raise Refused(403, 50007, "Cannot send messages to this user")
        if not (data.get("content") or data.get("components") or files):
            raise Refused(400, 50006, "Cannot send an empty message")
        nonce = str(data.get("nonce", ""))
        if nonce and data.get("enforce_nonce"):
            # "Create Message": the message that this nonce made in the past few minutes is returned
            at, made = self.world.nonces.get((id_, nonce), (0.0, ""))
            if made and time.monotonic() - at < self.world.nonce_seconds:
                return reply(self.world.message_payload(self.world.messages[made]) | {"nonce": nonce})
        reference = data.get("message_reference") or {}
        message = self.world.write(
            self.world.bot, id_, "", reference=str(reference["message_id"]) if reference else None
        )
        self.world.fill(message, data, files)
        if nonce:
            self.world.nonces[(id_, nonce)] = (time.monotonic(), message.id)
        await self.gateway.dispatch("MESSAGE_CREATE", self.world.message_event(message))
        return reply(self.world.message_payload(message) | ({"nonce": nonce} if nonce else {}))

    async def edit_message(self, request: web.Request, channel: str, id_: str) -> web.Response:
        self._channel(channel)
        message = self.world.messages.get(id_)
        if message is None or message.channel != channel or message.only_for:
            raise Refused(404, 10008, "Unknown Message")
        if message.author != self.world.bot.id:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        await self._edit(request, message)
        return reply(self.world.message_payload(message))

    async def _edit(self, request: web.Request, message: Message, *, interaction: bool = False) -> None:
        data, files = await self._body(request)
        self._check(rules.message(data, {name: content for name, content, _ in files}, interaction=interaction))
        if message.flags & rules.V2 and not data.get("flags", rules.V2) & rules.V2:
            raise Refused(400, 50035, "Invalid Form Body")  # the flag can never be removed
        self.world.fill(message, data, files)
        await self.gateway.dispatch("MESSAGE_UPDATE", self.world.message_event(message))

    async def create_thread(self, request: web.Request, channel: str, id_: str) -> web.Response:
        where = self._channel(channel)
        data = await request.json()
        if where.type != TEXT:
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if (channel, "threads") in self.world.denied:
            raise Refused(403, 50013, "Missing Permissions")
        message = self.world.messages.get(id_)
        if message is None or message.channel != channel:
            raise Refused(404, 10008, "Unknown Message")
        if id_ in self.world.channels:
            raise Refused(400, 160004, "A thread has already been created for this message")
        if not 1 <= len(data.get("name", "")) <= 100 or data.get("auto_archive_duration") not in {
            60,
            1440,
            4320,
            10080,
        }:
            raise Refused(400, 50035, "Invalid Form Body")  # "Start Thread from Message"
        thread = self.world.channel_payload(self.world.thread(message, data["name"]))
        await self.gateway.dispatch("THREAD_CREATE", thread | {"newly_created": True})
        return reply(thread, 201)

    # --- interactions ---------------------------------------------------------------------------

    def _answer_message(self, interaction: Interaction, *, flags: int) -> Message:
        message = self.world.write(self.world.bot, interaction.channel, "", webhook=None, flags=flags)
        if flags & rules.EPHEMERAL:
            message.only_for = interaction.user
        return message

    async def callback(self, request: web.Request, id_: str, token: str) -> web.Response:
        interaction = self.world.interactions.get(token)
        if interaction is None or interaction.id != id_:
            raise Refused(404, 10062, "Unknown interaction")
        if interaction.response is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if time.monotonic() - interaction.made > self.world.deadline:
            raise Refused(404, 10062, "Unknown interaction")
        body, files = await self._body(request)
        kind, data = body.get("type"), body.get("data") or {}
        message: Message | None = None
        # "Interaction Callback Type": 6 and 7 only for components, 9 not for a modal
        allowed = {2: {4, 5, 9}, 3: {4, 5, 6, 7, 9}, 5: {4, 5} | ({6, 7} if interaction.message else set())}
        if kind not in allowed[interaction.kind]:
            raise Refused(400, 50035, "Invalid Form Body")
        if kind == 4:
            self._check(rules.message(data, {n: c for n, c, _ in files}, interaction=True))
            message = self._answer_message(interaction, flags=data.get("flags", 0))
            self.world.fill(message, data, files)
        elif kind == 5:
            if data.get("flags", 0) & ~(rules.EPHEMERAL | rules.V2):
                raise Refused(400, 50035, "Invalid Form Body")
            message = self._answer_message(interaction, flags=rules.LOADING | data.get("flags", 0))
        elif kind in {6, 7}:
            message = self.world.messages[interaction.message or ""]
            if kind == 7:
                self._check(rules.message(data, {n: c for n, c, _ in files}, interaction=True))
                self.world.fill(message, data, files)
        elif kind == 9:
            self._check(rules.modal(data))
            interaction.modal = data
        interaction.response = kind
        interaction.original = message.id if message else None
        if message and kind == 4 and not message.only_for:
            await self.gateway.dispatch("MESSAGE_CREATE", self.world.message_event(message))
        if request.query.get("with_response") not in {"1", "true"}:
            return web.Response(status=204)
        about: dict[str, Any] = {"id": id_, "type": interaction.kind}
        result: dict[str, Any] = {"interaction": about}
        if message:
            about |= {
                "response_message_id": message.id, "response_message_loading": bool(message.flags & rules.LOADING),
                "response_message_ephemeral": bool(message.only_for), "channel_id": message.channel,
            }  # fmt: skip
        if message and kind in {4, 7}:
            result["resource"] = {"type": kind, "message": self.world.message_payload(message)}
        elif kind:
            result["resource"] = {"type": kind}
        return reply(result)

    def _hook(self, application: str, token: str) -> Interaction:
        interaction = self.world.interactions.get(token)
        if application != self.world.application or interaction is None or interaction.response is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if time.monotonic() - interaction.made > self.world.token_seconds:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return interaction

    def _answer(self, interaction: Interaction, id_: str) -> Message:
        number = interaction.original if id_ == "@original" else id_
        message = self.world.messages.get(number or "")
        if message is None:
            raise Refused(404, 10008, "Unknown Message")
        return message

    async def followup(self, request: web.Request, application: str, token: str) -> web.Response:
        interaction = self._hook(application, token)
        data, files = await self._body(request)
        if {"nonce", "enforce_nonce", "message_reference"} & set(data):
            raise Refused(400, 50035, "Invalid Form Body")  # "Execute Webhook" has no such fields
        self._check(rules.message(data, {n: c for n, c, _ in files}, interaction=True))
        original = self.world.messages.get(interaction.original or "")
        if interaction.response == 5 and original and original.flags & rules.LOADING:
            # "Create Followup Message": right after a deferral this edits the original and keeps its visibility
            data["flags"] = data.get("flags", 0) & ~rules.EPHEMERAL
            self.world.fill(original, data, files)
            return reply(self.world.message_payload(original))
        message = self._answer_message(interaction, flags=data.get("flags", 0))
        self.world.fill(message, data, files)
        if not message.only_for:
            await self.gateway.dispatch("MESSAGE_CREATE", self.world.message_event(message))
        return reply(self.world.message_payload(message))

    async def get_answer(self, _: web.Request, application: str, token: str, id_: str) -> web.Response:
        return reply(self.world.message_payload(self._answer(self._hook(application, token), id_)))

    async def edit_answer(self, request: web.Request, application: str, token: str, id_: str) -> web.Response:
        message = self._answer(self._hook(application, token), id_)
        await self._edit(request, message, interaction=True)
        return reply(self.world.message_payload(message))

    async def delete_answer(self, _: web.Request, application: str, token: str, id_: str) -> web.Response:
        message = self._answer(self._hook(application, token), id_)
        del self.world.messages[message.id]
        if message.id in self.world.visible:
            self.world.visible.remove(message.id)
        return web.Response(status=204)


__all__ = ["PUBLIC_THREAD", "Refused", "Rest", "reply"]
