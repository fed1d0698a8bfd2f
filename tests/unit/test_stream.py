"""What a stream shows next."""

import copy
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.balance import DEFAULT_SPLIT, parse_split
from bot.core.level import Level
from bot.core.review import Card, rated, retrievability
from bot.core.stream import NOTHING, REST, Learned, Stream, choose_item, draw, plan
from bot.store.store import SqlStore
from knowledge.loader import load_curriculum
from knowledge.model import CATEGORIES, Category, Curriculum, Item
from tests.stores import CURRICULUM, NOW, charged, person, subscribed
from tests.unit.test_balance import always, deviations

DAY = timedelta(days=1)


async def test_plan_is_what_the_outbox_draws(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    drawn = []
    for number in range(30):
        delivery, fresh = await charged(store, stream, key=f"k{number}")
        assert fresh
        drawn.append((delivery.category, delivery.item_id))
    planned = [(one.category, one.item_id) for one in islice(plan(CURRICULUM, DEFAULT_SPLIT, Stream()), 40)]
    assert drawn == planned[:30]
    following = islice(plan(CURRICULUM, DEFAULT_SPLIT, await store.outbox.stream(stream.id)), 10)
    assert [(one.category, one.item_id) for one in following] == planned[30:]


def test_every_item_comes_once_before_any_comes_again() -> None:
    split = parse_split("0/0/100/0")
    drawn = [one.item_id for one in islice(plan(CURRICULUM, split, Stream()), 9)]
    assert sorted(drawn[:3]) == sorted(set(drawn)) == ["D.X.1", "D.X.2", "D.X.3"]
    assert drawn[:3] == drawn[3:6] == drawn[6:], "the one shown longest ago comes first"


def test_easy_comes_before_hard_within_a_leaf() -> None:
    drawn = [one.item_id for one in islice(plan(CURRICULUM, parse_split("0/0/0/100"), Stream()), 3)]
    assert [CURRICULUM.items[name].level for name in drawn] == [1, 2, 2]


def test_the_leaf_served_least_comes_first() -> None:
    curriculum = load_curriculum()
    served: dict[str, int] = {}
    stream = Stream()
    for _ in range(len(curriculum.items)):
        drawn = draw(curriculum, DEFAULT_SPLIT, stream)
        item = curriculum.items[drawn.item_id]
        if item.id in stream.shown:
            break
        open_leaves = {
            one.leaf
            for one in curriculum.items.values()
            if one.category == item.category and one.id not in stream.shown
        }
        assert served.get(item.leaf, 0) == min(served.get(leaf, 0) for leaf in open_leaves)
        served[item.leaf] = served.get(item.leaf, 0) + 1
        stream = replace(
            stream,
            credits=drawn.credits,
            shown={**stream.shown, item.id: stream.count + 1},
            count=stream.count + 1,
        )


def test_drawing_depends_on_its_arguments_alone_and_changes_none() -> None:
    stream = Stream(shown={"B.X.1": 1}, count=1)
    before = copy.deepcopy(stream)
    assert draw(CURRICULUM, DEFAULT_SPLIT, stream) == draw(CURRICULUM, DEFAULT_SPLIT, stream)
    assert stream == before


def test_an_item_that_was_withdrawn_does_not_stop_the_stream() -> None:
    stream = Stream(shown={"B.GONE.1": 1, "B.X.1": 2}, count=2)
    assert choose_item(CURRICULUM, "B", stream).id in {"B.X.2", "B.X.3"}


def test_every_category_of_the_real_curriculum_has_items() -> None:
    assert {item.category for item in load_curriculum().items.values()} == set(CATEGORIES)


# --- with what a learner knows ---------------------------------------------------------------

NAMES = sorted(CURRICULUM.items)
SOME = st.frozensets(st.sampled_from(NAMES))
SHOWN = st.lists(st.sampled_from(NAMES), max_size=40)


def known(**retained: float) -> dict[str, Card]:
    """Cards of category B by number: `n1=5.0` is B.X.1 with a stability of 5 days, all reviewed ten days ago."""
    return {
        f"B.X.{name[1:]}": Card(
            item_id=f"B.X.{name[1:]}",
            stability=days,
            difficulty=5.0,
            due=NOW,
            reviewed_at=NOW - 10 * DAY,
            reps=1,
            lapses=0,
        )
        for name, days in retained.items()
    }


def stream_of(shown: list[str]) -> Stream:
    return Stream(shown={name: ordinal for ordinal, name in enumerate(shown, start=1)}, count=len(shown))


def as_before(curriculum: Curriculum, category: Category, stream: Stream) -> Item:
    """The choice as it is made for nobody in particular."""
    items = [item for item in curriculum.items.values() if item.category == category]
    new = [item for item in items if item.id not in stream.shown]
    if not new:
        return min(items, key=lambda item: (stream.shown[item.id], item.id))
    served = Counter(curriculum.items[name].leaf for name in stream.shown if name in curriculum.items)
    last: dict[str, int] = {}
    for name, ordinal in stream.shown.items():
        branch = name.rsplit(".", 1)[0]
        last[branch] = max(last.get(branch, 0), ordinal)
    return min(new, key=lambda item: (served[item.leaf], item.level, last.get(item.id.rsplit(".", 1)[0], 0), item.id))


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 130))
def test_without_what_is_learned_nothing_changes(rng: random.Random, count: int) -> None:
    curriculum = load_curriculum()
    stream = stream_of(rng.sample(sorted(curriculum.items), min(count, len(curriculum.items))))
    for category in CATEGORIES:
        assert choose_item(curriculum, category, stream) == as_before(curriculum, category, stream)
    drawn = draw(curriculum, DEFAULT_SPLIT, stream)
    assert drawn == draw(curriculum, DEFAULT_SPLIT, stream, learned=NOTHING)
    assert drawn == draw(curriculum, DEFAULT_SPLIT, stream, learned=Learned(level=Level(value=5.0)))
    assert drawn.item_id == as_before(curriculum, drawn.category, stream).id


