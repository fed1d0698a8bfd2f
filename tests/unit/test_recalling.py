"""Three micro-reviews of one tap a step, of what is due and nothing that would give an open prompt away."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.core.errors import InvalidRequest
from bot.core.model import Button, Buttons, Reply, Text, ThreadRef, UserRef
from bot.core.recalling import SITTING, Recalling
from bot.core.review import Card, Rating, replayed
from bot.core.rulings import DisputeStep
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Item, Numeric, Template, Variant
from tests.stores import CURRICULUM, buttons, channel, charged, message, person, press, said, subscribed

ADA, BOB = person("ada"), person("bob")
DAY = timedelta(days=1)
CLOSED = "stays fresh"
START = Button(label="Recall", action="recall")


def _told_apart(item: Item) -> Item:
    """With claims and wordings of its own; the second point weighs more."""
    rubric = tuple(
        replace(point, claim=f"{item.id} says {point.id}.", weight=weight)
        for point, weight in zip(item.rubric, (0.4, 0.6), strict=True)
    )
    return replace(item, rubric=rubric, variants=(Variant(prompt=f"Other wording of {item.id}?", answer="Other"),))


ITEMS = Curriculum(items={name: _told_apart(item) for name, item in CURRICULUM.items.items()}, leaves=CURRICULUM.leaves)


@dataclass(slots=True)
class Talk:
    """Micro-reviews of a store at the clock's time."""

    store: SqlStore
    clock: SimulatedClock
    curriculum: Curriculum = ITEMS

    async def tap(self, button: Button, who: UserRef = ADA, where: ThreadRef | None = None) -> Reply:
        action = press(button, who, where)
        recalling = Recalling(self.store, self.curriculum, self.clock)
        (reply,) = [one async for one in recalling.actions[action.action](action)]
        return reply

    async def say(self, text: str) -> Reply:
        recalling = Recalling(self.store, self.curriculum, self.clock)
        (reply,) = [one async for one in recalling.phrases[text](message(text, ADA))]
        return reply

    async def learner(self, who: UserRef = ADA) -> str:
        return await self.store.subscriptions.learner(who, now=self.clock.now())

    async def knows(self, *names: str, rating: Rating = 1, who: UserRef = ADA) -> None:
        """Rate these now; Again is due tomorrow."""
        for name in names:
            await self.store.reviews.record(
                learner_id=await self.learner(who),
                item_id=name,
                rating=rating,
                kind="prompt",
                delivery_id=f"d-{name}",
                now=self.clock.now(),
            )

    async def cards(self) -> dict[str, Card]:
        return dict(await self.store.reviews.cards(await self.learner()))

    async def micro(self) -> list[tuple[str, int]]:
        rows = (await self.store.privacy.export(ADA)).get("review", [])
        return [(row["item_id"], row["rating"]) for row in rows if row["kind"] == "micro"]

    async def sitting(self, label: str = "Good") -> list[Reply]:
        """Everything said from the first question to the closing sentence."""
        replies = [await self.tap(START)]
        while "Show" in buttons(replies[-1]):
            replies.append(await self.tap(buttons(replies[-1])["Show"]))
            replies.append(await self.tap(buttons(replies[-1])[label]))
        return replies


@pytest.fixture
def talk(sqlite_store: SqlStore, clock: SimulatedClock) -> Talk:
    return Talk(sqlite_store, clock)


def row(reply: Reply) -> list[str]:
    (found,) = [block for block in reply.blocks if isinstance(block, Buttons)]
    return [button.label for button in found.items]


# --- one sitting -----------------------------------------------------------------------------


