"""One reply onto Slack: each of its messages and files once, however often the send is begun again."""

import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.failures import by_status
from bot.adapters.slack.render import Post, Upload
from bot.adapters.slack.web import Web, attempt
from bot.core.errors import PlatformError, RateLimited, Rejected, Unreadable

EVENT_TYPE = "coach_message"
_PAGES = 5
_PAGE = 200
_KEPT = 1000
_DAY = 86_400
_TRIES = 3
_LONGEST_WAIT = 30.0
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"}
_NO_MEMBER = {"channel_not_found", "not_in_channel", "user_not_in_channel", "restricted_action"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a reply goes. `only_for` is a user's id; `response_url` answers a command where the coach is no member;
    `replaces` is a message's timestamp, and with `by_url` only the response URL can change that message."""

    channel: str
    thread: str | None = None
    only_for: str | None = None
    response_url: str = ""
    replaces: str | None = None
    by_url: bool = False


def is_direct(channel: str) -> bool:
    """Whether the channel is a DM."""
    return channel.startswith("D")


class Poster:
    """Posts the parts of a reply and remembers which of them arrived, by the reply's key."""

    def __init__(self, web: Web, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._web = web
        self._sleep = sleep
        self._arrived: OrderedDict[str, dict[int, str]] = OrderedDict()
        self._direct: dict[str, str] = {}

    async def direct_channel(self, user: str) -> str:
        """The DM with this user, opened if need be."""
        if user not in self._direct:
            opened = await attempt(self._web.client.conversations_open(users=user))
            self._direct[user] = str(opened["channel"]["id"])
        return self._direct[user]

    async def deliver(self, parts: Sequence[Post | Upload], target: Target, key: str) -> str:
        """Post what of `parts` has not arrived yet; the first message's timestamp. Errors as `Adapter.send`."""
        arrived = self._arrived.setdefault(key, {})
        while len(self._arrived) > _KEPT:
            self._arrived.popitem(last=False)
        for number, part in enumerate(parts):
            if number in arrived:
                continue
            thread = target.thread
            if number and thread is None and not is_direct(target.channel) and not target.only_for:
                thread = arrived[0]
            if isinstance(part, Upload):
                arrived[number] = await self._upload(part, target, thread)
            elif target.only_for:
                arrived[number] = await self._post_privately(part, target, first=number == 0)
            else:
                payload: dict[str, Any] = {"key": key}
                if len(parts) > 1:
                    payload |= {"part": number, "parts": len(parts)}
                metadata = {"event_type": EVENT_TYPE, "event_payload": payload}
                arrived[number] = await self._post(part, target, thread, metadata, first=number == 0)
        del self._arrived[key]
        return arrived[0]

    async def _post(
        self, part: Post, target: Target, thread: str | None, metadata: dict[str, Any], *, first: bool
    ) -> str:
        client = self._web.client
        if first and target.replaces:
            try:
                updated = await attempt(
                    client.chat_update(
                        channel=target.channel,
                        ts=target.replaces,
                        text=part.text,
                        blocks=list(part.blocks),
                        metadata=metadata,
                    )
                )
                return str(updated["ts"])
            except Rejected as error:
                if error.code not in _GONE:
                    raise
        posted = await attempt(
            client.chat_postMessage(
                channel=target.channel,
                thread_ts=thread,
                text=part.text,
                blocks=list(part.blocks),
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return str(posted["ts"])

    async def _post_privately(self, part: Post, target: Target, *, first: bool) -> str:
        if first and target.replaces and target.by_url and target.response_url:
            return await self._respond(part, target, replace=True)
        try:
            posted = await attempt(
                self._web.client.chat_postEphemeral(
                    channel=target.channel,
                    user=target.only_for or "",
                    thread_ts=target.thread,
                    text=part.text,
                    blocks=list(part.blocks),
                )
            )
        except Rejected as error:
            if error.code not in _NO_MEMBER or not target.response_url:
                raise
            return await self._respond(part, target, replace=False)
        return str(posted["message_ts"])

    async def _respond(self, part: Post, target: Target, *, replace: bool) -> str:
        """Through the response URL, valid for five answers in thirty minutes."""
        how: dict[str, Any] = {"replace_original": True} if replace else {"response_type": "ephemeral"}
        body = {"text": part.text, "blocks": list(part.blocks), **how}
        status, headers, text = await attempt(
            self._web.post(target.response_url, json.dumps(body).encode(), "application/json")
        )
        if failed := by_status(status, headers):
            raise failed
        if status >= 400:
            raise Rejected("Slack no longer takes an answer to this.", code=text[:40] or str(status))
        return target.replaces or ""

    async def _upload(self, part: Upload, target: Target, thread: str | None) -> str:
        """Share a file; a private one goes into the person's DM, because Slack has no ephemeral files."""
        channel = target.channel
        if target.only_for:
            channel, thread = await self.direct_channel(target.only_for), None
        client = self._web.client
        opened = await attempt(
            client.files_getUploadURLExternal(filename=part.name, length=len(part.data), alt_txt=part.alt[:1000])
        )
        status, headers, _ = await attempt(self._web.post(opened["upload_url"], part.data, "application/octet-stream"))
        if failed := by_status(status, headers):
            raise failed
        if status >= 400:
            raise Rejected("Slack did not take the file.", code=f"upload_{status}")
        await attempt(
            client.files_completeUploadExternal(
                files=[{"id": opened["file_id"], "title": part.name}], channel_id=channel, thread_ts=thread
            )
        )
        return str(opened["file_id"])

    async def find(self, channel: str, thread: str | None, key: str) -> str | None:
        """The timestamp of the first message with `key` if all its parts arrived. What of it did arrive is not posted
        again by the next `deliver`. Raises Unreadable."""
        messages = await self._history(channel, thread)
        arrived, wanted = _with_key(messages, key)
        if 0 in arrived and len(arrived) < wanted:
            if thread is None and not is_direct(channel):
                messages = await self._history(channel, arrived[0])
                arrived |= _with_key(messages, key)[0]
            missing = [number for number in range(wanted) if number not in arrived]
            arrived |= dict(zip(missing, _files_after(messages, arrived[0]), strict=False))
        if 0 in arrived and len(arrived) >= wanted:
            self._arrived.pop(key, None)
            return arrived[0]
        self._arrived.setdefault(key, {}).update(arrived)
        return None

    async def _history(self, channel: str, thread: str | None) -> list[dict[str, Any]]:
        """Every message of the last day there, bounded: one that is longer settles nothing."""
        messages: list[dict[str, Any]] = []
        bounds = {"channel": channel, "oldest": f"{time.time() - _DAY:.6f}", "limit": _PAGE}
        cursor: str | None = None
        for _ in range(_PAGES):
            page = await self._page(bounds | {"cursor": cursor}, thread)
            messages += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not page.get("has_more") or not cursor:
                return messages
        raise Unreadable("The history of this channel is too long to look through.")

    async def _page(self, arguments: dict[str, Any], thread: str | None) -> Any:
        wait = 0.5
        for _ in range(_TRIES):
            client = self._web.client
            call = (
                client.conversations_replies(ts=thread, include_all_metadata=True, **arguments)
                if thread
                else (client.conversations_history(include_all_metadata=True, **arguments))
            )
            try:
                return await attempt(call)
            except Rejected as error:
                raise Unreadable(f"The history of this channel cannot be read ({error.code}).") from error
            except RateLimited as error:
                wait = max(error.retry_after, wait)
            except PlatformError:
                wait *= 2
            await self._sleep(min(wait, _LONGEST_WAIT))
        raise Unreadable("The history of this channel cannot be read now.")


def _with_key(messages: Sequence[dict[str, Any]], key: str) -> tuple[dict[int, str], int]:
    """Part number -> timestamp of what carries `key`, and how many parts there are in all."""
    arrived: dict[int, str] = {}
    wanted = 1
    for message in messages:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        if metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
            wanted = int(payload.get("parts", 1))
            arrived[int(payload.get("part", 0))] = str(message["ts"])
    return arrived, wanted


def _files_after(messages: Sequence[dict[str, Any]], ts: str) -> list[str]:
    """Files that the coach shared after this message: they carry no key."""
    shared = [one for one in messages if one.get("files") and one.get("bot_id") and float(one["ts"]) > float(ts)]
    return [str(one["files"][0]["id"]) for one in sorted(shared, key=lambda one: float(one["ts"]))]
