"""Verdicts in dispute, in chat: a learner contests one, an administrator agrees, declines or corrects another."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from bot.core.admin import Admins
from bot.core.errors import InvalidRequest
from bot.core.exemplars import exemplar_of, sentence_for
from bot.core.model import Action, Block, Button, Buttons, Message, Reply, Table, Text, UserRef
from bot.core.ports import Clock, Store
from bot.core.records import Verdict
from bot.core.rulings import Judged, Ruled, Ruling, place_of
from bot.core.telling import Tell
from knowledge.model import Curriculum, Item, Point
from knowledge.ports import Embedder

PAGE = 5
"""Verdicts a message; each has a row of buttons."""
_LOGGED = 15
_WHAT = "look after contested verdicts"
_SEEN: Mapping[Verdict, str] = {"hit": "seen", "missed": "not seen", "unsure": "unsure"}

Talk = AsyncIterator[Reply]


class Correcting:
    """The conversation about verdicts."""

    def __init__(
        self,
        store: Store,
        curriculum: Curriculum,
        clock: Clock,
        admins: Admins,
        tell: Tell,
        *,
        embedder: Embedder | None = None,
    ) -> None:
        self._store = store
        self._curriculum = curriculum
        self._clock = clock
        self._admins = admins
        self._tell = tell
        self._embedder = embedder
        self.phrases: Mapping[str, Callable[[Message], Talk]] = {"corrections": self.corrections}
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "contest": self.contest,
            "corrections": self.corrections,
            "correct_hit": self._agree,
            "correct_missed": self._decline,
            "correct_all": self._all_points,
            "correct_log": self._log,
        }

    def _point(self, one: Judged) -> tuple[Item, Point]:
        """Raises InvalidRequest for a question that was retired, or a point that it no longer has."""
        item = self._curriculum.items.get(one.item_id)
        point = next((point for point in item.rubric if point.id == one.point_id), None) if item else None
        if item is None or point is None:
            raise InvalidRequest(
                "That question was retired or rewritten, so there is nothing left to rule on.",
                next_step="`corrections` lists what is still open.",
            )
        return item, point

    # --- the learner -------------------------------------------------------------------------

    async def contest(self, action: Action) -> Talk:
        """*I did say 1*: the verdict goes to the workspace's administrators, with the sentence that is meant."""
        answer_id, _, point_id = action.argument.partition(":")
        now = self._clock.now()
        learner_id = await self._store.subscriptions.learner(action.user, now=now)
        mine = await self._store.corrections.own(learner_id=learner_id, answer_id=answer_id)
        found = next((one for one in mine if one.point_id == point_id), None)
        if found is None:
            text = "I do not find that answer any more; it may have been forgotten on request."
        elif found.ruled:
            text = "An administrator has ruled on that one already; ask them in person if it still seems wrong."
        else:
            _, point = self._point(found)
            sentence = await sentence_for(found.text, point, found.quote, self._embedder)
            await self._store.practice.contest(
                learner_id=learner_id,
                answer_id=answer_id,
                point_id=point_id,
                place=place_of(action.where),
                sentence=sentence,
                now=now,
            )
            text = (
                f"Noted: you did say it, with “{sentence}”. The administrators here can look at that answer now,"
                " without your name, and I tell you what they decide."
            )
        yield Reply(blocks=(Text(text=text),), private=True)

    # --- the administrators ------------------------------------------------------------------

    async def corrections(self, inbound: Message | Action) -> Talk:
        """`corrections`: the contested verdicts, five at a time; never whose they are."""
        self._admins.require(inbound, _WHAT)
        waiting = [one for one in await self._store.corrections.contested(place_of(inbound.where)) if self._known(one)]
        argument = inbound.argument if isinstance(inbound, Action) else ""
        first = int(argument) if argument.isdecimal() else 0
        shown = waiting[first : first + PAGE]
        blocks: list[Block] = []
        if not shown:
            blocks.append(Text(text="That was the last of them." if waiting else "No verdict is contested here."))
        for number, one in enumerate(shown, start=first + 1):
            blocks += self._contested(number, one)
        row = [Button(label="What was decided", action="correct_log")]
        if (left := len(waiting) - first - len(shown)) > 0:
            row.insert(0, Button(label=f"{left} more", action="corrections", argument=str(first + PAGE)))
        yield Reply(blocks=(*blocks, Buttons(items=tuple(row))), private=True)

    def _known(self, one: Judged) -> bool:
        item = self._curriculum.items.get(one.item_id)
        return item is not None and any(point.id == one.point_id for point in item.rubric)

    def _contested(self, number: int, one: Judged) -> list[Block]:
        _, point = self._point(one)
        argument = f"{one.answer_id}:{one.point_id}"
        head = f"{number}. {point.claim}"
        return [
            Text(text=head, emphasis=((0, len(head)),)),
            Text(text=f"{one.item_id}, point {one.point_id}. I judged: {_SEEN[one.verdict]}.", style="quiet"),
            Text(text=f"Said: “{one.sentence}”"),
            Buttons(
                items=(
                    Button(label=f"Agree {number}", action="correct_hit", argument=argument, style="primary"),
                    Button(label=f"Decline {number}", action="correct_missed", argument=argument),
                    Button(label=f"Whole answer {number}", action="correct_all", argument=one.answer_id),
                )
            ),
        ]

    async def _all_points(self, action: Action) -> Talk:
        """The whole answer with all its verdicts, each to be corrected by one tap."""
        self._admins.require(action, _WHAT)
        held = await self._store.corrections.verdicts(place_of(action.where), action.argument)
        held = [one for one in held if self._known(one)]
        if not held:
            raise _gone()
        blocks: list[Block] = [
            Text(text=f"The answer to {held[0].item_id}:", style="quiet"),
            Text(text=held[0].text[:1500]),
        ]
        for number, one in enumerate(held, start=1):
            _, point = self._point(one)
            quote = f" in “{one.quote[:200]}”" if one.quote else ""
            blocks.append(Text(text=f"{number}. {point.claim} ({_SEEN[one.verdict]}{quote})"))
        buttons = [button for number, one in enumerate(held, start=1) for button in _turning(number, one)]
        blocks += [Buttons(items=tuple(buttons[at : at + 4])) for at in range(0, len(buttons), 4)]
        yield Reply(blocks=tuple(blocks), private=True)

    async def _agree(self, action: Action) -> Talk:
        async for reply in self._ruled(action, "hit"):
            yield reply

    async def _decline(self, action: Action) -> Talk:
        async for reply in self._ruled(action, "missed"):
            yield reply

    async def _ruled(self, action: Action, verdict: Verdict) -> Talk:
        self._admins.require(action, _WHAT)
        place = place_of(action.where)
        answer_id, _, point_id = action.argument.partition(":")
        held = await self._store.corrections.verdicts(place, answer_id)
        one = next((one for one in held if one.point_id == point_id), None)
        if one is None:
            raise _gone()
        item, point = self._point(one)
        changed = verdict != one.verdict
        words = one.sentence or await sentence_for(one.text, point, one.quote, self._embedder)
        exemplar = exemplar_of(words, item.prompt) if changed else ""
        ruling = Ruling(
            answer_id=answer_id,
            point_id=point_id,
            seen=one.verdict,
            verdict=verdict,
            exemplar=exemplar,
            gain=_gain(item, held, one, verdict),
            by=action.user,
        )
        done = await self._store.corrections.rule(place, ruling, now=self._clock.now())
        if done is None:
            raise _gone()
        lead = "Counted as said." if verdict == "hit" else "Not counted." if changed else "It stays as it was judged."
        text = f"{lead}{await self._told(done, point, verdict, by=action.user)}"
        if exemplar:
            how = "showing this point" if verdict == "hit" else "only seeming to"
            text += f" From now on “{exemplar}”, and what means the same, counts here as {how}."
        elif changed:
            text += " Those words say too little to learn from, so only this verdict changes."
        yield Reply(blocks=(Text(text=text),), private=True)

    async def _told(self, done: Ruled, point: Point, verdict: Verdict, *, by: UserRef) -> str:
        """Tell the learner; returns what to say of that to whoever ruled."""
        if done.learner is None or done.learner == by:
            return ""
        went_out = await self._tell(done.learner, _news(point, verdict), f"ruling:{done.id}")
        return " The learner knows." if went_out else " The learner could not be reached."

    async def _log(self, action: Action) -> Talk:
        """Who decided what, newest first."""
        self._admins.require(action, _WHAT)
        lines = await self._store.corrections.log(place_of(action.where), limit=_LOGGED)
        if not lines:
            yield Reply(blocks=(Text(text="Nothing was decided here yet."),), private=True)
            return
        rows = tuple(
            (
                f"{one.at:%Y-%m-%d %H:%M}",
                f"{one.item_id} {one.point_id}",
                f"{_SEEN[one.before]} → {_SEEN[one.after]}",
                one.by or "forgotten",
            )
            for one in lines
        )
        yield Reply(blocks=(Table(header=("when (UTC)", "point", "verdict", "by"), rows=rows),), private=True)


