"""What of a source is searched: its sections whole, their blocks, the sentences in them, and the questions they answer."""

import re
from collections.abc import Iterator, Sequence

from knowledge.model import (
    Article,
    Curriculum,
    DocumentSection,
    ParsedDocument,
    Passage,
    PassageKind,
    Section,
    Source,
    StoredSection,
)

LONGEST = 1200
"""Characters of a passage; the embedding reads about as many, the rest of a longer section is in its blocks."""
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")


def sentences(block: str) -> Iterator[str]:
    """The sentences of a block, each list item with the line that introduces its list; nothing for a single one."""
    pieces = [piece.strip() for piece in _SENTENCE.split(block) if piece and piece.strip()]
    if len(pieces) < 2:
        return
    lead = ""
    for piece in pieces:
        if _BULLET.match(piece):
            item = _BULLET.sub("", piece)
            yield f"{lead} {item}" if lead else item
        else:
            lead = piece if piece.endswith(":") else ""
            if not lead and len(piece.split()) > 2:
                yield piece


def _section(
    source: Source, key: str, section: Section | DocumentSection, questions: Sequence[str] = ()
) -> Iterator[Passage]:
    heading, path, blocks = section.heading, section.path, section.blocks
    whole = "\n\n".join(blocks)
    texts: list[tuple[PassageKind, str]] = [("section", f"{' / '.join((*path[-2:], heading))}\n{whole}"[:LONGEST])]
    for block in blocks:
        texts.append(("block", block))
        texts += [("sentence", f"{heading}: {sentence}"[:LONGEST]) for sentence in sentences(block)]
    texts += [("alias", question) for question in questions]
    for number, (kind, text) in enumerate(texts):
        yield Passage(id=f"{key}.{number}", source=source, key=key, section=heading, text=text, kind=kind)


def article_passages(article: Article) -> list[Passage]:
    """Of every section of the article."""
    return [
        passage
        for section in article.sections
        for passage in _section("article", section.key, section, section.questions)
    ]


def article_sections(article: Article) -> dict[str, StoredSection]:
    """Every section of the article by its key."""
    return {
        section.key: StoredSection(heading=section.heading, blocks=section.blocks, title=article.title)
        for section in article.sections
    }


def curriculum_sections(curriculum: Curriculum) -> dict[str, StoredSection]:
    """The explanation of every item by its key."""
    return {
        f"curriculum:{item.id}": StoredSection(
            heading=curriculum.leaves[item.leaf].title, blocks=(item.answer,), title=item.id
        )
        for item in curriculum.items.values()
    }


def curriculum_passages(curriculum: Curriculum) -> list[Passage]:
    """The explanation of every item, under the title of its leaf."""
    return [
        Passage(
            id=f"curriculum:{item.id}.{number}",
            source="curriculum",
            key=f"curriculum:{item.id}",
            section=curriculum.leaves[item.leaf].title,
            text=text,
            kind=kind,
        )
        for item in curriculum.items.values()
        for number, (kind, text) in enumerate(
            _explanation(item.answer, item.prompt, curriculum.leaves[item.leaf].title)
        )
    ]


def _explanation(answer: str, prompt: str, title: str) -> Iterator[tuple[PassageKind, str]]:
    yield "section", f"{title}\n{prompt}\n{answer}"[:LONGEST]
    yield "explanation", answer
    for sentence in sentences(answer):
        yield "sentence", f"{title}: {sentence}"[:LONGEST]


def document_passages(document_id: str, parsed: ParsedDocument) -> list[Passage]:
    """Of every section of a document; a section's key is `document:ID:NUMBER`."""
    return [
        passage
        for number, section in enumerate(parsed.sections)
        for passage in _section("documents", f"document:{document_id}:{number}", section)
    ]
