"""What Discord refuses in a payload. Each rule names the page of Discord's documentation that it comes from."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

V2 = 1 << 15  # Message Flags: IS_COMPONENTS_V2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SILENT = 1 << 12
SUPPRESS_EMBEDS = 1 << 2

# "Create Message": the JSON params; "Interaction Callback Data Structure" has the same less nonce and reference.
MESSAGE_FIELDS = {
    "content", "tts", "nonce", "enforce_nonce", "flags", "components", "allowed_mentions", "attachments", "embeds",
    "message_reference", "sticker_ids",
}  # fmt: skip
_FIELDS: dict[int, set[str]] = {
    # "Component Reference": the fields of each component type
    1: {"type", "id", "components"},
    2: {"type", "id", "style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"},
    3: {"type", "id", "custom_id", "options", "placeholder", "min_values", "max_values", "required", "disabled"},
    4: {"type", "id", "custom_id", "style", "min_length", "max_length", "required", "value", "placeholder", "label"},
    10: {"type", "id", "content"},
    12: {"type", "id", "items"},
    13: {"type", "id", "file", "spoiler"},
    14: {"type", "id", "divider", "spacing"},
    17: {"type", "id", "components", "accent_color", "spoiler"},
    18: {"type", "id", "label", "description", "component"},
}
_TOP_V2 = {1, 10, 12, 13, 14, 17}


def _length(value: Any, low: int, high: int, what: str) -> Iterator[str]:
    if not isinstance(value, str) or not low <= len(value) <= high:
        yield f"{what}: must be {low}-{high} in length"


def _unknown(data: Mapping[str, Any], allowed: set[str], what: str) -> Iterator[str]:
    for name in set(data) - allowed:
        yield f"{what}.{name}: unknown field"


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if "component" in component:
            yield from walk([component["component"]])


def message(data: Mapping[str, Any], files: Mapping[str, bytes], *, interaction: bool = False) -> Iterator[str]:
    """The complaints about a message to create or edit."""
    yield from _unknown(data, MESSAGE_FIELDS, "message")
    flags = data.get("flags", 0)
    allowed = V2 | SUPPRESS_EMBEDS | SILENT | (EPHEMERAL if interaction else 0)  # "Create Message": flags
    if flags & ~allowed:
        yield "flags: these may not be set"
    components = data.get("components") or []
    if flags & V2:
        # "Using Message Components": the flag disables content, embeds, poll and stickers.
        for name in ("content", "embeds", "sticker_ids"):
            if data.get(name):
                yield f"{name}: cannot be used with IS_COMPONENTS_V2 (50035 MESSAGE_CANNOT_USE_LEGACY_FIELDS)"
        yield from layout(components, files)
    else:
        yield from _length(data.get("content") or "", 0, 2000, "content")  # "Create Message"
        if len(components) > 5:  # "Legacy Message Component Behavior"
            yield "components: at most 5 rows"
        for component in components:
            if component.get("type") != 1:
                yield "components: only action rows without IS_COMPONENTS_V2"
        yield from _each(components, files)
    nonce = data.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:  # "Create Message": nonce, up to 25 characters
        yield "nonce: at most 25 characters"
    if len(files) > 10:  # "Uploading Files"
        yield "attachments: at most 10"
    mentions = data.get("allowed_mentions")
    if mentions is not None:
        yield from _unknown(mentions, {"parse", "roles", "users", "replied_user"}, "allowed_mentions")
        for kind in mentions.get("parse", []):
            if kind not in {"roles", "users", "everyone"}:  # "Allowed Mention Types"
                yield "allowed_mentions.parse: unknown type"


def layout(components: list[dict[str, Any]], files: Mapping[str, bytes]) -> Iterator[str]:
    everything = list(walk(components))
    if not components:
        yield "components: this message is empty"
    if len(everything) > 40:  # "Component Reference": up to 40 total components
        yield "components: at most 40 in total"
    if sum(len(one.get("content", "")) for one in everything) > 4000:  # "Text Display": 4,000 across all
        yield "components: at most 4000 displayed characters"
    for component in components:
        if component.get("type") not in _TOP_V2:
            yield f"components: type {component.get('type')} is not allowed at the top level"
    yield from _each(components, files)


def _each(components: list[dict[str, Any]], files: Mapping[str, bytes]) -> Iterator[str]:
    everything = list(walk(components))
    ids = [one["id"] for one in everything if one.get("id")]
    if len(set(ids)) != len(ids) or any(not 0 < one < 2**31 for one in ids):
        yield "id: unique 32 bit integers"  # "Anatomy of a Component"
    names = [one["custom_id"] for one in everything if "custom_id" in one]
    if len(set(names)) != len(names):
        yield "custom_id: duplicated (COMPONENT_CUSTOM_ID_DUPLICATED)"  # "Custom ID": unique per component
    for one in everything:
        kind = one.get("type")
        if kind not in _FIELDS:
            yield f"type: {kind} is unknown"
            continue
        yield from _unknown(one, _FIELDS[kind], f"component {kind}")
        if "custom_id" in one:
            yield from _length(one["custom_id"], 1, 100, "custom_id")  # "Custom ID": 1-100 characters
        yield from _one(kind, one, files)


def _one(kind: int, one: dict[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    if kind == 1:
        inner = one.get("components", [])
        if not 1 <= len(inner) <= 5:  # "Action Row": up to 5 buttons
            yield "action row: 1-5 buttons"
    elif kind == 2:
        yield from _length(one.get("label"), 1, 80, "button label")  # "Button": max 80 characters
        if one.get("style") not in {1, 2, 3, 4} or "custom_id" not in one:
            yield "button: a style of 1-4 with a custom_id"
    elif kind == 10:
        yield from _length((one.get("content") or "").strip(), 1, 4000, "text display")
    elif kind == 12:
        items = one.get("items", [])
        if not 1 <= len(items) <= 10:  # "Media Gallery": 1 to 10 items
            yield "media gallery: 1-10 items"
        for item in items:
            yield from _length(item.get("description") or "", 0, 1024, "media description")
            yield from _attached(item["media"]["url"], files)
    elif kind == 13:
        yield from _attached(one["file"]["url"], files)


def _attached(url: str, files: Mapping[str, bytes]) -> Iterator[str]:
    # "File" and "Uploading Files": only attachment://FILENAME of a file in the same request
    if not url.startswith("attachment://") or url.removeprefix("attachment://") not in files:
        yield f"media: {url} is not attached"


def modal(data: Mapping[str, Any]) -> Iterator[str]:
    """The complaints about a modal ("Interaction Response", modal; "Label")."""
    yield from _unknown(data, {"custom_id", "title", "components"}, "modal")
    yield from _length(data.get("title"), 1, 45, "title")
    yield from _length(data.get("custom_id"), 1, 100, "custom_id")
    components = data.get("components", [])
    if not 1 <= len(components) <= 5:
        yield "components: 1-5"
    names = [one["custom_id"] for one in walk(components) if "custom_id" in one]
    if len(set(names)) != len(names):
        yield "custom_id: duplicated"
    for label in components:
        if label.get("type") != 18:
            yield "components: labels only"
            continue
        yield from _unknown(label, _FIELDS[18], "label")
        yield from _length(label.get("label"), 1, 45, "label")
        yield from _length(label.get("description") or "", 0, 100, "description")
        inner = label.get("component") or {}
        yield from _unknown(inner, _FIELDS.get(inner.get("type"), set()), "input")
        yield from _length(inner.get("custom_id"), 1, 100, "custom_id")
        if inner.get("type") == 4:  # "Text Input"
            if inner.get("label"):  # "Text Input": label is deprecated in favour of the Label around it; null passes
                yield "label: stands on the Label"
            if inner.get("style") not in {1, 2}:
                yield "style: 1 or 2"
            yield from _length(inner.get("placeholder") or "", 0, 100, "placeholder")
            if not 1 <= (inner.get("max_length") or 4000) <= 4000:
                yield "max_length: 1-4000"
            yield from _length(inner.get("value") or "", 0, inner.get("max_length") or 4000, "value")
        elif inner.get("type") == 3:  # "String Select"
            if inner.get("disabled"):
                yield "disabled: not in a modal"
            options = inner.get("options", [])
            if not 1 <= len(options) <= 25:
                yield "options: 1-25"
            yield from _length(inner.get("placeholder") or "", 0, 150, "placeholder")
            for option in options:
                yield from _unknown(option, {"label", "value", "description", "emoji", "default"}, "option")
                yield from _length(option.get("label"), 1, 100, "option label")
                yield from _length(option.get("value"), 1, 100, "option value")
            if len({option.get("value") for option in options}) != len(options):
                yield "options: values are unique"
        else:
            yield "component: a text input or a select"


def command(data: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The complaints about a command or one of its options ("Application Command Structure")."""
    if not re.fullmatch(r"[-_'\w]{1,32}", data.get("name", "")) or data["name"] != data["name"].lower():
        yield "name: 1-32 lower-case characters"
    yield from _length(data.get("description"), 1, 100, "description")
    options = data.get("options") or []
    if len(options) > 25 or depth > 2:
        yield "options: at most 25, groups of one level"
    optional = False
    for option in options:
        if option.get("type") not in range(1, 12):
            yield "option.type: 1-11"
        if option.get("required") and optional:
            yield "options: required ones come first"  # "Application Command Option Structure"
        optional = optional or (option.get("type", 3) > 2 and not option.get("required"))
        yield from command(option, depth + 1)
