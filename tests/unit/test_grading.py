"""What the first grader sees in an answer, and what it must not be fooled by."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.first_minute import POINTS
from bot.core.grading import grade
from bot.core.records import Grade
from knowledge.model import Contradiction, Numeric, Point

PROMPT = "Checkout is slow: every pod shows its database pool at 20 of 20 in use with 15 requests waiting."


def point(name: str = "r1", *, weight: float = 1.0, **given: object) -> Point:
    return Point(id=name, weight=weight, claim="A claim.", miss="A hint.", **given)  # type: ignore[arg-type]


def judged(answer: str, *points: Point, prompt: str = PROMPT, **given: object) -> Grade:
    result = grade(answer, prompt=prompt, points=points, **given)  # type: ignore[arg-type]
    for one in result.points:
        assert (one.span is None) == (one.quote == "")
        if one.span:
            assert answer[slice(*one.span)] == one.quote
    assert 0 <= result.score <= 1
    return result


def verdict(answer: str, one: Point, *, prompt: str = PROMPT) -> str:
    return judged(answer, one, prompt=prompt).points[0].verdict


POOL = point(hit=("pool exhausted", "out of connections"))


@pytest.mark.parametrize(
    "answer",
    [
        "pool exhausted",
        "The pool is exhausted.",
        "I think the connection POOL was already EXHAUSTED by then",
        "we ran out of the connections",
        "pool-exhausted",
        "It\u2019s the pool \u2013 exhausted.",
    ],
)
def test_a_phrase_is_seen_in_other_forms_and_with_words_between(answer: str) -> None:
    assert verdict(answer, POOL) == "hit"


@pytest.mark.parametrize(
    "answer",
    [
        "exhausted pool",
        "The pool. Exhausted people.",
        "the pool of twenty very busy little workers looks exhausted",
        "carpool exhausted",
        "CPU is high",
    ],
)
def test_other_words_or_another_order_are_no_hit(answer: str) -> None:
    assert verdict(answer, POOL) == "missed"


@pytest.mark.parametrize(
    "answer",
    [
        "The pool is not exhausted.",
        "The pool isn't exhausted.",
        "The pool isn\u2019t exhausted.",
        "I don't think the pool is exhausted.",
        "never is the pool exhausted",
        "without the pool exhausted",
    ],
)
def test_a_negated_phrase_earns_nothing(answer: str) -> None:
    assert verdict(answer, POOL) == "missed"


def test_a_negation_in_the_sentence_before_does_not_count() -> None:
    assert verdict("It is not CPU. The pool is exhausted.", POOL) == "hit"


def test_a_phrase_that_negates_by_itself_is_seen() -> None:
    assert verdict("There are no free connections.", point(hit=("no free connections",))) == "hit"


def test_saying_it_once_negated_and_once_not_is_a_hit_where_it_is_not() -> None:
    answer = "The pool is not exhausted at night. At noon the pool is exhausted."
    (one,) = judged(answer, POOL).points
    assert one.verdict == "hit"
    assert one.span is not None
    assert one.span[0] > 30


def test_an_echo_of_the_prompt_earns_nothing() -> None:
    waiting = point(hit=("requests waiting",))
    assert verdict(PROMPT, waiting) == "missed"
    assert verdict("I see " + PROMPT.lower() + " So what?", waiting) == "missed"
    assert verdict("There are requests waiting for a connection", waiting) == "hit"


def test_an_own_sentence_beside_an_echo_still_counts() -> None:
    assert verdict(PROMPT + " The pool is exhausted.", POOL) == "hit"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("20 ms", "hit"),
        ("0.02 s", "hit"),
        ("20000 µs", "hit"),
        ("20", "hit"),
        ("20.9 ms", "hit"),
        ("22 ms", "missed"),
        ("20 GB", "missed"),
        ("20 s", "missed"),
        ("200 ms", "missed"),
        ("p20", "missed"),
    ],
)
def test_a_number_counts_in_its_unit_and_tolerance(answer: str, expected: str) -> None:
    wanted = point(numeric=Numeric(value=20, unit="ms", tol_rel=0.05))
    assert verdict(answer, wanted, prompt="How long?") == expected


@pytest.mark.parametrize(
    ("answer", "expected"), [("5 rps", "hit"), ("19 rps", "hit"), ("4", "missed"), ("21", "missed")]
)
def test_a_number_within_a_factor(answer: str, expected: str) -> None:
    assert verdict(answer, point(numeric=Numeric(value=10, unit="rps", tol_factor=2.0)), prompt="?") == expected


@pytest.mark.parametrize(("answer", "expected"), [("3", "hit"), ("5", "hit"), ("2.9", "missed"), ("5.1", "missed")])
def test_a_number_in_a_closed_range(answer: str, expected: str) -> None:
    assert verdict(answer, point(numeric=Numeric(value=4, range=(3, 5))), prompt="?") == expected


def test_a_number_given_in_the_prompt_is_not_the_answer_by_chance() -> None:
    wanted = point(numeric=Numeric(value=19, tol_rel=0.1))
    assert verdict("20 of 20", wanted) == "missed"
    assert verdict("it is 19", wanted) == "hit"


def test_a_near_miss_is_no_hit() -> None:
    wanted = point(hit=("larger pool",), not_hit=("no larger pool would help", "larger pool size in the app"))
    assert verdict("a larger pool", wanted) == "hit"
    assert verdict("a larger pool size in the app", wanted) == "missed"


def test_several_phrases_may_be_needed() -> None:
    wanted = point(hit=("retry", "backoff", "jitter"), min_of=2)
    assert verdict("retry", wanted) == "unsure"
    assert verdict("retry with jitter", wanted) == "hit"
    assert verdict("nothing of the kind", wanted) == "missed"
    assert judged("retry", wanted).abstained


def test_a_pattern() -> None:
    wanted = point(pattern=r"O\(n\s*log\s*n\)")
    assert verdict("it is o(n log n)", wanted) == "hit"
    assert verdict("it is O(n)", wanted) == "missed"
    assert verdict("O(n log n)", wanted, prompt="Is it O(n log n)?") == "missed"


def test_the_score_is_the_weight_hit_of_what_was_asked() -> None:
    points = (POOL, point("r2", weight=3.0, hit=("stop the job",)))
    assert judged("pool exhausted", *points).score == 0.25
    assert judged("stop the job", *points).score == 0.75
    assert judged("pool exhausted, stop the job", *points).score == 1
    assert judged("", *points).score == 0


def test_a_contradiction_costs_and_is_answered() -> None:
    wrong = Contradiction(phrases=("add pods",), without=("after that",), penalty=0.4, say="They wait as well.")
    assert judged("pool exhausted", POOL, contradictions=(wrong,)).remarks == ()
    said = judged("pool exhausted, so add pods", POOL, contradictions=(wrong,))
    assert said.remarks == ("They wait as well.",)
    assert said.score == 0.6
    assert judged("pool exhausted, do not add pods", POOL, contradictions=(wrong,)).remarks == ()
    assert judged("add pods, after that test", POOL, contradictions=(wrong,)).remarks == ()
    assert judged("add pods", POOL, contradictions=(wrong,)).score == 0, "never below nothing"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        " ",
        "\n\n",
        "?",
        "—",
        "🔥🔥🔥",
        "İİİ",
        "\x00",
        "\ud800",
    ],
)
def test_nothing_to_read_is_missed_and_no_error(answer: str) -> None:
    assert verdict(answer, POOL) == "missed"


@pytest.mark.parametrize("answer", ["연결 풀이 고갈되었습니다", "пул исчерпан", "الاتصالات"])
def test_another_language_is_not_counted_against_its_author(answer: str) -> None:
    result = judged(answer, POOL)
    assert (result.refused, result.abstained, result.points[0].verdict) == (True, True, "unsure")
    assert "English" in result.remarks[0]


def test_a_letter_that_grows_in_lower_case_shifts_no_span() -> None:
    answer = "İİİİ the pool is exhausted"
    (one,) = judged(answer, POOL).points
    assert one.quote == "pool is exhausted"


def test_ten_thousand_characters_are_read_up_to_the_limit_and_fast() -> None:
    began = time.perf_counter()
    assert verdict("pool exhausted " + "lorem ipsum " * 900, POOL) == "hit"
    assert verdict("x" * 10_000 + " pool exhausted", POOL) == "missed"
    for long in ("1 " * 5000, "a-" * 5000, "." * 10_000, "1,000," * 1600, "pool " * 2000):
        grade(long, prompt=PROMPT, points=(*POINTS, NUMBER, PATTERN))
    assert time.perf_counter() - began < 3


NUMBER = point("n", numeric=Numeric(value=20, unit="ms", tol_rel=0.1))
PATTERN = point("p", pattern=r"O\(n\)|k[- ]?way")
_WORDS = st.sampled_from(
    [
        "pool",
        "exhausted",
        "not",
        "stop",
        "the",
        "job",
        "kill",
        "it",
        "20",
        "ms",
        "1,000",
        "O(n)",
        ".",
        "\n",
        "İ",
        "\u2019",
        "don't",
    ]
)
_ANSWERS = st.one_of(st.text(max_size=300), st.lists(_WORDS, max_size=60).map(" ".join))


@settings(max_examples=300, deadline=None)
@given(answer=_ANSWERS, prompt=_ANSWERS)
@example(answer="pool exhausted İ 20 ms", prompt="")
def test_no_text_breaks_it_and_every_span_quotes_the_answer(answer: str, prompt: str) -> None:
    points = (*POINTS, POOL, NUMBER, PATTERN)
    result = judged(answer, *points, prompt=prompt)
    assert [one.point_id for one in result.points] == [one.id for one in points]
    assert 0 <= result.unsure <= 1
    assert result == grade(answer, prompt=prompt, points=points), "the same answer earns the same grade"


def test_two_forms_of_the_same_words_are_one_phrase() -> None:
    wanted = point(hit=("incremental rehash", "incremental rehashing", "small maps"), min_of=2)
    assert verdict("incremental rehash", wanted) == "unsure"
    assert verdict("incremental rehash over small maps", wanted) == "hit"
