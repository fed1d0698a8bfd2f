"""The Web API methods the coach calls, on the workspace's state. Errors carry the names of each method's docs page."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.peers.slack.rules import TS, Refused, check_message, check_view
from tests.peers.slack.state import ADA, APP, BOT, BOT_USER, TEAM, Channel, Posted, Workspace

Echo = Callable[[dict[str, Any]], None]


class WebApi:
    """One method per API method; `echo` is told of each event that Slack would send about it."""

    def __init__(self, workspace: Workspace, base: Callable[[], str], echo: Echo) -> None:
        self._ws = workspace
        self._base = base
        self._echo = echo
        self.methods: dict[str, Callable[[Mapping[str, Any], bool], Awaitable[dict[str, Any]]]] = {
            "auth.test": self._auth_test,
            "apps.connections.open": self._connections_open,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "conversations.open": self._open,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "users.info": self._users_info,
            "views.open": self._views_open,
            "files.getUploadURLExternal": self._upload_url,
            "files.completeUploadExternal": self._complete_upload,
        }
        self.tickets: set[str] = set()

    async def _auth_test(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        return {
            "url": "https://peer.slack.com/",
            "team": "Peer",
            "user": "coach",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
        }

    async def _connections_open(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        ticket = f"ticket-{self._ws.number()}"
        self.tickets.add(ticket)
        return {"url": f"{self._base().replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP}"}

    def _channel(self, channel_id: str, *, writes: bool, reader: bool = False) -> Channel:
        channel = self._ws.channels.get(channel_id)
        # docs/methods/chat.postMessage: a private channel without the bot is "channel_not_found"
        if channel is None or (BOT_USER not in channel.members and not reader):
            raise Refused("channel_not_found")
        if writes and channel.archived:
            raise Refused("is_archived")
        return channel

    def _thread(self, channel: Channel, given: Mapping[str, Any]) -> str | None:
        thread = given.get("thread_ts")
        if thread is None:
            return None
        if not TS.fullmatch(thread):
            raise Refused("invalid_thread_ts")
        root = channel.message(thread)
        if root is None or root.get("thread_ts", thread) != thread:
            # docs/methods/chat.postMessage: "Never use a reply's ts value; use its parent instead"
            raise Refused("cannot_reply_to_message")
        return str(thread)

    def add(self, channel: Channel, message: dict[str, Any], thread: str | None) -> dict[str, Any]:
        """Put a message into a channel, with Slack's thread bookkeeping."""
        if thread is not None:
            message["thread_ts"] = thread
            root = channel.message(thread)
            if root is not None:
                root["thread_ts"] = thread
                root["reply_count"] = root.get("reply_count", 0) + 1
        channel.messages.append(message)
        return message

    def _own(self, given: Mapping[str, Any]) -> dict[str, Any]:
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT, "app_id": APP, "team": TEAM, "ts": self._ws.ts()}
        message |= {name: given[name] for name in ("text", "blocks", "metadata") if name in given}
        return message

    async def _post_message(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        channel = self._channel(given["channel"], writes=True)
        thread = self._thread(channel, given)
        check_message(given)
        if reader:  # a person's own client: what a user's token posts has no bot_id
            message = {"type": "message", "user": ADA, "text": given["text"], "ts": self._ws.ts(), "team": TEAM}
            self.add(channel, message, thread)
            self._echo({**message, "channel": channel.id, "channel_type": "im" if channel.direct else "channel"})
            return {"channel": channel.id, "ts": message["ts"], "message": message}
        message = self.add(channel, self._own(given), thread)
        self._ws.posted.append(Posted(channel.id, thread, message))
        self._echo({**message, "channel": channel.id, "channel_type": "im" if channel.direct else "channel"})
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    async def _post_ephemeral(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        channel = self._channel(given["channel"], writes=True)
        if given["user"] not in channel.members:
            raise Refused("user_not_in_channel")
        thread = self._thread(channel, given)
        check_message(given)
        message = self._own(given)
        self._ws.posted.append(Posted(channel.id, thread, message, only_for=given["user"]))
        return {"message_ts": message["ts"]}

    async def _update(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        channel = self._channel(given["channel"], writes=True)
        message = channel.message(given["ts"])
        if message is None:
            raise Refused("message_not_found")
        if message.get("bot_id") != BOT:
            raise Refused("cant_update_message")
        check_message(given)
        message.update({name: given[name] for name in ("text", "blocks", "metadata") if name in given})
        message["edited"] = {"user": BOT_USER, "ts": self._ws.ts()}
        self._echo(
            {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "channel": channel.id,
                "ts": self._ws.ts(),
                "message": dict(message),
                "channel_type": "im" if channel.direct else "channel",
            }
        )
        return {"channel": channel.id, "ts": message["ts"], "text": message.get("text", "")}

    async def _open(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        if given["users"] not in self._ws.users:
            raise Refused("user_not_found")
        return {"channel": {"id": self._ws.direct(given["users"]).id}}

    def _readable(self, channel: Channel, reader: bool) -> None:
        needed = "im:history" if channel.direct else "channels:history"
        if not reader and needed not in self._ws.scopes:
            raise Refused("missing_scope", needed)  # docs/methods/conversations.history: one scope per kind of channel

    async def _history(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        channel = self._channel(given["channel"], writes=False, reader=reader)
        self._readable(channel, reader)
        top = [one for one in channel.messages if one.get("thread_ts", one["ts"]) == one["ts"]]
        return self._page(list(reversed(top)), given)

    async def _replies(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        channel = self._channel(given["channel"], writes=False, reader=reader)
        self._readable(channel, reader)
        if channel.message(given["ts"]) is None:
            raise Refused("thread_not_found")
        inside = [one for one in channel.messages if given["ts"] in {one["ts"], one.get("thread_ts")}]
        return self._page(inside, given)

    def _page(self, messages: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
        oldest, limit = float(given.get("oldest") or 0), int(given.get("limit") or 100)
        start = int(given.get("cursor") or 0)
        kept = [one for one in messages if float(one["ts"]) > oldest]
        page = kept[start : start + limit]
        if given.get("include_all_metadata") not in {"1", "true", True}:
            page = [{name: value for name, value in one.items() if name != "metadata"} for one in page]
        more = len(kept) > start + limit
        answer: dict[str, Any] = {"messages": page, "has_more": more}
        if more:
            answer["response_metadata"] = {"next_cursor": str(start + limit)}
        return answer

    async def _users_info(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        user = self._ws.users.get(given["user"])
        if user is None:
            raise Refused("user_not_found")
        return {"user": user}

    async def _views_open(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        trigger = given["trigger_id"]
        if trigger in self._ws.used_triggers:
            raise Refused("exchanged_trigger_id")  # docs/methods/views.open: usable once
        if trigger not in self._ws.triggers:
            raise Refused("invalid_trigger_id")
        if time.monotonic() > self._ws.triggers[trigger]:
            raise Refused("expired_trigger_id")  # docs/interactivity/handling-user-interaction: 3 seconds
        self._ws.used_triggers.add(trigger)
        check_view(given["view"])
        view = {**given["view"], "id": f"V{self._ws.number():09d}", "hash": f"{self._ws.number()}.h", "team_id": TEAM}
        self._ws.views.append(view)
        return {"view": view}

    async def _upload_url(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        if not given["filename"] or int(given["length"]) < 1:
            raise Refused("invalid_arguments", "length")
        if len(given.get("alt_txt", "")) > 1000:
            raise Refused("alt_txt_too_large")
        file_id = f"F{self._ws.number():09d}"
        self._ws.files[file_id] = {
            "id": file_id,
            "name": given["filename"],
            "length": int(given["length"]),
            "alt": given.get("alt_txt", ""),
        }
        return {"file_id": file_id, "upload_url": f"{self._base()}/upload/v1/{file_id}"}

    async def _complete_upload(self, given: Mapping[str, Any], reader: bool) -> dict[str, Any]:
        files = []
        for one in json.loads(given["files"]):
            file = self._ws.files.get(one["id"])
            if file is None or "data" not in file or file.get("done"):
                raise Refused("file_not_found")
            files.append(file)
        if "channel_id" not in given:
            raise Refused("invalid_arguments", "a file that nobody sees")
        channel = self._channel(given["channel_id"], writes=True)
        thread = self._thread(channel, given)
        for file in files:
            file["done"] = True
        shared = [{"id": file["id"], "name": file["name"], "alt_txt": file["alt"]} for file in files]
        message = self._own({"text": given.get("initial_comment", "")}) | {"files": shared}
        self.add(channel, message, thread)
        self._ws.posted.append(Posted(channel.id, thread, message))
        return {"files": shared}

    def respond(self, url_id: str, body: Mapping[str, Any]) -> str:
        """A response URL: docs/interactivity/handling-user-interaction, five answers within thirty minutes."""
        held = self._ws.response_urls.get(url_id)
        if held is None:
            return "expired_url"
        held["used"] += 1
        if held["used"] > 5:
            return "used_url"
        if set(body) - {"text", "blocks", "response_type", "replace_original", "delete_original", "thread_ts"}:
            return "invalid_payload"
        check_message(body, total=False)
        if body.get("replace_original"):
            held["message"].update({name: body[name] for name in ("text", "blocks") if name in body})
            return "ok"
        message = self._own(body)
        only_for = None if body.get("response_type") == "in_channel" else held["user"]
        self._ws.posted.append(Posted(held["channel"], None, message, only_for=only_for or ADA, response=True))
        return "ok"
