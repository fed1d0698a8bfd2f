"""The slash commands: `/coach ask` and its siblings, each standing for words the console would take."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

log = logging.getLogger(__name__)

OnCommand = Callable[[discord.Interaction[Any], str, bool], Awaitable[None]]
"""Takes the interaction, its words, and whether the answer is for the asker alone."""

_PLAIN = {
    "today": ("Get today's practice prompt now", False),
    "settings": ("See and change your settings", True),
    "help": ("What the coach can do", True),
    "export": ("Get everything stored about you", True),
    "forget": ("Erase everything stored about you", True),
}
_WORDS = {"forget": "forget me"}
_PLACES = [app_commands.Choice(name="me", value="me"), app_commands.Choice(name="this channel", value="channel")]


class Tree(app_commands.CommandTree[Any]):
    """The command tree; a command that an older version registered gets one sentence."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Answer what no command here understands."""
        log.warning("a command could not be read: %s", type(error).__name__)
        if not interaction.response.is_done():
            await interaction.response.send_message(
                "I do not know this command any more. Reload Discord and look at /coach help.", ephemeral=True
            )


def build(client: discord.Client, on_command: OnCommand) -> Tree:
    """The tree of `client` with the group `/coach`; every command calls `on_command`."""
    tree = Tree(client)
    group = app_commands.Group(
        name="coach",
        description="Ask the coach, practise, and set your daily prompt",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )

    @group.command(name="ask", description="Ask a question; the answer quotes its source")
    @app_commands.describe(question="What do you want to know?")
    async def ask(interaction: discord.Interaction[Any], question: app_commands.Range[str, 1, 4000]) -> None:
        await on_command(interaction, question, False)  # noqa: FBT003

    @group.command(name="subscribe", description="Get one practice prompt a day")
    @app_commands.describe(
        time="Your local time, such as 09:00",
        zone="Your time zone, such as Europe/Paris",
        place="Send it to you, or to this channel",
    )
    @app_commands.choices(place=_PLACES)
    async def subscribe(
        interaction: discord.Interaction[Any], time: str, zone: str | None = None, place: str | None = None
    ) -> None:
        words = ("subscribe", place, time, zone)
        await on_command(interaction, " ".join(word for word in words if word), place != "channel")

    @group.command(name="unsubscribe", description="Stop the daily prompt")
    @app_commands.describe(place="Yours, or this channel's")
    @app_commands.choices(place=_PLACES)
    async def unsubscribe(interaction: discord.Interaction[Any], place: str | None = None) -> None:
        await on_command(interaction, f"unsubscribe {place or ''}".strip(), place != "channel")

    for name, (description, private) in _PLAIN.items():
        group.add_command(_plain(name, description, private=private, on_command=on_command))
    tree.add_command(group)
    return tree


def _plain(
    name: str, description: str, *, private: bool, on_command: OnCommand
) -> app_commands.Command[Any, ..., None]:
    async def callback(interaction: discord.Interaction[Any]) -> None:
        await on_command(interaction, _WORDS.get(name, name), private)

    return app_commands.Command(name=name, description=description, callback=callback)


def _essence(command: Any) -> Any:
    """What of a command a person can see, the same for ours and for what Discord returns."""
    if isinstance(command, list):
        return [_essence(one) for one in command]
    return {
        "name": command["name"],
        "description": command.get("description", ""),
        "type": command.get("type", 1),
        "required": bool(command.get("required")),
        "length": (command.get("min_length"), command.get("max_length")),
        "contexts": sorted(command.get("contexts") or ()),
        "options": [_essence(option) for option in command.get("options") or ()],
    }


async def register(client: discord.Client, tree: Tree) -> bool:
    """Register the tree with Discord if what is registered differs; whether it did. Raises what requests raise."""
    application = client.application_id
    if application is None:
        raise RuntimeError("log in before registering commands")
    ours = [command.to_dict(tree) for command in tree.get_commands()]
    theirs = await client.http.get_global_commands(application)
    if _essence(theirs) == _essence(ours):
        return False
    await tree.sync()
    return True
