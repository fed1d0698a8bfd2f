"""The people of the peer's workspace: they write, press, fill in, and see what the coach posts."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.peers.harness import OpenForm, Post
from tests.peers.slack.delivery import Ack
from tests.peers.slack.state import ADA, APP, BOT_USER, GENERAL, TEAM, Posted, Workspace

if TYPE_CHECKING:
    from tests.peers.slack.api import WebApi
    from tests.peers.slack.delivery import Delivery


def escaped(text: str) -> str:
    """As the client sends what a person typed (docs/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class People:
    """What a person does, as the payloads Slack makes of it. `acks` of the delivery say what the app answered."""

    workspace: Workspace
    delivery: "Delivery"
    web_api: "WebApi"
    url: str
    views_seen = 0

    async def write(
        self, text: str, *, channel: str = GENERAL, thread: str | None = None, user: str = ADA, **more: Any
    ) -> dict[str, Any]:
        """A message with Slack's own text (mentions and escapes as they travel), stored; the event's body."""
        place = self.workspace.channels[channel]
        message = {"type": "message", "user": user, "text": text, "ts": self.workspace.ts(), "team": TEAM, **more}
        self.web_api.add(place, message, thread)
        kind = "im" if place.direct else "channel"
        return {**message, "channel": channel, "channel_type": kind, "event_ts": message["ts"]}

    async def mention(self, text: str, *, thread: str | None = None, user: str = ADA, **more: Any) -> str:
        """A mention: Slack sends it as app_mention and as message, with two event ids."""
        event = await self.write(f"<@{BOT_USER}> {escaped(text)}", thread=thread, user=user, **more)
        mention = {name: value for name, value in event.items() if name != "channel_type"} | {"type": "app_mention"}
        await asyncio.gather(self.delivery.event(mention), self.delivery.event(event, keep=False))
        return thread or str(event["ts"])

    async def direct(self, text: str, *, thread: str | None = None, user: str = ADA, **more: Any) -> str:
        channel = self.workspace.direct(user).id
        await self.delivery.event(await self.write(escaped(text), channel=channel, thread=thread, user=user, **more))
        return channel

    async def chatter(self, text: str, *, thread: str | None = None, user: str = ADA, **more: Any) -> None:
        await self.delivery.event(await self.write(escaped(text), thread=thread, user=user, **more))

    def _response_url(self, channel: str, user: str, message: dict[str, Any] | None = None) -> str:
        url_id = f"R{self.workspace.number()}"
        self.workspace.response_urls[url_id] = {"channel": channel, "user": user, "message": message or {}, "used": 0}
        return f"{self.url}/response/{url_id}"

    async def command(self, text: str, *, channel: str = GENERAL, user: str = ADA) -> Ack:
        """docs/interactivity/implementing-slash-commands"""
        body = {
            "token": "verification",
            "team_id": TEAM,
            "team_domain": "peer",
            "channel_id": channel,
            "channel_name": "directmessage" if channel.startswith("D") else "general",
            "user_id": user,
            "user_name": "ada",
            "command": "/coach",
            "text": escaped(text),
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self._response_url(channel, user),
            "trigger_id": self.workspace.new_trigger(),
        }
        return await self.delivery.deliver("slash_commands", body)

    async def press(self, post: Post, label: str, *, user: str = ADA) -> Ack:
        """docs/interactivity/interaction-payloads/block_actions-payload"""
        for posted in post.raw["posted"]:  # type: ignore[attr-defined]
            for block in posted.message.get("blocks", []):
                for element in block["elements"] if block["type"] == "actions" else []:
                    if element["text"]["text"] == label:
                        return await self._press(posted, block, element, user)
        raise AssertionError(f"no button {label!r} on {post.buttons}")

    async def _press(self, posted: Posted, block: Mapping[str, Any], element: Mapping[str, Any], user: str) -> Ack:
        message = posted.message
        container = {
            "type": "message",
            "message_ts": message["ts"],
            "channel_id": posted.channel,
            "is_ephemeral": posted.only_for is not None,
        }
        if posted.thread:
            container["thread_ts"] = posted.thread
        pressed = {name: element[name] for name in ("type", "action_id", "text", "value", "style") if name in element}
        body = {
            "type": "block_actions",
            "user": {"id": user, "username": "ada", "team_id": TEAM},
            "api_app_id": APP,
            "token": "verification",
            "container": container,
            "trigger_id": self.workspace.new_trigger(),
            "team": {"id": TEAM, "domain": "peer"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": posted.channel, "name": "general"},
            "state": {"values": {}},
            "response_url": self._response_url(posted.channel, user, message),
            "actions": [{**pressed, "block_id": block.get("block_id", "b"), "action_ts": self.workspace.ts()}],
        }
        if posted.only_for is None:
            body["message"] = {**message}
        return await self.delivery.deliver("interactive", body)

    async def submit(self, form: OpenForm, values: Mapping[str, str], *, user: str = ADA) -> Ack:
        """docs/interactivity/interaction-payloads/view-interactions-payload"""
        view = form.raw
        state: dict[str, Any] = {}
        for block in view["blocks"]:  # type: ignore[attr-defined]
            element, name = block["element"], block["block_id"]
            entered = values.get(name)
            if element["type"] == "plain_text_input":
                entered = element.get("initial_value") if entered is None else entered
                assert entered or block.get("optional"), f"{name} is required"
                assert len(entered or "") <= element["max_length"]
                state[name] = {element["action_id"]: {"type": element["type"], "value": entered or None}}
            else:
                option = next((one for one in element["options"] if one["value"] == entered), None)
                option = option or element.get("initial_option")
                assert option or block.get("optional"), f"{name} is required"
                state[name] = {element["action_id"]: {"type": element["type"], "selected_option": option}}
        body = {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "peer"},
            "user": {"id": user, "username": "ada", "team_id": TEAM},
            "api_app_id": APP,
            "token": "verification",
            "trigger_id": self.workspace.new_trigger(),
            "view": {**view, "state": {"values": state}},
            "response_urls": [],
            "is_enterprise_install": False,
            "enterprise": None,
        }
        return await self.delivery.deliver("interactive", body)

    def posts(self) -> list[Post]:
        """What the coach posted, one Post a reply: its follow-ups and files (metadata part of parts) are folded in."""
        folded: list[list[Posted]] = []
        open_parts: dict[tuple[str, str | None], tuple[list[Posted], int]] = {}
        for posted in self.workspace.posted:
            payload = (posted.message.get("metadata") or {}).get("event_payload") or {}
            place = (posted.channel, posted.thread)
            held = open_parts.get(place)
            if held and len(held[0]) < held[1] and (payload.get("part") or posted.message.get("files")):
                held[0].append(posted)
                continue
            group = [posted]
            folded.append(group)
            if payload.get("parts", 1) > 1:
                ts = str(posted.message["ts"])
                follow = posted.thread if posted.thread or posted.channel.startswith("D") else ts
                open_parts[posted.channel, follow] = (group, int(payload["parts"]))
        return [self._as_post(group) for group in folded]

    def _as_post(self, group: list[Posted]) -> Post:
        first = group[0]
        blocks = [block for posted in group for block in posted.message.get("blocks", [])]
        files = []
        for posted in group:
            for file in posted.message.get("files", []):
                held = self.workspace.files[file["id"]]
                files.append((held["name"], held["data"], held["alt"]))
        readable = [line for block in blocks if (line := text_of(block))]
        if not blocks:
            readable = [first.message.get("text", "")]
        return Post(
            id=str(first.message["ts"]),
            channel=first.channel,
            thread=first.thread,
            text="\n".join(readable),
            buttons=tuple(
                element["text"]["text"]
                for block in blocks
                if block["type"] == "actions"
                for element in block["elements"]
            ),
            files=tuple(files),
            only_for=first.only_for,
            raw={"posted": group, "blocks": blocks, "messages": [posted.message for posted in group]},
        )

    async def post(self, number: int, *, timeout: float = 5.0) -> Post:
        """The `number`-th reply of the coach, complete."""
        until = time.monotonic() + timeout
        while True:
            posts = self.posts()
            await asyncio.sleep(0)
            if len(posts) > number and _complete(posts[number]):
                return posts[number]
            assert time.monotonic() < until, f"post {number} did not come; there are {[one.text for one in posts]}"
            await asyncio.sleep(0.003)

    async def form(self, *, timeout: float = 5.0) -> OpenForm:
        """The modal that opened since the last call."""
        until = time.monotonic() + timeout
        while len(self.workspace.views) <= self.views_seen:
            assert time.monotonic() < until, "no form opened"
            await asyncio.sleep(0.003)
        self.views_seen = len(self.workspace.views)
        return as_form(self.workspace.views[-1])

    def count(self) -> int:
        return len(self.posts())


def as_form(view: Mapping[str, Any]) -> OpenForm:
    fields = {block["block_id"]: block["label"]["text"] for block in view["blocks"]}
    return OpenForm(title=view["title"]["text"], fields=fields, raw=dict(view))


def _complete(post: Post) -> bool:
    messages: Any = post.raw["messages"]
    payload = (messages[0].get("metadata") or {}).get("event_payload") or {}
    return len(messages) >= int(payload.get("parts", 1))


def text_of(block: Mapping[str, Any]) -> str:
    """What a person reads in a block."""
    kind = block["type"]
    if kind == "header":
        return str(block["text"]["text"])
    if kind == "context":
        return "".join(element["text"] for element in block["elements"])
    if kind == "rich_text":
        return "\n".join(
            "".join(element.get("text") or element.get("url", "") for element in part["elements"])
            for part in block["elements"]
        )
    if kind == "table":
        return "\n".join(" | ".join(cell["text"] for cell in row) for row in block["rows"])
    return ""
