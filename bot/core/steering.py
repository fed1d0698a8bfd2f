"""What people say about a prompt besides answering it: later, not today, not for me, too easy, "I knew that"."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.core.errors import InvalidRequest
from bot.core.feedback import dispute_button
from bot.core.level import Direction, moved
from bot.core.model import Action, Button, Buttons, Field, Form, FormSubmitted, Reply, Text
from bot.core.ports import Clock, Store
from bot.core.records import Delivery, Subscription
from bot.core.review import Rating
from bot.core.schedule import fresh_until, snoozed_until, zone_of

Talk = AsyncIterator[Reply]

_RATINGS: Mapping[str, Rating] = {"again": 1, "hard": 2, "good": 3, "easy": 4}
_FARTHEST = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    delivery: Delivery
    learner_id: str


class Steering:
    """The conversation about prompts and how they suit."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "more": self._more,
            "later": self._later,
            "snooze": self._snooze,
            "snooze_day": self._ask_day,
            "skip": self._skip,
            "unwanted": self._unwanted,
            "wanted": self._wanted,
            "level": self._level,
            "rate_myself": self._ask_rating,
            "rated": self._rated,
        }
        self.forms: Mapping[str, Callable[[FormSubmitted], Talk]] = {"snooze_day": self._snoozed_to_day}

    async def _open(self, inbound: Action | FormSubmitted, delivery_id: str) -> _Opened:
        delivery = await self._store.outbox.get(delivery_id)
        if delivery is None:
            raise InvalidRequest("That prompt is no longer there.", next_step="Say `today` for a new one.")
        await self._store.outbox.touch(delivery.id, now=self._clock.now())
        learner = await self._store.subscriptions.learner(inbound.user, now=self._clock.now())
        return _Opened(delivery=delivery, learner_id=learner)

    async def _more(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        name = found.delivery.id
        row = [
            Button(label="Not for me", action="unwanted", argument=name),
            Button(label="Too easy", action="level", argument=f"{name}:easy"),
            Button(label="Too hard", action="level", argument=f"{name}:hard"),
            dispute_button(name),
        ]
        if found.delivery.target == action.user:
            row.insert(0, Button(label="Skip it", action="skip", argument=name))
        yield Reply(blocks=(Text(text="What about this prompt?"), Buttons(items=tuple(row))), private=True)

    # --- later -------------------------------------------------------------------------------

    async def _later(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        name = found.delivery.id
        yield Reply(
            blocks=(
                Text(text="When shall I bring it back?"),
                Buttons(
                    items=(
                        Button(label="In an hour", action="snooze", argument=f"{name}:1h"),
                        Button(label="Tomorrow", action="snooze", argument=f"{name}:tomorrow"),
                        Button(label="Another day …", action="snooze_day", argument=name, opens_form=True),
                        Button(label="Skip it", action="skip", argument=name),
                    )
                ),
            ),
            private=True,
        )

    async def _snooze(self, action: Action) -> Talk:
        name, _, word = action.argument.partition(":")
        yield await self._put_off(await self._open(action, name), action, word)

    async def _ask_day(self, action: Action) -> Talk:
        field = Field(name="day", label="Which day?", hint="2026-12-24", max_length=10)
        yield Reply(blocks=(Form(name="snooze_day", title="Bring it back", fields=(field,), argument=action.argument),))

    async def _snoozed_to_day(self, form: FormSubmitted) -> Talk:
        yield await self._put_off(await self._open(form, form.argument), form, form.values.get("day", "").strip())

    async def _put_off(self, found: _Opened, inbound: Action | FormSubmitted, word: str) -> Reply:
        stream = await self._own_stream(found, inbound)
        now = self._clock.now()
        until = snoozed_until(word, now, stream)
        if until > now + _FARTHEST:
            raise InvalidRequest(
                "That is more than two months away.", next_step="Choose a nearer day, or skip this prompt."
            )
        if not await self._store.outbox.snooze(
            found.delivery.id, until=until, expires_at=fresh_until(until, stream), now=now
        ):
            raise InvalidRequest("That prompt is on its way right now.", next_step="Press Later again in a minute.")
        local = until.astimezone(zone_of(stream))
        when = (
            f"at {local:%H:%M}"
            if local.date() == now.astimezone(zone_of(stream)).date()
            else f"{local:%A %d %B, %H:%M}"
        )
        return Reply(blocks=(Text(text=f"It comes back {when}."),), private=True)

    async def _own_stream(self, found: _Opened, inbound: Action | FormSubmitted) -> Subscription:
        stream = await self._store.subscriptions.find(inbound.user)
        if stream is None or stream.id != found.delivery.subscription_id:
            raise InvalidRequest(
                "This prompt belongs to the channel, so one person cannot put it off.",
                next_step="Answer it any time today; nobody waits for you.",
            )
        return stream

    # --- not this one ------------------------------------------------------------------------

    async def _skip(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        await self._own_stream(found, action)
        await self._store.outbox.touch(found.delivery.id, now=self._clock.now(), skipped=True)
        yield Reply(blocks=(Text(text="Skipped. The next one comes as planned."),), private=True)

    async def _unwanted(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        await self._store.reviews.add_unwanted(found.learner_id, found.delivery.item_id, now=self._clock.now())
        yield Reply(
            blocks=(
                Text(text="Noted: I will not ask you this one again."),
                Buttons(items=(Button(label="Undo", action="wanted", argument=found.delivery.id),)),
            ),
            private=True,
        )

    async def _wanted(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        await self._store.reviews.remove_unwanted(found.learner_id, found.delivery.item_id)
        yield Reply(blocks=(Text(text="Fine, it may come again."),), private=True)

    async def _level(self, action: Action) -> Talk:
        name, _, word = action.argument.partition(":")
        found = await self._open(action, name)
        direction: Direction = "easier" if word == "hard" else "harder"
        before = await self._store.reviews.level(found.learner_id)
        await self._store.reviews.set_level(found.learner_id, moved(before, direction), now=self._clock.now())
        text = "I will choose easier ones from now on." if direction == "easier" else "Harder ones from now on, then."
        yield Reply(blocks=(Text(text=text),), private=True)

    # --- one's own rating --------------------------------------------------------------------

    async def _ask_rating(self, action: Action) -> Talk:
        found = await self._open(action, action.argument)
        row = tuple(
            Button(label=word.title(), action="rated", argument=f"{found.delivery.id}:{word}") for word in _RATINGS
        )
        yield Reply(
            blocks=(
                Text(text="How well did you know it? Your word counts for when it comes back."),
                Buttons(items=row),
            ),
            private=True,
        )

    async def _rated(self, action: Action) -> Talk:
        name, _, word = action.argument.partition(":")
        found = await self._open(action, name)
        rating = _RATINGS.get(word)
        if rating is None:
            raise InvalidRequest("That rating is not one of mine.", next_step="Press one of the four buttons.")
        now = self._clock.now()
        card = await self._store.reviews.override(
            learner_id=found.learner_id, delivery_id=name, rating=rating, now=now
        ) or await self._store.reviews.record(
            learner_id=found.learner_id,
            item_id=found.delivery.item_id,
            rating=rating,
            kind="prompt",
            delivery_id=name,
            now=now,
        )
        days = max(1, round((card.due - now) / timedelta(days=1)))
        yield Reply(
            blocks=(Text(text=f"Noted as “{word}”. It comes back in about {days} day{'s' if days > 1 else ''}."),),
            private=True,
        )
