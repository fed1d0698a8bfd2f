"""Word documents: their text by headings, without hidden runs, comments, pictures and embedded files."""

from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from knowledge.ingest.archive import unpacked
from knowledge.ingest.decoding import check_length, count
from knowledge.ingest.outline import Outline
from knowledge.ingest.structure import add_structure
from knowledge.ingest.styles import indistinct
from knowledge.model import ParsedDocument, Refused

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STYLES = "word/styles.xml"
_TITLE = "p[style-name='Title'] => h1.title:fresh"
_TINY = 4
"""Half points; a font of two points cannot be read."""


def _trees(name: str, parts: dict[str, bytes]) -> dict[str, ET.Element]:
    """Every XML part, parsed; a document type or an entity has no place in one."""
    import defusedxml.ElementTree as Defused  # type: ignore[import-untyped]
    from defusedxml import DefusedXmlException

    trees = {}
    for path, data in parts.items():
        if path.endswith((".xml", ".rels")):
            try:
                trees[path] = Defused.fromstring(data, forbid_dtd=True)
            except DefusedXmlException as error:
                raise Refused(f"{name} defines XML entities, as an attack does: save it anew as DOCX.") from error
            except ET.ParseError as error:
                raise Refused(f"{name} is not a DOCX, or is damaged: save it anew as DOCX.") from error
    return trees


def _on(properties: ET.Element, tag: str) -> bool | None:
    """A switch such as `w:vanish`; None where it is not set."""
    found = properties.find(_W + tag)
    return None if found is None else found.get(f"{_W}val", "true") not in {"0", "false", "off"}


def _hides(properties: ET.Element | None) -> bool | None:
    """Whether properties of a run keep it from sight; None where they say nothing."""
    if properties is None:
        return None
    size, colour, shade = (properties.find(_W + tag) for tag in ("sz", "color", "shd"))
    if size is not None and size.get(f"{_W}val", "").isdecimal() and int(size.get(f"{_W}val", "")) <= _TINY:
        return True
    behind = "ffffff" if shade is None else shade.get(f"{_W}fill", "").lower().replace("auto", "ffffff")
    front = "" if colour is None else colour.get(f"{_W}val", "").lower()
    if len(front) == len(behind) == 6 and properties.find(f"{_W}highlight") is None and indistinct(front, behind):
        return True
    return _on(properties, "vanish")


def _hiding_styles(styles: ET.Element | None) -> set[str]:
    """The styles whose text is hidden, by their own word or by that of the style they are based on."""
    own: dict[str, tuple[bool | None, str]] = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        base = style.find(f"{_W}basedOn")
        found = _hides(style.find(f"{_W}rPr"))
        own[style.get(f"{_W}styleId", "")] = (found, "" if base is None else base.get(f"{_W}val", ""))

    hiding = set()
    for name in own:
        at, seen = name, set[str]()
        while at in own and at not in seen:
            seen.add(at)
            word, base_name = own[at]
            if word is not None:
                hiding |= {name} if word else set()
                break
            at = base_name
    return hiding


def _style_of(properties: ET.Element | None, tag: str) -> str:
    found = None if properties is None else properties.find(_W + tag)
    return "" if found is None else found.get(f"{_W}val", "")


def _remove_hidden(tree: ET.Element, styles: set[str]) -> int:
    """Takes hidden runs out of a part; how many had text."""
    removed = 0
    stack = [(tree, False)]
    while stack:
        parent, hidden = stack.pop()
        if parent.tag == f"{_W}p":
            hidden = _style_of(parent.find(f"{_W}pPr"), "pStyle") in styles
        for child in list(parent):
            if child.tag != f"{_W}r":
                stack.append((child, hidden))
                continue
            properties = child.find(f"{_W}rPr")
            own = _hides(properties)
            if own is None:
                own = hidden or _style_of(properties, "rStyle") in styles
            if own:
                removed += any((one.text or "").strip() for one in child.iter(f"{_W}t"))
                parent.remove(child)
            else:
                stack.append((child, hidden))
    return removed


def _html(parts: dict[str, bytes]) -> str:
    import mammoth  # type: ignore[import-untyped]

    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for path, data in parts.items():
            archive.writestr(path, data)
    packed.seek(0)
    return str(
        mammoth.convert_to_html(
            packed,
            style_map=_TITLE,
            include_embedded_style_map=False,
            external_file_access=False,
            convert_image=lambda _: [],
        ).value
    )


def load_docx(name: str, data: bytes) -> ParsedDocument:
    """The title is a paragraph in the style Title, else the only heading of level 1, else the file's name.

    Raises Refused for an archive that is a bomb, is protected or damaged, and for XML that defines entities.
    """
    from lxml import html  # type: ignore[import-untyped]

    parts = unpacked(name, data)
    if "word/document.xml" not in parts:
        raise Refused(f"{name} is not a DOCX, or is damaged: save it anew as DOCX.")
    trees = _trees(name, parts)
    styles = _hiding_styles(trees.get(_STYLES))
    hidden = 0
    for path, tree in trees.items():
        if path.startswith("word/") and path.endswith(".xml") and path != _STYLES:
            found = _remove_hidden(tree, styles)
            if found:
                hidden += found
                parts[path] = ET.tostring(tree, encoding="utf-8", xml_declaration=True)
    embedded = sum("/embeddings/" in path or "vbaproject" in path.lower() for path in parts)
    comments = sum(1 for _ in trees["word/comments.xml"].iter(f"{_W}comment")) if "word/comments.xml" in trees else 0
    source = _html({path: part for path, part in parts.items() if path in trees})
    check_length(name, len(source) // 4)
    page: Any = html.document_fromstring(f"<body>{source}</body>")
    titles = [one for one in page.iter("h1") if one.get("class") == "title"] or list(page.iter("h1"))
    outline = Outline(name, titles[0].text_content() if len(titles) == 1 else "")
    add_structure(page.find("body"), outline)
    said = ((hidden, "hidden passage"), (comments, "comment"), (embedded, "embedded file"))
    return outline.document(*(f"{count(number, what)} left out." for number, what in said if number))
