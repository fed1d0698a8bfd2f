"""Replies as Slack messages: blocks within Slack's limits, in which no character of a text is markup.

Texts are rich_text elements, which Slack shows as they are; nothing but the `text` field for notifications is read as
markup, and that is escaped. Limits: https://docs.slack.dev/reference/block-kit/blocks and, for the sum of a message,
bolt-js #2509 and #2867 (undocumented: refused from about 13,200 characters of JSON, so this stays well below).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.slack.markup import escape, split
from bot.core.model import Button, Buttons, File, Form, Picture, Progress, Quote, Reply, Table, Text

PART = 3000
MESSAGE = 10_000
"""Characters of JSON that the blocks of one message may have together."""
BLOCKS = 50
HEADER = 150
NOTICE = 2000
"""Characters of the text for notifications and screen readers."""
BAR = 20

SlackBlock = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message: its blocks and the text that stands in for them, escaped."""

    blocks: tuple[SlackBlock, ...]
    text: str

    @property
    def has_table(self) -> bool:
        """Whether a table block is in it, which older workspaces refuse."""
        return any(block["type"] == "table" for block in self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file, shared beside the messages."""

    name: str
    data: bytes
    alt: str


def render(reply: Reply, *, tables: bool = True) -> list[Post | Upload]:
    """The messages and files that show `reply`, in order, a message first: files carry no key to find them by.

    With `tables` off a table is aligned text.
    """
    shown: list[Post | Upload] = []
    blocks: list[SlackBlock] = []
    texts: list[str] = []

    def flush() -> None:
        if blocks:
            text = "\n".join(texts).strip() or _labels(blocks)
            shown.append(Post(blocks=tuple(blocks), text=escape(text[:NOTICE])))
        blocks.clear()
        texts.clear()

    for one in reply.blocks:
        if isinstance(one, Picture | File):
            flush()
            caption = one.alt if isinstance(one, Picture) else one.caption
            if not any(isinstance(part, Post) for part in shown):
                shown.append(_anchor(caption or one.name))
            shown.append(Upload(name=one.name, data=one.data, alt=caption or one.name))
            continue
        for block, text in _blocks(one, tables=tables):
            if _full([*blocks, block]):
                flush()
            blocks.append(block)
            texts.append(text)
    flush()
    return _message_first(shown, reply)


def _labels(blocks: Sequence[SlackBlock]) -> str:
    """What stands for a message of buttons alone."""
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return ", ".join(element["text"]["text"] for row in rows for element in row)


def _anchor(text: str) -> Post:
    return Post(blocks=tuple(block for block, _ in _quiet(text)), text=escape(text[:NOTICE]))


def _message_first(shown: list[Post | Upload], reply: Reply) -> list[Post | Upload]:
    """An anchor only says what the file is, so it goes where the reply brings words of its own behind it."""
    if not shown:
        return [_anchor("…")]
    if isinstance(reply.blocks[0], Picture | File):
        own = next((at for at, part in enumerate(shown) if at and isinstance(part, Post)), None)
        if own is not None:
            return [shown[own], *(part for at, part in enumerate(shown) if at not in {0, own})]
    return shown


def _full(blocks: Sequence[SlackBlock]) -> bool:
    tables = sum(block["type"] == "table" for block in blocks)
    return len(blocks) > BLOCKS or tables > 1 or (len(blocks) > 1 and size(blocks) > MESSAGE)


def size(blocks: Sequence[SlackBlock]) -> int:
    """Characters of the blocks as they travel."""
    return len(json.dumps(blocks, ensure_ascii=False))


def _blocks(one: object, *, tables: bool) -> Iterator[tuple[SlackBlock, str]]:
    match one:
        case Text(text=text) if not text.strip():
            return
        case Text():
            yield from _text(one)
        case Quote():
            yield from _quote(one)
        case Buttons(items=items):
            yield buttons(items), ""
        case Table():
            yield from _table(one, block=tables)
        case Progress():
            yield from _words(progress(one))
        case Form():
            raise ValueError("a form is opened, not posted")
        case _:
            raise TypeError(f"Slack shows no {type(one).__name__}")


def _plain(text: str) -> SlackBlock:
    return {"type": "plain_text", "text": text, "emoji": False}


def _rich(kind: str, elements: list[dict[str, Any]]) -> SlackBlock:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": elements}]}


def _run(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}


def _text(one: Text) -> Iterator[tuple[SlackBlock, str]]:
    if one.style == "heading" and len(one.text) <= HEADER and "\n" not in one.text:
        yield {"type": "header", "text": _plain(one.text)}, one.text
    elif one.style == "heading":
        yield from _words(one.text, ((0, len(one.text)),))
    elif one.style == "code":
        for part in _parts(one.text):
            yield _rich("rich_text_preformatted", [_run(part)]), part
    elif one.style == "quiet" and not one.emphasis:
        yield from _quiet(one.text)
    else:
        yield from _words(one.text, one.emphasis)


def _quiet(text: str) -> Iterator[tuple[SlackBlock, str]]:
    for part in _parts(text, NOTICE):
        yield {"type": "context", "elements": [_plain(part)]}, part


def _parts(text: str, limit: int = PART) -> list[str]:
    """Parts with something to see in them: Slack refuses an empty text."""
    return [part for part in split(text, limit) if part.strip()]


def _words(text: str, emphasis: Sequence[tuple[int, int]] = ()) -> Iterator[tuple[SlackBlock, str]]:
    start = 0
    for part in split(text, PART):
        if part.strip():
            yield _rich("rich_text_section", _emphasised(part, start, emphasis)), part
        start += len(part)


def _emphasised(part: str, start: int, emphasis: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    elements, at = [], 0
    for first, last in emphasis:
        low, high = max(first - start, at), min(last - start, len(part))
        if low >= high:
            continue
        if low > at:
            elements.append(_run(part[at:low]))
        elements.append(_run(part[low:high], bold=True))
        at = high
    if at < len(part):
        elements.append(_run(part[at:]))
    return elements


def _quote(one: Quote) -> Iterator[tuple[SlackBlock, str]]:
    for part in _parts(one.text):
        yield _rich("rich_text_quote", [_run(part)]), part
    cited = f"— {one.citation.source}, "
    section: dict[str, Any] = _run(one.citation.place[:NOTICE], bold=True)
    url = one.citation.url
    if url and url.startswith(("https://", "http://")) and len(url) <= PART:
        section = {"type": "link", "url": url, "text": one.citation.place[:NOTICE]}
    yield _rich("rich_text_section", [_run(cited), section]), cited + one.citation.place


def button(label: str, action_id: str, *, style: str = "default", value: str = "") -> dict[str, Any]:
    """A button element; its label is shorter than Slack's 75 characters by the core's own limit."""
    element: dict[str, Any] = {"type": "button", "action_id": action_id, "text": _plain(label)}
    if style != "default":
        element["style"] = style
    if value:
        element["value"] = value
    return element


def action_id(one: Button) -> str:
    """What comes back when the button is pressed, also after a restart."""
    return f"coach:{'f' if one.opens_form else 'a'}:{one.action}:{one.argument}"


def buttons(items: Sequence[Button]) -> SlackBlock:
    """A row of buttons."""
    return {"type": "actions", "elements": [button(one.label, action_id(one), style=one.style) for one in items]}


def progress(one: Progress) -> str:
    """A bar of twenty cells with the figures beside it."""
    share = min(max(one.done / one.total, 0.0), 1.0) if one.total > 0 else 0.0
    filled = round(share * BAR)
    return f"{one.label}\n{'█' * filled}{'░' * (BAR - filled)} {share:.0%} ({one.done:g} of {one.total:g})"


def _table(one: Table, *, block: bool) -> Iterator[tuple[SlackBlock, str]]:
    if one.caption:
        yield from _words(one.caption, ((0, len(one.caption)),))
    lines = [one.header, *one.rows]
    made = {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": cell.strip() or "-"} for cell in row] for row in lines],
    }
    flat = "\n".join(" | ".join(row) for row in lines)
    if block and len(lines) <= 100 and 1 <= len(one.header) <= 20 and size([made]) <= MESSAGE // 2:
        yield made, flat
        return
    widths = [min(max(len(row[at]) for row in lines), 40) for at in range(len(one.header))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]
    rows.insert(1, "  ".join("-" * width for width in widths))
    for part in _parts("\n".join(rows)):
        yield _rich("rich_text_preformatted", [_run(part)]), part
