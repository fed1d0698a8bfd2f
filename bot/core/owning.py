"""Owners of topics: named by administrators, sent the open questions on their topic, and their answers taken."""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.core.admin import Admins
from bot.core.errors import InvalidRequest
from bot.core.gaps import SENT_EVERY, Group, Workspace
from bot.core.guard import clean, storable
from bot.core.memory import Gaps
from bot.core.model import (
    Action,
    Button,
    Buttons,
    Choice,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Reply,
    Table,
    Text,
    UserRef,
)
from bot.core.ports import Clock
from bot.core.resolving import LONGEST_ANSWER, LONGEST_TOPIC, Resolving
from bot.core.telling import Tell

_ID = re.compile(r"(?=[A-Z]*\d)[A-Z0-9]{6,40}")
"""What the platforms' ids look like, and names do not."""
_FIND_ID = (
    "Give their id: in Slack it is under Copy member ID in their profile; in Discord switch on Developer Mode, then"
    " right-click them and choose Copy User ID. `me` is you."
)
_NOBODY = frozenset({"none", "nobody", "-"})


class Owning:
    """The conversation about who answers for what, and with those people."""

    def __init__(self, gaps: Gaps, resolving: Resolving, admins: Admins, clock: Clock, tell: Tell) -> None:
        self._gaps = gaps
        self._resolving = resolving
        self._admins = admins
        self._clock = clock
        self._tell = tell

    async def owners(self, where: Workspace) -> dict[str, UserRef]:
        """Topic -> who answers for it."""
        return await self._gaps.owners(where.platform, where.id)

    # --- naming them -------------------------------------------------------------------------

    async def show(self, message: Message) -> AsyncIterator[Reply]:
        """`owners`: who answers for what."""
        self._admins.require(message, "see the owners of topics")
        held = await self.owners(Workspace.of(message.where))
        row = Buttons(items=(Button(label="Name an owner", action="name_owner", opens_form=True),))
        if not held:
            text = (
                "No topic has an owner yet. `owner deploys @somebody` names one; open questions go there once a week."
            )
            yield Reply(blocks=(Text(text=text), row), private=True)
            return
        rows = tuple((topic, user.id) for topic, user in held.items())
        hint = Text(text="`owner TOPIC none` takes one back.", style="quiet")
        yield Reply(blocks=(Table(header=("topic", "owner"), rows=rows), hint, row), private=True)

    async def owner(self, message: Message, rest: str) -> AsyncIterator[Reply]:
        """`owner TOPIC PERSON` or `owner TOPIC none`."""
        self._admins.require(message, "name the owner of a topic")
        topic, _, who = rest.strip().rpartition(" ")
        if not topic:
            raise InvalidRequest(
                "Tell me a topic and a person.", next_step="For example `owner deploys @ada`, or `owner deploys none`."
            )
        async for reply in self._name(message, topic, who):
            yield reply

    async def form(self, action: Action) -> AsyncIterator[Reply]:
        """The form that names an owner."""
        self._admins.require(action, "name the owner of a topic")
        fields = (
            Field(name="topic", label="Topic", hint="deploys and releases", max_length=LONGEST_TOPIC),
            Field(name="person", label="Their id on this platform, or none", hint="U0123ABCD", max_length=60),
        )
        yield Reply(blocks=(Form(name="name_owner", title="Owner of a topic", fields=fields, submit="Save"),))

    async def named(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """The form came back."""
        self._admins.require(form, "name the owner of a topic")
        async for reply in self._name(form, form.values.get("topic", ""), form.values.get("person", "")):
            yield reply

    async def _name(self, inbound: Inbound, topic: str, who: str) -> AsyncIterator[Reply]:
        where = Workspace.of(inbound.where)
        topic = clean(storable(topic)).strip("\"'“”")
        if not 1 <= len(topic) <= LONGEST_TOPIC:
            raise InvalidRequest(
                f"A topic has 1 to {LONGEST_TOPIC} characters.", next_step="Name it in a word or three."
            )
        held = await self.owners(where)
        topic = next((known for known in held if known.lower() == topic.lower()), topic)
        who = who.strip().strip("<@!>")
        if who.lower() in _NOBODY:
            await self._gaps.own(where.platform, where.id, topic, None)
            text = f"Nobody answers for “{topic}” any more." if topic in held else f"Nobody answered for “{topic}”."
            yield Reply(blocks=(Text(text=text),), private=True)
            return
        user = _person(who, inbound.user)
        await self._gaps.own(where.platform, where.id, topic, user)
        text = f"Saved: open questions on “{topic}” go to {user.id} once a week, if there are any."
        if user != inbound.user and not await self._tell(user, _welcome(topic), f"owner:{inbound.id}"):
            text += " I could not write to that person, though; check the id and that they take direct messages."
        yield Reply(blocks=(Text(text=text),), private=True)

    # --- sending them questions --------------------------------------------------------------

    async def ask_form(self, where: Workspace, name: str) -> Reply:
        """The form that sends a group to the owner of a topic. Raises InvalidRequest if there is none."""
        held = await self.owners(where)
        if not held:
            raise InvalidRequest("No topic has an owner yet.", next_step="Name one first: `owner deploys @ada`.")
        choices = tuple(Choice(value=topic, label=topic) for topic in list(held)[:25])
        field = Field(name="topic", label="Whose topic is it?", kind="choice", choices=choices)
        return Reply(blocks=(Form(name="gap_owner", title="Ask its owner", argument=name, fields=(field,)),))

    async def ask(self, where: Workspace, group: Group, topic: str) -> bool:
        """Send a group to the owner of a topic now; whether it went out. Raises InvalidRequest."""
        owner = (await self.owners(where)).get(topic)
        if owner is None:
            raise InvalidRequest(f"“{topic[:80]}” has no owner.", next_step="`owners` lists those there are.")
        ids = [gap.id for gap in group.gaps]
        now = self._clock.now()
        if not await self._gaps.claim(where.platform, where.id, ids, now=now, every=SENT_EVERY):
            raise InvalidRequest(
                "An owner was sent that question within the last seven days.",
                next_step="Ask in person if it is urgent.",
            )
        return await self._tell(owner, questions_for(where, [(topic, group)]), f"gap-owner:{group.id}:{now:%Y%m%d}")

    # --- their answers -----------------------------------------------------------------------

    async def answer_form(self, action: Action) -> AsyncIterator[Reply]:
        """The button under a question that was sent to an owner."""
        _, group = await self._mine(action, action.argument)
        yield Reply(blocks=(answer_form("owner_answer", action.argument, group),))

    async def answered(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """An owner's answer."""
        where, group = await self._mine(form, form.argument)
        values = form.values
        done = await self._resolving.answer(
            where, group, values.get("topic", ""), values.get("answer", ""), by=form.user
        )
        text = f"Thank you. It is saved under “{done.heading}” with your name, and I answer with it from now on."
        if done.told:
            text += " Whoever asked knows."
        yield Reply(blocks=(Text(text=text),), private=True)

    async def _mine(self, inbound: Inbound, argument: str) -> tuple[Workspace, Group]:
        """The workspace and the group behind a button; raises InvalidRequest unless the person owns its topic."""
        place, _, rest = argument.partition(":")
        name, _, mark = rest.partition(":")
        where = Workspace(platform=inbound.where.platform, id=place)
        owned = [topic for topic, user in (await self.owners(where)).items() if user == inbound.user]
        if mark not in map(_mark, owned):
            raise InvalidRequest(
                "Only the owner of that topic may answer here.",
                next_step="An administrator can name you: `owner TOPIC @you`.",
            )
        return where, await self._resolving.group(where, name)


def questions_for(where: Workspace, asked: Sequence[tuple[str, Group]]) -> Reply:
    """The message to an owner: questions with their topics, never who asked them."""
    topics = list(dict.fromkeys(topic for topic, _ in asked))
    named = " and ".join(f"“{topic}”" for topic in topics)
    blocks: list[Text | Buttons] = [Text(text=f"I have no answer to these yet. You look after {named} here.")]
    for topic, group in asked:
        times = len(group.gaps)
        blocks.append(Text(text=f"• {group.question}{f' (asked {times} times)' if times > 1 else ''}"))
        argument = f"{where.id}:{group.id}:{_mark(topic)}"
        button = Button(label="Answer", action="owner_answer", argument=argument, style="primary", opens_form=True)
        blocks.append(Buttons(items=(button,)))
    blocks.append(
        Text(
            text="What you write is quoted word for word, credited to you, and I tell whoever asked. Not yours? An"
            " administrator can name somebody else.",
            style="quiet",
        )
    )
    return Reply(blocks=tuple(blocks))


def answer_form(name: str, argument: str, group: Group) -> Form:
    """The form for an answer in one's own words."""
    fields = (
        Field(
            name="topic",
            label="Heading",
            hint="What it is about",
            value=group.question[:LONGEST_TOPIC],
            max_length=LONGEST_TOPIC,
        ),
        Field(
            name="answer",
            label="Answer",
            kind="text",
            hint="Whole sentences: they are quoted word for word.",
            max_length=LONGEST_ANSWER,
        ),
    )
    return Form(name=name, title="Answer", argument=argument, fields=fields, submit="Save")


def _mark(topic: str) -> str:
    """A topic as a button carries it."""
    return hashlib.sha256(topic.encode()).hexdigest()[:8]


def _person(who: str, asker: UserRef) -> UserRef:
    if who.lower() in {"me", asker.id.lower()}:
        return asker
    if not _ID.fullmatch(who):
        raise InvalidRequest(f"I cannot tell who “{who[:40]}” is.", next_step=_FIND_ID)
    return replace(asker, id=who)


def _welcome(topic: str) -> Reply:
    text = (
        f"You were named the owner of “{topic}”: at most once a week I send you questions on it that I cannot answer."
    )
    return Reply(
        blocks=(Text(text=text), Text(text="An administrator can change that: `owner TOPIC none`.", style="quiet"))
    )
