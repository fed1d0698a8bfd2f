"""Forms as Discord modals, and what comes back from one."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.adapters.discord import controls, markup
from bot.core.model import Field, Form

_TEXT_LIMIT = 4000
_NOTHING = "-"
"""Stands for a choice's empty value, which Discord does not allow."""


def modal(form: Form) -> ui.Modal:
    """The modal that asks for `form`; it keeps no state, its id says what it is (`values` reads the submission)."""
    view = ui.Modal(
        title=markup.clean(form.title)[:45] or "…",
        custom_id=controls.custom_id("m", form.name, form.argument),
        timeout=None,
    )
    for field in form.fields:
        view.add_item(ui.Label(text=markup.clean(field.label)[:45] or "…", component=_component(field)))
    view.stop()
    return view


def _component(field: Field) -> ui.Item[Any]:
    hint = markup.clean(field.hint)[:100]
    if field.kind != "choice":
        limit = max(1, min(field.max_length, _TEXT_LIMIT))
        return ui.TextInput(
            custom_id=field.name,
            style=discord.TextStyle.paragraph if field.kind == "text" else discord.TextStyle.short,
            placeholder=hint or None,
            default=markup.clean(field.value)[:limit] or None,
            required=field.required,
            max_length=limit,
        )
    options = [
        discord.SelectOption(
            label=markup.clean(choice.label)[:100] or "…",
            value=choice.value or _NOTHING,
            default=bool(field.value) and choice.value == field.value,
        )
        for choice in field.choices
    ]
    return ui.Select(
        custom_id=field.name,
        placeholder=hint or None,
        options=options,
        required=field.required,
        min_values=1 if field.required else 0,
    )


def values(components: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Field name -> what was entered, from the raw components of a submission; needs nothing from its opening."""
    found: dict[str, str] = {}
    for component in components:
        inner = [component["component"]] if "component" in component else component.get("components", [])
        if inner:
            found.update(values(inner))
        elif "custom_id" in component:
            chosen = component.get("values")
            text = str(component.get("value") or "") if chosen is None else "".join(chosen[:1])
            found[component["custom_id"]] = "" if text == _NOTHING and chosen is not None else text
    return found
