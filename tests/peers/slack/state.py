"""What the peer's workspace holds: people, channels, messages, views, files, triggers."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

TEAM = "T0PEER001"
APP = "A0PEER001"
BOT_USER = "U0COACH01"
BOT = "B0COACH01"
ADA = "U0ADA0001"
BEN = "U0BEN0001"
GENERAL = "C0GENERAL"
PRIVATE = "C0NOTHERE"
"""A channel that the coach was not invited to."""
ARCHIVED = "C0ARCHIVE"

BOT_TOKEN = "xoxb-1111-2222-peer"
APP_TOKEN = "xapp-1-A0PEER001-3333-peer"
READER_TOKEN = "xoxp-9999-reader"
"""A user's token with every scope: how a test looks into the workspace."""
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"

LEAST_SCOPES = frozenset(
    {"app_mentions:read", "chat:write", "commands", "im:history", "im:write", "users:read", "files:write"}
)
TRIGGER_SECONDS = 3.0


@dataclass
class Channel:
    id: str
    members: set[str]
    archived: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def direct(self) -> bool:
        return self.id.startswith("D")

    def message(self, ts: str) -> dict[str, Any] | None:
        return next((one for one in self.messages if one["ts"] == ts), None)


@dataclass
class Posted:
    """Something the coach put in front of people. `message` is what stands there now."""

    channel: str
    thread: str | None
    message: dict[str, Any]
    only_for: str | None = None
    response: bool = False


class Workspace:
    """The state; nothing of HTTP."""

    def __init__(self) -> None:
        self.scopes: set[str] = set(LEAST_SCOPES)
        self.channels = {
            GENERAL: Channel(GENERAL, {ADA, BEN, BOT_USER}),
            PRIVATE: Channel(PRIVATE, {ADA}),
            ARCHIVED: Channel(ARCHIVED, {ADA, BOT_USER}, archived=True),
        }
        self.users: dict[str, dict[str, Any]] = {
            ADA: {"id": ADA, "name": "ada", "tz": "Europe/Paris", "is_admin": True, "is_owner": False, "is_bot": False},
            BEN: {"id": BEN, "name": "ben", "tz": "Asia/Tokyo", "is_admin": False, "is_owner": False, "is_bot": False},
        }
        self.posted: list[Posted] = []
        self.views: list[dict[str, Any]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.triggers: dict[str, float] = {}
        self.used_triggers: set[str] = set()
        self.response_urls: dict[str, dict[str, Any]] = {}
        self._count = itertools.count(1)
        self._base = int(time.time())

    def number(self) -> int:
        return next(self._count)

    def ts(self) -> str:
        """A timestamp that no message has: seconds and a counter, ascending."""
        now = int(time.time())
        return f"{now:010d}.{self.number():06d}"

    def new_trigger(self) -> str:
        trigger = f"{self.number()}.{self._base}.{'a1b2c3d4':s}"
        self.triggers[trigger] = time.monotonic() + TRIGGER_SECONDS
        return trigger

    def direct(self, user: str) -> Channel:
        channel_id = "D0" + user[2:]
        return self.channels.setdefault(channel_id, Channel(channel_id, {user, BOT_USER}))
