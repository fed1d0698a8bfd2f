"""Forms as Slack modals, and the button that opens one again."""

import json
from typing import Any

from bot.adapters.slack.render import action_id, button
from bot.adapters.slack.requests import Request
from bot.adapters.slack.translate import AGAIN, FORM
from bot.core.model import Action, Button, Field, Form, FormSubmitted, Message, ThreadRef

_INPUT = 3000
_RADIO = 5
"""So many choices are shown at once; more go into a menu."""


def modal(form: Form, request: Request, where: ThreadRef) -> dict[str, Any]:
    """The view for `form`; what the submission needs travels in its private_metadata (at most 3,000 characters).

    https://docs.slack.dev/reference/views/modal-views
    """
    inbound = request.inbound
    message = inbound.message if isinstance(inbound, Action | FormSubmitted) else None
    told = {
        "form": form.name,
        "argument": form.argument,
        "channel": where.channel,
        "thread": where.thread,
        "message": message and [message.thread.thread, message.id],
        "only": request.carry.only,
        "ephemeral": request.carry.ephemeral,
        "url": request.carry.response_url if request.carry.only else "",
    }
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": _plain(form.title or "Form"),
        "submit": _plain(form.submit or "Send"),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps({name: value for name, value in told.items() if value or name == "thread"}),
        "blocks": [_input(one) for one in form.fields],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _input(one: Field) -> dict[str, Any]:
    block: dict[str, Any] = {
        "type": "input",
        "block_id": one.name,
        "label": _plain(one.label or one.name),
        "optional": not one.required,
        "element": _choice(one) if one.kind == "choice" else _line(one),
    }
    if one.hint:
        block["hint"] = _plain(one.hint[:2000])
    return block


def _line(one: Field) -> dict[str, Any]:
    longest = max(min(one.max_length, _INPUT), 1)
    element: dict[str, Any] = {
        "type": "plain_text_input",
        "action_id": "value",
        "multiline": one.kind == "text",
        "max_length": longest,
    }
    if one.value:
        element["initial_value"] = one.value[:longest]
    return element


def _choice(one: Field) -> dict[str, Any]:
    options = {choice.value: {"text": _plain(choice.label[:75]), "value": choice.value} for choice in one.choices}
    radio = one.required and len(options) <= _RADIO
    element: dict[str, Any] = {
        "type": "radio_buttons" if radio else "static_select",
        "action_id": "value",
        "options": list(options.values()),
    }
    if one.value in options:
        element["initial_option"] = options[one.value]
    return element


def reopening(form: Form, request: Request | None) -> tuple[str, dict[str, Any] | None]:
    """A sentence for a form that Slack no longer lets the coach open, and the button that leads to it again."""
    name = f"“{form.title}”" if form.title else "the form"
    match request and request.inbound:
        case Action(action=action, argument=argument):
            again = Button(label="Open the form", action=action, argument=argument, opens_form=True)
            return f"Press the button to open {name}.", button(again.label, action_id(again), style="primary")
        case Message(text=text) if text:
            return f"Press the button to open {name}.", button(
                "Open the form", AGAIN, style="primary", value=text[:2000]
            )
        case _:
            return f"Slack no longer lets me open {name} here. Please begin again with the button that led to it.", None
