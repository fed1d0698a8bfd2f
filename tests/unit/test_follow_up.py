"""Questions that mean something only after others: which they are, and which section they point at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.follow_up import Exchange, Place, leans, mixed, pointed_at
from knowledge.loader import load_article

ORDER = [Place(key=section.key, level=section.level) for section in load_article().sections]
KEYS = {section.heading: section.key for section in load_article().sections}
HEADINGS = {key: heading for heading, key in KEYS.items()}


def after(*headings: str) -> list[Exchange]:
    return [Exchange(question=f"about {heading}", section_key=KEYS.get(heading, heading)) for heading in headings]


def pointed(question: str, *headings: str) -> str | None:
    """The heading it points at, after answers from these sections."""
    key = pointed_at(question, after(*headings), ORDER)
    return HEADINGS[key] if key else None


DESIGNER, OPERATOR, BUILDER, SOLVER = (
    "1. System Designer",
    "2. Production Operator",
    "3. AI-Augmented Builder",
    "4. Business Problem Solver",
)
EVOLVING = "The Backend Developer's Role Is Evolving"


@pytest.mark.parametrize(
    "question",
    [
        "and the next one?",
        "next",
        "what\N{RIGHT SINGLE QUOTATION MARK}s next?",
        "And after that?",
        "what comes after this",
        "tell me about the next role",
    ],
)
def test_the_next_one_is_the_section_after_it_at_its_level(question: str) -> None:
    assert pointed(question, DESIGNER) == OPERATOR
    assert pointed(question, "Depth Matters More Than Ever") == "Breadth Still Matters", "not the first one within it"
    assert pointed(question, "Does Tech Stack Still Matter?") == "What About Data Structures and Algorithms?"


@pytest.mark.parametrize("question", ["and the one before?", "what comes before that", "the previous one"])
def test_the_one_before(question: str) -> None:
    assert pointed(question, OPERATOR) == DESIGNER
    assert pointed(question, DESIGNER) is None


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("the first one", DESIGNER),
        ("and the third one?", BUILDER),
        ("explain the second of those", OPERATOR),
        ("what about #4", SOLVER),
        ("number 2 please", OPERATOR),
        ("the last one?", SOLVER),
        ("the second role, in how many words then", OPERATOR),
        ("the sixth one", None),
        ("#0", None),
        ("number 9", None),
    ],
)
def test_an_ordinal_after_the_parent_means_its_children(question: str, heading: str | None) -> None:
    assert pointed(question, EVOLVING) == heading


def test_an_ordinal_after_a_section_without_children_means_its_fellows() -> None:
    assert pointed("and the third one?", DESIGNER) == BUILDER
    assert pointed("the last one", DESIGNER) == SOLVER


@pytest.mark.parametrize("question", ["next", "and the next one?", "what comes after that?"])
def test_nothing_comes_after_the_last(question: str) -> None:
    assert pointed(question, SOLVER) is None
    assert pointed(question, "Final Thoughts") is None


@pytest.mark.parametrize(
    "question",
    [
        "how do I prepare for my next job interview?",
        "what should a junior do next to become a designer?",
        "what was the first programming language?",
        "is following best practices still useful?",
        "what should I learn in the second year?",
        "then what does matter if the stack does not?",
        "does the last deploy matter?",
        "how do I find the third largest number?",
        "should I read the previous chapter before this course?",
        "why does depth matter more now?",
        "and why would anybody who has read all of it up to here still want to hear about the next one?",
    ],
)
@pytest.mark.parametrize("heading", [EVOLVING, DESIGNER, "Depth Matters More Than Ever"])
def test_a_full_question_is_no_pointer(question: str, heading: str) -> None:
    assert pointed(question, heading) is None


def test_without_a_section_before_nothing_is_pointed_at() -> None:
    assert pointed("and the next one?") is None
    assert pointed("and the next one?", "") is None
    assert pointed("and the next one?", DESIGNER, "") == OPERATOR, "a question without an answer changes no subject"
    assert pointed("and the next one?", DESIGNER, "document:1:0") is None, "the talk has moved on to a document"
    assert pointed("and the next one?", DESIGNER, BUILDER) == SOLVER


@given(st.text(max_size=60), st.sampled_from(ORDER))
def test_any_text_points_at_a_section_or_at_none(question: str, place: Place) -> None:
    key = pointed_at(question, [Exchange(question="q", section_key=place.key)], ORDER)
    assert key is None or key in HEADINGS


@pytest.mark.parametrize(
    "question",
    ["why not?", "and for the 20%?", "how come", "is that true?", "what else", "which of those", "such a list?"],
)
def test_a_short_question_with_a_pronoun_leans(question: str) -> None:
    assert leans(question, after(DESIGNER))
    assert not leans(question, []), "there is nothing to lean on"


@pytest.mark.parametrize(
    "question",
    [
        "Why does depth matter more today?",
        "Do companies ask about algorithms in interviews?",
        "and so I wonder, after everything we have said here today, whether that is really the whole story",
    ],
)
def test_a_question_that_stands_alone_does_not(question: str) -> None:
    assert not leans(question, after(DESIGNER))


def test_it_is_mixed_with_the_question_just_before() -> None:
    earlier = [
        Exchange(question="does dsa matter?", section_key=""),
        Exchange(question="and for hiring?", section_key=""),
    ]
    assert mixed("why?", earlier) == "and for hiring? why?"
