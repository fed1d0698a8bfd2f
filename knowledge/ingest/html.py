"""Web pages: the main text that a reader sees, without navigation, and without what the page hides."""

import re
from collections.abc import Iterator
from typing import Any

from knowledge.ingest.decoding import count, decode, without_invisible
from knowledge.ingest.outline import Outline
from knowledge.ingest.structure import add_structure, visible_length
from knowledge.ingest.styles import colour, declarations, hides, indistinct
from knowledge.model import ParsedDocument, Refused

_SILENT = frozenset(
    {
        *("script", "style", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "math", "canvas"),
        *("audio", "video", "select", "textarea", "button", "input", "datalist", "dialog", "link", "meta", "xmp"),
    }
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_AROUND = frozenset({"nav", "header", "footer", "aside", "form"})
_SELECTOR = re.compile(r"(?:[a-z][a-z\d]*)?(?:[.#][\w-]+)?")
_RULE = re.compile(r"[{}]")


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules outside of `@media` and the like, which hold only in some places."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    depth, start, selector = 0, 0, ""
    for brace in _RULE.finditer(sheet):
        if brace[0] == "{":
            if depth == 0:
                selector = sheet[start : brace.start()].rpartition(";")[2].strip()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield selector, sheet[start : brace.start()]
        start = brace.end()


class _Styles:
    """What the page's own style sheets say of a tag, a class, an identifier, or a tag with one of these."""

    def __init__(self, tree: Any) -> None:
        self._by_selector: dict[str, dict[str, str]] = {}
        for element in tree.iter("style"):
            for selectors, block in _rules("".join(element.itertext())):
                for selector in selectors.split(","):
                    if _SELECTOR.fullmatch(selector.strip().lower()):
                        self._by_selector.setdefault(selector.strip().lower(), {}).update(declarations(block))

    def of(self, element: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        if self._by_selector:
            names = [f".{one}" for one in (element.get("class") or "").lower().split()]
            if element.get("id"):
                names.append(f"#{element.get('id').lower()}")
            for name in (element.tag, *names, *(element.tag + one for one in names)):
                found |= self._by_selector.get(name, {})
        return found | declarations(element.get("style") or "")


def _back(element: Any, style: dict[str, str], inherited: str) -> str:
    """The colour behind an element: its own, if it is told, unknown (empty) where there is a picture."""
    told = style.get("background-color") or style.get("background") or element.get("bgcolor") or ""
    if not told or told in {"none", "transparent", "inherit"}:
        return inherited
    return colour(told) or colour(told.split()[0])


class _Cleaner:
    """Takes out what is not seen, and counts it."""

    def __init__(self, tree: Any) -> None:
        self.comments = self.hidden = self.scripts = self.invisible = 0
        self._styles = _Styles(tree)

    def clean(self, tree: Any) -> None:
        stack = [(tree, "ffffff")]
        while stack:
            element, back = stack.pop()
            element.text = self._cleaned(element.text)
            for child in list(element):
                child.tail = self._cleaned(child.tail)
                if not isinstance(child.tag, str):
                    self.comments += 1
                    _drop(child)
                elif child.tag in _SILENT:
                    self.scripts += child.tag in {"script", "style", "template", "noscript"}
                    _drop(child)
                else:
                    style = self._styles.of(child)
                    behind = _back(child, style, back)
                    if self._unseen(child, style, behind):
                        self.hidden += bool(visible_length(child))
                        _drop(child)
                    else:
                        stack.append((child, behind))

    def _cleaned(self, text: str | None) -> str | None:
        kept, invisible = without_invisible(text or "")
        self.invisible += invisible
        return kept

    @staticmethod
    def _unseen(element: Any, style: dict[str, str], behind: str) -> bool:
        front = colour(style.get("color") or element.get("color") or "")
        return (
            element.get("hidden") is not None
            or (element.get("aria-hidden") or "").lower() == "true"
            or hides(style)
            or indistinct(front, behind)
        )

    def notes(self) -> list[str]:
        found = (
            (self.comments, "comment"),
            (self.hidden, "hidden element"),
            (self.scripts, "script or style"),
            (self.invisible, "invisible character"),
        )
        many = {"script or style": "scripts or styles"}
        return [f"{count(number, what, many.get(what, ''))} left out." for number, what in found if number]


def _drop(element: Any) -> None:
    """Removes an element and keeps the text after it."""
    before, parent = element.getprevious(), element.getparent()
    if element.tail:
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def parse(name: str, text: str) -> Any:
    """The tree of a page. Raises Refused if there is none."""
    from lxml import html  # type: ignore[import-untyped]

    tree = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", no_network=True))
    if tree is None or tree.find("body") is None:
        raise Refused(f"{name} has no text to read: there is nothing to take from it.")
    return tree


def _title(main: Any, told: str) -> str:
    headings = [one for one in main.iter("h1", "head") if one.tag == "h1" or one.get("rend") == "h1"]
    return ("".join(headings[0].itertext()) if len(headings) == 1 else "").strip() or told


def _main(tree: Any) -> Any:
    """The main text as trafilatura finds it, or all of it where that loses most of a page or of its article."""
    import trafilatura
    from lxml import etree

    for pre in tree.iter("pre"):  # without `code` in it, trafilatura takes it for a quotation, and its lines are lost
        text = "".join(pre.itertext())
        for child in list(pre):
            pre.remove(child)
        pre.text = None
        etree.SubElement(pre, "code").text = text.strip("\n") + "\n\n"
    source = etree.tostring(tree, encoding="unicode", method="html")
    found = trafilatura.extract(source, output_format="xml", include_comments=False, favor_recall=True)
    try:
        main = etree.fromstring((found or "<doc/>").encode(), etree.XMLParser(resolve_entities=False)).find("main")
    except etree.XMLSyntaxError:  # a tag's name, such as `a:b`, is copied as it is
        main = None
    body = tree.find("body")
    for element in list(body.iter(*_AROUND)):
        if element.getparent() is not None and next(element.iterancestors("article", "main"), None) is None:
            _drop(element)
    marked = [*body.iter("main"), *body.iter("article")]
    candidate = marked[0] if marked and visible_length(marked[0]) > 0.5 * visible_length(body) else body
    if main is None or visible_length(main) < 200:
        return candidate
    short = visible_length(main) < 0.7 * visible_length(candidate)
    flat = len(list(main.iter("head"))) < len(list(candidate.iter(*_HEADINGS)))
    if marked or not short:  # without a mark, what is missing may well be what stands around a text
        return candidate if short or flat else main
    return main


def load_html(name: str, data: bytes, *, charset: str = "") -> ParsedDocument:
    """The title is the main text's only heading of level 1, else the page's title. Blocks hold visible text: lists as
    `- item` under their lead line, tables as rows of `a | b`, code as it stands.

    Hidden text, comments, scripts, styles, templates and forms are not taken, and noted.
    """
    decoded = decode(name, data, charset=charset, html=True)
    tree = parse(name, decoded.text)
    cleaner = _Cleaner(tree)
    cleaner.clean(tree)
    told = tree.findtext(".//title") or ""
    main = _main(tree)
    outline = Outline(name, _title(main, told))
    add_structure(main, outline)
    return outline.document(*decoded.notes, *cleaner.notes())