@pytest.mark.parametrize(
    ("level", "first"), [(1.0, "B.X.2"), (1.5, "B.X.2"), (1.6, "B.X.1"), (2.0, "B.X.1"), (5.0, "B.X.1")]
)
def test_a_new_item_is_the_nearest_to_the_level(level: float, first: str) -> None:
    learned = Learned(level=Level(value=level), now=NOW)
    assert choose_item(CURRICULUM, "B", Stream(), learned).id == first


@settings(max_examples=30, deadline=None)
@given(SHOWN)
def test_somebody_of_whom_nothing_is_known_gets_what_the_plan_says(shown: list[str]) -> None:
    stream, planned = stream_of(shown), plan(CURRICULUM, DEFAULT_SPLIT, stream_of(shown))
    for one in islice(planned, 30):
        assert draw(CURRICULUM, DEFAULT_SPLIT, stream, learned=Learned(now=NOW)) == one
        count = stream.count + 1
        stream = Stream(credits=one.credits, shown={**stream.shown, one.item_id: count}, count=count)


def test_at_the_same_distance_the_leaf_served_least_comes_first() -> None:
    curriculum = load_curriculum()
    learned, stream = Learned(level=Level(value=3.0), now=NOW), Stream()
    served: Counter[str] = Counter()
    for _ in range(12):
        item = choose_item(curriculum, "B", stream, learned)
        open_ = [one for one in curriculum.items.values() if one.category == "B" and one.id not in stream.shown]
        assert item.level == 3
        assert served[item.leaf] == min(served[one.leaf] for one in open_ if one.level == 3)
        served[item.leaf] += 1
        stream = stream_of([*stream.shown, item.id])


def test_what_was_learned_elsewhere_is_not_new() -> None:
    learned = Learned(cards=known(n1=9.0), level=Level(value=2.0), now=NOW)
    assert choose_item(CURRICULUM, "B", Stream(), learned).id == "B.X.3"


def test_a_review_is_what_is_remembered_least() -> None:
    learned = Learned(cards=known(n1=9.0, n2=2.0, n3=90.0), now=NOW)
    assert choose_item(CURRICULUM, "B", Stream(), learned).id == "B.X.2"
    assert (
        choose_item(CURRICULUM, "B", replace(stream_of(["B.X.1", "B.X.3", "B.X.2"]), count=40), learned).id == "B.X.2"
    )


