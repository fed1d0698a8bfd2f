"""Whether a sentence that a language model wrote is carried by the quotes it cites; without a model, and strict.

A sentence is taken apart into fragments, the quotes into statements. Each fragment has to find its words, its numbers
and its names in one statement, with the same negation: right words put together from two statements are a new claim.
What is dropped wrongly costs little, since the quotes themselves are shown instead.
"""

import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import Stemmer

from bot.core.claim_words import FUNCTION, NEGATORS, NEUTRAL, OPPOSITES, SAME, STRONG, words_of
from bot.core.quantities import quantities
from knowledge.model import Sentence

KNOWN_SHARE = 0.8
"""Of a sentence's content words, how many its quotes have to hold; set on tests/content/questions/written_sentences."""
KNOWN_SHARE_OF_FRAGMENT = 0.6
"""The same for one fragment and the one statement that carries it."""
SIMILAR_FROM = 0.5
"""Cosine of the sentence and the quotes it cites."""
LONGEST = 400


_NUMBERS: Mapping[str, float] = {
    word: float(value)
    for value, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), start=2)  # noqa: SIM905
}
_ABOUT_QUESTIONS = re.compile(r"(?i)\b(?:questions?|ask\w*|wonder\w*|whether|consider\w*|decid\w+)\b|\?")
_INTERROGATIVE_LEAD = re.compile(r"(?i)^(?:but |and |so )?(?:can|could|does|do|should|will)\b")
_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+")
_BOUNDARY = re.compile(
    r"(?i)\s*(?:[;:\u2013\u2014]|,?\s\b(?:but|because|while|whereas|although|though|if|so that|so)\b"
    r"|,\s(?=(?:which|who)\b)|\s\bwhere\b|\s(?=\btowards?\b)|\s(?:and\s)?(?=\b(?:more|less) like\b)|\s(?<!rather\s)than\b)\s*"
)
_DENIED = re.compile(r"(?i),?\s(?:rather than|instead of|as opposed to)\s|,\s(?:and\s)?not\s")
"""What follows it is denied."""
_LIST = re.compile(r"(?i)\s*,(?!\d)\s*(?:and\b|or\b)?\s*|\s+(?:and|or)\s+")
_WORD = re.compile(r"[A-Za-z0-9_\u00b5%]+(?:['.+#/-][A-Za-z0-9_+#]+)*[+#]*")
_GOES_ON = re.compile(
    r"(?i)^(?:towards?|more|less|to|by|not|never|also|can|could|will|would|is|are|do|does|which|who|that)\b"
)
"""How a clause begins that has no subject of its own."""
_PASSIVE = re.compile(r"(?i)\b(?:is|are|be|been|remains?)\b")
_PRONOUN = re.compile(
    r"(?i)^(?:they|it|he|she|this|that|these|those|its|their|yes|no|not|less|more|my answer|the answer)\b"
)
_AUXILIARY = words_of(
    "is are was were be will would can could should must do does did has have had may might need needs"
)

_FORBIDDEN: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "it holds a link",
        re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://|\bwww\.|\b[\w-]+\.(?:com|org|net|io|dev|ai|example)\b"),
    ),
    ("it mentions somebody", re.compile(r"(?<!\w)@\w|<[@#!:/a-zA-Z]")),
    (
        "it holds markup",
        re.compile(
            r"`|\*\*|__|~~|\|\||\]\(|(?<!\w)[*_~][^\s*_~][^*_~]*[*_~](?!\w)|^\s*[#>*-]+\s|\n|&(?:lt|gt|amp|#\d+);|</"
        ),
    ),
    (
        "it speaks as a model or of its instructions",
        re.compile(
            r"(?i)\b(?:ignor\w+|disregard\w*|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|rules?|instructions?|"
            r"prompts?)\b|\bsystem prompt\b|\bas an? (?:ai|language|large)\b|\b(?:ai|language) model,? i\b|\bi(?:'m| am) "
            r"(?:an?|sorry|unable)\b|\byou are now\b|\bmy (?:instructions|rules)\b|\bjailbreak\b|\bdeveloper mode\b"
            r"|\b(?:the|these|provided) quotes? (?:do|does|say|says)\b|\bquote \d+\b"
        ),
    ),
)


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def _stem(word: str) -> str:
    word = SAME.get(word, word)
    return str(_stemmer().stemWord(word))


