"""From passages that were found to sections in order: properties that hold for anything a search may find."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.index.fusion import ALIASED, PLAIN, Found, Fused, Weights, fuse, smooth_maximum, spread

COSINES = st.floats(-1, 1)
KINDS = st.sampled_from(["section", "block", "sentence", "alias", "explanation"])
FOUND = st.builds(
    Found,
    key=st.sampled_from([f"document:d:{number}" for number in range(8)]),
    kind=KINDS,
    text=st.sampled_from(["one", "two"]),
    cosine=st.none() | COSINES,
    keyword=st.floats(0, 1),
)
MANY = st.lists(FOUND, max_size=40)
WEIGHTS = pytest.mark.parametrize("weights", [ALIASED, PLAIN], ids=["aliased", "plain"])


def found(key: str, cosine: float | None = None, keyword: float = 0.0, kind: str = "block") -> Found:
    return Found(key=key, kind=kind, text=f"{key} {kind}", cosine=cosine, keyword=keyword)  # type: ignore[arg-type]


# --- the smooth maximum ----------------------------------------------------------------------


@given(st.lists(COSINES, min_size=1, max_size=200), st.floats(1, 50))
def test_it_lies_between_the_maximum_and_that_of_as_many_equal_ones(cosines: list[float], sharp: float) -> None:
    value = smooth_maximum(cosines, sharp, -1.0)
    assert max(cosines) - 1e-9 <= value <= max(cosines) + math.log(len(cosines)) / sharp + 1e-9


@given(st.lists(COSINES, min_size=1, max_size=20), COSINES)
def test_one_more_never_makes_it_less(cosines: list[float], more: float) -> None:
    assert smooth_maximum([*cosines, more], 10, 0) >= smooth_maximum(cosines, 10, 0)


@given(st.floats(-1, 1))
def test_of_nothing_it_is_the_floor_of_one_that_one(floor: float) -> None:
    assert smooth_maximum([], 10, floor) == floor
    assert smooth_maximum([floor], 10, 0.5) == pytest.approx(floor)


# --- fusing ----------------------------------------------------------------------------------


@WEIGHTS
@given(many=MANY)
def test_every_section_comes_once_with_all_its_passages_best_first(weights: Weights, many: list[Found]) -> None:
    sections = fuse(many, weights)
    assert [section.key for section in sections] == list(dict.fromkeys(section.key for section in sections))
    assert {section.key for section in sections} == {one.key for one in many}
    scores = [section.score for section in sections]
    assert scores == sorted(scores, reverse=True)
    assert all(math.isfinite(score) for score in scores)
    for section in sections:
        mine = [one for one in many if one.key == section.key]
        assert sorted(map(id, section.near)) == sorted(map(id, mine))


@WEIGHTS
@given(many=MANY)
def test_the_order_in_which_passages_come_in_does_not_matter(weights: Weights, many: list[Found]) -> None:
    def scores(some: Sequence[Found]) -> dict[str, float]:
        return {section.key: pytest.approx(section.score) for section in fuse(some, weights)}  # type: ignore[misc]

    assert scores(many) == scores(many[::-1])


@WEIGHTS
@given(many=MANY)
def test_similarities_are_those_of_passages_that_were_found(weights: Weights, many: list[Found]) -> None:
    for section in fuse(many, weights):
        cosines = {one.cosine for one in many if one.cosine is not None}
        assert section.alias_similarity in {*cosines, 0.0}
        assert section.similarity in {*cosines, 0.0}


@WEIGHTS
@given(many=MANY, keyword=st.floats(0.01, 1))
def test_a_shared_word_never_lowers_a_section(weights: Weights, many: list[Found], keyword: float) -> None:
    key = "document:d:0"
    before = {section.key: section.score for section in fuse([*many, found(key)], weights)}
    after = {section.key: section.score for section in fuse([*many, found(key, keyword=keyword)], weights)}
    assert after[key] >= before[key]


def test_the_nearer_passage_wins_and_several_near_ones_beat_one() -> None:
    assert [one.key for one in fuse([found("a", 0.5), found("b", 0.6)], PLAIN)] == ["b", "a"]
    several = [found("a", 0.6), *(found("b", 0.59, kind=kind) for kind in ("block", "sentence"))]
    assert fuse(several, ALIASED)[0].key == "b"


def test_the_article_trusts_its_aliases_a_document_has_none_to_trust() -> None:
    many = [found("a", 0.8, kind="alias"), found("a", 0.2), found("b", 0.6), found("b", 0.2, kind="alias")]
    assert fuse(many, ALIASED)[0].key == "a"
    assert fuse(many, PLAIN)[0].key == "b"


def test_keywords_alone_decide_without_vectors() -> None:
    many = [found("a", keyword=0.5), found("b", keyword=1.0), found("c")]
    for weights in (ALIASED, PLAIN):
        sections = fuse(many, weights)
        assert [one.key for one in sections] == ["b", "a", "c"]
        assert {one.similarity for one in sections} == {0.0}


def test_nothing_found_is_no_section() -> None:
    assert fuse([], PLAIN) == []


# --- spreading -------------------------------------------------------------------------------


def vectors(count: int, seed: int, of: int = 8) -> dict[str, np.ndarray]:
    made = np.random.default_rng(seed).normal(size=(count, of)).astype(np.float32)
    return {f"s{n}": row / np.linalg.norm(row) for n, row in enumerate(made)}


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 2**32 - 1))
def test_all_sections_stay_in_order_of_their_score(count: int, with_vectors: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sections = fuse([found(f"s{n}", float(rng.uniform(-1, 1))) for n in range(count)], PLAIN)
    before = [section.key for section in sections]
    after = spread(sections, vectors(with_vectors, seed))
    assert sorted(one.key for one in after) == sorted(before)
    scores = [one.score for one in after]
    assert scores == sorted(scores, reverse=True)
    assert all(math.isfinite(score) for score in scores)
    bare = [key for key in before if int(key[1:]) >= with_vectors]
    if min(count, with_vectors) > 3:
        assert [one.key for one in after if one.key in bare] == bare, "those without a vector keep their order"


def test_neighbours_of_good_sections_rise_above_lonely_ones() -> None:
    near, far = np.eye(1, 8, 0, dtype=np.float32)[0], np.eye(1, 8, 1, dtype=np.float32)[0]
    wholes = {"best": near, "friend": near, "second": near, "third": near, "lonely": far, "worst": far}
    scores = {"best": 1.0, "second": 0.95, "third": 0.9, "lonely": 0.51, "friend": 0.5, "worst": 0.0}
    sections = [Fused(key=key, score=score) for key, score in scores.items()]
    keys = [one.key for one in spread(sections, wholes)]
    assert keys.index("friend") < keys.index("lonely")
    assert keys[0] == "best"


def test_a_few_sections_are_left_as_they_are() -> None:
    sections = [Fused(key=f"s{n}", score=float(-n)) for n in range(3)]
    assert spread(sections, vectors(3, 1)) == sections
    assert spread([], {}) == []


def test_sections_of_one_score_and_one_vector_divide_by_nothing() -> None:
    same = np.eye(1, 8, 0, dtype=np.float32)[0]
    sections = [Fused(key=f"s{n}", score=0.5) for n in range(6)]
    assert len(spread(sections, {f"s{n}": same for n in range(6)})) == 6
    apart = {f"s{n}": np.eye(1, 8, n, dtype=np.float32)[0] for n in range(6)}
    sections = [Fused(key=f"s{n}", score=0.5) for n in range(6)]
    assert all(math.isfinite(one.score) for one in spread(sections, apart))
