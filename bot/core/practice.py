"""Practice prompts in chat: today's prompt, an answer by form or in the thread, hints, the model answer, feedback."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta

from bot.core.balance import DEFAULT_SPLIT
from bot.core.documents import workspace_of
from bot.core.errors import InvalidRequest
from bot.core.exemplars import Taught
from bot.core.feedback import dispute_button, feedback, lesson, refusal
from bot.core.grading import LONGEST, task_of
from bot.core.guard import clean, storable
from bot.core.level import after_placement, is_placed
from bot.core.model import (
    Action,
    Block,
    Buttons,
    Choice,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    MessageRef,
    Reply,
    Text,
    ThreadRef,
    UserRef,
)
from bot.core.ports import Clock, Store
from bot.core.prompts import nudge_key, passages, paused_for, prompt_reply, without, worded
from bot.core.records import Delivery, Grade, Subscription
from bot.core.review import rating_of
from bot.core.rulings import place_of
from bot.core.schedule import WORK_DAYS, fresh_until, zone_of
from bot.core.stream import NOTHING, Learned, draw
from bot.core.subscribing import DEFAULT_TIME, ZoneOf, new_subscription
from knowledge.model import Curriculum, Item, Part

_CONSENT = Field(
    name="quote",
    label="May I quote you, without your name?",
    kind="choice",
    value="no",
    choices=(Choice(value="no", label="No, for me alone"), Choice(value="yes", label="Yes, when it is resolved here")),
)
"""Asked in a channel, whose prompt is resolved for all."""
_IN_TIME = timedelta(hours=12)
"""An answer after that is not rated Easy."""
_ONE_WORD = "One word is too little for me to judge: say it in a sentence."
_NO_TEXT = "I can only read text, so an image or a file tells me nothing: write your answer in a sentence."


class Practising:
    """The conversation about practice prompts."""

    def __init__(
        self, store: Store, curriculum: Curriculum, clock: Clock, profile_zone: ZoneOf, grading: Taught
    ) -> None:
        self._store = store
        self._grading = grading
        self._curriculum = curriculum
        self._clock = clock
        self._profile_zone = profile_zone

    async def _learner(self, user: UserRef) -> str:
        return await self._store.subscriptions.learner(user, now=self._clock.now())

    async def today(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """The prompt of the person's local day; the same one however often it is asked for."""
        now = self._clock.now()
        subscription = await self._own_stream(inbound)
        delivery, fresh = await self.charge(subscription, now=now, due=now, shown=True, where=inbound.where)
        await self._store.subscriptions.touched(subscription.id)
        outbox = self._store.outbox
        own_thread = inbound.where.thread is not None and await outbox.in_thread(inbound.where) is None
        if own_thread and delivery.message is None:  # so that a reply in that thread is known as an answer
            await outbox.settle(delivery.id, "sent", message=MessageRef(thread=inbound.where, id=inbound.id))
        elif not fresh and delivery.status in {"pending", "failed", "dropped", "unknown"}:
            await self._store.outbox.settle(delivery.id, "sent")
        item = self._curriculum.items.get(delivery.item_id)
        if item is None:
            raise InvalidRequest("Today's prompt was retired.", next_step="A new one comes tomorrow.")
        yield prompt_reply(worded(item, delivery.times), self._curriculum, delivery.id)

    async def _own_stream(self, inbound: Inbound) -> Subscription:
        """The person's stream of prompts; one that is not active yet where there was none."""
        if found := await self._store.subscriptions.find(inbound.user):
            return found
        return await self._store.subscriptions.save(
            new_subscription(
                inbound.user,
                await self._learner(inbound.user),
                zone=await self._profile_zone(inbound.user) or "UTC",
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
            local_date=now.astimezone(zone_of(subscription)).date(),
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
        learned = await self._learned(subscription, now)
        if all(name in learned.unwanted for name, item in open_.items.items() if subscription.split[item.category]):
            raise InvalidRequest(
                "You have said “not for me” to every question of your learning split.",
                next_step="Choose another split in `settings`.",
            )
        day = due.astimezone(zone_of(subscription)).date()
        return await self._store.outbox.charge(
            subscription.id,
            key=nudge_key(subscription, day.isoformat()),
            local_date=day,
            not_before=due,
            expires_at=fresh_until(due, subscription),
            status="sent" if shown else "pending",
            now=now,
            draw=lambda stream: draw(open_, subscription.split, stream, learned=learned),
        )

    async def _learned(self, subscription: Subscription, now: datetime) -> Learned:
        """What bears on the choice of an item: nothing for a channel, which is nobody's memory."""
        if subscription.learner_id is None:
            return NOTHING
        reviews = self._store.reviews
        level = await reviews.level(subscription.learner_id)
        return Learned(
            cards=await reviews.cards(subscription.learner_id),
            level=level,
            unwanted=await reviews.unwanted(subscription.learner_id),
            now=now,
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
        return delivery, worded(item, delivery.times)

    async def answer_form(self, action: Action) -> AsyncIterator[Reply]:
        """The form behind an *Answer* button."""
        delivery_id, _, part_id = action.argument.partition(":")
        delivery, item = await self._open(delivery_id)
        part = _part(item, part_id)
        fields = [Field(name="answer", label="Your answer", kind="text", hint=part.ask[:150], max_length=3000)]
        if isinstance(delivery.target, ThreadRef):
            fields.append(_CONSENT)
        yield Reply(blocks=(Form(name="answer", title="Your answer", fields=tuple(fields), argument=action.argument),))

    async def answered_by_form(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """Feedback on an answer that came by form."""
        delivery_id, _, part_id = form.argument.partition(":")
        async for reply in self._graded(form, delivery_id, part_id, form.values.get("answer", "")):
            yield reply
        if form.values.get("quote") == "yes":
            await self._store.practice.allow_quote(form.id)

    async def open_prompt(self, message: Message) -> Delivery | None:
        """The prompt that a statement answers: the one of its thread, or, in private, today's while a part is open."""
        if message.where.thread is not None and (found := await self._store.outbox.in_thread(message.where)):
            return found
        subscription = await self._store.subscriptions.find(message.user) if message.direct else None
        latest = await self._store.outbox.latest(subscription.id) if subscription else None
        if subscription is None or latest is None or subscription.learner_id is None:
            return None
        today = self._clock.now().astimezone(zone_of(subscription)).date()
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
        learner_id, now = await self._learner(inbound.user), self._clock.now()
        answer_id = await self._store.practice.save_answer(
            inbound_id=inbound.id,
            learner_id=learner_id,
            delivery_id=delivery.id,
            item_id=item.id,
            text=text[:LONGEST],
            grade=result,
            now=now,
        )
        await self._rated(delivery, item, part, learner_id, result)
        blocks = feedback(item, part, text, result, answer_id=answer_id, delivery_id=delivery.id)
        yield Reply(blocks=tuple(blocks), private=not inbound.direct)

    async def _rated(self, delivery: Delivery, item: Item, part: Part, learner_id: str, result: Grade) -> None:
        """What an answer says about the learner's memory; a further part never lowers what the first one said."""
        now = self._clock.now()
        await self._store.outbox.touch(delivery.id, now=now)
        if result.abstained:
            return
        hints, revealed = await self._store.practice.help_taken(learner_id=learner_id, delivery_id=delivery.id)
        rating = rating_of(result, hints=hints, revealed=revealed, in_time=now <= delivery.not_before + _IN_TIME)
        reviews = self._store.reviews
        before = await reviews.rating(learner_id=learner_id, delivery_id=delivery.id)
        if before is not None and (part == item.parts[0] or rating <= before):
            return
        await reviews.record(
            learner_id=learner_id, item_id=item.id, rating=rating, kind="prompt", delivery_id=delivery.id, now=now
        )
        level = await reviews.level(learner_id)
        if before is None and not is_placed(level):
            await reviews.set_level(learner_id, after_placement(level, item.level, rating), now=now)

    async def unreadable(self, message: Message, delivery: Delivery) -> AsyncIterator[Reply]:
        """What to say to a message without text where an answer was expected."""
        learner_id = await self._learner(message.user)
        judged = await self._store.practice.judged(learner_id=learner_id, delivery_id=delivery.id)
        _, item = await self._open(delivery.id)
        yield refusal(_NO_TEXT, delivery.id, _open_part(item, judged) or item.parts[-1])

    async def hint(self, action: Action) -> AsyncIterator[Reply]:
        """The next hint that this person has not seen."""
        delivery, item = await self._open(action.argument)
        await self._store.outbox.touch(delivery.id, now=self._clock.now())
        number = await self._store.practice.take_hint(
            learner_id=await self._learner(action.user), delivery_id=delivery.id, available=len(item.hints)
        )
        text = f"Hint {number + 1} of {len(item.hints)}: {item.hints[number]}"
        yield Reply(blocks=(Text(text=text),), private=True)

    async def reveal(self, action: Action) -> AsyncIterator[Reply]:
        """The model answer with its sources."""
        delivery, item = await self._open(action.argument)
        await self._give_up(delivery, item, await self._learner(action.user))
        blocks: list[Block] = [
            Text(text="A good answer", style="heading"),
            *passages(item.answer),
            *lesson(item),
            Buttons(items=(dispute_button(delivery.id),)),
        ]
        yield Reply(blocks=tuple(blocks), private=True)

    async def _give_up(self, delivery: Delivery, item: Item, learner_id: str) -> None:
        """Note that the model answer was seen; before any answer that means the item was not known."""
        now = self._clock.now()
        await self._store.outbox.touch(delivery.id, now=now)
        await self._store.practice.reveal(learner_id=learner_id, delivery_id=delivery.id)
        if await self._store.reviews.rating(learner_id=learner_id, delivery_id=delivery.id) is None:
            await self._store.reviews.record(
                learner_id=learner_id, item_id=item.id, rating=1, kind="prompt", delivery_id=delivery.id, now=now
            )


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
