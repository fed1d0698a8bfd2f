"""What a stream shows next."""

import copy
from dataclasses import replace
from itertools import islice

from bot.core.balance import DEFAULT_SPLIT, parse_split
from bot.core.stream import Stream, choose_item, draw, plan
from bot.store.store import SqlStore
from knowledge.loader import load_curriculum
from knowledge.model import CATEGORIES
from tests.stores import CURRICULUM, charged, person, subscribed


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
