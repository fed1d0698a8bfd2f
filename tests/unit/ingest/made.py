"""Documents made for a test: normal ones, and the ones an attacker would make."""

import io
import zipfile
from collections.abc import Callable, Sequence

import docx
from docx.document import Document
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, ListFlowable, ListItem, Paragraph, SimpleDocTemplate, Spacer

from knowledge.model import ParsedDocument

Rows = list[tuple[tuple[str, ...], str, tuple[str, ...]]]
STYLES = getSampleStyleSheet()


def rows(document: ParsedDocument) -> Rows:
    """Path, heading and blocks of every section."""
    return [(one.path, one.heading, one.blocks) for one in document.sections]


def everything(document: ParsedDocument) -> str:
    """All that a reader of the document could come to see."""
    parts = [document.title]
    for section in document.sections:
        parts += [*section.path, section.heading, *section.blocks]
    return "\n".join(parts)


def pdf(story: Sequence[Flowable], *, title: str = "", footer: str = "") -> bytes:
    out = io.BytesIO()

    def foot(canvas: Canvas, page: SimpleDocTemplate) -> None:
        canvas.drawString(60, 20, f"{footer} {page.page}")

    template = SimpleDocTemplate(out, title=title or None)
    template.build(list(story), onFirstPage=foot if footer else _nothing, onLaterPages=foot if footer else _nothing)
    return out.getvalue()


def _nothing(*_: object) -> None:
    """Draws no footer."""


def text(words: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(words, STYLES[style])


def bullets(*words: str) -> ListFlowable:
    return ListFlowable([ListItem(text(one)) for one in words], bulletType="bullet")


def gap() -> Spacer:
    return Spacer(1, 12)


def drawn(draw: Callable[[Canvas], None]) -> bytes:
    """A PDF of one page."""
    out = io.BytesIO()
    canvas = Canvas(out)
    draw(canvas)
    canvas.save()
    return out.getvalue()


def rewritten(source: bytes, change: Callable[[PdfWriter], None]) -> bytes:
    """A PDF with something done to it."""
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(source)))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def many_pages(number: int) -> bytes:
    """A small file that declares one page as many times."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    pages = writer.root_object["/Pages"].get_object()
    assert isinstance(pages, DictionaryObject)
    kids = pages["/Kids"]
    assert isinstance(kids, ArrayObject)
    for _ in range(number - 1):
        kids.append(kids[0])
    pages[NameObject("/Count")] = NumberObject(1)  # what it says is not what it has
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def own_parent() -> bytes:
    """A file whose page tree contains itself."""

    def change(writer: PdfWriter) -> None:
        pages = writer.root_object["/Pages"].get_object()
        assert isinstance(pages, DictionaryObject)
        pages[NameObject("/Kids")] = ArrayObject([writer.root_object.raw_get("/Pages")])

    return rewritten(drawn(lambda canvas: canvas.drawString(100, 700, "Found in a loop.")), change)


def word(fill: Callable[[Document], None]) -> bytes:
    """A document without the hundred styles of tables in the template, which take half a second to read."""
    document = docx.Document()
    fill(document)
    for style in document.styles.element.xpath("w:style[@w:type='table'][not(@w:default)]"):
        style.getparent().remove(style)
    out = io.BytesIO()
    document.save(out)
    return without_part(out.getvalue(), "word/stylesWithEffects.xml")


def without_part(source: bytes, path: str) -> bytes:
    """An archive without one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != path:
                new.writestr(entry.filename, old.read(entry))
    return out.getvalue()


def with_part(source: bytes, path: str, data: bytes) -> bytes:
    """An archive with a part replaced, or one more."""
    out = io.BytesIO(without_part(source, path))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path, data)
    return out.getvalue()
