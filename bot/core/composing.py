"""What a row of the outbox says once it is sent: a prompt, a channel's answers resolved, a question, a digest."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.core.closing import closing_blocks
from bot.core.days_off import is_day_off
from bot.core.model import Button, Buttons, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Store
from bot.core.prompts import paused_for, prompt_reply, worded
from bot.core.records import Delivery, DeliveryKind, Subscription
from knowledge.model import Curriculum

Digest = Callable[[Delivery], Awaitable[Reply | None]]
"""The weekly summary of a stream; None where there is nothing to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message and where it goes."""

    to: ThreadRef | UserRef
    reply: Reply


class Composing:
    """Writes what is due; a sentence instead of a message says why it is dropped."""

    def __init__(self, store: Store, curriculum: Curriculum, digest: Digest) -> None:
        self._store = store
        self._curriculum = curriculum
        self._digest = digest
        self._kinds: Mapping[DeliveryKind, Callable[[Delivery], Awaitable[Composed | str]]] = {
            "nudge": self._prompt,
            "extra": self._prompt,
            "reveal": self._reveal,
            "offer": self._offer,
            "digest": self._prompt,
        }

    async def compose(self, delivery: Delivery) -> Composed | str:
        """The message of a delivery, or why there is none."""
        return await self._kinds[delivery.kind](delivery)

    async def _prompt(self, delivery: Delivery) -> Composed | str:
        item = self._curriculum.items.get(delivery.item_id)
        if item is None:
            return "the item was withdrawn"
        if delivery.contested and item.id in await paused_for(self._store.disputes, delivery.target):
            return "the item is disputed"
        shared = isinstance(delivery.target, ThreadRef)
        asked = worded(item, delivery.times)
        reply = prompt_reply(asked, self._curriculum, delivery.id, shared=shared)
        return Composed(to=delivery.target, reply=await self._with_digest(delivery, reply))

    async def _reveal(self, delivery: Delivery) -> Composed | str:
        prompt = await self._store.outbox.get(delivery.about or "")
        item = self._curriculum.items.get(delivery.item_id)
        if prompt is None or prompt.message is None or item is None:
            return "the prompt it resolves is gone"
        answers = await self._store.practice.answers(prompt.id)
        if not answers:
            return "nobody answered"
        opened = prompt.message.thread
        thread = replace(opened, thread=opened.thread or prompt.message.id)
        return Composed(
            to=thread, reply=Reply(blocks=tuple(closing_blocks(worded(item, prompt.times), prompt.id, answers)))
        )

    async def _offer(self, delivery: Delivery) -> Composed | str:
        row = (
            Button(label="Weekly, please", action="rhythm", argument="weekly", style="primary"),
            Button(label="Keep it daily", action="rhythm", argument="daily"),
        )
        text = "The last three prompts went unanswered. Would one a week suit you better?"
        return Composed(to=delivery.target, reply=Reply(blocks=(Text(text=text), Buttons(items=row))))

    async def _with_digest(self, delivery: Delivery, reply: Reply) -> Reply:
        """The week's first prompt to who wants a digest brings it along, so that it is no message of its own."""
        stream = await self._store.subscriptions.find(delivery.target) if delivery.digest else None
        if stream is None or not stream.digest or not _first_of_week(delivery.local_date, stream):
            return reply
        digest = await self._digest(delivery)
        return replace(reply, blocks=(*digest.blocks, *reply.blocks)) if digest else reply


def _first_of_week(day: date, stream: Subscription) -> bool:
    before = (day - timedelta(days=back) for back in range(1, day.weekday() + 1))
    return all(is_day_off(one, stream) for one in before)
