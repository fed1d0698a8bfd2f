"""Unanswered questions in chat: administrators see them grouped, and give them an answer."""

from collections.abc import AsyncIterator, Callable, Mapping

from bot.core.admin import Admins
from bot.core.errors import InvalidRequest
from bot.core.gaps import Group, Workspace
from bot.core.model import (
    Action,
    Block,
    Button,
    Buttons,
    Choice,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Reply,
    Text,
)
from bot.core.owning import Owning, answer_form
from bot.core.resolving import Resolved, Resolving

PAGE = 5
"""Groups a message; each has a row of buttons."""
_WORDINGS = 3
_WHAT = "look after unanswered questions"

Talk = AsyncIterator[Reply]


class Curating:
    """The conversation with those who look after the answers."""

    def __init__(self, resolving: Resolving, owning: Owning, admins: Admins) -> None:
        self._resolving = resolving
        self._owning = owning
        self._admins = admins
        self.phrases: Mapping[str, Callable[[Message], Talk]] = {"gaps": self.gaps, "owners": owning.show}
        self.verbs: Mapping[str, Callable[[Message, str], Talk]] = {"owner": owning.owner}
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "gaps": self.gaps,
            "gap_answer": self._answer_form,
            "gap_alias": self._alias_form,
            "gap_synonym": self._synonym_form,
            "gap_owner": self._owner_form,
            "gap_dismiss": self._dismiss,
            "name_owner": owning.form,
            "owner_answer": owning.answer_form,
        }
        self.forms: Mapping[str, Callable[[FormSubmitted], Talk]] = {
            "gap_answer": self._answered,
            "gap_alias": self._led,
            "gap_synonym": self._same,
            "gap_owner": self._asked_owner,
            "name_owner": owning.named,
            "owner_answer": owning.answered,
        }

    def _workspace(self, inbound: Inbound) -> Workspace:
        self._admins.require(inbound, _WHAT)
        return Workspace.of(inbound.where)

    async def _group(self, inbound: Inbound, name: str) -> tuple[Workspace, Group]:
        workspace = self._workspace(inbound)
        return workspace, await self._resolving.group(workspace, name)

    # --- the list ----------------------------------------------------------------------------

    async def gaps(self, inbound: Message | Action) -> Talk:
        """`gaps`: the groups, five at a time; never who asked."""
        workspace = self._workspace(inbound)
        groups = await self._resolving.groups(workspace)
        argument = inbound.argument if isinstance(inbound, Action) else ""
        first = int(argument) if argument.isdecimal() else 0
        shown = groups[first : first + PAGE]
        if not shown:
            text = "Nothing waits for an answer here." if not groups else "That was the last of them."
            yield Reply(blocks=(Text(text=text),), private=True)
            return
        blocks: list[Block] = []
        for number, group in enumerate(shown, start=first + 1):
            blocks += _shown(number, group, alone=len(groups) == 1)
        if (left := len(groups) - first - len(shown)) > 0:
            more = Button(label=f"{left} more", action="gaps", argument=str(first + PAGE))
            blocks.append(Buttons(items=(more,)))
        yield Reply(blocks=tuple(blocks), private=True)

    # --- the buttons -------------------------------------------------------------------------

    async def _answer_form(self, action: Action) -> Talk:
        _, group = await self._group(action, action.argument)
        yield Reply(blocks=(answer_form("gap_answer", group.id, group),))

    async def _alias_form(self, action: Action) -> Talk:
        _, group = await self._group(action, action.argument)
        choices = tuple(Choice(value=one.key, label=one.heading) for one in self._resolving.sections[:25])
        field = Field(name="section", label="Section of the article", kind="choice", choices=choices)
        yield Reply(blocks=(Form(name="gap_alias", title="Answered by", argument=group.id, fields=(field,)),))

    async def _synonym_form(self, action: Action) -> Talk:
        _, group = await self._group(action, action.argument)
        field = Field(name="words", label="Words that mean the same", hint="k8s, kubernetes", max_length=200)
        yield Reply(blocks=(Form(name="gap_synonym", title="Synonyms", argument=group.id, fields=(field,)),))

    async def _owner_form(self, action: Action) -> Talk:
        workspace, group = await self._group(action, action.argument)
        yield await self._owning.ask_form(workspace, group.id)

    async def _dismiss(self, action: Action) -> Talk:
        workspace, group = await self._group(action, action.argument)
        await self._resolving.dismiss(workspace, group)
        yield Reply(blocks=(Text(text=f"Off the list: “{group.question}”"),), private=True)

    # --- the forms ---------------------------------------------------------------------------

    async def _answered(self, form: FormSubmitted) -> Talk:
        workspace, group = await self._group(form, form.argument)
        values = form.values
        done = await self._resolving.answer(
            workspace, group, values.get("topic", ""), values.get("answer", ""), by=form.user
        )
        lead = f"Saved under “{done.heading}”, credited to you"
        if done.review_at:
            lead += f", to be reviewed in {done.review_at:%B %Y}"
        yield _confirmation(f"{lead}.", done)

    async def _led(self, form: FormSubmitted) -> Talk:
        workspace, group = await self._group(form, form.argument)
        done = await self._resolving.lead(workspace, group, form.values.get("section", ""), by=form.user)
        yield _confirmation(f"Questions like this lead to “{done.heading}” now.", done)

    async def _same(self, form: FormSubmitted) -> Talk:
        workspace, group = await self._group(form, form.argument)
        words = form.values.get("words", "").split(",")
        done = await self._resolving.synonyms(workspace, words, group, by=form.user)
        if done.gaps:
            yield _confirmation(f"Saved. With that, “{done.heading}” answers it.", done)
            return
        text = "Saved, and searched for at once. The question is not answered by that alone, so it stays on the list."
        yield Reply(blocks=(Text(text=text),), private=True)

    async def _asked_owner(self, form: FormSubmitted) -> Talk:
        workspace, group = await self._group(form, form.argument)
        topic = form.values.get("topic", "")
        if not await self._owning.ask(workspace, group, topic):
            raise InvalidRequest(
                f"I could not write to the owner of “{topic}”.",
                next_step="They may not take direct messages; `owner` names somebody else.",
            )
        text = f"Sent to the owner of “{topic}”; the answer is saved when it comes, and whoever asked is told."
        yield Reply(blocks=(Text(text=text),), private=True)