@cache
def _neutral() -> frozenset[str]:
    return frozenset(_stem(word) for word in NEUTRAL)


@cache
def _opposites() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one, other in ((_stem(left), _stem(right)) for left, right in map(str.split, OPPOSITES)):
        found[one] = found.get(one, frozenset()) | {other}
        found[other] = found.get(other, frozenset()) | {one}
    return found


@dataclass(frozen=True, slots=True)
class _Statement:
    """A fragment of the sentence, or a statement of the quotes. `lent` are the words it takes over from a lead line, a
    question it answers, or the subject of the statement before."""

    stems: tuple[str, ...]
    negative: bool = False
    asks: bool = False
    list: int = 0
    """Which list of the quotes it is an item of; 0 for none."""
    lent: frozenset[str] = field(default_factory=frozenset)
    passive: bool = False
    """Whether it may turn the order of a statement round without changing what it says."""

    @property
    def known(self) -> frozenset[str]:
        return frozenset(self.stems) | self.lent


def _plain(text: str) -> str:
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _number(value: float, dimension: str) -> str:
    return f"#{value:.6g}{dimension}"


def _stems(text: str) -> tuple[str, ...]:
    """Content stems in order; a number is one stem whatever its form, and "without fear" is the stem "¬fear"."""
    found: list[str] = []
    at = 0
    denied = False
    numbers = {one.span[0]: one for one in quantities(text)}
    for match in _WORD.finditer(text):
        if match.start() < at:
            continue
        if number := numbers.get(match.start()):
            found.append(_number(number.value, number.dimension))
            at = number.span[1]
            continue
        for raw in re.split(r"[-/]", match[0].lower()):
            word = re.sub(r"'(?:s|ll|re|ve|d)$", "", raw).strip(".'")
            if word == "without":
                denied = True
            elif word in _NUMBERS:
                found.append(_number(_NUMBERS[word], ""))
            elif word and word not in FUNCTION and word not in NEGATORS:
                found.append(("\u00ac" if denied else "") + _stem(word))
                denied = False
    return tuple(found)