def _turning(number: int, one: Judged) -> list[Button]:
    argument = f"{one.answer_id}:{one.point_id}"
    said = Button(label=f"{number} was said", action="correct_hit", argument=argument)
    not_said = Button(label=f"{number} was not said", action="correct_missed", argument=argument)
    if one.verdict == "unsure":
        return [said, not_said]
    return [not_said if one.verdict == "hit" else said]


def _gain(item: Item, held: Sequence[Judged], one: Judged, verdict: Verdict) -> float:
    """What the score changes by when a verdict does; the share is that of the points the answer was held against."""
    judged = {each.point_id for each in held}
    weights = {point.id: point.weight for point in item.rubric if point.id in judged}
    share = weights[one.point_id] / (sum(weights.values()) or 1.0)
    return share * ((verdict == "hit") - (one.verdict == "hit"))


def _news(point: Point, verdict: Verdict) -> Reply:
    if verdict == "hit":
        text = f"An administrator looked at your answer: you did say it. “{point.claim}” counts now."
    else:
        text = f"An administrator looked at your answer and does not see this one in it: “{point.claim}”"
    return Reply(blocks=(Text(text=text),))


def _gone() -> InvalidRequest:
    return InvalidRequest("That verdict is dealt with already.", next_step="`corrections` lists those still open.")
