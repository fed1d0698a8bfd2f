"""Practice prompts in chat: today's prompt, an answer by form or in the thread, hints, the model answer, feedback."""

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.balance import DEFAULT_SPLIT
from bot.core.documents import workspace_of
from bot.core.errors import InvalidRequest
from bot.core.exemplars import Taught
from bot.core.feedback import dispute_button, emphasis, feedback, part_buttons, refusal
from bot.core.grading import LONGEST, task_of
from bot.core.guard import clean, storable
from bot.core.model import (
    Action,
    Block,
    Buttons,
    Delivery,
    Field,
    Form,
    FormSubmitted,
    Grade,
    Inbound,
    Message,
    MessageRef,
    Reply,
    Subscription,
    Text,
    ThreadRef,
    UserRef,
)
from bot.core.ports import Clock, Store
from bot.core.rulings import Disputes, place_of
from bot.core.schedule import WORK_DAYS
from bot.core.stream import draw
from bot.core.subscribing import DEFAULT_TIME, ZoneOf, new_subscription
from knowledge.model import CATEGORY_TITLES, Curriculum, Item, Part

__all__ = ["FRESH_FOR", "Practising", "emphasis", "nudge_key", "passages", "paused_for", "prompt_reply", "without"]

_FENCE = re.compile(r"^[ ]*```\w*[ ]*\n?", re.MULTILINE)
FRESH_FOR = timedelta(hours=3)
"""A prompt that could not be sent within this time is dropped."""


_ONE_WORD = "One word is too little for me to judge: say it in a sentence."
_NO_TEXT = "I can only read text, so an image or a file tells me nothing: write your answer in a sentence."


def nudge_key(subscription: Subscription, day: str) -> str:
    """The outbox key of a subscription's prompt for a local date (ISO)."""
    return f"nudge:{subscription.id}:{day}"


def passages(text: str) -> Iterator[Text]:
    """The text as blocks: what stands between ``` fences is code."""
    for number, piece in enumerate(_FENCE.split(text)):
        if piece.strip():
            yield Text(text=piece.strip("\n"), style="code" if number % 2 else "plain")


def prompt_reply(item: Item, curriculum: Curriculum, delivery_id: str) -> Reply:
    """The message that opens a prompt."""
    leaf = curriculum.leaves[item.leaf].title
    head = f"{CATEGORY_TITLES[item.category]} · {leaf} · level {item.level} · about {item.minutes} min"
    return Reply(
        blocks=(
            Text(text=head, style="quiet"),
            *passages(item.prompt),
            Buttons(items=part_buttons(delivery_id, item.parts[0])),
        )
    )


def without(curriculum: Curriculum, paused: Collection[str]) -> Curriculum:
    """What of the curriculum may be asked while these items are paused."""
    if not paused:
        return curriculum
    return replace(curriculum, items={name: item for name, item in curriculum.items.items() if name not in paused})


async def paused_for(disputes: Disputes, target: UserRef | ThreadRef, where: ThreadRef | None = None) -> frozenset[str]:
    """The items that a stream's target is not asked, also not in the place `where` it asks for one."""
    own = f"{target.platform}:{target.workspace}"
    places = {own, place_of(where)} if where else {own}
    return await disputes.paused(places, target if isinstance(target, UserRef) else None)