def _shown(number: int, group: Group, *, alone: bool) -> list[Block]:
    """A group with its buttons, whose labels bear its number for platforms that show all buttons together."""
    times = len(group.gaps)
    question = group.question if alone else f"{number}. {group.question}"
    suffix = "" if alone else f" {number}"
    told = [f"Asked {times} times" if times > 1 else "Asked once", group.why]
    others = group.wordings[1 : 1 + _WORDINGS]
    if others:
        told.append("also as " + ", ".join(f"“{one[:120]}”" for one in others))
    labels = (
        ("Answer", "gap_answer"),
        ("Same as…", "gap_alias"),
        ("Synonym", "gap_synonym"),
        ("Ask its owner", "gap_owner"),
    )
    row = [Button(label=label + suffix, action=action, argument=group.id, opens_form=True) for label, action in labels]
    row.append(Button(label=f"Dismiss{suffix}", action="gap_dismiss", argument=group.id))
    return [
        Text(text=question, emphasis=((0, len(question)),)),
        Text(text="; ".join(told) + ".", style="quiet"),
        Buttons(items=tuple(row)),
    ]


def _confirmation(lead: str, done: Resolved) -> Reply:
    said = [lead]
    if done.told:
        said.append("I told the one who asked." if done.told == 1 else f"I told {done.told} who asked.")
    if done.missed:
        said.append(f"{done.missed} of those who asked could not be reached.")
    blocks = [Text(text=" ".join(said))]
    if done.found is False:
        text = "Asked in those words I still do not find it. Another heading, closer to the question, would help."
        blocks.append(Text(text=text, style="quiet"))
    return Reply(blocks=tuple(blocks), private=True)
