"""How the grader reads an answer: what is denied, what is echoed, what hides behind odd characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answer_text import AnswerText, phrase, words_of
from bot.core.language import is_english, is_shuffled


def denied(text: str, words: str) -> bool:
    answer = AnswerText(text, "")
    places = list(answer.places(phrase(words), 2))
    assert places, f"{words!r} stands in {text!r}"
    return all(answer.denied(*place) for place in places)


@pytest.mark.parametrize(
    "text",
    [
        "It is not the pool exhausted.",
        "It is not true that the requests wait while the pool is exhausted by the job.",
        "It's simply not the case that the pool is exhausted.",
        "I don't think the pool is exhausted.",
        "That is wrong: nobody sees a pool exhausted.",
        "Without the pool exhausted nothing happens.",
        "Look at the disks instead of a pool exhausted.",
        "The pool exhausted is not what we see.",
        "The pool exhausted isn't the cause.",
        "The pool was never exhausted.",
    ],
)
def test_a_phrase_is_denied_before_inside_and_after_it(text: str) -> None:
    assert denied(text, "pool exhausted")


@pytest.mark.parametrize(
    "text",
    [
        "It is not the CPU, the pool is exhausted.",
        "Not the CPU but the pool exhausted.",
        "The CPU is not busy because the pool is exhausted.",
        "Not only is the pool exhausted.",
        "Nothing but the pool exhausted explains it.",
        "This cannot happen without the pool exhausted.",
        "CPU is fine. Pool exhausted.",
        "The pool is exhausted, not the CPU.",
    ],
)
def test_a_negator_reaches_no_further_than_its_clause_and_two_affirm(text: str) -> None:
    assert not denied(text, "pool exhausted")


PROMPT = "Every pod shows its database pool at 20 of 20 in use with 15 requests waiting in line."


@pytest.mark.parametrize(
    "text",
    [
        PROMPT,
        "\u200b".join(PROMPT),
        PROMPT.replace("a", "\u0430").replace("o", "\u043e"),
        PROMPT.upper(),
        f"Yes: {PROMPT} So.",
    ],
    ids=["pasted", "zero-width", "homoglyphs", "shouted", "framed"],
)
def test_the_prompt_given_back_is_echo_however_it_is_dressed(text: str) -> None:
    answer = AnswerText(text, PROMPT)
    assert list(answer.places(phrase("database pool"), 2)) == []
    assert any(True for _ in answer.places(phrase("database pool"), 2, echo=True))


def test_spans_are_places_in_the_text_as_it_was_given() -> None:
    text = "the\u200b po\u200bol is exh\u0430usted"
    (place,) = AnswerText(text, "").places(phrase("pool exhausted"), 2)
    words = words_of(text)
    assert text[words[place[0]].span[0] : words[place[1]].span[1]] == "po\u200bol is exh\u0430usted"


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    answer = AnswerText(text, text[:40])
    for sentence in answer.sentences:
        assert 0 <= sentence.span[0] < sentence.span[1] <= len(text)
    for word in answer.words:
        assert 0 <= word.span[0] < word.span[1] <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "Der Pool ist erschöpft und die Anfragen warten, weil der Job die Zeilen sperrt.",
        "El pool está agotado y las peticiones esperan porque el trabajo bloquea las filas.",
        "Le pool est épuisé et les requêtes attendent que le travail se termine.",
        "пул соединений исчерпан, останови задание",
        "连接池耗尽了,请停止作业",
    ],
)
def test_other_languages_are_told_from_english(text: str) -> None:
    assert not is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "pool exhausted, 20/400 = 50 ms, kill job",
        "pool is exhaust, I think must to stop the job and after make index",
        "SELECT id FROM orders WHERE tenant_id = 42",
        "O(n log n)",
        "naïve café résumé: the façade of the service",
        "",
        "😀",
    ],
)
def test_terse_broken_and_coded_english_passes(text: str) -> None:
    assert is_english(text)


def test_shuffled_words_are_told_from_bad_grammar() -> None:
    assert is_shuffled("the of pool a is job the waits an to for the and lock a the it stop")
    assert is_shuffled("The of pool. A is job the waits an to for.\nThe and lock. A the it stop")
    assert not is_shuffled("Between A and B the link is cut, so A is alone; A and C agree, and A or B may still vote.")
    assert not is_shuffled("SELECT 1 FROM t a WHERE a.x > :a AND a.y = :a AND (a.z < :a OR a.z = :a)")
    assert not is_shuffled("I has made the test and it was fail because the lock, a has been hold by job of the night.")
