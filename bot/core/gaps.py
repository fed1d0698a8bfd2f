"""Questions without an answer, grouped by meaning: pure functions over `Gap`s."""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from operator import mul

import Stemmer

from bot.core.claim_words import FUNCTION
from bot.core.memory import Gap, GapReason
from bot.core.model import ThreadRef
from knowledge.model import Scope

SAME_FROM = 0.7
"""Cosine from which two questions mean the same. Different ones about one thing ("staging access", "deploying to
staging") reach .67, and what is grouped wrongly is answered wrongly; what is kept apart wrongly is one press more."""
SHARED_FROM = 0.5
"""Without vectors: shared content words over all content words of the two."""
TOPIC_FROM = 0.25
"""Cosine of a question and a topic's name from which its owner is asked; a topic and what has nothing to do with it
stay below .2 (all-MiniLM-L6-v2)."""
SENT_EVERY = timedelta(days=7)
"""How long after a question, or an owner, was written for, that happens again at the earliest."""
SHORT_ID = 8
_REASONS: Mapping[GapReason, str] = {"none": "not stated", "near": "only near", "down": "👎"}
_WORD = re.compile(r"[a-z0-9+#]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where questions belong: a Slack team, a Discord server; `id` "" for direct messages on Discord, the terminal."""

    platform: str
    id: str

    @classmethod
    def of(cls, where: ThreadRef) -> "Workspace":
        """The one that a place belongs to."""
        return cls(platform=where.platform, id=where.workspace)

    @property
    def scope(self) -> Scope:
        """Whom an answer is for: the workspace, or everybody where there is none."""
        return Scope(workspace=f"{self.platform}:{self.id}") if self.id else Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Questions that mean the same, oldest first. The oldest names the group, so its id stays while others join."""

    gaps: tuple[Gap, ...]

    @property
    def id(self) -> str:
        """Short, for buttons and the command line."""
        return self.gaps[0].id[:SHORT_ID]

    @property
    def question(self) -> str:
        """The wording that stands for all."""
        return self.gaps[0].question

    @property
    def wordings(self) -> list[str]:
        """Each wording once."""
        found: dict[str, str] = {}
        for gap in self.gaps:
            found.setdefault(" ".join(re.findall(r"\w+", gap.question.lower())), gap.question)
        return list(found.values())

    @property
    def why(self) -> str:
        """How the answers failed, in words."""
        counted = {words: sum(gap.reason == reason for gap in self.gaps) for reason, words in _REASONS.items()}
        told = [words if number == 1 else f"{words} ({number})" for words, number in counted.items() if number]
        return ", ".join(told)


def grouped(gaps: Sequence[Gap]) -> list[Group]:
    """Groups, the largest first and of one size the oldest.

    Each question joins the first group, by age, whose oldest question is near enough; so what comes later changes no
    group that stands already.
    """
    ordered = sorted(gaps, key=lambda one: (one.asked_at, one.id))
    near = _comparison(ordered)
    groups: list[list[int]] = []
    for number in range(len(ordered)):
        mine = next((group for group in groups if near(group[0], number)), None)
        if mine is None:
            groups.append([number])
        else:
            mine.append(number)
    made = [Group(gaps=tuple(ordered[number] for number in group)) for group in groups]
    return sorted(made, key=lambda group: -len(group.gaps))  # stable: of one size the oldest stays first


def _comparison(gaps: Sequence[Gap]) -> Callable[[int, int], bool]:
    """Whether two of them, by number, mean the same: by their vectors, by their words where one has none."""
    import numpy as np

    widths = Counter(len(gap.vector) for gap in gaps if gap.vector)
    width = max(widths, key=widths.__getitem__, default=0)  # those of another embedding cannot be compared
    has = [bool(gap.vector) and len(gap.vector or b"") == width for gap in gaps]
    vectors = np.zeros((len(gaps), width // 4), np.float32)
    for number, gap in enumerate(gaps):
        if has[number]:
            vectors[number] = np.frombuffer(gap.vector or b"", np.float32)
    same = (vectors @ vectors.T >= SAME_FROM).tolist()
    words = [content_words(gap.question) for gap in gaps]

    def near(one: int, other: int) -> bool:
        if has[one] and has[other]:
            return bool(same[one][other])
        together = words[one] | words[other]
        return bool(together) and len(words[one] & words[other]) / len(together) >= SHARED_FROM

    return near


def containing(groups: Sequence[Group], name: str) -> Group | None:
    """The group with the question whose id begins with `name`, at least eight characters of it."""
    if len(name) < SHORT_ID:
        return None
    return next((group for group in groups if any(gap.id.startswith(name) for gap in group.gaps)), None)


def nearest_topic(gap: Gap, topics: Mapping[str, bytes | None]) -> str | None:
    """The topic (name -> vector) that a question is about, or None if it is about none of them."""
    best: tuple[float, str] | None = None
    for topic, vector in topics.items():
        if gap.vector and vector:
            score, least = _cosine(array("f", gap.vector), array("f", vector)), TOPIC_FROM
        else:
            score, least = float(len(content_words(topic) & content_words(gap.question))), 1.0
        if score >= least and (best is None or score > best[0]):
            best = (score, topic)
    return best[1] if best else None


def _cosine(one: "array[float]", other: "array[float]") -> float:
    """Of vectors of length 1."""
    return sum(map(mul, one, other)) if len(one) == len(other) else 0.0


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def content_words(text: str) -> frozenset[str]:
    """The stems of a text without the words that carry no content."""
    return frozenset(_stemmer().stemWords([word for word in _WORD.findall(text.lower()) if word not in FUNCTION]))
