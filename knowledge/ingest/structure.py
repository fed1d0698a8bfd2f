"""From the elements of HTML, or of the XML that trafilatura makes of it, to headings and blocks."""

import re
from collections.abc import Iterator
from typing import Any

from knowledge.ingest.outline import Outline

_LISTS = frozenset({"ul", "ol", "menu", "list", "dl"})
_ITEMS = frozenset({"li", "item", "dt", "dd"})
_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_LINE_ENDS = frozenset({"br", "lb"})
_BOXES = frozenset(
    {
        *("p", "div", "section", "article", "main", "body", "html", "header", "footer", "aside", "nav", "figure"),
        *("figcaption", "blockquote", "quote", "details", "summary", "table", "pre", "head", "hgroup", "address"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "fieldset", "form", "center", "thead", "tbody", "tfoot", "caption", "hr"),
        *_LISTS,
        *_ITEMS,
        *_ROWS,
        *_CELLS,
    }
)
_BREAK = "\x00"
"""Stands for a line end while white space is collapsed; no document has one, the parsers see to it."""


def _level(element: Any) -> int:
    """The level of a heading, 0 for what is none."""
    tag = element.tag
    if tag == "head":
        tag = element.get("rend") or "h6"
    return int(tag[1]) if len(tag) == 2 and tag[0] == "h" and tag[1] in "123456" else 0


def _verbatim(element: Any) -> bool:
    return element.tag == "pre" or (element.tag == "code" and "\n" in "".join(element.itertext()))


def _is_box(element: Any) -> bool:
    return element.tag in _BOXES or _verbatim(element)


def _raw(element: Any) -> str:
    """All text under an element, with `_BREAK` at the line ends that a browser would show."""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            edge = _BREAK if child.tag in _BOXES or child.tag in _LINE_ENDS else ""
            parts += [edge, _raw(child), edge if child.tag in _BOXES else ""]
        parts.append(child.tail or "")
    return "".join(parts)


def _lines(raw: str) -> str:
    """White space collapsed as a browser does it, one line for every break."""
    return "\n".join(filter(None, (" ".join(one.split()) for one in raw.split(_BREAK))))


def _item_lines(item: Any, mark: str, indent: str) -> Iterator[str]:
    """An item with what is nested in it; the lines after its first are indented."""
    inner = indent + " " * len(mark)
    run = [item.text or ""]
    first = True

    def own() -> Iterator[str]:
        nonlocal first
        for one in _lines("".join(run)).splitlines():
            yield (indent + mark if first else inner) + one
            first = False
        run.clear()

    for child in item:
        if not isinstance(child.tag, str):
            run.append(child.tail or "")
            continue
        if child.tag in _LISTS:
            yield from own()
            yield from _list_lines(child, inner)
        elif _verbatim(child):
            yield from own()
            yield from (inner + one for one in "".join(child.itertext()).strip("\n").splitlines())
        else:
            edge = _BREAK if child.tag in _BOXES or child.tag in _LINE_ENDS else ""
            run += [edge, _raw(child), edge]
        run.append(child.tail or "")
    yield from own()


def _list_lines(element: Any, indent: str = "") -> Iterator[str]:
    numbered = element.tag == "ol" or element.get("rend") == "ol"
    number = int(start) if (start := element.get("start") or "1").isdecimal() and len(start) < 7 else 1
    for child in element:
        if child.tag in _LISTS:  # a list right inside a list, as some editors write it
            yield from _list_lines(child, indent + "  ")
        elif child.tag in _ITEMS:
            mark = f"{number}. " if numbered else "- "
            kind = child.tag + (child.get("rend") or "")
            if kind.startswith(("dt", "itemdt", "dd", "itemdd")):
                mark = "  " if "dd" in kind else ""
            yield from _item_lines(child, mark, indent)
            number += 1
        elif isinstance(child.tag, str):
            yield from (indent + one for one in _lines(_raw(child)).splitlines())


def _table(element: Any) -> str:
    rows = []
    for row in element.iter(*_ROWS):
        cells = [" ".join(_lines(_raw(cell)).split("\n")) for cell in row if cell.tag in _CELLS]
        if any(cells):
            rows.append(" | ".join(cells).rstrip())
    return "\n".join(rows)


class _Walk:
    """Goes through the elements in order; `held` is a paragraph that a list may still join."""

    def __init__(self, outline: Outline, root: Any) -> None:
        self.outline = outline
        self.held = ""
        self._around_boxes: set[Any] = set()
        for element in root.iter():
            if isinstance(element.tag, str) and _is_box(element):
                for one in element.iterancestors():
                    if one in self._around_boxes:
                        break
                    self._around_boxes.add(one)

    def release(self) -> None:
        if self.held:
            self.outline.block(self.held)
        self.held = ""

    def paragraph(self, raw: str) -> None:
        if text := _lines(raw):
            self.release()
            self.held = text

    def belonging(self, text: str, *, always: bool) -> None:
        """A list, table or code: in one block with the paragraph that announces it."""
        if not text.strip():
            return
        if self.held and (always or self.held.endswith(":")):
            self.held += "\n" + text
        else:
            self.release()
            self.held = text
        self.release()

    def box(self, element: Any) -> None:
        """A heading, list, table, code, or a box whose text between inner boxes is a paragraph."""
        if level := _level(element):
            self.release()
            self.outline.heading(level, _raw(element).replace(_BREAK, " "))
        elif element.tag in _LISTS:
            self.belonging("\n".join(_list_lines(element)), always=True)
        elif element.tag == "table":
            self.belonging(_table(element), always=False)
        elif _verbatim(element):
            self.belonging("".join(element.itertext()).strip("\n"), always=False)
        else:
            self.content(element)

    def content(self, element: Any) -> None:
        run = [element.text or ""]
        for child in element:
            if isinstance(child.tag, str):
                if _is_box(child) or child in self._around_boxes:
                    self.paragraph("".join(run))
                    run = []
                    self.box(child)
                else:
                    run += [_BREAK if child.tag in _LINE_ENDS else "", _raw(child)]
            run.append(child.tail or "")
        self.paragraph("".join(run))


def add_structure(root: Any, outline: Outline) -> None:
    """Puts what is under `root` into the outline. Raises RecursionError for what is nested too deeply."""
    walk = _Walk(outline, root)
    walk.content(root)
    walk.release()


def visible_length(root: Any) -> int:
    """How many characters of text there are under an element."""
    return len(re.sub(r"\s+", "", "".join(root.itertext())))