class Practising:
    """The conversation about practice prompts."""

    def __init__(self, store: Store, curriculum: Curriculum, clock: Clock, zone_of: ZoneOf, grading: Taught) -> None:
        self._store = store
        self._grading = grading
        self._curriculum = curriculum
        self._clock = clock
        self._zone_of = zone_of

    async def _learner(self, user: UserRef) -> str:
        return await self._store.subscriptions.learner(user, now=self._clock.now())

    async def today(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """The prompt of the person's local day; the same one however often it is asked for."""
        now = self._clock.now()
        subscription = await self._own_stream(inbound)
        delivery, fresh = await self.charge(subscription, now=now, due=now, shown=True, where=inbound.where)
        outbox = self._store.outbox
        own_thread = inbound.where.thread is not None and await outbox.in_thread(inbound.where) is None
        if own_thread and delivery.message is None:  # so that a reply in that thread is known as an answer
            await outbox.settle(delivery.id, "sent", message=MessageRef(thread=inbound.where, id=inbound.id))
        elif not fresh and delivery.status in {"pending", "failed", "dropped", "unknown"}:
            await self._store.outbox.settle(delivery.id, "sent")
        item = self._curriculum.items.get(delivery.item_id)
        if item is None:
            raise InvalidRequest("Today's prompt was retired.", next_step="A new one comes tomorrow.")
        yield prompt_reply(item, self._curriculum, delivery.id)

    async def _own_stream(self, inbound: Inbound) -> Subscription:
        """The person's stream of prompts; one that is not active yet where there was none."""
        if found := await self._store.subscriptions.find(inbound.user):
            return found
        return await self._store.subscriptions.save(
            new_subscription(
                inbound.user,
                await self._learner(inbound.user),
                zone=await self._zone_of(inbound.user) or "UTC",
                at=DEFAULT_TIME,
                days=WORK_DAYS,
                split=DEFAULT_SPLIT,
            ),
            now=self._clock.now(),
        )

    async def practise(self, action: Action) -> AsyncIterator[Reply]:
        """A prompt on what an answer was about, outside the daily ones: it changes no category's share."""
        item = self._curriculum.items.get(action.argument)
        if item is None:
            raise InvalidRequest("That exercise was retired.", next_step="Say `today` for another one.")
        if item.id in await self.paused(action):
            raise InvalidRequest(
                "That exercise is paused here, because somebody disputed it.", next_step="Say `today` for another one."
            )
        async for reply in self.give(action, item):
            yield reply

    async def give(self, inbound: Inbound, item: Item) -> AsyncIterator[Reply]:
        """The item as a prompt, outside the daily ones."""
        now = self._clock.now()
        subscription = await self._own_stream(inbound)
        delivery = await self._store.outbox.add_extra(
            subscription.id,
            key=f"extra:{subscription.id}:{inbound.id}"[:120],
            local_date=now.astimezone(ZoneInfo(subscription.zone)).date(),
            item_id=item.id,
            category=item.category,
            now=now,
        )
        yield prompt_reply(item, self._curriculum, delivery.id)

    async def paused(self, inbound: Inbound) -> frozenset[str]:
        """The items that this person is not asked here."""
        return await paused_for(self._store.disputes, inbound.user, inbound.where)

    async def shown(self, inbound: Inbound) -> Mapping[str, int]:
        """The items that this person had, with the ordinal of the prompt that showed each last."""
        found = await self._store.subscriptions.find(inbound.user)
        return (await self._store.outbox.stream(found.id)).shown if found else {}

    async def charge(
        self,
        subscription: Subscription,
        *,
        now: datetime,
        due: datetime,
        shown: bool = False,
        where: ThreadRef | None = None,
    ) -> tuple[Delivery, bool]:
        """The delivery of the local day that `due` falls on, drawn and paid for at the first call.

        Raises InvalidRequest while all that could be drawn is paused.
        """
        paused = await paused_for(self._store.disputes, subscription.target, where)
        open_ = without(self._curriculum, paused)
        if not any(subscription.split[item.category] for item in open_.items.values()):
            raise InvalidRequest(
                "Every question of your learning split is paused here.",
                next_step="An administrator can resume them: `disputes`.",
            )
        day = due.astimezone(ZoneInfo(subscription.zone)).date()
        return await self._store.outbox.charge(
            subscription.id,
            key=nudge_key(subscription, day.isoformat()),
            local_date=day,
            not_before=due,
            expires_at=due + FRESH_FOR,
            status="sent" if shown else "pending",
            now=now,
            draw=lambda stream: draw(open_, subscription.split, stream),
        )

    async def _open(self, delivery_id: str) -> tuple[Delivery, Item]:
        delivery = await self._store.outbox.get(delivery_id)
        item = self._curriculum.items.get(delivery.item_id) if delivery else None
        if delivery is None:
            raise InvalidRequest("That prompt is no longer there.", next_step="Say `today` for a new one.")
        if item is None:
            raise InvalidRequest(
                "That question was retired; what you answered to it stays in your history.",
                next_step="Say `today` for a new one.",
            )
        return delivery, item

    async def answer_form(self, action: Action) -> AsyncIterator[Reply]:
        """The form behind an *Answer* button."""
        delivery_id, _, part_id = action.argument.partition(":")
        _, item = await self._open(delivery_id)
        part = _part(item, part_id)
        field = Field(name="answer", label="Your answer", kind="text", hint=part.ask[:150], max_length=3000)
        yield Reply(blocks=(Form(name="answer", title="Your answer", fields=(field,), argument=action.argument),))

    async def answered_by_form(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """Feedback on an answer that came by form."""
        delivery_id, _, part_id = form.argument.partition(":")
        async for reply in self._graded(form, delivery_id, part_id, form.values.get("answer", "")):
            yield reply

    async def open_prompt(self, message: Message) -> Delivery | None:
        """The prompt that a statement answers: the one of its thread, or, in private, today's while a part is open."""
        if message.where.thread is not None and (found := await self._store.outbox.in_thread(message.where)):
            return found
        subscription = await self._store.subscriptions.find(message.user) if message.direct else None
        latest = await self._store.outbox.latest(subscription.id) if subscription else None
        if subscription is None or latest is None or subscription.learner_id is None:
            return None
        today = self._clock.now().astimezone(ZoneInfo(subscription.zone)).date()
        if latest.local_date != today or latest.status != "sent":
            return None
        item = self._curriculum.items.get(latest.item_id)
        judged = await self._store.practice.judged(learner_id=subscription.learner_id, delivery_id=latest.id)
        return latest if item and _open_part(item, judged) else None

    async def answered_in_thread(self, message: Message, delivery: Delivery) -> AsyncIterator[Reply]:
        """Feedback on an answer written in the prompt's thread: to its first part that is not answered yet."""
        learner_id = await self._learner(message.user)
        judged = await self._store.practice.judged(learner_id=learner_id, delivery_id=delivery.id)
        item = self._curriculum.items.get(delivery.item_id)
        part = (_open_part(item, judged) or item.parts[-1]) if item else None
        async for reply in self._graded(message, delivery.id, part.id if part else "", message.text):
            yield reply

    async def _graded(self, inbound: Inbound, delivery_id: str, part_id: str, text: str) -> AsyncIterator[Reply]:
        delivery, item = await self._open(delivery_id)
        text = storable(text)
        part = _part(item, part_id)
        if not clean(text):
            yield Reply(
                blocks=(Text(text="That answer was empty. One sentence is enough; press Answer again."),), private=True
            )
            return
        result = await self._grading.grade(
            text,
            task_of(item).part(part.points, part.ask),
            item_id=item.id,
            place=place_of(inbound.where),
            workspace=workspace_of(inbound.where),
        )
        if why := _not_judged(text, result):
            yield refusal(why, delivery.id, part)
            return
        answer_id = await self._store.practice.save_answer(
            inbound_id=inbound.id,
            learner_id=await self._learner(inbound.user),
            delivery_id=delivery.id,
            item_id=item.id,
            text=text[:LONGEST],
            grade=result,
            now=self._clock.now(),
        )
        blocks = feedback(item, part, text, result, answer_id=answer_id, delivery_id=delivery.id)
        yield Reply(blocks=tuple(blocks), private=not inbound.direct)

    async def unreadable(self, message: Message, delivery: Delivery) -> AsyncIterator[Reply]:
        """What to say to a message without text where an answer was expected."""
        learner_id = await self._learner(message.user)
        judged = await self._store.practice.judged(learner_id=learner_id, delivery_id=delivery.id)
        _, item = await self._open(delivery.id)
        yield refusal(_NO_TEXT, delivery.id, _open_part(item, judged) or item.parts[-1])

    async def hint(self, action: Action) -> AsyncIterator[Reply]:
        """The next hint that this person has not seen."""
        delivery, item = await self._open(action.argument)
        number = await self._store.practice.take_hint(
            learner_id=await self._learner(action.user), delivery_id=delivery.id, available=len(item.hints)
        )
        text = f"Hint {number + 1} of {len(item.hints)}: {item.hints[number]}"
        yield Reply(blocks=(Text(text=text),), private=True)

    async def reveal(self, action: Action) -> AsyncIterator[Reply]:
        """The model answer with its sources."""
        delivery, item = await self._open(action.argument)
        await self._store.practice.reveal(learner_id=await self._learner(action.user), delivery_id=delivery.id)
        blocks: list[Block] = [
            Text(text="A good answer", style="heading"),
            *passages(item.answer),
            Text(text="Often said, and wrong: " + item.misconceptions[0]),
        ]
        if item.follow_up:
            blocks.append(Text(text="Next question: " + item.follow_up))
        blocks += [
            Text(text="Source: " + "; ".join(item.sources), style="quiet"),
            Buttons(items=(dispute_button(delivery.id),)),
        ]
        yield Reply(blocks=tuple(blocks), private=True)


def _open_part(item: Item, judged: Collection[str]) -> Part | None:
    return next((part for part in item.parts if not set(part.points) & set(judged)), None)


def _part(item: Item, part_id: str) -> Part:
    return next((part for part in item.parts if part.id == part_id), item.parts[0])


def _not_judged(text: str, result: Grade) -> str:
    """The sentence to say where nothing of an answer can be judged, which is then not counted; or ""."""
    if result.refused and result.remarks:
        return result.remarks[0]
    words = clean(text).split()
    code = any(character.isdigit() or character in "_()=/" for character in text)
    return _ONE_WORD if len(words) == 1 and not code and not any(one.quote for one in result.points) else ""
