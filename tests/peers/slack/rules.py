"""What Slack refuses, with its own error names; each rule names its source.

"docs" is docs.slack.dev/reference; "sdk" is the file of slack-sdk 3.47 that says the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

TS = re.compile(r"\d{10}\.\d{6}")


class Refused(Exception):
    """Slack's answer {"ok": false, "error": code}."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool) or value in {"0", "1", "true", "false"}


def _number(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isdigit())


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


_PAGE = {"cursor": _text, "limit": _number, "oldest": _text, "latest": _text, "inclusive": _flag}

# method -> (scopes, HTTP verbs, required arguments, optional arguments); source: docs/methods/<method>, and for the
# names and the verb sdk web/async_client.py
METHODS: dict[str, tuple[set[str], set[str], dict[str, Callable[[Any], bool]], dict[str, Callable[[Any], bool]]]] = {
    "auth.test": (set(), {"POST"}, {}, {}),
    "apps.connections.open": (set(), {"POST"}, {}, {}),
    "chat.postMessage": (
        {"chat:write"},
        {"POST"},
        {"channel": _text},
        {
            "text": _text,
            "blocks": _list,
            "thread_ts": _text,
            "metadata": _object,
            "unfurl_links": _flag,
            "unfurl_media": _flag,
            "mrkdwn": _flag,
            "parse": _text,
            "link_names": _flag,
            "reply_broadcast": _flag,
        },
    ),
    "chat.postEphemeral": (
        {"chat:write"},
        {"POST"},
        {"channel": _text, "user": _text},
        {"text": _text, "blocks": _list, "thread_ts": _text, "parse": _text, "link_names": _flag},
    ),
    "chat.update": (
        {"chat:write"},
        {"POST"},
        {"channel": _text, "ts": _text},
        {"text": _text, "blocks": _list, "metadata": _object, "parse": _text, "link_names": _flag},
    ),
    "conversations.open": ({"im:write"}, {"POST"}, {"users": _text}, {"return_im": _flag}),
    "conversations.history": (
        {"history"},
        {"GET", "POST"},
        {"channel": _text},
        {"include_all_metadata": _flag, **_PAGE},
    ),
    "conversations.replies": (
        {"history"},
        {"GET", "POST"},
        {"channel": _text, "ts": _text},
        {"include_all_metadata": _flag, **_PAGE},
    ),
    "users.info": ({"users:read"}, {"GET", "POST"}, {"user": _text}, {"include_locale": _flag}),
    "views.open": (set(), {"POST"}, {"trigger_id": _text, "view": _object}, {}),
    "files.getUploadURLExternal": (
        {"files:write"},
        {"GET", "POST"},
        {"filename": _text, "length": _number},
        {"alt_txt": _text, "snippet_type": _text},
    ),
    "files.completeUploadExternal": (
        {"files:write"},
        {"POST"},
        {"files": _text},
        {"channel_id": _text, "thread_ts": _text, "initial_comment": _text},
    ),
}


def check_arguments(method: str, verb: str, given: Mapping[str, Any]) -> None:
    """Raise Refused for an unknown method or argument, a missing one or one of the wrong type."""
    if method not in METHODS:
        raise Refused("unknown_method")  # docs: "Web API", evaluating responses
    _, verbs, required, optional = METHODS[method]
    if verb not in verbs:
        raise Refused("http_method_not_allowed", verb)
    for name in required:
        if name not in given:
            raise Refused("invalid_arguments", f"[ERROR] missing required field: {name}")  # docs: common errors
    for name, value in given.items():
        # team_id: sdk web/async_base_client.py sends it with every call of bolt's per-request client
        check = _text if name == "team_id" else required.get(name) or optional.get(name)
        if check is None:  # stricter than Slack, which ignores them: a typo must not pass
            raise Refused("invalid_arguments", f"[ERROR] unknown field: {name}")
        if not check(value):
            raise Refused("invalid_arguments", f"[ERROR] wrong type: {name}")


