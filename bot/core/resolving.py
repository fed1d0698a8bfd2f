"""Giving a group of unanswered questions its answer: saved, checked, told to whoever asked, kept as a case."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.answering import Answering, Asked, merged, quoted
from bot.core.errors import InvalidRequest
from bot.core.gaps import Group, Workspace, containing, grouped
from bot.core.guard import clean, storable
from bot.core.library import NOTE_IS_REVIEWED_AFTER, Library
from bot.core.memory import EvaluationCase, Gap, Gaps
from bot.core.model import Quote, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Clock
from bot.core.telling import Tell
from knowledge.model import Article, Section, SectionHit, Source

MOST_ALIASES = 8
LONGEST_TOPIC = 80
LONGEST_ANSWER = 3000
_SOURCES: tuple[Source, ...] = ("documents", "article")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What came of it: the questions that are answered now, how many people were told and how many were out of reach.

    `found` says whether the group's question, asked again, is answered; None where that was not tried.
    """

    heading: str
    gaps: Sequence[Gap] = ()
    told: int = 0
    missed: int = 0
    found: bool | None = None
    review_at: datetime | None = None


class Resolving:
    """What can be done with open questions. Who may do it is for the caller to check."""

    def __init__(
        self,
        gaps: Gaps,
        library: Library,
        article: Article,
        clock: Clock,
        tell: Tell,
        *,
        answering: Answering | None = None,
    ) -> None:
        self._gaps = gaps
        self._library = library
        self._clock = clock
        self._tell = tell
        self._answering = answering
        self.sections = tuple(section for section in article.sections if section.blocks)

    async def groups(self, workspace: Workspace) -> list[Group]:
        """The open questions of a workspace, grouped."""
        return grouped(await self._gaps.open(workspace.platform, workspace.id))

    async def group(self, workspace: Workspace, name: str) -> Group:
        """The group that holds the question of this id. Raises InvalidRequest if nobody waits for it any more."""
        found = containing(await self.groups(workspace), name)
        if found is None:
            raise InvalidRequest("That question is dealt with already.", next_step="`gaps` lists those still open.")
        return found

    async def answer(self, workspace: Workspace, group: Group, topic: str, text: str, *, by: UserRef) -> Resolved:
        """Save an answer in somebody's own words, under a heading. Raises InvalidRequest."""
        topic, text = clean(storable(topic))[:LONGEST_TOPIC], storable(text).replace("\r\n", "\n").strip()
        if not topic or not text:
            raise InvalidRequest("An answer needs a heading and a text.", next_step="Fill in both and send it again.")
        text = text[:LONGEST_ANSWER]
        questions = group.wordings[:MOST_ALIASES]
        key = await self._library.note(workspace.scope, topic, text, by=by, questions=questions)
        blocks = tuple(block.strip() for block in text.split("\n\n") if block.strip())
        hit = SectionHit(source="documents", key=key, section=topic, score=1.0, blocks=blocks, title="Team notes")
        review = self._clock.now() + NOTE_IS_REVIEWED_AFTER
        return await self._resolved(workspace, group, hit, by=by, review_at=review)

    def section(self, name: str) -> Section:
        """The section of the article with this key or heading. Raises InvalidRequest."""
        wanted = clean(name).lower()
        found = next((one for one in self.sections if wanted in {one.key.lower(), one.heading.lower()}), None)
        if found is None:
            raise InvalidRequest(
                f"The article has no section “{clean(name)[:60]}”.",
                next_step=f"Its sections are: {'; '.join(one.heading for one in self.sections)}.",
            )
        return found

    async def lead(self, workspace: Workspace, group: Group, section_key: str, *, by: UserRef) -> Resolved:
        """Let the group's questions lead to a section of the article. Raises InvalidRequest."""
        section = self.section(section_key)
        for question in group.wordings[:MOST_ALIASES]:
            await self._library.alias(workspace.scope, section.key, section.heading, question)
        hit = SectionHit(source="article", key=section.key, section=section.heading, score=1.0, blocks=section.blocks)
        return await self._resolved(workspace, group, hit, by=by)

    async def synonyms(
        self, workspace: Workspace, words: Collection[str], group: Group | None = None, *, by: UserRef
    ) -> Resolved:
        """Let words mean the same; where that answers the group's question, it is dealt with. Raises InvalidRequest."""
        await self._library.synonyms(workspace.scope, [clean(storable(word)) for word in words])
        if group is None or self._answering is None:
            return Resolved(heading="")
        asked = Asked(question=group.question, sources=_SOURCES, scope=workspace.scope)
        answer = await self._answering.answer(asked)
        if answer.band != "answer":
            return Resolved(heading="", found=False)
        return await self._closed(workspace, group, answer.quotes, by=by, found=True)

    async def dismiss(self, workspace: Workspace, group: Group) -> int:
        """Take questions off the list; returns how many there were."""
        return len(await self._gaps.close(workspace.platform, workspace.id, _ids(group), "dismissed"))

    # --- what every answer brings with it ------------------------------------------------------

    async def _resolved(
        self, workspace: Workspace, group: Group, hit: SectionHit, *, by: UserRef, review_at: datetime | None = None
    ) -> Resolved:
        found: bool | None = None
        if self._answering is not None:
            asked = Asked(question=group.question, sources=_SOURCES, scope=workspace.scope)
            answer = await self._answering.answer(asked)
            found = answer.band == "answer" and answer.sections[0].key == hit.key
        return await self._closed(workspace, group, quoted(hit), by=by, found=found, review_at=review_at)

    async def _closed(
        self,
        workspace: Workspace,
        group: Group,
        quotes: Sequence[Quote],
        *,
        by: UserRef,
        found: bool | None,
        review_at: datetime | None = None,
    ) -> Resolved:
        closed = await self._gaps.close(workspace.platform, workspace.id, _ids(group), "answered")
        heading = quotes[0].citation.section
        if closed:  # else somebody else was faster
            case = EvaluationCase(question=group.question, section=heading, quote=quotes[0].text)
            await self._gaps.add_case(workspace.scope.workspace, case, now=self._clock.now())
        told = [await self._tell(to, _news(gap, quotes), f"gap:{gap.id}") for gap, to in _askers(closed, by)]
        return Resolved(
            heading=heading,
            gaps=closed,
            told=sum(told),
            missed=len(told) - sum(told),
            found=found,
            review_at=review_at,
        )


def _ids(group: Group) -> list[str]:
    return [gap.id for gap in group.gaps]


def _askers(gaps: Sequence[Gap], by: UserRef) -> Iterator[tuple[Gap, ThreadRef | UserRef]]:
    """Where to tell whom, each person and each place once: in the thread where it was asked, else in person.

    A question at a channel's top level was a command, whose answer nobody else saw.
    """
    done: set[ThreadRef | UserRef] = set()
    for gap in sorted(gaps, key=lambda one: (one.asked_at, one.id)):
        to: ThreadRef | UserRef = gap.user if gap.direct or gap.where.thread is None else gap.where
        if gap.user == by or gap.user in done or to in done:
            continue
        done |= {gap.user, to}
        yield gap, to


def _news(gap: Gap, quotes: Sequence[Quote]) -> Reply:
    return Reply(blocks=(Text(text=f"You asked: “{gap.question}” There is an answer now:"), *merged(quotes)))
