"""Follow-ups: a question that means something only after the ones before it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.claim_words import words_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An earlier question and the key of the section that answered it ("" if none did)."""

    question: str
    section_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A section within the order of its source: its key and how deep its heading is."""

    key: str
    level: int


_SHORT = 16
"""Words up to which a question may lean on the one before."""
_LEANS = re.compile(
    r"^(?:and|but|so|or|ok(?:ay)?|also|then|for|with|in what|what about|how about|what else|anything else|how come|how so"
    r"|which (?:of|one)|go on|more|tell me more|continue|really|can'?t|does (?:it|that|this)|is (?:it|that|this))\b"
    r"|^(?:why|how|what|who|when|where|which)(?: (?:not|so|tho|though|then|is (?:it|that|this)))?\W*$"
    r"|\b(?:that|those|these|them|they|same|(?:first|second|third|fourth|fifth|sixth|next|last|other|previous)"
    r"|ones?|list)\b",
    re.IGNORECASE,
)
_ONE = r" (?:one|role|area|point|part)\b"
_NEXT = re.compile(
    rf"(?P<sure>\bthe (?:next|following){_ONE})|\b(?:next|after (?:that|this)|following|then what(?=\W*$)|comes after)\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"(?P<sure>\bthe (?:previous{_ONE}|one before))|\b(?:previous|before (?:that|this)|one before)\b", re.IGNORECASE
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_NAMED = rf"(?P<name>{'|'.join(_ORDINALS)}|last)"
_ORDINAL = re.compile(
    rf"(?P<sure>\bthe {_NAMED}(?:{_ONE}|\s+of (?:those|these|them)\b))"
    rf"|\bthe {_NAMED.replace('name', 'bare')}\b|#(?P<digit>[1-9])\b|\bnumber (?P<number>[1-9])\b",
    re.IGNORECASE,
)
_FILLING = words_of(
    "a about add after again also and are area but can comes continue could describe do does else explain for give"
    " go good got great have hm i in is it list look mean me more move my nice no now of ok okay on one ones or"
    " part please pls point read really role say says section see should show so some tell than thanks that the"
    " them then there these they thing this those to us want was what whats what's which would yes you"
)
"""Words beside which "next" or "the third" is all that a question says."""


def leans(question: str, earlier: Sequence[Exchange]) -> bool:
    """Whether the question may need the ones before it."""
    return bool(earlier) and len(question.split()) <= _SHORT and bool(_LEANS.search(question))


def mixed(question: str, earlier: Sequence[Exchange]) -> str:
    """The question with the one before it, to be searched for together."""
    return f"{earlier[-1].question} {question}"


def pointed_at(question: str, earlier: Sequence[Exchange], order: Sequence[Place]) -> str | None:
    """The key of the section that "the next one" or "the third one" means, or None if it means none.

    "What about the next?" points, "how do I get my next job?" is a question of its own. A section's fellows are those at its level under the same heading; "the third one" after a section that has sections
    of its own means one of those.
    """
    keys = [place.key for place in order]
    last = next((one.section_key for one in reversed(earlier) if one.section_key), None)
    if last not in keys or len(question.split()) > _SHORT:
        return None
    here = keys.index(last)
    fellows = _fellows(order, here)
    if _points(_NEXT, question):
        return _at(fellows, fellows.index(here) + 1, keys)
    if _points(_BEFORE, question):
        return _at(fellows, fellows.index(here) - 1, keys) if fellows.index(here) else None
    if match := _points(_ORDINAL, question):
        children = _children(order, here) or (fellows if len(fellows) > 1 else [])
        word = (match["name"] or match["bare"] or "").lower()
        if word == "last":
            return _at(children, len(children) - 1, keys)
        number = _ORDINALS.index(word) if word else int(match["digit"] or match["number"]) - 1
        return _at(children, number, keys)
    return None


def _points(pattern: re.Pattern[str], question: str) -> re.Match[str] | None:
    """What points in the question: "the next one" in any, "next" where nothing else is said."""
    match = pattern.search(question)
    if match is None or match["sure"]:
        return match
    rest = f"{question[: match.start()]} {question[match.end() :]}".lower().replace(
        "\N{RIGHT SINGLE QUOTATION MARK}", "'"
    )
    return match if set(re.findall(r"[\w']+", rest)) <= _FILLING else None


def _at(places: Sequence[int], number: int, keys: Sequence[str]) -> str | None:
    return keys[places[number]] if 0 <= number < len(places) else None


def _children(order: Sequence[Place], here: int) -> list[int]:
    found: list[int] = []
    for index in range(here + 1, len(order)):
        if order[index].level <= order[here].level:
            break
        if order[index].level == order[here].level + 1:
            found.append(index)
    return found


def _fellows(order: Sequence[Place], here: int) -> list[int]:
    level = order[here].level
    first = here
    while first > 0 and order[first - 1].level >= level:
        first -= 1
    last = here
    while last + 1 < len(order) and order[last + 1].level >= level:
        last += 1
    return [index for index in range(first, last + 1) if order[index].level == level]
