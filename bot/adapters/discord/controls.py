"""The ids that buttons and forms carry, so that a press is understood by any process, also after a restart."""

import re
from typing import Any, Literal, NamedTuple

import discord
from discord import ui

from bot.core.model import Button

_ID = re.compile(
    r"coach:(?P<kind>[afm]):(?P<name>[a-z][a-z_]{0,23}):(?P<argument>[A-Za-z0-9._:-]{0,60})(?:\|(?P<n>\d{1,2}))?"
)

Kind = Literal["a", "f", "m"]
"""a: an action; f: an action whose answer is a form; m: a form that was filled in."""

_STYLES = {
    "default": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}


class Control(NamedTuple):
    """What a custom_id says."""

    kind: str
    name: str
    argument: str


def custom_id(kind: Kind, name: str, argument: str, number: int | None = None) -> str:
    """At most 100 characters; `number` tells apart two buttons of a message that do the same, which Discord refuses."""
    suffix = "" if number is None else f"|{number}"
    return f"coach:{kind}:{name}:{argument}{suffix}"


def read(text: str) -> Control | None:
    """The control behind a custom_id, or None for one that is not ours."""
    match = _ID.fullmatch(text)
    return Control(match["kind"], match["name"], match["argument"]) if match else None


def button(spec: Button, taken: set[str]) -> ui.Button[Any]:
    """The button for `spec`; its id is added to `taken`."""
    kind: Kind = "f" if spec.opens_form else "a"
    name = custom_id(kind, spec.action, spec.argument)
    number = 1
    while name in taken:
        number += 1
        name = custom_id(kind, spec.action, spec.argument, number)
    taken.add(name)
    return ui.Button(label=spec.label, custom_id=name, style=_STYLES[spec.style])


class CoachButton(ui.DynamicItem[ui.Button[Any]], template=r"coach:[af]:.*"):
    """Any button of ours on any message, however old; `Client.add_dynamic_items` makes its presses arrive.

    The press itself is answered by `CoachClient.on_control`.
    """

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], _match: re.Match[str], /
    ) -> "CoachButton":
        """The button that was pressed, rebuilt from its id alone."""
        if not isinstance(item, ui.Button):
            raise TypeError("only buttons carry these ids")
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press over."""
        await interaction.client.on_control(interaction)
