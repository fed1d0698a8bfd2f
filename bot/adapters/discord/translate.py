"""Discord's messages and interactions as the core's events. Pure: nothing here asks, stores or answers."""

import datetime as dt
import json
import re
from typing import Any, NamedTuple

import discord

from bot.adapters.discord import controls, forms
from bot.core.model import Action, FormSubmitted, Inbound, Message, MessageRef, ThreadRef, UserRef

PLATFORM = "discord"
LONGEST_TEXT = 20_000
TOKEN_LIFE = dt.timedelta(minutes=15, seconds=-10)
"""How long an interaction can be answered (Discord's "Receiving and Responding"), less a margin."""
_PERSONAL = frozenset({discord.MessageType.default, discord.MessageType.reply})
_MENTION = re.compile(r"<(?P<kind>@[!&]?|#|a?:\w+:|/[^:<>]+:)(?P<id>\d+)>")


class Carry(NamedTuple):
    """What answers an interaction later: its id, its token, the application."""

    interaction: int
    token: str
    application: int


def from_person(message: discord.Message) -> bool:
    """Whether a person wrote it: no bot (ourselves included), webhook or system message."""
    return not message.author.bot and message.webhook_id is None and message.type in _PERSONAL


def is_direct(message: discord.Message) -> bool:
    """Whether it came in a direct message."""
    return message.guild is None and not isinstance(message.channel, discord.PartialMessageable)


def mentions(message: discord.Message, me: int) -> bool:
    """Whether it mentions the coach by name (a reply to it with its ping on counts, @everyone does not)."""
    return any(user.id == me for user in message.mentions)


def place(channel: Any, guild: int | None) -> ThreadRef:
    """Where `channel` is: a thread in its parent, or a channel or DM at its top level."""
    workspace = str(guild or "")
    if isinstance(channel, discord.Thread):
        return ThreadRef(platform=PLATFORM, workspace=workspace, channel=str(channel.parent_id), thread=str(channel.id))
    return ThreadRef(platform=PLATFORM, workspace=workspace, channel=str(channel.id))


def plain(text: str, message: discord.Message | None = None, me: int = 0) -> str:
    """`text` as a person would read it: the coach's mention cut out, other markup of Discord's as names."""
    names = {user.id: user.display_name for user in message.mentions} if message else {}

    def name(match: re.Match[str]) -> str:
        kind, number = match["kind"], int(match["id"])
        if kind in {"@", "@!"}:
            return "" if number == me else f"@{names.get(number, 'someone')}"
        if kind == "#":
            guild = message.guild if message else None
            channel = guild.get_channel_or_thread(number) if guild else None
            return f"#{channel.name}" if channel else "#a channel"
        if kind == "@&":
            return "@a role"
        return kind.rstrip(":") if kind.startswith("/") else ":" + kind.split(":")[1] + ":"

    return re.sub(r"[ \t]{2,}", " ", _MENTION.sub(name, text)).strip()[:LONGEST_TEXT]


def _person(user: discord.abc.User) -> UserRef:
    # ids are the same everywhere on Discord, so what was begun in a server goes on in a DM
    return UserRef(platform=PLATFORM, workspace="", id=str(user.id))


def message(message: discord.Message, where: ThreadRef, me: int) -> Message:
    """The event for a message addressed to the coach, to be answered at `where`."""
    author = message.author
    return Message(
        id=f"{PLATFORM}:{message.channel.id}:{message.id}",
        user=_person(author),
        where=where,
        at=message.created_at,
        direct=not where.workspace,
        admin=isinstance(author, discord.Member) and author.guild_permissions.manage_guild,
        text=plain(message.content, message, me),
    )


def _envelope(interaction: discord.Interaction[Any]) -> dict[str, Any]:
    where = place(interaction.channel, interaction.guild_id)
    carry = [interaction.id, interaction.token, interaction.application_id]
    return {
        "id": f"{PLATFORM}:i:{interaction.id}",
        "user": _person(interaction.user),
        "where": where,
        "at": interaction.created_at,
        "direct": interaction.guild_id is None,
        "admin": interaction.guild_id is not None and interaction.permissions.manage_guild,
        "carry": json.dumps(carry),
    }


def command(interaction: discord.Interaction[Any], text: str) -> Message:
    """The event for a slash command that stands for the words `text`."""
    return Message(**_envelope(interaction), text=plain(text))


def press(interaction: discord.Interaction[Any]) -> Action | None:
    """The event for a pressed button, or None for an id that is not ours."""
    data: Any = interaction.data or {}
    control = controls.read(str(data.get("custom_id", "")))
    if control is None or control.kind not in {"a", "f"}:
        return None
    envelope = _envelope(interaction)
    return Action(**envelope, action=control.name, argument=control.argument, message=_on(interaction, envelope))


def opens_form(interaction: discord.Interaction[Any]) -> bool:
    """Whether the pressed button said that its answer is a form."""
    data: Any = interaction.data or {}
    control = controls.read(str(data.get("custom_id", "")))
    return control is not None and control.kind == "f"


def submission(interaction: discord.Interaction[Any]) -> FormSubmitted | None:
    """The event for a form that came back, or None for one that is not ours."""
    data: Any = interaction.data or {}
    control = controls.read(str(data.get("custom_id", "")))
    if control is None or control.kind != "m":
        return None
    envelope = _envelope(interaction)
    return FormSubmitted(
        **envelope,
        form=control.name,
        argument=control.argument,
        values={name: value[:LONGEST_TEXT] for name, value in forms.values(data.get("components", [])).items()},
        message=_on(interaction, envelope),
    )


def _on(interaction: discord.Interaction[Any], envelope: dict[str, Any]) -> MessageRef | None:
    return MessageRef(thread=envelope["where"], id=str(interaction.message.id)) if interaction.message else None


def carried(inbound: Inbound) -> Carry | None:
    """What `inbound.carry` holds, or None for an event that is no interaction."""
    if not inbound.carry:
        return None
    interaction, token, application = json.loads(inbound.carry)
    return Carry(int(interaction), str(token), int(application))


def title(text: str) -> str:
    """A thread's name (1-100 characters) from the words that began it."""
    words = " ".join(text.split())
    return (words if len(words) <= 80 else words[:79].rsplit(" ", 1)[0] + "…")[:100] or "Coach"
