"""What exists on the peer, and its payloads as Discord's documentation draws them."""

import datetime as dt
import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.peers.discord import rules

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
EPOCH = 1420070400000  # "Snowflakes": the first second of 2015
CONTENT_FLAG = 1 << 19  # "Application Flags": GATEWAY_MESSAGE_CONTENT_LIMITED
PUBLIC_THREAD, TEXT, DM = 11, 0, 1  # "Channel Types"
ALL_PERMISSIONS = str((1 << 46) - 1)
MANAGE_GUILD = 1 << 5

_counter = itertools.count()


def snowflake() -> str:
    return str((int(time.time() * 1000) - EPOCH) << 22 | (next(_counter) & 0x3FFFFF))


@dataclass
class User:
    id: str
    name: str
    bot: bool = False
    manager: bool = False

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id, "username": self.name.lower(), "global_name": self.name, "discriminator": "0",
            "avatar": None, "bot": self.bot, "public_flags": 0,
        }  # fmt: skip


@dataclass
class Channel:
    id: str
    type: int
    name: str
    guild: str | None = None
    parent: str | None = None
    person: str | None = None


@dataclass
class Message:
    id: str
    channel: str
    author: str
    content: str = ""
    components: list[dict[str, Any]] = field(default_factory=list)
    files: list[tuple[str, bytes, str]] = field(default_factory=list)
    flags: int = 0
    type: int = 0
    mentions: list[str] = field(default_factory=list)
    reference: str | None = None
    only_for: str | None = None
    webhook: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    pings: list[str] = field(default_factory=list)


@dataclass
class Interaction:
    id: str
    token: str
    kind: int
    user: str
    channel: str
    made: float
    message: str | None = None
    response: int | None = None
    original: str | None = None
    modal: dict[str, Any] | None = None


