"""A reply as Discord messages of components (version 2) within the documented limits.

Limits (Discord's documentation, "Component Reference" and "Create Message"): 40 components and 4,000 displayed
characters a message, 10 attachments, 100 characters of custom_id, 5 buttons a row.
"""

import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import ui

from bot.adapters.discord import controls, markup
from bot.core.model import Block, Buttons, File, Form, Picture, Progress, Quote, Reply, Table, Text

LIMIT = 3800
"""Displayed characters a message, below Discord's 4,000."""
CHILDREN = 38
ATTACHMENTS = 10
_WORTH = 600
"""A block is cut to fill a message only if at least this much room is left in it."""
_WIDEST_TABLE = 76
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(slots=True)
class Page:
    """One message: what `build` turns into a view and fresh files, as often as it is sent."""

    parts: list[str | Buttons | Picture | File] = field(default_factory=list)
    used: int = 0
    children: int = 0
    attachments: int = 0
    marker: int = 0

    def build(self) -> tuple[ui.LayoutView, list[discord.File]]:
        """The view, already stopped so that the library keeps no state for it, and its attachments."""
        view = ui.LayoutView(timeout=None)
        files: list[discord.File] = []
        taken: set[str] = set()
        for index, part in enumerate(self.parts):
            item = _component(part, files, taken)
            if index == 0:
                item.id = self.marker
            view.add_item(item)
        view.stop()
        return view, files


def _component(part: str | Buttons | Picture | File, files: list[discord.File], taken: set[str]) -> ui.Item[Any]:
    match part:
        case str():
            return ui.TextDisplay(part)
        case Buttons():
            row: ui.ActionRow[Any] = ui.ActionRow()
            for spec in part.items:
                row.add_item(controls.button(spec, taken))
            return row
        case Picture():
            name = _attach(files, part.name, part.data, part.alt)
            return ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{name}", description=part.alt[:256] or None))
        case File():
            name = _attach(files, part.name, part.data, part.caption)
            return ui.File(f"attachment://{name}")


def _attach(files: list[discord.File], name: str, data: bytes, description: str) -> str:
    safe = _UNSAFE_NAME.sub("_", name).strip("._")[-60:] or "file"
    if any(file.filename == safe for file in files):
        safe = f"{len(files)}-{safe}"
    files.append(discord.File(io.BytesIO(data), filename=safe, description=markup.clean(description)[:1024] or None))
    return safe


def marker(key: str) -> int:
    """The id of a message's first component: Discord returns it with the history, so `find` knows its message."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 2_000_000_000 + 100_000


def nonce(key: str) -> str:
    """At most 25 characters; Discord returns the first message for a nonce that it saw in the last minutes."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def part_key(key: str, number: int, count: int) -> str:
    """The key of one message of a reply. The last bears the reply's own: once it is there, all of them are."""
    return key if number == count - 1 else f"{key}#{number}"


def pages(reply: Reply, key: str) -> list[Page]:
    """The messages for `reply`, in order; a form is not one (`forms.modal`)."""
    done: list[Page] = [Page()]
    for block in reply.blocks:
        _place(block, done)
    filled = [page for page in done if page.parts] or [Page(parts=["\u200b"])]
    for number, page in enumerate(filled):
        page.marker = marker(part_key(key, number, len(filled)))
    return filled


def _place(block: Block, done: list[Page]) -> None:
    match block:
        case Buttons():
            _add(done, block, children=1 + len(block.items))
        case Picture():
            _add(done, block, children=1, attachments=1)
        case File():
            if block.caption.strip():
                _add_text(done, Text(text=block.caption))
            _add(done, block, children=1, attachments=1)
        case Text():
            _add_text(done, block)
        case Quote():
            _add_quote(done, block)
        case Table():
            for text in _table(block):
                _add(done, text, length=markup.units(text), children=1)
        case Progress():
            _add(done, text := _bar(block), length=markup.units(text), children=1)
        case Form():
            raise TypeError("a form opens as a modal, it is no message")


def _add(
    done: list[Page], part: str | Buttons | Picture | File, *, length: int = 0, children: int, attachments: int = 0
) -> None:
    page = done[-1]
    if (
        page.used + length > LIMIT
        or page.children + children > CHILDREN
        or page.attachments + attachments > ATTACHMENTS
    ):
        page = Page()
        done.append(page)
    page.parts.append(part)
    page.used += length
    page.children += children
    page.attachments += attachments


