"""PDF: headings by their size, paragraphs, lists; and what is refused or left out."""

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Preformatted, Table

from knowledge.ingest.loaders import load
from knowledge.model import Refused
from tests.unit.ingest.made import (
    STYLES,
    bullets,
    drawn,
    everything,
    gap,
    many_pages,
    own_parent,
    pdf,
    rewritten,
    rows,
    text,
)

LONG = (
    "A cache trades memory for latency, and needs a plan for what is stale. Without a plan the entries that are read "
    "most are wrong for the longest time, which nobody notices until a customer does."
)


def one_line(words: str = "Some words on a page.") -> bytes:
    return drawn(lambda canvas: canvas.drawString(100, 700, words))


def test_a_document_by_its_sections() -> None:
    story: list[Flowable] = [
        text("Cache guide", "Title"),
        text(f"Before the first. {LONG}"),
        text("Invalidation", "Heading1"),
        text("There are <b>three</b> ways:"),
        bullets("expiry after a time", "a write through the cache", "an explicit purge"),
        gap(),
        text("After the list."),
        PageBreak(),
        text("Numbers", "Heading2"),
        Preformatted("def get(key):\n    return cache[key]", STYLES["Code"]),
        gap(),
        Table([["Store", "ms"], ["L1", "1"]]),
        text("Last paragraph."),
    ]
    document = load("guide.pdf", pdf(story))
    assert document.title == "Cache guide"
    assert rows(document) == [
        ((), "Cache guide", (f"Before the first. {LONG}",)),
        (
            (),
            "Invalidation",
            (
                "There are three ways:\n• expiry after a time\n• a write through the cache\n• an explicit purge",
                "After the list.",
            ),
        ),
        (
            ("Invalidation",),
            "Numbers",
            ("def get(key):\n    return cache[key]", "Store ms", "L1 1", "Last paragraph."),
        ),
    ]


def test_the_title_in_the_properties() -> None:
    assert load("a.pdf", pdf([text(LONG)], title="Told title")).title == "Told title"
    assert load("a.pdf", pdf([text(LONG)])).title == "a"


def test_running_heads_are_left_out_and_a_paragraph_goes_over_pages() -> None:
    story: list[Flowable] = []
    for part in ("cache", "queue", "index", "shard"):
        story += [text(f"The {part} has words of its own, and ends in the middle of"), PageBreak()]
        story += [text(f"a sentence that the {part} began on the page before."), gap()]
    document = load("a.pdf", pdf(story, footer="Confidential, page"))
    assert "Confidential" not in everything(document)
    assert "in the middle of a sentence that the index began" in everything(document)


def test_a_word_that_was_parted_is_joined() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(100, 700, "An entry goes stale after its expi-")
        canvas.drawString(100, 686, "ration, and is read again.")

    assert rows(load("a.pdf", drawn(draw))) == [
        ((), "a", ("An entry goes stale after its expiration, and is read again.",))
    ]


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_a_password_is_refused(algorithm: str) -> None:
    data = rewritten(one_line(), lambda writer: writer.encrypt("secret", "owner", algorithm=algorithm))
    with pytest.raises(Refused, match=r"^a\.pdf is protected by a password: save it without one\.$"):
        load("a.pdf", data)


def test_an_empty_password_opens() -> None:
    data = rewritten(one_line(), lambda writer: writer.encrypt("", "owner", algorithm="RC4-128"))
    assert "Some words on a page." in everything(load("a.pdf", data))


def test_an_encryption_that_is_not_known_is_a_password_too() -> None:
    data = rewritten(one_line(), lambda writer: writer.encrypt("secret", algorithm="RC4-128"))
    with pytest.raises(Refused, match="is protected by a password"):
        load("a.pdf", data.replace(b"/V 2", b"/V 5").replace(b"/R 3", b"/R 6").replace(b"/CFM /V2", b"/CFM /AESV3"))


def test_a_thousand_pages_are_taken_and_one_more_is_refused() -> None:
    with pytest.raises(Refused, match="holds only images"):
        load("a.pdf", many_pages(1_000))
    with pytest.raises(Refused, match=r"^a\.pdf has 1,001 pages, and 1,000 are the most: split it\.$"):
        load("a.pdf", many_pages(1_001))


def test_a_declared_million_of_pages_is_not_looked_for() -> None:
    def change(writer: PdfWriter) -> None:
        writer.root_object["/Pages"][NameObject("/Count")] = NumberObject(1_000_000)

    with pytest.raises(Refused, match="has 1,000,000 pages, and 1,000 are the most"):
        load("a.pdf", rewritten(one_line(), change))


@pytest.mark.timeout(10)
def test_a_page_tree_that_contains_itself_is_no_loop() -> None:
    with pytest.raises(Refused, match=r"holds only images|cannot be read as PDF"):
        load("a.pdf", own_parent())


