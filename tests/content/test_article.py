"""The article as we ship it is the article as it was given: headings are marked, nothing else."""

import re
from pathlib import Path

import pytest

from knowledge.loader import FOLDER, load_article
from knowledge.passages import article_passages

ARTICLE = load_article()
_MARK = re.compile(r"^#{1,6} ")


def _given(shared: Path) -> str:
    return (shared / "data" / "article.txt").read_text(encoding="utf-8")


def _body() -> str:
    return (FOLDER / "article.md").read_text(encoding="utf-8").split("---\n", 2)[2]


@pytest.mark.shared
def test_every_line_is_the_one_that_was_given(shared: Path) -> None:
    ours = [_MARK.sub("", line) for line in _body().splitlines() if line.strip()]
    assert ours == [line for line in _given(shared).splitlines() if line.strip()]


@pytest.mark.shared
def test_every_block_stands_word_for_word_in_the_given_text(shared: Path) -> None:
    given = _given(shared)
    for section in ARTICLE.sections:
        assert section.heading in given
        for block in section.blocks:
            assert block in given, (section.heading, block)


def test_every_block_stands_word_for_word_in_ours() -> None:
    for section in ARTICLE.sections:
        for block in section.blocks:
            assert block in ARTICLE.text, (section.heading, block)
            assert block == block.strip()


def test_the_sections_hold_the_whole_text_in_order() -> None:
    lines = [line for section in ARTICLE.sections for block in section.blocks for line in block.splitlines()]
    kept = [line for line in _body().splitlines() if line.strip() and not _MARK.match(line)]
    assert lines == kept


def test_headings_are_known_by_their_own_name() -> None:
    headings = [section.heading for section in ARTICLE.sections]
    assert len(headings) == len(set(headings)) == 20
    marked = [_MARK.sub("", line) for line in _body().splitlines() if _MARK.match(line)]
    assert [one for one in marked if one in headings] == list(dict.fromkeys(headings))


def test_a_heading_knows_those_above_it() -> None:
    paths = {section.heading: (section.level, section.path) for section in ARTICLE.sections}
    assert paths["Databases"] == (4, ("Depth vs Breadth in the AI Era", "Depth Matters More Than Ever"))
    assert paths["Breadth Still Matters"] == (3, ("Depth vs Breadth in the AI Era",))
    assert paths["Final Thoughts"] == (2, ())


def test_what_is_searched_for_quotes_is_verbatim() -> None:
    passages = article_passages(ARTICLE)
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        if passage.kind == "block":
            assert passage.text in ARTICLE.text