async def test_a_micro_review_asks_shows_and_is_rated_by_one_tap_each(talk: Talk) -> None:
    await talk.knows("B.X.1")
    talk.clock.instant += DAY
    asked = await talk.tap(START)
    assert row(asked) == ["Show"]
    assert "Other wording of B.X.1?" in said(asked)
    assert "What now?" in said(asked), "the heaviest point first, with the question of its part"
    assert "says" not in said(asked)
    assert not asked.replaces, "the message that offers it stays"
    shown = await talk.tap(buttons(asked)["Show"])
    assert row(shown) == ["Again", "Hard", "Good", "Easy"]
    assert "B.X.1 says r2." in said(shown)
    assert "Other wording of B.X.1?" in said(shown)
    assert "says r1" not in said(shown), "one point, not the whole answer"
    closed = await talk.tap(buttons(shown)["Good"])
    assert CLOSED in said(closed)
    assert not buttons(closed)
    assert shown.replaces
    assert closed.replaces
    card = (await talk.cards())["B.X.1"]
    assert card == replayed("B.X.1", [(talk.clock.now() - DAY, 1), (talk.clock.now(), 3)])
    assert await talk.micro() == [("B.X.1", 3)]


@pytest.mark.parametrize(("label", "rating"), [("Again", 1), ("Hard", 2), ("Good", 3), ("Easy", 4)])
async def test_each_button_is_its_rating(talk: Talk, label: str, rating: int) -> None:
    await talk.knows("B.X.1")
    talk.clock.instant += DAY
    await talk.sitting(label)
    assert await talk.micro() == [("B.X.1", rating)]


async def test_three_are_enough_and_how_many_are_left_is_never_said(talk: Talk) -> None:
    names = list(ITEMS.items)
    await talk.knows(*names)
    talk.clock.instant += DAY
    replies = await talk.sitting()
    assert len(replies) == 2 * SITTING + 1
    assert len({name for name, _ in await talk.micro()}) == SITTING
    (closing,) = replies[-1].blocks
    assert isinstance(closing, Text)
    assert closing.text.count(".") == 1, "one sentence"
    shown = "".join(said(one) for one in replies)
    for name in names:
        shown = shown.replace(name, "").replace("says r1", "").replace("says r2", "")
    assert not any(character.isdigit() for character in shown)
    assert "due" not in shown.split()


async def test_fewer_than_three_end_sooner_with_the_same_sentence(talk: Talk) -> None:
    await talk.knows("B.X.1", "B.X.2")
    talk.clock.instant += DAY
    replies = await talk.sitting()
    assert len(replies) == 5
    assert CLOSED in said(replies[-1])


@pytest.mark.parametrize("text", ["recall", "review"])
async def test_it_begins_by_a_word_too_and_says_when_nothing_is_due(talk: Talk, text: str) -> None:
    assert CLOSED in said(await talk.say(text))
    await talk.knows("B.X.1")
    assert CLOSED in said(await talk.say(text)), "not due before tomorrow"
    talk.clock.instant += DAY
    assert row(await talk.say(text)) == ["Show"]


async def test_the_next_review_is_of_another_point(talk: Talk) -> None:
    await talk.knows("B.X.1")
    claims = []
    for _ in range(3):
        talk.clock.instant += DAY
        claims.append(said((await talk.sitting("Again"))[1]).splitlines()[-2])
    assert [claim[-8:] for claim in claims] == ["says r2.", "says r1.", "says r2."]


async def test_in_a_channel_only_the_asker_sees_it(talk: Talk) -> None:
    await talk.knows("B.X.1")
    talk.clock.instant += DAY
    asked = await talk.tap(START, where=channel())
    shown = await talk.tap(buttons(asked)["Show"], where=channel())
    closed = await talk.tap(buttons(shown)["Good"], where=channel())
    assert asked.private
    assert shown.private
    assert closed.private


# --- repeated and late taps ------------------------------------------------------------------


async def test_a_double_tap_rates_once(talk: Talk) -> None:
    await talk.knows("B.X.1", "B.X.2")
    talk.clock.instant += DAY
    shown = await talk.tap(buttons(await talk.tap(START))["Show"])
    first = await talk.tap(buttons(shown)["Good"])
    second = await talk.tap(buttons(shown)["Good"])
    assert said(first) == said(second)
    assert len(await talk.micro()) == 1


