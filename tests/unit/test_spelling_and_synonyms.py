"""What a question's words are taken for: typing errors repaired, nothing else touched; and what they also mean."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.spelling import Spelling
from knowledge.index.synonyms import Synonyms
from knowledge.index.words import STOPWORDS, English, Words
from knowledge.loader import load_synonyms

WORDS = Words()
ENGLISH = English(WORDS)
SOURCE = (
    "idempotency",
    "kubernetes",
    "replication",
    "postgres",
    "observability",
    "tradeoffs",
    "queue",
    "p99",
    "latency",
)
SPELLING = Spelling(ENGLISH, SOURCE)
SYNONYMS = Synonyms([("kubernetes", "k8s", "kube cluster"), ("ai", "llm"), ("c++", "cpp"), ("node", "node.js")], WORDS)

# --- spelling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("idempotancy", "idempotency"),
        ("idempotecny", "idempotency"),
        ("kubernets", "kubernetes"),
        ("kuberentes", "kubernetes"),
        ("obsevrabilty", "observability"),
        ("Kubernets?", "kubernetes?"),
        ("why (postgers)...", "why (postgres)..."),
    ],
)
def test_a_typing_error_becomes_the_word_that_the_sources_use(typed: str, meant: str) -> None:
    assert SPELLING.repaired(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "replication and latency",  # known
        "applications",  # English, two edits from nothing here
        "quite later than the queen",  # English, near "queue" and "latency"
        "Queues are trade-offs",
        "mongodb grafana",  # near nothing
        "marmalade",
        "xidempotency",  # the first letter is seldom the wrong one
        "quue",  # too short to tell
        "p98 q95 k8s",
        "",
        "日本 über \U0001f525 a\u0301b",
    ],
)
def test_what_is_no_typing_error_stays(text: str) -> None:
    assert SPELLING.repaired(text) == text


def test_a_short_word_may_have_one_error_a_long_one_two() -> None:
    assert SPELLING.repaired("latncy") == "latency"
    assert SPELLING.repaired("latny") == "latny"
    assert SPELLING.repaired("idempotnc") == "idempotency"
    assert SPELLING.repaired("idempotn") == "idempotn"


@given(st.text(max_size=80))
def test_repairing_is_done_once_and_changes_nothing_but_words(text: str) -> None:
    repaired = SPELLING.repaired(text)
    assert SPELLING.repaired(repaired) == repaired
    marks = [mark for mark in text if not mark.isalpha()]
    assert [mark for mark in repaired if not mark.isalpha()] == marks


@given(st.lists(st.sampled_from([*SOURCE, *sorted(STOPWORDS)]), max_size=12))
def test_a_question_in_the_sources_own_words_is_never_changed(words: list[str]) -> None:
    text = " ".join(words)
    assert SPELLING.repaired(text) == text


@given(st.sampled_from([word for word in SOURCE if len(word) >= 8]), st.data())
def test_two_letters_changed_places_are_put_right(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(word) - 2))
    typed = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert SPELLING.repaired(typed) in {word, typed if ENGLISH.knows(typed) else word}


def test_without_sources_nothing_is_repaired() -> None:
    assert Spelling(ENGLISH, ()).repaired("idempotancy") == "idempotancy"


# --- synonyms --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Is k8s hard?", {"kubernet", "kube", "cluster"}),
        ("a kube cluster dies", {"kubernet", "k8s"}),
        ("kubernetes on k8s", {"kube", "cluster"}),  # what it says itself is not added
        ("is C++ dead", {"cpp"}),
        ("node.js or node", set()),
        ("ai", {"llm"}),
        ("does it rain in the airport", set()),  # no part of a word counts
        ("k8s2 and my-llms", set()),
        ("", set()),
    ],
)
def test_what_a_question_means_besides_what_it_says(question: str, meant: set[str]) -> None:
    found = SYNONYMS.meant(question)
    assert set(found) == meant
    assert len(found) == len(set(found))


def test_a_later_group_joins_earlier_ones_whose_words_it_has() -> None:
    joined = Synonyms([("k8s", "kubernetes"), ("openshift", "okd"), ("okd", "k8s")], WORDS)
    for one, other in itertools.permutations(("k8s", "kubernetes", "openshift", "okd"), 2):
        assert WORDS.stem(other) in joined.meant(f"what about {one}")


def test_a_teams_words_are_kept_from_the_others() -> None:
    base = [("k8s", "kubernetes")]
    Synonyms([*base, ("kubernetes", "platform")], WORDS)
    assert Synonyms(base, WORDS).meant("k8s") == ["kubernet"]


def test_without_groups_nothing_is_meant() -> None:
    assert Synonyms([], WORDS).meant("k8s") == []


def test_of_the_shipped_words_none_stands_in_two_groups_or_means_nothing() -> None:
    groups = load_synonyms()
    seen: dict[str, int] = {}
    for number, group in enumerate(groups):
        assert len(group) >= 2, group
        for word in group:
            assert word == word.lower().strip(), word
            assert word not in seen, f"{word} stands in two groups"
            assert WORDS.split(word), f"{word} holds no word that is searched for"
            seen[word] = number


@given(st.text(max_size=80))
def test_any_text_has_a_meaning(text: str) -> None:
    said = set(WORDS.split(text))
    assert not said & set(SYNONYMS.meant(text))


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Retries and the retried retry", ["retri", "retri", "retri"]),
        ("C#, C++ and .NET", ["c#", "c++", "net"]),
        ("ci/cd for node.js p99", ["ci/cd", "node.j", "p99"]),
        ("the team\N{RIGHT SINGLE QUOTATION MARK}s queue", ["team", "queue"]),
        ("what is it?", []),
    ],
)
def test_words_and_their_stems(text: str, stems: list[str]) -> None:
    assert WORDS.split(text) == stems
    assert [stem for _, stem in WORDS.pairs(text)] == stems


def test_rare_words_are_rarer() -> None:
    assert 0 <= ENGLISH.rarity("the") < ENGLISH.rarity("queue") < ENGLISH.rarity("idempotency") == 1.0
    assert ENGLISH.knows("queues")
    assert not ENGLISH.knows("kubernetes")
