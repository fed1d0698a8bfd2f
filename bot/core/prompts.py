"""A prompt as people see it: the message that opens it, and what may be asked where."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta

from bot.core.feedback import part_buttons
from bot.core.model import Button, Buttons, Reply, Text, ThreadRef, UserRef
from bot.core.records import Subscription
from bot.core.rulings import Disputes, place_of
from knowledge.formulas import filled
from knowledge.model import CATEGORY_TITLES, Curriculum, Item

_FENCE = re.compile(r"^[ ]*```\w*[ ]*\n?", re.MULTILINE)
FRESH_FOR = timedelta(hours=3)
"""A prompt that could not be sent within this time is dropped."""


def nudge_key(subscription: Subscription, day: str) -> str:
    """The outbox key of a subscription's prompt for a local date (ISO)."""
    return f"nudge:{subscription.id}:{day}"


def passages(text: str) -> Iterator[Text]:
    """The text as blocks: what stands between ``` fences is code."""
    for number, piece in enumerate(_FENCE.split(text)):
        if piece.strip():
            yield Text(text=piece.strip("\n"), style="code" if number % 2 else "plain")


def prompt_reply(item: Item, curriculum: Curriculum, delivery_id: str, *, shared: bool = False) -> Reply:
    """The message that opens a prompt; a `shared` one stands in a channel, where nobody can put it off for all."""
    leaf = curriculum.leaves[item.leaf].title
    head = f"{CATEGORY_TITLES[item.category]} · {leaf} · level {item.level} · about {item.minutes} min"
    return Reply(
        blocks=(
            Text(text=head, style="quiet"),
            *passages(item.prompt),
            Buttons(items=(*part_buttons(delivery_id, item.parts[0]), *_steering(delivery_id, shared=shared))),
        )
    )


def _steering(delivery_id: str, *, shared: bool) -> tuple[Button, ...]:
    more = Button(label="More …", action="more", argument=delivery_id)
    return (more,) if shared else (Button(label="Later …", action="later", argument=delivery_id), more)


def worded(item: Item, times: int) -> Item:
    """The item as it is asked after it was asked so many times before: a variant of it, with numbers of its own."""
    if times == 0 or not item.variants:
        return item
    variant = filled(item.variants[(times - 1) % len(item.variants)], seed=times)
    return replace(
        item,
        prompt=variant.prompt,
        answer=variant.answer or item.answer,
        rubric=variant.rubric or item.rubric,
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