async def test_a_button_of_a_card_that_was_rated_since_rates_nothing(talk: Talk) -> None:
    await talk.knows("B.X.1")
    talk.clock.instant += DAY
    shown = await talk.tap(buttons(await talk.tap(START))["Show"])
    await talk.store.reviews.record(
        learner_id=await talk.learner(),
        item_id="B.X.1",
        rating=4,
        kind="prompt",
        delivery_id="later",
        now=talk.clock.now(),
    )
    before = await talk.cards()
    assert CLOSED in said(await talk.tap(buttons(shown)["Again"]))
    assert await talk.cards() == before


@pytest.mark.parametrize(
    ("action", "argument"),
    [
        ("recall_show", ""),
        ("recall_show", "B.X.1"),
        ("recall_show", "1:x:B.X.1"),
        ("recall_rate", "1:1:B.X.1"),
        ("recall_rate", "5:1:1:B.X.1"),
        ("recall_rate", "0:1:1:B.X.1"),
        ("recall_rate", ""),
    ],
)
async def test_a_button_of_another_version_is_refused_with_a_next_step(talk: Talk, action: str, argument: str) -> None:
    with pytest.raises(InvalidRequest, match="older version"):
        await talk.tap(Button(label="?", action=action, argument=argument))


# --- what is not asked -----------------------------------------------------------------------


async def _all_due_but(talk: Talk, kept_back: str, *, who: UserRef = ADA) -> None:
    """Two cards are due, and only the other one is asked."""
    other = next(name for name in ITEMS.items if name != kept_back)
    await talk.knows(kept_back, other)
    talk.clock.instant += DAY
    replies = await talk.sitting()
    assert len(replies) == 3
    assert kept_back not in said(*replies)
    assert [name for name, _ in await talk.micro()] == [other]


@pytest.mark.parametrize("target", [ADA, channel("general"), channel("elsewhere")])
@pytest.mark.parametrize("status", ["sent", "pending"])
async def test_an_item_that_is_open_today_is_never_given_away(
    talk: Talk, target: UserRef | ThreadRef, status: str
) -> None:
    stream = await subscribed(talk.store, target)
    tomorrow = talk.clock.now() + DAY
    open_, _ = await charged(
        talk.store, stream, local_date=tomorrow.date(), not_before=tomorrow, now=tomorrow, status=status
    )
    other = next(name for name in ITEMS.items if name != open_.item_id)
    await talk.knows(open_.item_id, other)
    talk.clock.instant = tomorrow
    where = channel("general") if isinstance(target, ThreadRef) else None
    asked = await talk.tap(START, where=where)
    assert other in said(asked)
    shown = await talk.tap(buttons(asked)["Show"], where=where)
    closed = await talk.tap(buttons(shown)["Good"], where=where)
    assert open_.item_id not in said(asked, shown, closed)
    assert CLOSED in said(closed)


async def test_a_question_left_standing_does_not_show_what_became_a_prompt_since(talk: Talk) -> None:
    await talk.knows("B.X.2")
    talk.clock.instant += DAY
    asked = await talk.tap(START)
    opened, _ = await charged(
        talk.store, await subscribed(talk.store, ADA), local_date=talk.clock.now().date(), status="sent"
    )
    assert opened.item_id == "B.X.2"
    assert CLOSED in said(await talk.tap(buttons(asked)["Show"]))


async def test_today_is_the_learners_own_day(talk: Talk) -> None:
    """At 23:30 UTC it is tomorrow in Tokyo: the prompt of that day is open, yesterday's is not."""
    stream = await subscribed(talk.store, ADA, zone="Asia/Tokyo")
    there = (talk.clock.now() + DAY).date()
    opened, _ = await charged(talk.store, stream, local_date=there, status="sent")
    await talk.knows(opened.item_id)
    talk.clock.instant += DAY + timedelta(hours=14)
    assert CLOSED in said(await talk.tap(START))
    talk.clock.instant += timedelta(hours=1)
    assert row(await talk.tap(START)) == ["Show"]