def test_what_was_shown_and_never_rated_comes_before_reviews() -> None:
    stream = replace(stream_of(["B.X.3", "B.X.1", "B.X.2"]), count=40)
    assert choose_item(CURRICULUM, "B", stream, Learned(cards=known(n1=0.1, n2=2.0), now=NOW)).id == "B.X.3"


def test_a_review_rests_before_it_comes_again_unless_it_is_the_only_one() -> None:
    learned = Learned(cards=known(n1=9.0, n2=2.0, n3=90.0), now=NOW)
    stream = Stream(shown={"B.X.2": 20}, count=20 + REST - 1)
    assert choose_item(CURRICULUM, "B", stream, learned).id == "B.X.1"
    assert choose_item(CURRICULUM, "B", replace(stream, count=20 + REST), learned).id == "B.X.2"
    alone = replace(learned, unwanted=frozenset({"B.X.1", "B.X.3"}))
    assert choose_item(CURRICULUM, "B", stream, alone).id == "B.X.2"


@given(SHOWN, SOME, SOME, st.booleans())
def test_an_unwanted_item_is_never_drawn(
    shown: list[str], unwanted: frozenset[str], carded: frozenset[str], with_now: bool
) -> None:
    cards = {name: rated(None, name, 3, NOW - 9 * DAY) for name in carded}
    learned = Learned(cards=cards, unwanted=unwanted, now=NOW if with_now else None)
    left = {CURRICULUM.items[name].category for name in NAMES if name not in unwanted}
    stream = stream_of(shown)
    if not left:
        with pytest.raises(ValueError, match="no category"):
            draw(CURRICULUM, DEFAULT_SPLIT, stream, learned=learned)
        return
    for _ in range(12):
        drawn = draw(CURRICULUM, DEFAULT_SPLIT, stream, learned=learned)
        assert drawn.item_id not in unwanted
        assert drawn.category in left, "a category of which nothing is wanted is empty"
        count = stream.count + 1
        stream = Stream(credits=drawn.credits, shown={**stream.shown, drawn.item_id: count}, count=count)


def test_a_category_of_which_nothing_is_wanted_has_no_item_to_choose() -> None:
    learned = Learned(unwanted=frozenset({"B.X.1", "B.X.2", "B.X.3"}), now=NOW)
    with pytest.raises(ValueError, match="no item of category B"):
        choose_item(CURRICULUM, "B", Stream(), learned)


def test_the_split_holds_for_somebody_who_learns_and_forgets() -> None:
    curriculum, rng = load_curriculum(), random.Random(5)
    stream, now, drawn = Stream(), NOW, []
    cards: dict[str, Card] = {}
    for number in range(2_000):
        level = Level(value=rng.choice((1.0, 2.5, 4.0, 5.0)))
        one = draw(curriculum, DEFAULT_SPLIT, stream, learned=Learned(cards=cards, level=level, now=now))
        drawn.append(one)
        seen = one.item_id in stream.shown
        if seen:
            category = curriculum.items[one.item_id].category
            new = [i for i in curriculum.items.values() if i.category == category and i.id not in stream.shown]
            assert not new, "a review only where nothing is new"
        if rng.random() < 0.7:
            cards[one.item_id] = rated(cards.get(one.item_id), one.item_id, rng.choice((1, 2, 3, 3, 4)), now)
        stream = Stream(credits=one.credits, shown={**stream.shown, one.item_id: number + 1}, count=number + 1)
        now += DAY
    categories = [one.category for one in drawn]
    assert max(deviations(categories, always(DEFAULT_SPLIT))) <= 0.7
    for start in range(0, len(categories), 10):
        assert Counter(categories[start : start + 10]) == {"B": 4, "S": 3, "D": 2, "A": 1}
    assert all(one != following for one, following in pairwise(categories))
    assert all(
        one not in names[max(0, n - REST) : n] for names in [[d.item_id for d in drawn]] for n, one in enumerate(names)
    )


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["n1", "n2", "n3"]), st.floats(0.1, 300), min_size=3))
def test_no_review_of_a_category_is_remembered_less_than_the_one_drawn(retained: dict[str, float]) -> None:
    cards = known(**retained)
    chosen = choose_item(CURRICULUM, "B", Stream(), Learned(cards=cards, now=NOW))
    assert retrievability(cards[chosen.id], NOW) == min(retrievability(card, NOW) for card in cards.values())