def _negative(text: str) -> bool:
    """Whether an odd number of negators stands in it. "Less like" denies, too."""
    words = [word.lower() for word in re.findall(r"[\w']+", text)]
    count = sum(word in NEGATORS for word in words)
    count += sum(pair == ("less", "like") for pair in itertools.pairwise(words))
    return count % 2 == 1


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a sentence that claim something each, and whether a "rather than" or ", not" denies them."""
    for clause in _BOUNDARY.split(text):
        kept, *against = _DENIED.split(clause)
        yield kept, False
        for part in against:
            yield part, True


def _subject(text: str) -> tuple[str, ...]:
    """The content words before the first auxiliary; the first one where there is none."""
    words = text.split()
    for index, word in enumerate(words[:8]):
        if word.lower() in _AUXILIARY:
            return _stems(" ".join(words[:index]))
    return _stems(text)[:1]


def _sentences(line: str) -> Iterator[str]:
    """Sentences of a line; "1. This. 2. That." holds two."""
    for part in re.split(r"(?<!\S)\d+[.)]\s+", line):
        yield from (one.strip() for one in re.split(r"(?<=[.!?])\s+", part) if one.strip())


class _Reader:
    """Takes quotes apart. What a line leaves open, a lead or a question, holds for the lines that follow it."""

    def __init__(self) -> None:
        self.found: list[_Statement] = []
        self._lists = 0
        self.pause()

    def pause(self) -> None:
        """What comes now does not follow what came before."""
        self._lead: _Statement | None = None
        self._in_list = False
        self._asked: frozenset[str] = frozenset()
        self._subject: tuple[str, ...] = ()

    def read(self, quote: str) -> None:
        for line in _plain(quote).splitlines():
            item = bool(_ITEM.match(line)) and not re.match(r"\s*\d", line)
            if self._in_list and line.strip() and not item:
                self._lead, self._in_list = None, False
            self._in_list = self._in_list or item
            for sentence in _sentences(_ITEM.sub("", line, count=1)):
                self._read_sentence(sentence, item=item)

    def _read_sentence(self, sentence: str, *, item: bool) -> None:
        leads = sentence.endswith(":")
        asks = sentence.endswith("?") or bool(self._lead and self._lead.asks)
        asks = asks or (leads and _INTERROGATIVE_LEAD.match(sentence) is not None)
        new = list(self._clauses(sentence.rstrip(":"), asks=asks))
        self.found += new
        if asks:
            self._asked |= frozenset(stem for one in new for stem in one.known)
        elif not leads:
            self._asked = frozenset()
        if leads:
            self._lists += 1
            self._lead = _Statement(
                tuple(stem for one in new for stem in one.stems),
                negative=bool(new) and new[0].negative,
                asks=asks,
                lent=frozenset() if asks else self._asked,
            )
            self._in_list = False
        elif not item:  # what follows a lead and is no list is one sentence
            self._lead = None

    def _clauses(self, sentence: str, *, asks: bool) -> Iterator[_Statement]:
        lead = self._lead
        for number, (clause, denied) in enumerate(_clauses(sentence)):
            refers = _PRONOUN.match(clause) is not None
            lent = lead.known if lead else frozenset()
            if refers and not asks:
                lent |= self._asked
            if refers or (number and _GOES_ON.match(clause)):
                lent |= frozenset(self._subject)
            else:
                self._subject = _subject(clause)
            negative = _negative(clause) ^ denied ^ bool(lead and lead.negative)
            yield _Statement(_stems(clause), negative=negative, asks=asks, list=self._lists if lead else 0, lent=lent)


def _fragments(text: str) -> Iterator[_Statement]:
    """What the sentence claims, piece by piece; items of an enumeration are pieces of their own."""
    text = _plain(text).rstrip(".!? ")
    for clause, denied in _clauses(text):
        negative = _negative(clause) ^ denied
        for piece in _LIST.split(clause):
            if stems := _stems(piece):
                yield _Statement(stems, negative, passive=_PASSIVE.search(clause) is not None)


def _names(text: str) -> Iterator[str]:
    """Capitalised words inside a sentence, acronyms, CamelCase and what looks like code."""
    text = _plain(text)
    for match in _WORD.finditer(text):
        starts = match.start() == 0 or text[: match.start()].rstrip()[-1:] in {".", ":", "?", "!", '"', "\u201c"}
        for piece in re.split(r"[-/]", match[0]):
            word = piece.removesuffix("'s")
            capitals = sum(c.isupper() for c in word)
            code = re.search(r"[_.+#]", word) or (re.search(r"[A-Za-z]", word) and re.search(r"\d", word))
            named = code or capitals > 1 or (word[:1].isupper() and not starts)
            if named and word != "I" and next(quantities(word), None) is None:
                yield word
            starts = starts and piece != match[0]


def _name_key(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("s")


def _form(text: str) -> Iterator[str]:
    if len(text) > LONGEST or not text.strip():
        yield f"it is not one sentence of at most {LONGEST} characters"
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in text):
        yield "it holds invisible characters"
    yield from (why for why, pattern in _FORBIDDEN if pattern.search(text))


def _tokens(text: str, cited: str) -> Iterator[str]:
    """Numbers, names and sweeping words that stand in none of the quotes."""
    numbers = [(one.value, one.dimension) for one in quantities(re.sub(r"(?<!\S)\d+[.)]\s", "", cited))]
    words = {word.lower() for word in re.findall(r"[\w']+", _plain(cited))}
    numbers += [(_NUMBERS[word], "") for word in words & _NUMBERS.keys()]
    for one in quantities(text):
        if not any(dimension == one.dimension and math.isclose(value, one.value) for value, dimension in numbers):
            yield f"the number {text[slice(*one.span)]} is not in its quotes"
    for word in re.findall(r"[\w']+", _plain(text).lower()):
        if word in _NUMBERS and (_NUMBERS[word], "") not in numbers:
            yield f"the number {word} is not in its quotes"
        if word in STRONG and word not in words:
            yield f"“{word}” is not in its quotes"
    keys = {_name_key(piece) for match in _WORD.finditer(_plain(cited)) for piece in re.split(r"[-/]", match[0])}
    yield from (f"the name {name} is not in its quotes" for name in _names(text) if _name_key(name) not in keys)


def _reversed(fragment: _Statement, statement: _Statement) -> bool:
    """Whether the words that both hold once stand mostly the other way round."""
    shared = [
        stem
        for stem in fragment.stems
        if stem[0] != "#" and fragment.stems.count(stem) == 1 and statement.stems.count(stem) == 1
    ]
    places = [statement.stems.index(stem) for stem in shared]
    pairs = list(itertools.combinations(places, 2))
    return not fragment.passive and len(shared) >= 3 and sum(left > right for left, right in pairs) > len(pairs) / 2


def _judge(fragment: _Statement, statement: _Statement, everywhere: frozenset[str]) -> Iterator[str]:
    known = statement.known
    missing = [stem for stem in fragment.stems if stem not in known and stem not in _neutral()]
    for stem in missing:
        if _opposites().get(stem, frozenset()) & (known - frozenset(fragment.stems)):
            yield f"“{stem}” is the opposite of what its quotes say"
        elif stem in everywhere:
            yield f"“{stem}” is said of something else in its quotes"
    counted = [stem for stem in fragment.stems if stem not in _neutral()]
    if len(missing) > (1 - KNOWN_SHARE_OF_FRAGMENT) * len(counted):
        yield f"nothing in its quotes says “{' '.join(fragment.stems)}”"
    if fragment.negative != statement.negative:
        yield "it denies what its quotes affirm, or the reverse"
    if _reversed(fragment, statement):
        yield "its words stand the other way round in its quotes"


def _claims(text: str, statements: Sequence[_Statement]) -> Iterator[str]:
    about_questions = _ABOUT_QUESTIONS.search(text) is not None
    usable = [one for one in statements if about_questions or not one.asks]
    everywhere = frozenset(stem for one in statements for stem in one.known)
    unknown = total = 0
    under = 0
    for fragment in _fragments(text):
        counted = [stem for stem in fragment.stems if stem not in _neutral()]
        total += len(counted)
        unknown += sum(stem not in everywhere for stem in counted)
        if not counted:
            continue
        ranked = sorted(
            ((sum(s in one.known for s in counted), sum(s in one.stems for s in counted), one) for one in usable),
            key=lambda each: each[:2],
            reverse=True,
        )
        if not ranked or not ranked[0][0]:
            yield f"nothing in its quotes says “{' '.join(fragment.stems)}”"
            continue
        best = [one for *score, one in ranked if tuple(score) == ranked[0][:2]]
        faults = min(([*_judge(fragment, one, everywhere)] for one in best), key=len)
        yield from faults
        if under and not any(one.list == under or not one.list or one.lent & {*counted} for one in best):
            yield "it puts items of one list under the heading of another"
        under = best[0].list
    if unknown > (1 - KNOWN_SHARE) * total:
        yield "too many of its words are not in its quotes"


def reasons(
    sentence: Sentence, quotes: Sequence[str], *, similarity: Callable[[str, str], float] | None = None
) -> tuple[str, ...]:
    """Why the sentence is not carried by the quotes it cites (numbered from 1); empty if it is.

    `similarity` is the cosine of two texts. It is asked last, and only for a sentence that nothing else speaks against.
    """
    text = sentence.text
    found = list(_form(text))
    if not sentence.quote_ids:
        found.append("it cites no quote")
    if any(not 1 <= number <= len(quotes) for number in sentence.quote_ids):
        found.append("it cites a quote that does not exist")
    if found:
        return tuple(dict.fromkeys(found))
    reader = _Reader()
    numbers = sorted(set(sentence.quote_ids))
    for number in numbers:
        if number - 1 not in numbers:
            reader.pause()
        reader.read(quotes[number - 1])
    cited = "\n".join(quotes[number - 1] for number in numbers)
    found += _tokens(text, cited)
    found += _claims(text, reader.found)
    if not found and similarity is not None and similarity(text, cited) < SIMILAR_FROM:
        found.append("it is about something else than its quotes")
    return tuple(dict.fromkeys(found))


def supported(
    sentence: Sentence, quotes: Sequence[str], *, similarity: Callable[[str, str], float] | None = None
) -> bool:
    """Whether the quotes it cites carry the sentence; see `reasons`."""
    return not reasons(sentence, quotes, similarity=similarity)