def _room(done: list[Page], whole: int) -> int:
    """How much of a text of `whole` units may go on the last page; the page's limit if it should begin a new one."""
    left = LIMIT - done[-1].used
    return left if whole <= left or left >= _WORTH else LIMIT


def _add_text(done: list[Page], block: Text) -> None:
    if not block.text.strip():
        return
    prefix = {"heading": 3, "quiet": 3, "code": 8, "plain": 0}[block.style]
    whole = markup.units(_styled(block.text, block.emphasis, block.style))
    if whole <= LIMIT - done[-1].used:
        parts: Iterator[tuple[str, markup.Emphasis]] = iter([(block.text, block.emphasis)])
    else:
        parts = markup.pieces(block.text, block.emphasis, first=_room(done, whole), limit=LIMIT, prefix=prefix)
    for text, emphasis in parts:
        rendered = _styled(text, emphasis, block.style)
        if rendered.strip():
            _add(done, rendered, length=markup.units(rendered), children=1)


def _styled(text: str, emphasis: markup.Emphasis, style: str) -> str:
    if style == "code":
        return markup.code_block(text)
    rendered = markup.render(text, emphasis)
    prefix = {"heading": "## ", "quiet": "-# "}.get(style)
    return markup.prefixed(rendered, prefix) if prefix else rendered


def _add_quote(done: list[Page], block: Quote) -> None:
    citation = block.citation
    source = markup.render(f"{citation.source}, {citation.place}" if citation.section else citation.source)
    if citation.url and (link := _link(citation.url)):
        source = f"[{source}]({link})"
    source = "-# " + source.replace("\n", " ")
    whole = markup.units(markup.prefixed(markup.render(block.text), "> ")) + markup.units(source) + 1
    room = LIMIT - markup.units(source) - 1
    first = min(_room(done, whole), room) if whole > LIMIT - done[-1].used else whole + 10_000
    parts = list(markup.pieces(block.text, first=first, limit=room, prefix=2)) if first < whole else [(block.text, ())]
    for number, (text, emphasis) in enumerate(parts, start=1):
        rendered = markup.prefixed(markup.render(text, emphasis), "> ")
        if number == len(parts):
            rendered += "\n" + source
        _add(done, rendered, length=markup.units(rendered), children=1)


def _link(url: str) -> str | None:
    """The address in a form that ends a markdown link nowhere but at our bracket; None if it is no web address."""
    if not re.fullmatch(r"https?://[^\s<>\"\\]+", url) or len(url) > 1500:
        return None
    return url.replace("(", "%28").replace(")", "%29")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _table(block: Table) -> Iterator[str]:
    """A monospaced block with aligned columns; wider than a phone: one `header: cell` list a row."""
    rows = [[markup.clean(cell).replace("\n", " ") for cell in row] for row in (block.header, *block.rows)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(block.header))]
    if block.caption.strip():
        yield "**" + markup.render(block.caption.strip()[:500].replace("\n", " ")) + "**"
    if sum(widths) + 2 * len(widths) <= _WIDEST_TABLE:
        lines = [
            "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
        ]
        head = [lines[0], "  ".join("─" * w for w in widths)]
        body = lines[1:]
    else:
        head = []
        body = [f"{title}: {cell}" for row in rows[1:] for title, cell in zip(rows[0], row, strict=True) if cell]
    yield from _blocks(head, body)


def _blocks(head: list[str], body: list[str]) -> Iterator[str]:
    lines, used = list(head), sum(map(markup.units, head))
    for line in (piece for whole in body for piece in _lines(whole)):
        cost = markup.units(markup.code_block(line))
        if used + cost > LIMIT - 100 and len(lines) > len(head):
            yield markup.code_block("\n".join(lines))
            lines, used = list(head), sum(map(markup.units, head))
        lines.append(line)
        used += cost
    if lines:
        yield markup.code_block("\n".join(lines))


def _lines(line: str) -> Iterator[str]:
    for text, _ in markup.pieces(line, first=1500, limit=1500):
        yield text


def _bar(block: Progress) -> str:
    share = min(1.0, max(0.0, block.done / block.total)) if block.total > 0 else 0.0
    filled = round(share * 10)
    label = markup.render(block.label[:300].replace("\n", " "))
    return f"{label} {'█' * filled}{'░' * (10 - filled)} {block.done:g} of {block.total:g}".strip()