class World:
    """One guild with a channel, the person, the bot and its application."""

    def __init__(self, *, content_intent: bool = True) -> None:
        self.token = TOKEN
        self.application = "1000000000000000001"
        self.app_flags = CONTENT_FLAG if content_intent else 0
        self.bot = User(self.application, "Coach", bot=True)
        self.person = User("2000000000000000001", "Ada")
        self.friend = User("2000000000000000002", "Grace")
        self.other_bot = User("2000000000000000003", "Robot", bot=True)
        self.owner = User("2000000000000000004", "Olga")
        self.users = {one.id: one for one in (self.bot, self.person, self.friend, self.other_bot, self.owner)}
        self.guild = "3000000000000000001"
        self.channel = Channel("4000000000000000001", TEXT, "backend", guild=self.guild)
        self.channels = {self.channel.id: self.channel}
        self.messages: dict[str, Message] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: list[dict[str, Any]] = []
        self.nonces: dict[tuple[str, str], tuple[float, str]] = {}
        self.visible: list[str] = []
        self.seen_at: dict[str, float] = {}
        self.denied: set[tuple[str, str]] = set()
        self.closed_dms: set[str] = set()
        self.deadline = 3.0  # "Receiving and Responding": an initial response within 3 seconds
        self.token_seconds = 15 * 60.0
        self.nonce_seconds = 180.0

    # --- payloads -------------------------------------------------------------------------------

    def member(self, user: User, *, with_user: bool = True) -> dict[str, Any]:
        roles = ["3000000000000000099"] if user.manager else []
        member: dict[str, Any] = {
            "roles": roles, "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0,
            "nick": None, "avatar": None, "premium_since": None, "pending": False,
        }  # fmt: skip
        return member | ({"user": user.payload()} if with_user else {})

    def channel_payload(self, channel: Channel) -> dict[str, Any]:
        base: dict[str, Any] = {"id": channel.id, "type": channel.type, "name": channel.name}
        if channel.type == DM:
            assert channel.person
            return {"id": channel.id, "type": DM, "recipients": [self.users[channel.person].payload()], "flags": 0}
        base |= {"guild_id": channel.guild, "parent_id": channel.parent, "flags": 0, "rate_limit_per_user": 0}
        if channel.type == PUBLIC_THREAD:
            return base | {
                "owner_id": self.bot.id, "message_count": 0, "member_count": 1, "last_message_id": None,
                "thread_metadata": {
                    "archived": False, "auto_archive_duration": 1440, "locked": False,
                    "archive_timestamp": "2026-01-01T00:00:00+00:00",
                },
            }  # fmt: skip
        return base | {"position": 0, "permission_overwrites": [], "nsfw": False, "topic": None}

    def guild_payload(self) -> dict[str, Any]:
        def role(id_: str, name: str, permissions: int) -> dict[str, Any]:
            return {
                "id": id_, "name": name, "color": 0, "hoist": False, "position": 0, "permissions": str(permissions),
                "managed": False, "mentionable": False, "flags": 0,
            }  # fmt: skip

        channels = [self.channel_payload(one) for one in self.channels.values() if one.type == TEXT]
        threads = [self.channel_payload(one) for one in self.channels.values() if one.type == PUBLIC_THREAD]
        return {
            "id": self.guild, "name": "Backend", "owner_id": self.owner.id, "icon": None, "splash": None,
            "region": "", "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 0,
            "explicit_content_filter": 0, "mfa_level": 0, "system_channel_flags": 0, "premium_tier": 0,
            "preferred_locale": "en-US", "nsfw_level": 0, "features": [], "emojis": [], "stickers": [],
            "roles": [role(self.guild, "@everyone", 1 << 10), role("3000000000000000099", "managers", MANAGE_GUILD)],
            "member_count": len(self.users), "large": False, "unavailable": False, "channels": channels,
            "threads": threads, "members": [self.member(self.bot)], "presences": [], "voice_states": [],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        }  # fmt: skip

    def application_payload(self) -> dict[str, Any]:
        return {
            "id": self.application, "name": "Coach", "icon": None, "description": "", "bot_public": True,
            "bot_require_code_grant": False, "verify_key": "0" * 64, "flags": self.app_flags,
            "owner": self.owner.payload(), "team": None,
        }  # fmt: skip

    def message_payload(self, message: Message) -> dict[str, Any]:
        made = dt.datetime.fromtimestamp(((int(message.id) >> 22) + EPOCH) / 1000, dt.UTC).isoformat()
        channel = self.channels[message.channel]
        author = self.users[message.author]
        payload: dict[str, Any] = {
            "id": message.id, "channel_id": message.channel, "author": author.payload(), "content": message.content,
            "timestamp": made, "edited_timestamp": None, "tts": False, "mention_everyone": False,
            "mentions": [self._mentioned(one, channel) for one in message.mentions], "mention_roles": [],
            "attachments": [
                {
                    "id": str(index), "filename": name, "size": len(data), "url": f"https://cdn.invalid/{name}",
                    "proxy_url": f"https://cdn.invalid/{name}", "description": alt or None,
                }
                for index, (name, data, alt) in enumerate(message.files)
            ],
            "embeds": [], "pinned": False, "type": message.type, "flags": message.flags,
            "components": message.components,
        }  # fmt: skip
        if message.webhook:
            payload["webhook_id"] = message.webhook
        if message.reference:
            payload["message_reference"] = {"message_id": message.reference, "channel_id": message.channel}
        return payload

    def _mentioned(self, user: str, channel: Channel) -> dict[str, Any]:
        one = self.users[user]
        return one.payload() | ({"member": self.member(one, with_user=False)} if channel.guild else {})

    def message_event(self, message: Message) -> dict[str, Any]:
        """The payload as MESSAGE_CREATE carries it: with the guild and the member."""
        channel = self.channels[message.channel]
        payload = self.message_payload(message)
        if channel.guild and not message.webhook:
            payload |= {"guild_id": channel.guild, "member": self.member(self.users[message.author], with_user=False)}
        return payload

    # --- changes --------------------------------------------------------------------------------

    def direct_channel(self, person: str) -> Channel:
        for channel in self.channels.values():
            if channel.type == DM and channel.person == person:
                return channel
        channel = Channel(snowflake(), DM, "", person=person)
        self.channels[channel.id] = channel
        return channel

    def thread(self, message: Message, name: str) -> Channel:
        thread = Channel(message.id, PUBLIC_THREAD, name, guild=self.guild, parent=message.channel)
        self.channels[thread.id] = thread
        return thread

    def write(self, author: User, channel: str, content: str, **more: Any) -> Message:
        mentions = [one for one in dict.fromkeys(re.findall(r"<@!?(\d+)>", content)) if one in self.users]
        message = Message(snowflake(), channel, author.id, content, mentions=mentions, **more)
        self.messages[message.id] = message
        return message

    def fill(self, message: Message, data: dict[str, Any], files: list[tuple[str, bytes, str]]) -> None:
        """Give `message` what a request asks for: components get ids, attachments their addresses."""
        message.raw = data
        message.content = data.get("content") or ""
        message.flags = (message.flags & ~rules.LOADING) | data.get("flags", 0)
        message.files = files
        message.components = data.get("components") or []
        used = {one.get("id") for one in rules.walk(message.components)}
        free = (number for number in itertools.count(1) if number not in used)
        for one in rules.walk(message.components):
            if not one.get("id"):
                one["id"] = next(free)
            for media in [item["media"] for item in one.get("items", [])] + ([one["file"]] if "file" in one else []):
                media["url"] = media["url"].replace("attachment://", "https://cdn.invalid/")
        message.pings = list(self._pings(message, data))
        if not message.flags & rules.LOADING and message.id not in self.visible:
            self.visible.append(message.id)
            self.seen_at[message.id] = time.perf_counter()

    def _pings(self, message: Message, data: dict[str, Any]) -> Iterator[str]:
        """Who this message would notify ("Allowed Mentions": without the object, everybody that is mentioned)."""
        text = message.content + " ".join(one.get("content", "") for one in rules.walk(message.components))
        allowed = data.get("allowed_mentions")
        parse = {"users", "everyone", "roles"} if allowed is None else set(allowed.get("parse", []))
        if "users" in parse:
            yield from re.findall(r"<@!?(\d+)>", text)
        if "everyone" in parse and re.search(r"@(everyone|here)", text):
            yield "everyone"

    def history(self, channel: str) -> list[Message]:
        found = [one for one in self.messages.values() if one.channel == channel and one.only_for is None]
        return sorted(found, key=lambda one: int(one.id), reverse=True)
