"""Sending unasked and at scale: how fast a platform may be written to, what a refusal means, and how a send ended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.core.model import MessageRef, ThreadRef, UserRef
from bot.core.records import Delivery, DeliveryStatus

Scope = Literal["platform", "workspace", "channel"]
Bucket = tuple[str, ...]
"""(platform), (platform, workspace) or (platform, workspace, channel or person)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`burst` messages at once, `per_second` in the long run."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a platform takes. `refused` is what a request to wait concerns, where the platform does not say."""

    platform: Limit | None = None
    workspace: Limit | None = None
    channel: Limit | None = None
    refused: Scope = "channel"


NO_LIMITS = Limits()
LIMITS: Mapping[str, Limits] = {
    "slack": Limits(workspace=Limit(burst=20, per_second=5), channel=Limit(burst=1, per_second=1), refused="workspace"),
    "discord": Limits(platform=Limit(burst=40, per_second=40), channel=Limit(burst=5, per_second=1)),
}
"""docs.slack.dev/apis/web-api/rate-limits: one message a second a channel, "several hundred messages per minute" a
workspace; docs.discord.com/developers/topics/rate-limits: 50 requests a second, of which a fifth is left for answers.

Each process keeps to them by itself; what several send together is bounded by what the platform asks to wait."""

_CLOCK_PUT_BACK = timedelta(seconds=5)
_SPREAD_PER_SECOND = 5.0
_SPREAD_AT_MOST = timedelta(minutes=10)


def jitter(key: str, among: int) -> timedelta:
    """A part of the time over which `among` messages are spread (a fifth of a second each, ten minutes in all at most),
    always the same for a key."""
    span = min(timedelta(seconds=among / _SPREAD_PER_SECOND), _SPREAD_AT_MOST)
    share = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=6).digest()) / 2**48
    return timedelta(milliseconds=int(span.total_seconds() * 1000 * share))


_GONE = frozenset(
    {
        # what Slack says to a message or to opening a DM
        *("channel_not_found", "is_archived", "not_in_channel", "user_not_found", "users_not_found", "user_disabled"),
        *("user_not_visible", "cannot_dm_bot"),
        # Discord: unknown channel, server or user; no access; direct messages closed; no server in common
        *("10003", "10004", "10013", "50001", "50007", "50278"),
    }
)
_TOKEN = frozenset({"account_inactive", "token_revoked", "token_expired", "invalid_auth", "not_authed", "401"})


def refusal_kind(code: str) -> Literal["gone", "token", "other"]:
    """What a platform's refusal is about: its target, for good; the coach's own token; or this message."""
    return "gone" if code in _GONE else "token" if code in _TOKEN else "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the sending of a claimed delivery ended.

    `pending` tries again at `not_before`; `certain` says that it did not arrive, so that it need not be looked for.
    `stops` ends the stream: its person or channel cannot be reached any more.
    """

    delivery: Delivery
    status: DeliveryStatus
    reason: str = ""
    message: MessageRef | None = None
    at: datetime | None = None
    not_before: datetime | None = None
    certain: bool = False
    stops: bool = False


class Pacing:
    """Token buckets a platform, workspace and channel, as instants at which each is full again (GCRA).

    A clock that jumps holds nothing up for longer than the bucket itself would.
    """

    def __init__(self, limits: Mapping[str, Limits] = LIMITS) -> None:
        self._limits = limits
        self._full_at: dict[Bucket, datetime] = {}
        self._held: dict[Bucket, tuple[datetime, datetime, str]] = {}
        self._seen: datetime | None = None

    def reserve(self, target: UserRef | ThreadRef, now: datetime, *, within: timedelta) -> timedelta:
        """The wait until a message to `target` may go. One that is no longer than `within` is reserved with it."""
        self._notice(now)
        wait = self.held(target, now)
        due: dict[Bucket, datetime] = {}
        for bucket, limit in self._buckets(target):
            if limit is None:
                continue
            each = timedelta(seconds=1 / limit.per_second)
            full_at = max(self._full_at.get(bucket, now), now)
            wait = max(wait, full_at - (limit.burst - 1) * each - now)
            due[bucket] = full_at + each
        if wait <= within:
            self._full_at.update(due)
            self._forget(now)
        return wait

    def held(self, target: UserRef | ThreadRef, now: datetime) -> timedelta:
        """How long everything to `target` has to wait because the platform asked for it."""
        return max(self._held_for(bucket, now) for bucket, _ in self._buckets(target))

    def platform_held(self, platform: str, now: datetime) -> timedelta:
        """How long everything to a platform has to wait."""
        return self._held_for((platform,), now)

    def why(self, target: UserRef | ThreadRef) -> str:
        """What the platform said when it made everything to `target` wait; "" if it did not."""
        return next((self._held[bucket][2] for bucket, _ in self._buckets(target) if bucket in self._held), "")

    def hold(self, target: UserRef | ThreadRef, now: datetime, wait: timedelta, why: str = "") -> None:
        """The platform asked to wait: so does everything in the bucket that this concerns."""
        scope = self._limits.get(target.platform, NO_LIMITS).refused
        if scope == "channel" and isinstance(target, UserRef):
            scope = "platform"  # direct messages to all share the call that opens them
        length = {"platform": 1, "workspace": 2, "channel": 3}[scope]
        self._hold(_names(target)[:length], now, wait, why)

    def hold_platform(self, platform: str, now: datetime, wait: timedelta, why: str = "") -> None:
        """Nothing goes to this platform for a while, and then no more at once than its buckets refill."""
        self._notice(now)
        self._hold((platform,), now, wait, why)
        limits = self._limits.get(platform, NO_LIMITS)
        for bucket, limit in (*((one, self._limit(one)) for one in self._full_at), ((platform,), limits.platform)):
            if bucket[0] == platform and limit is not None:
                self._full_at[bucket] = now + wait + timedelta(seconds=(limit.burst - 1) / limit.per_second)

    def _hold(self, bucket: Bucket, now: datetime, wait: timedelta, why: str) -> None:
        if wait > self._held_for(bucket, now):
            self._held[bucket] = (now, now + wait, why)

    def _held_for(self, bucket: Bucket, now: datetime) -> timedelta:
        since, until, _ = self._held.get(bucket, (now, now, ""))
        if since <= now < until:
            return until - now
        self._held.pop(bucket, None)
        return timedelta(0)

    def _limit(self, bucket: Bucket) -> Limit | None:
        limits = self._limits.get(bucket[0], NO_LIMITS)
        return (limits.platform, limits.workspace, limits.channel)[len(bucket) - 1]

    def _buckets(self, target: UserRef | ThreadRef) -> list[tuple[Bucket, Limit | None]]:
        names = _names(target)
        return [(names[:length], self._limit(names[:length])) for length in (1, 2, 3)]

    def _notice(self, now: datetime) -> None:
        if self._seen is not None and now < self._seen - _CLOCK_PUT_BACK:
            self._full_at.clear()
        self._seen = now

    def _forget(self, now: datetime) -> None:
        if len(self._full_at) > 20_000:
            self._full_at = {bucket: at for bucket, at in self._full_at.items() if at > now}


def _names(target: UserRef | ThreadRef) -> Bucket:
    return (target.platform, target.workspace, target.id if isinstance(target, UserRef) else target.channel)