async def test_what_somebody_else_knows_is_not_asked(talk: Talk) -> None:
    await talk.knows("B.X.1", who=BOB)
    talk.clock.instant += DAY
    assert CLOSED in said(await talk.tap(START))
    forged = Button(label="?", action="recall_show", argument="1:1:B.X.1")
    assert "says" not in said(await talk.tap(forged)), "nothing of an item that was never learned"


async def test_what_is_not_wanted_is_not_asked(talk: Talk) -> None:
    await talk.store.reviews.add_unwanted(await talk.learner(), "B.X.1", now=talk.clock.now())
    await _all_due_but(talk, "B.X.1")


async def test_what_is_paused_is_not_asked(talk: Talk) -> None:
    step = DisputeStep(id="s", item_id="B.X.1", step="disputed", user=BOB, at=talk.clock.now(), reason="wrong")
    await talk.store.disputes.dispute("memory:w1", step)
    await _all_due_but(talk, "B.X.1")


async def test_what_was_retired_is_not_asked_and_its_card_stays(talk: Talk) -> None:
    await talk.knows("B.X.2")
    talk.clock.instant += DAY
    shown = await talk.tap(buttons(await talk.tap(START))["Show"])
    talk.curriculum = replace(ITEMS, items={name: item for name, item in ITEMS.items.items() if name != "B.X.2"})
    assert CLOSED in said(await talk.tap(START))
    assert CLOSED in said(await talk.tap(buttons(shown)["Good"]))
    assert "B.X.2" in await talk.cards()


# --- wordings --------------------------------------------------------------------------------


async def test_an_item_without_a_variant_is_asked_in_its_own_words(talk: Talk) -> None:
    plain = replace(ITEMS.items["B.X.1"], variants=())
    talk.curriculum = replace(ITEMS, items={**ITEMS.items, "B.X.1": plain})
    await talk.knows("B.X.1")
    talk.clock.instant += DAY
    assert "Prompt B.X.1" in said(await talk.tap(START))


async def test_the_point_is_that_of_the_wording_that_was_asked(talk: Talk) -> None:
    base = ITEMS.items["B.X.1"]
    drawn = Variant(
        prompt="A pool of {pool} and twice as many callers: how many wait?",
        answer="{waiting}",
        rubric=tuple(
            replace(point, claim="{waiting:.0f} of {pool} wait.", numeric=Numeric(value=0, formula="waiting"))
            for point in base.rubric
        ),
        template=Template(draw={"pool": tuple(range(10, 99))}, facts={"waiting": "pool"}),
    )
    talk.curriculum = replace(ITEMS, items={**ITEMS.items, "B.X.1": replace(base, variants=(drawn,))})
    await talk.knows("B.X.1")
    numbers = set()
    for _ in range(2):
        talk.clock.instant += DAY
        asked, shown, _ = await talk.sitting("Again")
        number = said(asked).split("A pool of ")[1].split()[0]
        assert f"{number} of {number} wait." in said(shown)
        numbers.add(number)
    assert len(numbers) == 2, "other numbers each time"


@pytest.mark.parametrize("reps", [1, 2])
async def test_every_item_of_the_curriculum_can_be_recalled(talk: Talk, reps: int) -> None:
    talk.curriculum = load_curriculum()
    await talk.knows(*talk.curriculum.items)
    talk.clock.instant += DAY
    for name, item in talk.curriculum.items.items():
        shown = await talk.tap(Button(label="Show", action="recall_show", argument=f"3:{reps}:{name}"))
        assert row(shown) == ["Again", "Hard", "Good", "Easy"], "every argument is short enough for a button"
        if any(variant.template for variant in item.variants):
            assert not re.search(r"\{[a-z_]+[:}]", said(shown)), name
