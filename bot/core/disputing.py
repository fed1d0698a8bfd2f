"""Questions in dispute, in chat: anyone pauses one with a reason, administrators resume it or keep it out."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping

from bot.core.admin import Admins
from bot.core.errors import InvalidRequest
from bot.core.guard import clean, redacted, storable
from bot.core.model import (
    Action,
    Block,
    Button,
    Buttons,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Reply,
    Text,
)
from bot.core.ports import Clock, Store
from bot.core.records import Delivery
from bot.core.rulings import LONGEST_REASON, DisputeStep, PausedItem, Step, place_of
from knowledge.model import Curriculum

PAGE = 5
"""Questions a message; each has a row of buttons."""
MOST = 5
"""Questions that one person can have paused in a workspace at a time, so that nobody empties the curriculum."""
_STEPS = 3
_WHAT = "look after disputed questions"
_DONE: Mapping[Step, str] = {"disputed": "Disputed", "resumed": "Resumed", "kept_out": "Kept out"}

Talk = AsyncIterator[Reply]


class Disputing:
    """The conversation about questions that somebody finds unfit."""

    def __init__(self, store: Store, curriculum: Curriculum, clock: Clock, admins: Admins) -> None:
        self._store = store
        self._curriculum = curriculum
        self._clock = clock
        self._admins = admins
        self.phrases: Mapping[str, Callable[[Message], Talk]] = {"disputes": self.disputes}
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "dispute": self._form,
            "disputes": self.disputes,
            "dispute_resume": self._resume,
            "dispute_keep_out": self._keep_out,
        }
        self.forms: Mapping[str, Callable[[FormSubmitted], Talk]] = {"dispute": self._disputed}

    # --- anyone ------------------------------------------------------------------------------

    async def _form(self, action: Action) -> Talk:
        """The form behind *Dispute this question*."""
        await self._delivery(action, action.argument)
        field = Field(
            name="reason",
            label="What is wrong with it?",
            kind="text",
            hint="A wrong number, two right answers, unclear words, …",
            max_length=LONGEST_REASON,
        )
        yield Reply(
            blocks=(Form(name="dispute", title="Dispute a question", fields=(field,), argument=action.argument),)
        )

    async def _disputed(self, form: FormSubmitted) -> Talk:
        delivery = await self._delivery(form, form.argument)
        reason = redacted(clean(storable(form.values.get("reason", ""))))[:LONGEST_REASON]
        if not reason:
            raise InvalidRequest(
                "Without a reason nobody can tell what to repair.",
                next_step="Press Dispute this question again and say in a few words what is wrong.",
            )
        place = place_of(form.where)
        if await self._store.disputes.waiting(place, form.user) >= MOST:
            raise InvalidRequest(
                f"{MOST} questions that you disputed here wait for a decision, which is as many as one person can pause.",
                next_step="Ask an administrator to look at `disputes`.",
            )
        await self._store.disputes.dispute(place, self._step(form, delivery.item_id, "disputed", reason))
        text = (
            "Paused at once: nobody here gets that question until an administrator has decided."
            if form.where.workspace
            else "Paused for you at once; whoever runs me sees your reason."
        )
        yield Reply(blocks=(Text(text=f"{text} You can still answer the one you have."),), private=True)

    async def _delivery(self, inbound: Inbound, delivery_id: str) -> Delivery:
        delivery = await self._store.outbox.get(delivery_id)
        if delivery is None or delivery.target.platform != inbound.user.platform:
            raise InvalidRequest("That prompt is no longer there.", next_step="Say `today` for a new one.")
        return delivery

    def _step(self, inbound: Inbound, item_id: str, step: Step, reason: str = "") -> DisputeStep:
        return DisputeStep(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, inbound.id)),
            item_id=item_id,
            step=step,
            user=inbound.user,
            at=self._clock.now(),
            reason=reason,
        )

    # --- the administrators ------------------------------------------------------------------

    async def disputes(self, inbound: Message | Action) -> Talk:
        """`disputes`: what is paused here, by whom and why, five at a time."""
        self._admins.require(inbound, _WHAT)
        held = await self._store.disputes.listed(place_of(inbound.where))
        argument = inbound.argument if isinstance(inbound, Action) else ""
        first = int(argument) if argument.isdecimal() else 0
        shown = held[first : first + PAGE]
        if not shown:
            text = "That was the last of them." if held else "No question is in dispute here."
            yield Reply(blocks=(Text(text=text),), private=True)
            return
        blocks = [block for number, one in enumerate(shown, start=first + 1) for block in self._shown(number, one)]
        if (left := len(held) - first - len(shown)) > 0:
            more = Button(label=f"{left} more", action="disputes", argument=str(first + PAGE))
            blocks.append(Buttons(items=(more,)))
        yield Reply(blocks=tuple(blocks), private=True)

    def _shown(self, number: int, one: PausedItem) -> list[Block]:
        item = self._curriculum.items.get(one.item_id)
        head = f"{number}. {one.item_id}{' (kept out)' if one.kept_out else ''}"
        begins = f"“{clean(item.prompt)[:200]}”" if item else "It is no longer in the curriculum."
        row = [Button(label=f"Resume {number}", action="dispute_resume", argument=one.item_id, style="primary")]
        if not one.kept_out:
            row.append(Button(label=f"Keep out {number}", action="dispute_keep_out", argument=one.item_id))
        said = [Text(text=_told(step)) for step in one.steps[-_STEPS:]]
        return [
            Text(text=head, emphasis=((0, len(head)),)),
            Text(text=begins, style="quiet"),
            *(
                said
                or [Text(text="Who disputed it was forgotten on request, and the reason with them.", style="quiet")]
            ),
            Buttons(items=tuple(row)),
        ]

    async def _resume(self, action: Action) -> Talk:
        await self._settle(action, "resumed")
        yield Reply(blocks=(Text(text=f"{action.argument} is asked here again."),), private=True)

    async def _keep_out(self, action: Action) -> Talk:
        await self._settle(action, "kept_out")
        text = f"{action.argument} is not asked here any more; `disputes` still lists it, to be resumed."
        yield Reply(blocks=(Text(text=text),), private=True)

    async def _settle(self, action: Action, step: Step) -> None:
        self._admins.require(action, _WHAT)
        if not await self._store.disputes.settle(place_of(action.where), self._step(action, action.argument, step)):
            raise InvalidRequest("That is decided already.", next_step="`disputes` lists what is paused.")


def _told(step: DisputeStep) -> str:
    reason = f": “{step.reason}”" if step.reason else "."
    return f"{_DONE[step.step]} by {step.user.id} on {step.at:%d %B}{reason}"
