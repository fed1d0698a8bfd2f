"""Slack's payloads as the core's Inbound: pure functions, no network, nothing of Slack leaves here."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.adapters.slack.markup import plain
from bot.adapters.slack.requests import Carry
from bot.core.model import Action, FormSubmitted, Inbound, Message, MessageRef, ThreadRef, UserRef

PLATFORM = "slack"
LONGEST_TEXT = 20_000
_PERSONS = {None, "file_share", "thread_broadcast"}
"""The message subtypes that a person writes; every other one reports an edit, a deletion, a join, a bot."""
_PRESS = re.compile(r"coach:([af]):([a-z][a-z_]{0,23}):([A-Za-z0-9._:-]{0,60})")
AGAIN = "coach:m"
"""The action_id of a button that says its value again, as if it were typed."""
FORM = "coach:form"
"""The callback_id of every form."""


class Malformed(Exception):
    """A payload that does not have the shape Slack documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The coach in one workspace: what auth.test said of its token."""

    team: str
    bot_user: str
    bot: str = ""
    team_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An event for the coach. `uninvited`: a message in a thread that does not mention the coach, addressed to it only
    where it speaks already."""

    inbound: Inbound
    trigger: str | None = None
    uninvited: bool = False


def translate(body: Mapping[str, Any], me: Identity, now: datetime) -> Incoming | None:
    """The event in `body`, or None for one that is not addressed to the coach. Raises Malformed."""
    try:
        match body.get("type"):
            case "event_callback":
                return _event(body["event"], me)
            case "block_actions":
                return _press(body, me, now)
            case "view_submission":
                return _submission(body, me, now)
            case None if "command" in body:
                return _command(body, me, now)
            case _:
                return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Malformed(type(error).__name__) from error


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a string is missing")
    return value


def _instant(ts: Any) -> datetime:
    return datetime.fromtimestamp(float(_string(ts)), UTC)


def _is_direct(channel: str) -> bool:
    return channel.startswith("D")


def _event(event: Mapping[str, Any], me: Identity) -> Incoming | None:
    if event.get("type") not in {"message", "app_mention"} or event.get("subtype") not in _PERSONS:
        return None
    user = event.get("user")
    if event.get("bot_id") or event.get("hidden") or event.get("edited") or user in {None, me.bot_user, "USLACKBOT"}:
        return None
    channel, ts, thread = _string(event["channel"]), _string(event["ts"]), event.get("thread_ts")
    text = event.get("text") or ""
    direct = event.get("channel_type") == "im" or _is_direct(channel)
    mentioned = event["type"] == "app_mention" or f"<@{me.bot_user}>" in text or f"<@{me.bot_user}|" in text
    if not direct and not mentioned and thread is None:
        return None
    home = thread if direct else thread or ts
    message = Message(
        id=f"{PLATFORM}:{me.team}:{channel}:{ts}",
        user=UserRef(platform=PLATFORM, workspace=me.team, id=_string(user)),
        where=ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel, thread=home and _string(home)),
        at=_instant(ts),
        direct=direct,
        text=plain(text, without=me.bot_user)[:LONGEST_TEXT],
    )
    return Incoming(inbound=message, uninvited=not direct and not mentioned)


def _command(body: Mapping[str, Any], me: Identity, now: datetime) -> Incoming:
    channel, trigger = _string(body["channel_id"]), _string(body["trigger_id"])
    direct = _is_direct(channel)
    carry = Carry(response_url=body.get("response_url") or "", only=not direct, command=True)
    message = Message(
        id=f"{PLATFORM}:{me.team}:command:{trigger}",
        user=UserRef(platform=PLATFORM, workspace=me.team, id=_string(body["user_id"])),
        where=ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel),
        at=now,
        direct=direct,
        carry=carry.dump(),
        text=plain(body.get("text") or "", without=me.bot_user)[:LONGEST_TEXT],
    )
    return Incoming(inbound=message, trigger=trigger)


def _press(body: Mapping[str, Any], me: Identity, now: datetime) -> Incoming | None:
    pressed = body["actions"][0]
    action_id, container = _string(pressed["action_id"]), body["container"]
    known = _PRESS.fullmatch(action_id)
    if (not known and action_id != AGAIN) or container.get("type") != "message":
        return None
    channel, ts = _string(container["channel_id"]), _string(container["message_ts"])
    thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts")
    direct, ephemeral = _is_direct(channel), bool(container.get("is_ephemeral"))
    user = _string(body["user"]["id"])
    hangs_in = ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel, thread=thread)
    carry = Carry(response_url=body.get("response_url") or "", only=ephemeral and not direct, ephemeral=ephemeral)
    home = thread if direct or ephemeral else thread or ts
    common: dict[str, Any] = {
        "id": f"{PLATFORM}:{me.team}:{channel}:{ts}:{user}:{_string(pressed['action_ts'])}",
        "user": UserRef(platform=PLATFORM, workspace=me.team, id=user),
        "where": ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel, thread=home),
        "at": now,
        "direct": direct,
        "carry": carry.dump(),
    }
    inbound: Inbound
    if known:
        reference = MessageRef(thread=hangs_in, id=ts)
        inbound = Action(action=known[2], argument=known[3], message=reference, **common)
    else:
        inbound = Message(text=_string(pressed.get("value")), **common)
    return Incoming(inbound=inbound, trigger=body.get("trigger_id"))


def _submission(body: Mapping[str, Any], me: Identity, now: datetime) -> Incoming | None:
    view = body["view"]
    if view.get("callback_id") != FORM:
        return None
    told = json.loads(_string(view["private_metadata"]))
    channel = _string(told["channel"])
    where = ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel, thread=told["thread"])
    message = None
    if told.get("message"):
        home = ThreadRef(platform=PLATFORM, workspace=me.team, channel=channel, thread=told["message"][0])
        message = MessageRef(thread=home, id=_string(told["message"][1]))
    carry = Carry(
        response_url=told.get("url", ""), only=told.get("only", False), ephemeral=told.get("ephemeral", False)
    )
    submitted = FormSubmitted(
        id=f"{PLATFORM}:{me.team}:view:{_string(view['id'])}",
        user=UserRef(platform=PLATFORM, workspace=me.team, id=_string(body["user"]["id"])),
        where=where,
        at=now,
        direct=_is_direct(channel),
        carry=carry.dump(),
        form=_string(told["form"]),
        argument=told.get("argument", ""),
        values={name: _entered(inputs["value"]) for name, inputs in view["state"]["values"].items()},
        message=message,
    )
    return Incoming(inbound=submitted, trigger=body.get("trigger_id"))


def _entered(element: Mapping[str, Any]) -> str:
    if "selected_option" in element:
        option = element["selected_option"]
        return str(option["value"]) if option else ""
    return element.get("value") or ""
