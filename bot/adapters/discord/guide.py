"""How to connect the coach to a Discord server, and what it asks for there (deploy/discord/app.yaml says why)."""

import discord

from bot.core.guide import Guide, Secret

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    read_message_history=True,
    attach_files=True,
)
SCOPES = ("bot", "applications.commands")

GUIDE = Guide(
    title="Connect the coach to Discord",
    before=(
        "Open https://discord.com/developers/applications and press New Application; name it Coach.",
        (
            "On its Bot page press Reset Token and copy the token. Optional, on the same page: switch on Message "
            "Content Intent, so that people need not mention the coach again inside its own threads."
        ),
    ),
    secrets=(Secret(name="DISCORD_TOKEN", label="Bot token", where="Paste the token here."),),
    place="Link of the channel for the first prompt (right-click it, Copy Link)",
)


def invite_url(application: int) -> str:
    """The address where a server's manager lets the coach in, with the permissions it needs and no more."""
    return discord.utils.oauth_url(application, permissions=PERMISSIONS, scopes=SCOPES)