def check_message(given: Mapping[str, Any], *, total: bool = True) -> None:
    """Raise Refused for a message over Slack's limits. `total`: whether the sum over the blocks counts, which it does
    in chat.postMessage and chat.update and not in a response URL (bolt-js #2867)."""
    text, blocks = given.get("text") or "", given.get("blocks") or []
    if not text and not blocks:
        raise Refused("no_text")  # docs/methods/chat.postMessage
    if len(text) > 40_000:
        raise Refused("msg_too_long")  # docs/methods/chat.postMessage: truncated or refused from 40,000
    check_blocks(blocks, 50)
    if total and len(json.dumps(blocks, ensure_ascii=False)) > 13_200:
        raise Refused("msg_blocks_too_long")  # bolt-js #2509: about 13,200 characters in all
    metadata = given.get("metadata")
    if metadata is not None:
        if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
            raise Refused("invalid_metadata_format")  # docs/methods/chat.postMessage, sdk models/metadata
        if not re.fullmatch(r"[A-Za-z0-9_]{1,255}", metadata["event_type"]):
            raise Refused("invalid_metadata_schema")
        if len(json.dumps(metadata)) > 16_000:
            raise Refused("metadata_too_large")


def check_blocks(blocks: list[Any], most: int, *, surface: str = "message") -> None:
    """Raise Refused("invalid_blocks") for a block Slack does not take there."""
    if len(blocks) > most:
        raise _bad(f"more than {most} blocks")  # docs/block-kit/blocks: 50 in a message, 100 in a modal
    if sum(isinstance(block, dict) and block.get("type") == "table" for block in blocks) > 1:
        raise Refused("invalid_attachments", "only_one_table_allowed")  # docs/block-kit/blocks/table-block
    ids: set[str] = set()
    for block in blocks:
        if not isinstance(block, dict) or block.get("type") not in _BLOCKS:
            raise _bad(f"unknown block {block!r:.60}")
        keys, check = _BLOCKS[block["type"]]
        if extra := set(block) - keys - {"type", "block_id"}:
            raise _bad(f"unknown fields {extra} in {block['type']}")
        if block["type"] == "input" and surface != "modal":
            raise _bad("input in a message")
        if "block_id" in block:
            if block["block_id"] in ids or not 1 <= len(block["block_id"]) <= 255:
                raise _bad("block_id")  # docs: unique, at most 255 characters
            ids.add(block["block_id"])
        check(block)


def _bad(why: str) -> Refused:
    return Refused("invalid_blocks", why)


def check_plain(value: Any, most: int, *, kinds: tuple[str, ...] = ("plain_text",)) -> None:
    """A text object of 1 to `most` characters (docs/block-kit/composition-objects/text-object)."""
    if not isinstance(value, dict) or value.get("type") not in kinds:
        raise _bad(f"not a text object: {value!r:.60}")
    allowed = {"type", "text", "emoji"} if value["type"] == "plain_text" else {"type", "text", "verbatim"}
    if set(value) - allowed or not isinstance(value.get("text"), str) or not 1 <= len(value["text"]) <= most:
        raise _bad(f"text object of {len(value.get('text') or '')} characters, at most {most}")


def _header(block: dict[str, Any]) -> None:
    check_plain(block.get("text"), 150)  # docs/block-kit/blocks/header-block


def _section(block: dict[str, Any]) -> None:
    check_plain(block.get("text"), 3000, kinds=("plain_text", "mrkdwn"))  # docs/block-kit/blocks/section-block


def _context(block: dict[str, Any]) -> None:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:  # docs/block-kit/blocks/context-block
        raise _bad("context elements")
    for element in elements:
        check_plain(element, 3000, kinds=("plain_text", "mrkdwn"))


def _actions(block: dict[str, Any]) -> None:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:  # docs/block-kit/blocks/actions-block
        raise _bad("actions elements")
    ids = [element.get("action_id") for element in elements]
    if len(set(ids)) != len(ids):
        raise _bad("action_id is not unique in its block")
    for element in elements:
        if set(element) - {"type", "text", "action_id", "value", "style", "url"} or element.get("type") != "button":
            raise _bad(f"element {element!r:.60}")
        check_plain(element.get("text"), 75)  # docs/block-kit/block-elements/button-element
        if not 1 <= len(element.get("action_id", "")) <= 255 or len(element.get("value", "")) > 2000:
            raise _bad("action_id or value")
        if element.get("style", "primary") not in {"primary", "danger"}:
            raise _bad("style")


