"""Micro-reviews in chat: three times one point of an item that is due, recalled, shown and rated by one tap each."""

import re
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.core.errors import InvalidRequest
from bot.core.model import Action, Block, Button, Buttons, Inbound, Message, Reply, Text
from bot.core.ports import Clock, Store
from bot.core.prompts import passages, paused_for
from bot.core.review import Card, Rating, due_first
from knowledge.formulas import filled
from knowledge.model import Curriculum, Item, Part, Point, Variant

SITTING = 3
"""Micro-reviews at a time."""
RATINGS: tuple[tuple[str, Rating], ...] = (("Again", 1), ("Hard", 2), ("Good", 3), ("Easy", 4))
_STEP = re.compile(r"(?P<number>[1-9]):(?P<reps>\d{1,6}):(?P<item>[A-Za-z0-9._-]{1,40})")
_CLOSING = "That is enough for now: what you know stays fresh."

Talk = AsyncIterator[Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The `number`-th micro-review of a sitting, of a card that had been rated `reps` times when it was drawn."""

    number: int
    reps: int
    item_id: str

    @property
    def argument(self) -> str:
        return f"{self.number}:{self.reps}:{self.item_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What may be recalled now: the learner's cards but for what is open today, paused, retired or not wanted."""

    learner_id: str
    cards: Mapping[str, Card]
    now: datetime


class Recalling:
    """The conversation about micro-reviews; a press is worth one step, however often it is repeated."""

    def __init__(self, store: Store, curriculum: Curriculum, clock: Clock) -> None:
        self._store = store
        self._curriculum = curriculum
        self._clock = clock
        self.phrases: Mapping[str, Callable[[Message], Talk]] = dict.fromkeys(
            ("recall", "review", "reviews"), self._begin
        )
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "recall": self._begin,
            "recall_show": self._show,
            "recall_rate": self._rate,
        }

    async def _begin(self, inbound: Message | Action) -> Talk:
        """The first question of a sitting, in a message of its own."""
        yield self._next(inbound, await self._due(inbound), number=1)

    async def _show(self, action: Action) -> Talk:
        step = _step(action.argument)
        due = await self._due(action)
        if step.item_id in due.cards:
            blocks = (*self._question(step), *self._answer(step))
            yield Reply(blocks=blocks, private=not action.direct, replaces=True)
        else:
            yield self._next(action, due, number=step.number)

    async def _rate(self, action: Action) -> Talk:
        word, _, rest = action.argument.partition(":")
        rating = next((one for _, one in RATINGS if str(one) == word), None)
        if rating is None:
            raise _outdated()
        step = _step(rest)
        due = await self._due(action)
        card = due.cards.get(step.item_id)
        if card is not None and card.reps == step.reps:
            after = await self._store.reviews.record(
                learner_id=due.learner_id,
                item_id=step.item_id,
                rating=rating,
                kind="micro",
                delivery_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{due.learner_id}:{step.item_id}:{step.reps}")),
                now=due.now,
            )
            due = replace(due, cards={**due.cards, step.item_id: after})
        yield self._next(action, due, number=step.number + 1)

    # --- what is due -------------------------------------------------------------------------

    async def _due(self, inbound: Inbound) -> _Due:
        now, store = self._clock.now(), self._store
        learner_id = await store.subscriptions.learner(inbound.user, now=now)
        kept_back = await store.reviews.open_items(learner_id, inbound.where, since=await self._today(inbound, now))
        kept_back |= await store.reviews.unwanted(learner_id)
        kept_back |= await paused_for(store.disputes, inbound.user, inbound.where)
        cards = await store.reviews.cards(learner_id)
        allowed = {
            name: card for name, card in cards.items() if name in self._curriculum.items and name not in kept_back
        }
        return _Due(learner_id=learner_id, cards=allowed, now=now)

    async def _today(self, inbound: Inbound, now: datetime) -> date:
        subscription = await self._store.subscriptions.find(inbound.user)
        return now.astimezone(ZoneInfo(subscription.zone) if subscription else UTC).date()

    # --- what is said ------------------------------------------------------------------------

    def _next(self, inbound: Inbound, due: _Due, *, number: int) -> Reply:
        goes_on = isinstance(inbound, Action) and inbound.action != "recall"
        found = due_first(due.cards.values(), due.now, 1) if number <= SITTING else []
        if not found:
            return Reply(blocks=(Text(text=_CLOSING),), private=not inbound.direct, replaces=goes_on)
        step = _Step(number=number, reps=found[0].reps, item_id=found[0].item_id)
        show = Button(label="Show", action="recall_show", argument=step.argument, style="primary")
        blocks = (*self._question(step), Buttons(items=(show,)))
        return Reply(blocks=blocks, private=not inbound.direct, replaces=goes_on)

    def _question(self, step: _Step) -> list[Block]:
        item = self._curriculum.items[step.item_id]
        worded, part = _worded(item, step.reps), _part(item, _point(item, step.reps))
        head = Text(text=f"Quick recall · {self._curriculum.leaves[item.leaf].title}", style="quiet")
        asked = () if part is item.parts[0] else (Text(text=part.ask),)  # the first one's question ends the prompt
        return [head, *passages(worded.prompt), *asked]

    def _answer(self, step: _Step) -> list[Block]:
        item = self._curriculum.items[step.item_id]
        point = _point(item, step.reps)
        worded = {one.id: one for one in _worded(item, step.reps).rubric}
        claim = worded.get(point.id, point).claim
        row = tuple(
            Button(label=label, action="recall_rate", argument=f"{rating}:{step.argument}") for label, rating in RATINGS
        )
        lead = "One thing a good answer says: "
        text = Text(text=lead + claim, emphasis=((len(lead), len(lead + claim)),))
        return [text, Text(text="Did you have it?"), Buttons(items=row)]


def _worded(item: Item, reps: int) -> Variant:
    """Another wording each time, with other numbers where they are drawn; the item's own if it has no variant."""
    if not item.variants:
        return Variant(prompt=item.prompt, answer=item.answer)
    return filled(item.variants[reps % len(item.variants)], seed=reps)


def _point(item: Item, reps: int) -> Point:
    """One point after the other, the weightiest first; a card that is reviewed was rated once at least."""
    points = sorted(item.rubric, key=lambda point: -point.weight)
    return points[(reps - 1) % len(points)]


def _part(item: Item, point: Point) -> Part:
    return next((part for part in item.parts if point.id in part.points), item.parts[0])


def _step(argument: str) -> _Step:
    match = _STEP.fullmatch(argument)
    if match is None:
        raise _outdated()
    return _Step(number=int(match["number"]), reps=int(match["reps"]), item_id=match["item"])


def _outdated() -> InvalidRequest:
    return InvalidRequest("That button belongs to an older version of me.", next_step="Say `recall`.")
