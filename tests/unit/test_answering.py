"""From what a search found to an answer: bands, which source speaks, what is quoted, and what is held back."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.core.answering import SHORT_SECTION, Answering, Asked, merged, quoted
from bot.core.confidence import ARTICLE, DOCUMENTS, confidence
from bot.core.follow_up import Exchange
from bot.core.guard import LONGEST_QUESTION
from bot.core.model import Answer
from knowledge.loader import load_article
from knowledge.model import Retrieval, Scope, SectionHit, Source
from knowledge.ports import Retriever

ALL: tuple[Source, ...] = ("documents", "article", "curriculum")
QUESTION = "does depth matter more nowadays"
"""Of no kind that asks for more than words."""
DEFINITION = "what is a quorum"
HERE = Scope(workspace="memory:w1", channel="general")


@dataclass(slots=True)
class Scripted:
    """A `Retriever` that finds what it is given, by question where there is an entry for it."""

    found: Mapping[Source, Retrieval]
    by_question: dict[str, Mapping[Source, Retrieval]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    scopes: list[Scope | None] = field(default_factory=list)

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        self.asked.append(question)
        self.scopes.append(scope)
        given = self.by_question.get(question, self.found)
        return {source: given.get(source, Retrieval(hits=(), semantic=True)) for source in sources}


_: type[Retriever] = Scripted


def hit(source: Source = "article", number: int = 3, *blocks: str, **given: object) -> SectionHit:
    prefix = {"documents": "document:d1"}.get(source, source)
    values: dict[str, object] = {"score": 1.0, "blocks": blocks or (f"Words of {source} {number}.",), **given}
    return SectionHit(source=source, key=f"{prefix}:{number}", section=f"{source} {number}", **values)  # type: ignore[arg-type]


def found(
    source: Source, sure: float, *hits: SectionHit, question: str = QUESTION, similarity: float = 0.5
) -> Retrieval:
    """What was found, with signals that give exactly this confidence."""
    free = "leaning" if source == "article" else "coverage"
    base = Retrieval(hits=hits or (hit(source),), similarity=similarity, alias_similarity=similarity, semantic=True)
    low, high = -100.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        if confidence(source, question, replace(base, **{free: middle})) < sure:  # type: ignore[arg-type]
            low = middle
        else:
            high = middle
    return replace(base, **{free: high})  # type: ignore[arg-type]


def answering(
    by_question: dict[str, Mapping[Source, Retrieval]] | None = None, **sources: Retrieval
) -> tuple[Answering, Scripted]:
    retriever = Scripted(sources, by_question or {})  # type: ignore[arg-type]
    return Answering(retriever, load_article()), retriever


async def asked(question: str = QUESTION, *, sources: Sequence[Source] = ALL, **given: Retrieval) -> Answer:
    return await answering(**given)[0].answer(Asked(question=question, sources=sources, scope=HERE))


# --- bands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sure", "band"),
    [
        (0.99, "answer"),
        (ARTICLE.answer + 0.001, "answer"),
        (ARTICLE.answer - 0.001, "near"),
        (ARTICLE.near + 0.001, "near"),
        (ARTICLE.near - 0.001, "none"),
    ],
)
async def test_the_confidence_decides_the_band(sure: float, band: str) -> None:
    answer = await asked(article=found("article", sure))
    assert answer.band == band
    assert answer.confidence == pytest.approx(sure, abs=0.001)
    assert bool(answer.quotes) == (band != "none")
    assert [one.key for one in answer.sections] == ["article:3"], "what was considered is told in every band"


async def test_an_answer_is_its_quotes_and_nothing_else() -> None:
    answer = await asked(article=found("article", 0.9, hit("article", 3, "One.", "Two.")))
    assert answer.text == "One.\nTwo."
    assert [quote.text for quote in answer.quotes] == ["One.", "Two."]
    assert {(quote.citation.source, quote.citation.section) for quote in answer.quotes} == {
        ("the article", "article 3")
    }


async def test_near_says_that_it_is_not_said_and_shows_little() -> None:
    near = await asked(article=found("article", 0.3, hit("article", 3, "One.", "Two.", "Three.")))
    assert near.text == "The article does not say that. Closest, from “article 3”:"
    assert [quote.text for quote in near.quotes] == ["One.", "Two."]


async def test_nothing_found_is_nothing_said() -> None:
    answer = await asked()
    assert (answer.band, answer.quotes, answer.sections, answer.confidence) == ("none", (), (), 0.0)
    assert answer.text == "The article does not say anything about that."


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("documents", "Your documents do not say anything about that."),
        ("curriculum", "The practice notes do not say anything about that."),
    ],
)
async def test_what_is_silent_is_what_was_asked(source: Source, sentence: str) -> None:
    assert (await asked(sources=(source,))).text == sentence
    near = await asked(sources=(source,), **{source: found(source, (DOCUMENTS.near + DOCUMENTS.answer) / 2)})
    assert near.text.startswith(sentence.removesuffix(" anything about that."))


async def test_without_vectors_keywords_have_a_measure_of_their_own() -> None:
    words = Retrieval(hits=(hit(),), coverage=1.0)
    assert (await asked(article=words)).band == "answer"
    assert (await asked(article=replace(words, coverage=0.3))).band == "none"


@pytest.mark.parametrize("question", [QUESTION, DEFINITION])
async def test_a_document_that_is_far_is_no_answer_however_alone_it_stands(question: str) -> None:
    alone = Retrieval(hits=(hit("documents"),), similarity=0.2, margin=1.0, coverage=1.0, semantic=True)
    assert (await asked(question, documents=alone)).band == "none"
    apart = replace(alone, similarity=0.3, margin=1.0, coverage=0.0)
    assert (await asked(documents=apart)).band == (await asked(documents=replace(apart, margin=0.4))).band
    assert (await asked(documents=replace(apart, margin=0.4))).confidence == (await asked(documents=apart)).confidence


# --- who speaks ------------------------------------------------------------------------------


async def test_documents_and_the_article_compete_by_confidence() -> None:
    both = {"documents": found("documents", 0.7), "article": found("article", 0.8)}
    assert (await asked(**both)).source == "article"
    assert (await asked(**{**both, "documents": found("documents", 0.9)})).source == "documents"


async def test_a_near_document_does_not_stand_before_an_article_that_answers() -> None:
    below = (DOCUMENTS.near + DOCUMENTS.answer) / 2
    answer = await asked(documents=found("documents", below), article=found("article", ARTICLE.answer + 0.01))
    assert (answer.band, answer.source) == ("answer", "article")


async def test_the_practice_notes_speak_only_where_the_others_are_not_sure() -> None:
    notes = found("curriculum", 0.99)
    assert (await asked(article=found("article", ARTICLE.answer + 0.01), curriculum=notes)).source == "article"
    assert (await asked(article=found("article", ARTICLE.answer - 0.01), curriculum=notes)).source == "curriculum"
    unsure = await asked(article=found("article", 0.3), curriculum=found("curriculum", DOCUMENTS.answer - 0.01))
    assert (unsure.band, unsure.source) == ("near", "article"), "the notes are never what comes near"


async def test_a_definition_comes_from_the_notes_where_they_are_nearer() -> None:
    def of(question: str, notes: float) -> dict[str, Retrieval]:
        return {
            "article": found("article", 0.9, question=question, similarity=0.5),
            "curriculum": found("curriculum", 0.9, question=question, similarity=notes),
        }

    assert (await asked(DEFINITION, **of(DEFINITION, 0.6))).source == "curriculum"
    assert (await asked(DEFINITION, **of(DEFINITION, 0.54))).source == "article", "a little nearer is not enough"
    assert (await asked(QUESTION, **of(QUESTION, 0.9))).source == "article", "it wants nothing defined"


async def test_only_what_was_asked_is_searched_in_the_scope_it_was_asked_in() -> None:
    core, retriever = answering(article=found("article", 0.9), curriculum=found("curriculum", 0.9))
    answer = await core.answer(Asked(question=QUESTION, sources=("curriculum",), scope=HERE))
    assert answer.source == "curriculum"
    assert retriever.scopes == [HERE]


# --- what is held back -----------------------------------------------------------------------


async def test_a_withheld_item_is_never_quoted() -> None:
    given = [hit("curriculum", number, f"Model answer {number}.", score=1.0 / number) for number in (1, 2, 3)]
    for best, withheld in itertools.product(given, ({"1"}, {"2"}, {"1", "2", "3"}, {"9"})):
        hits = (best, *(one for one in given if one is not best))
        core, _ = answering(curriculum=found("curriculum", 0.9, *hits))
        answer = await core.answer(Asked(question=QUESTION, sources=ALL, withheld=withheld))
        shown = answer.text + "".join(one.section for one in answer.sections)
        assert not any(f"Model answer {name}" in shown or f"curriculum {name}" in shown for name in withheld)


async def test_the_next_best_does_not_speak_with_the_confidence_of_a_withheld_one() -> None:
    core, _ = answering(curriculum=found("curriculum", 0.99, hit("curriculum", 1), hit("curriculum", 2, score=0.1)))
    answer = await core.answer(Asked(question=QUESTION, sources=ALL, withheld={"1"}))
    assert (answer.band, answer.quotes) == ("none", ())


async def test_what_is_withheld_of_the_notes_says_nothing_of_the_article() -> None:
    core, _ = answering(article=found("article", 0.9, hit("article", 1)))
    assert (await core.answer(Asked(question=QUESTION, sources=ALL, withheld={"1"}))).band == "answer"


# --- quotes ----------------------------------------------------------------------------------

LONG = tuple(f"Block {number}: " + "x" * 190 for number in range(9))
LISTS = ("Intro. " + "y" * 400, "It needs:\n- one\n- two " + "z" * 300, "Outro. " + "w" * 400)


def test_a_short_section_is_quoted_whole() -> None:
    blocks = ("a" * (SHORT_SECTION // 2), "b" * (SHORT_SECTION // 2))
    assert [quote.text for quote in quoted(hit("article", 1, *blocks, best=1))] == list(blocks)


@pytest.mark.parametrize("best", range(9))
def test_a_long_section_is_cut_to_what_stands_around_the_best_block(best: int) -> None:
    texts = [quote.text for quote in quoted(hit("article", 1, *LONG, best=best))]
    assert LONG[best] in texts
    at = LONG.index(texts[0])
    assert texts == list(LONG[at : at + len(texts)]), "neighbours in reading order"
    assert SHORT_SECTION // 2 <= sum(map(len, texts)) < SHORT_SECTION


@pytest.mark.parametrize("best", range(3))
def test_no_bullet_stands_without_the_line_that_introduces_it(best: int) -> None:
    for quote in quoted(hit("article", 1, *LISTS, best=best)):
        assert quote.text in LISTS
        assert not quote.text.startswith("-")


def test_of_the_article_no_bullet_ever_stands_alone_and_every_quote_is_verbatim() -> None:
    article = load_article()
    for section in article.sections:
        for best in range(len(section.blocks)):
            quotes = quoted(hit("article", 1, *section.blocks, best=best))
            assert quotes
            for quote in quotes:
                assert quote.text in article.text
                assert not quote.text.lstrip().startswith(("-", "*", "•"))


def test_one_block_that_is_longer_than_all_is_quoted_whole() -> None:
    assert [quote.text for quote in quoted(hit("documents", 1, "a" * 5000))] == ["a" * 5000]


def test_a_document_is_cited_with_its_title_and_address_the_article_without() -> None:
    (quote,) = quoted(hit("documents", 1, "Words.", title="Runbook", url="https://wiki.internal/runbook"))
    assert (quote.citation.document, quote.citation.url) == ("Runbook", "https://wiki.internal/runbook")
    assert quote.citation.place == "Runbook: documents 1"
    (quote,) = quoted(hit("article", 1, "Words.", title="The title"))
    assert quote.citation.document == ""


def test_quotes_are_merged_into_one_with_paragraphs_apart() -> None:
    (one,) = merged(quoted(hit("article", 1, "One.", "Two.")))
    assert one.text == "One.\n\nTwo."
    assert merged(()) == []


# --- follow-ups ------------------------------------------------------------------------------


def before(key: str, question: str = "tell me about databases") -> list[Exchange]:
    return [Exchange(question=question, section_key=key)]


def first(*numbers_and_scores: tuple[int, float]) -> list[SectionHit]:
    return [hit("article", number, score=score) for number, score in numbers_and_scores]


async def test_a_follow_up_is_searched_for_with_its_question_too_and_favours_the_section_before() -> None:
    mixture = "tell me about databases and why not?"
    core, retriever = answering(
        {mixture: {"article": found("article", 0.9, *first((10, 1.0), (11, 0.9)), question=mixture)}},
        article=found("article", 0.3, *first((11, 1.0), (10, 0.95)), question="and why not?"),
    )
    answer = await core.answer(Asked(question="and why not?", sources=ALL, earlier=before("article:10")))
    assert retriever.asked == ["and why not?", mixture]
    assert answer.sections[0].key == "article:10"
    assert answer.confidence == pytest.approx(0.9, abs=0.001), "the surer of both"
    other = await core.answer(Asked(question="and why not?", sources=ALL, earlier=before("article:5")))
    assert other.sections[0].key == "article:10", "0.4 of one and 0.6 of the other"


async def test_of_two_that_are_nearly_as_good_the_section_before_is_meant() -> None:
    nearly = found("article", 0.6, *first((11, 1.0), (10, 0.9)), question="and why not?")
    for last, best in (("article:10", "article:10"), ("article:5", "article:11")):
        core, _ = answering(article=nearly)
        answer = await core.answer(Asked(question="and why not?", sources=ALL, earlier=before(last)))
        assert answer.sections[0].key == best


async def test_the_section_before_gives_way_to_one_that_is_clearly_better() -> None:
    clear = found("article", 0.6, *first((11, 2.0), (10, 0.5)), question="and why not?")
    core, _ = answering(article=clear)
    answer = await core.answer(Asked(question="and why not?", sources=ALL, earlier=before("article:10")))
    assert answer.sections[0].key == "article:11"


@pytest.mark.parametrize(
    ("question", "sure"), [(QUESTION, 0.3), ("and why not?", 0.995)], ids=["stands alone", "is sure as it is"]
)
async def test_a_question_that_needs_nothing_before_it_is_asked_once(question: str, sure: float) -> None:
    core, retriever = answering(article=found("article", sure, question=question))
    await core.answer(Asked(question=question, sources=ALL, earlier=before("article:10")))
    assert retriever.asked == [question]


async def test_the_next_one_needs_no_search() -> None:
    core, retriever = answering()
    answer = await core.answer(Asked(question="and the next one?", sources=ALL, earlier=before("article:3")))
    assert (answer.band, answer.sections[0].section) == ("answer", "2. Production Operator")
    assert retriever.asked == []
    assert "\n\n".join(quote.text for quote in answer.quotes) in load_article().text
    silent = await core.answer(Asked(question="and the next one?", sources=("documents",), earlier=before("article:3")))
    assert silent.band == "none", "the article was not asked"


# --- odd questions ---------------------------------------------------------------------------


async def test_a_question_of_any_length_is_cut_before_it_is_searched_for() -> None:
    core, retriever = answering(article=found("article", 0.9))
    assert (await core.answer(Asked(question="why does depth matter? " * 900))).band
    assert len(retriever.asked[0]) == LONGEST_QUESTION


@pytest.mark.parametrize("question", ["", "   ", "\u200b\u2060", "\x00"])
async def test_an_empty_question_has_no_answer_and_does_no_harm(question: str) -> None:
    core, retriever = answering()
    assert (await core.answer(Asked(question=question))).band == "none"
    assert retriever.asked == [""]


async def test_a_secret_is_not_searched_for() -> None:
    core, retriever = answering()
    await core.answer(Asked(question="why is password: hunter2hunter2 refused"))
    assert "hunter2" not in retriever.asked[0]


def test_a_section_is_known_by_its_key() -> None:
    core, _ = answering()
    section = core.section("article:3")
    assert section is not None
    assert section.heading == "1. System Designer"
    assert core.section("article:999") is None