def _rich_text(block: dict[str, Any]) -> None:
    # docs/block-kit/blocks/rich-text-block, sdk models/blocks/block_elements.py RichText*
    if not block.get("elements"):
        raise _bad("empty rich_text")
    for part in block["elements"]:
        if part.get("type") not in {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}:
            raise _bad("rich_text part")
        if not part.get("elements"):
            raise _bad("empty rich_text part")
        for element in part["elements"]:
            kind = element.get("type")
            if kind not in {"text", "link"} or set(element) - {"type", "text", "style", "url"}:
                raise _bad(f"rich_text element {element!r:.60}")
            if kind == "text" and not element.get("text"):
                raise _bad("must be more than 0 characters")
            if kind == "link" and not element.get("url", "").startswith(("http://", "https://")):
                raise _bad("link")
            if set(element.get("style", {})) - {"bold", "italic", "strike", "code"}:
                raise _bad("rich_text style")
            if len(element.get("text", "")) > 3000:  # not documented for rich_text; the section's limit is kept
                raise _bad("rich_text element over 3,000 characters")


def _table(block: dict[str, Any]) -> None:
    rows = block.get("rows") or []
    if not 1 <= len(rows) <= 100 or any(not 1 <= len(row) <= 20 for row in rows):
        raise _bad("table size")  # docs/block-kit/blocks/table-block: 100 rows, 20 columns
    for row in rows:
        for cell in row:
            if cell.get("type") != "raw_text" or not cell.get("text"):
                raise _bad("table cell")


def _input(block: dict[str, Any]) -> None:
    check_plain(block.get("label"), 2000)  # docs/block-kit/blocks/input-block
    if "hint" in block:
        check_plain(block["hint"], 2000)
    element = block.get("element") or {}
    kind = element.get("type")
    if kind == "plain_text_input":  # docs/block-kit/block-elements/plain-text-input-element
        if set(element) - {
            "type",
            "action_id",
            "multiline",
            "max_length",
            "min_length",
            "initial_value",
            "placeholder",
        }:
            raise _bad("plain_text_input fields")
        if not 1 <= element.get("max_length", 3000) <= 3000:
            raise _bad("max_length")
        if len(element.get("initial_value", "")) > element.get("max_length", 3000):
            raise _bad("initial_value")
    elif kind in {"static_select", "radio_buttons"}:  # docs: at most 100 options, 10 radio buttons
        options = element.get("options") or []
        if not 1 <= len(options) <= (100 if kind == "static_select" else 10):
            raise _bad("options")
        for option in options:
            check_plain(option.get("text"), 75)
            if not 1 <= len(option.get("value", "")) <= 150:  # docs/block-kit/composition-objects/option-object
                raise _bad("option value")
        if "initial_option" in element and element["initial_option"] not in options:
            raise _bad("initial_option")
    else:
        raise _bad(f"element {kind}")


_BLOCKS: dict[str, tuple[set[str], Callable[[dict[str, Any]], None]]] = {
    "header": ({"text"}, _header),
    "section": ({"text"}, _section),
    "context": ({"elements"}, _context),
    "actions": ({"elements"}, _actions),
    "rich_text": ({"elements"}, _rich_text),
    "table": ({"rows", "column_settings"}, _table),
    "input": ({"label", "element", "hint", "optional"}, _input),
}


def check_view(view: Mapping[str, Any]) -> None:
    """Raise Refused("invalid_arguments") for a modal Slack does not open (docs/views/modal-views)."""
    known = {"type", "callback_id", "title", "submit", "close", "private_metadata", "blocks", "clear_on_close"}
    if set(view) - known or view.get("type") != "modal" or not view.get("blocks"):
        raise Refused("invalid_arguments", "view")
    for name in ("title", "submit", "close"):
        check_plain(view.get(name), 24)
    if len(view.get("private_metadata", "")) > 3000 or len(view.get("callback_id", "")) > 255:
        raise Refused("invalid_arguments", "private_metadata")
    check_blocks(list(view["blocks"]), 100, surface="modal")
    if len(json.dumps(view)) > 250_000:
        raise Refused("view_too_large")