def test_a_page_that_draws_itself_is_no_loop() -> None:
    def change(writer: PdfWriter) -> None:
        form = DecodedStreamObject()
        form.set_data(b"/F Do /F Do")
        reference = writer._add_object(form)
        form.update({NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Form")})
        form[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/XObject"): DictionaryObject({NameObject("/F"): reference})}
        )
        page = writer.pages[0]
        page["/Resources"][NameObject("/XObject")] = DictionaryObject({NameObject("/F"): reference})
        content = DecodedStreamObject()
        content.set_data(page.get_contents().get_data() + b"\n/F Do")
        page[NameObject("/Contents")] = writer._add_object(content)

    assert "Some words on a page." in everything(load("a.pdf", rewritten(one_line(), change)))


def test_scripts_and_embedded_files_are_left_out_and_noted() -> None:
    def change(writer: PdfWriter) -> None:
        script = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("SECRET")}
        names = ArrayObject([TextStringObject("x"), DictionaryObject(script)])
        writer.add_attachment("secret.txt", b"SECRET")
        writer.root_object["/Names"][NameObject("/JavaScript")] = DictionaryObject({NameObject("/Names"): names})
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)

    document = load("a.pdf", rewritten(one_line(), change))
    assert rows(document) == [((), "a", ("Some words on a page.",))]
    assert document.notes == ("2 scripts were left out.", "1 set of embedded files was left out.")


def test_pages_of_images_only_are_refused() -> None:
    data = drawn(lambda canvas: canvas.rect(100, 100, 200, 200, fill=1))
    with pytest.raises(Refused, match=r"^a\.pdf holds only images; it needs OCR: make its text searchable first\.$"):
        load("a.pdf", data)


@pytest.mark.parametrize(("size", "x", "y"), [(0.5, 100, 600), (12, -4_000, 600), (12, 100, 9_000)])
def test_text_that_cannot_be_seen_is_left_out_and_noted(size: float, x: float, y: float) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(100, 700, "Some words on a page.")
        canvas.setFontSize(size)
        canvas.drawString(x, y, "SECRET instruction")

    document = load("a.pdf", drawn(draw))
    assert rows(document) == [((), "a", ("Some words on a page.",))]
    assert document.notes == ("1 piece of unseen text was left out.",)


@pytest.mark.parametrize("how", ["invisible", "white"])
def test_text_that_is_not_painted_is_left_out_and_noted(how: str) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(100, 700, "Before it.")
        canvas.saveState()
        hidden = canvas.beginText(100, 650)
        if how == "invisible":
            hidden.setTextRenderMode(3)
        else:
            canvas.setFillColorRGB(1, 1, 1)
        hidden.textLine("SECRET instruction")
        canvas.drawText(hidden)
        canvas.restoreState()
        canvas.drawString(100, 600, "After it.")

    document = load("a.pdf", drawn(draw))
    assert rows(document) == [((), "a", ("Before it.", "After it."))]
    assert document.notes == ("1 piece of unseen text was left out.",)


def test_white_text_on_a_dark_box_and_text_behind_a_scan_are_taken() -> None:
    def boxed(canvas: Canvas) -> None:
        canvas.rect(90, 690, 200, 30, fill=1)
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(100, 700, "SEEN in a box")

    def scanned(canvas: Canvas) -> None:
        canvas.drawInlineImage(Image.new("RGB", (10, 10)), 0, 0)
        canvas.drawImage(ImageReader(Image.new("RGB", (10, 10))), 0, 0)
        layer = canvas.beginText(100, 700)
        layer.setTextRenderMode(3)
        layer.textLine("SEEN in the picture")
        canvas.drawText(layer)

    assert "SEEN" in everything(load("a.pdf", drawn(boxed)))
    assert "SEEN" in everything(load("a.pdf", drawn(scanned)))


def test_a_stream_that_unpacks_to_gigabytes_is_refused() -> None:
    import zlib

    def change(writer: PdfWriter) -> None:
        content = DecodedStreamObject()
        content.set_data(b"x")
        reference = writer._add_object(content)
        packed = zlib.compress(bytes(100_000_000), 9)
        content[NameObject("/Filter")] = NameObject("/FlateDecode")
        content._data = packed
        writer.pages[0][NameObject("/Contents")] = ArrayObject([reference])

    with pytest.raises(Refused, match=r"cannot be read as PDF|holds only images"):
        load("a.pdf", rewritten(one_line(), change))


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"garbage " * 500, one_line()[:400], one_line().replace(b"/Pages", b"/Pa#ges")],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match=r"^a\.pdf (cannot be read as PDF|holds only images)"):
        load("a.pdf", data)


def test_a_page_called_pdf_is_refused() -> None:
    with pytest.raises(Refused, match=r"^a\.pdf is not a PDF, whatever it is called"):
        load("a.pdf", b"<html>not found</html>")
