"""How a channel's prompt is resolved: the spread, what was missed, and only the quotes that were agreed to."""

from hypothesis import given
from hypothesis import strategies as st

from bot.core.closing import closing_blocks
from bot.core.model import Block, Buttons, Text
from bot.core.ports import GivenAnswer
from bot.core.records import Verdict
from knowledge.loader import load_curriculum

ITEM = next(item for item in load_curriculum().items.values() if len(item.parts) > 1)
POINTS = [point.id for point in ITEM.rubric]


def given_answer(learner: str, hits: int, *, text: str = "words", quotable: bool = False) -> GivenAnswer:
    verdicts: dict[str, Verdict] = {point: "hit" if at < hits else "missed" for at, point in enumerate(POINTS)}
    return GivenAnswer(learner_id=learner, text=text, verdicts=verdicts, quotable=quotable)


def said(answers: list[GivenAnswer]) -> str:
    blocks: list[Block] = list(closing_blocks(ITEM, "d1", answers))
    assert isinstance(blocks[-1], Buttons)
    return "\n".join(block.text for block in blocks if isinstance(block, Text))


def test_it_says_how_the_answers_spread_and_what_most_missed() -> None:
    text = said([given_answer("a", len(POINTS)), given_answer("b", len(POINTS) - 1), given_answer("c", 0)])
    assert "3 answered: 1 saw everything, 1 saw at least half, 1 saw less than half." in text
    assert f"Most often missing: {ITEM.rubric[-1].claim}" in text
    assert ITEM.misconceptions[0] in text


def test_nothing_is_missing_where_all_saw_everything() -> None:
    assert "Most often missing" not in said([given_answer("a", len(POINTS))])


def test_a_second_answer_of_a_person_adds_to_the_first() -> None:
    first = GivenAnswer(learner_id="a", text="x", verdicts={POINTS[0]: "hit"}, quotable=False)
    second = GivenAnswer(learner_id="a", text="y", verdicts={POINTS[1]: "missed"}, quotable=False)
    assert "1 answered: 1 saw at least half." in said([first, second])


def test_only_who_agreed_is_quoted_and_the_better_answer_first() -> None:
    answers = [
        given_answer("a", len(POINTS), text="best but private"),
        given_answer("b", 1, text="weak, open", quotable=True),
        given_answer("c", 2, text="stronger, open", quotable=True),
    ]
    text = said(answers)
    assert "“stronger, open”" in text
    assert "private" not in text
    assert "weak" not in text


def test_a_long_quote_ends_at_a_word() -> None:
    text = said([given_answer("a", 1, text="word " * 200, quotable=True)])
    line = next(one for one in text.splitlines() if one.startswith("One of you wrote"))
    assert line.endswith("word …”")
    assert len(line) < 340


@given(st.lists(st.integers(0, len(POINTS)), min_size=1, max_size=12))
def test_everybody_is_counted_once(hits: list[int]) -> None:
    text = said([given_answer(f"p{number}", one) for number, one in enumerate(hits)])
    spread = next(line for line in text.splitlines() if "answered:" in line)
    counts = [int(word) for word in spread.replace(":", "").split() if word.isdigit()]
    assert counts[0] == len(hits) == sum(counts[1:])
