"""What `coach grade` says of a grade, and what it takes for an answer."""

from pathlib import Path

import pytest

from bot.core.attempting import Attempt
from bot.core.errors import InvalidRequest
from bot.core.grading import Task
from bot.core.records import Grade, PointVerdict, Verdict
from bot.grade_report import Wanted, asked, feedback, read_answer
from knowledge.loader import load_curriculum
from knowledge.model import Part, Point

TASK = Task(prompt="", points=[Point(id="r1", weight=1, claim="It waits.", miss="What does it do?")])


def lines(verdict: Verdict, *, text: str = "It sits and waits.", quote: str = "", **more: object) -> list[str]:
    given = {"score": float(verdict == "hit"), "unsure": 0.0, "abstained": False, **more}
    grade = Grade(points=(PointVerdict(point_id="r1", verdict=verdict, quote=quote),), **given)  # type: ignore[arg-type]
    return list(feedback(TASK, Attempt(grade=grade), text))


def test_a_hit_has_its_words_a_miss_its_hint() -> None:
    assert lines("hit", quote="sits and\nwaits") == ["✓ r1: It waits. — “sits and waits”", "Score: 100%"]
    assert lines("missed") == ["✗ r1: I did not see this one: What does it do?", "Score: 0%"]


def test_who_is_unsure_gives_no_score() -> None:
    assert lines("unsure", quote="sits", unsure=1.0, abstained=True) == [
        "? r1: I am unsure about this one — “sits”: What does it do?",
        "Too much is unsure for a score (100% of the weight).",
    ]


def test_a_contradiction_and_what_was_left_out_are_said() -> None:
    grade = Grade(points=(), score=0.0, unsure=0.0, abstained=False, remarks=("It never runs.",))
    left_out = (Part(id="b", ask="Why?", points=("r2",)),)
    said = list(feedback(TASK, Attempt(grade=grade, left_out=left_out), "It sits."))
    assert said == ["It never runs.", "Not attempted, so not counted: Why?", "Score: 0%"]


def test_what_is_no_answer_gets_one_sentence() -> None:
    assert lines("missed", text="waits") == ["One word is too little for me to judge: say it in a sentence."]
    assert lines("unsure", remarks=("Only English.",), refused=True) == ["Only English."]
    assert len(lines("missed", text="400")) == 2
    assert len(lines("hit", text="waits")) == 2


def test_of_a_long_answer_it_is_said_how_much_was_read() -> None:
    assert lines("hit", text="x " * 5000)[0] == "That is long: I read the first 4,000 characters."


def test_an_item_is_found_in_any_case_and_repeating_a_later_question_is_an_echo() -> None:
    found = asked(load_curriculum(), Wanted(item="s.sca-002", answer="-"))
    assert found.item.id == "S.SCA-002"
    assert found.item.parts[1].ask in found.task.prompt
    assert (
        found.item.parts[1].ask in asked(load_curriculum(), Wanted(item="S.SCA-002", answer="-", part="b")).task.prompt
    )


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xd8\xff", b"GIF89a", b"%PDF-1.7", b"a\x00b", b"\xe9t\xe9"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answer").write_bytes(content)
    with pytest.raises(InvalidRequest):
        read_answer(str(tmp_path / "answer"))


def test_of_a_huge_file_the_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "answer").write_text("é" * 2_000_000, encoding="utf-8")
    assert 400_000 < len(read_answer(str(tmp_path / "answer"))) <= 500_000
