"""An answer as the grader reads it: folded words with their places, sentences, what is denied, what is echoed."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import Stemmer

from bot.core.guard import invisible
from bot.core.quantities import Quantity, quantities

Span = tuple[int, int]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TOKEN = re.compile(r"[a-z0-9_µ%]+(?:['.-][a-z0-9_]+)*|[.!?;\n]+|[,:()\u2013\u2014]")
_ECHO = 6
"""A run of this many words taken from the prompt is an echo of it."""
_DENIAL_WINDOW = 6
"""Words between a negator and what it denies, in one clause."""
_NEGATORS = _set(
    "not no never none nor neither without cannot cant can't don't dont doesn't doesnt isn't isnt aren't arent wasn't "
    "wasnt weren't won't wont wouldn't wouldnt shouldn't shouldnt didn't didnt couldn't couldnt hasn't haven't hardly "
    "avoid avoids avoiding nothing nobody "
)
_AUXILIARIES = _set("is are was were be been do does did will would can could should must has have had ")
_BREAKS = frozenset(["but", "because", "so", "while", "whereas", "although", "though", "since", "unless", "yet"])
"""Conjunctions after which a negator no longer reaches."""
FILLERS = _set("a an the of to in on for is are be it its this that with and or by as at your you we i will ")
_DENIED_SENTENCE = re.compile(
    r"\W*(?:(?:no|nope|well|actually|sorry|so|and|but|or)\b\W*)*"
    r"(?:(?:it|that|this)(?:\s+is|'s|s|\s+was)?\s+(?:simply\s+|just\s+|really\s+)?"
    r"(?:(?:not|never|isn't|isnt)\s+(?:at\s+all\s+)?(?:true|so|the\s+case|correct|right|a\s+fact)"
    r"|false|wrong|untrue|incorrect|nonsense|a\s+myth|a\s+lie)"
    r"|(?:i|we)\s+(?:do\s+not|don't|dont|would\s+not|wouldn't)\s+(?:think|believe|agree|say|claim)"
    r"|(?:it|that|this)\s+isn't\s+(?:true|so|the\s+case|correct|right)"
    r"|there\s+is\s+no\s+(?:evidence|truth)|nobody\s+(?:says|claims|thinks))\b"
)
_ALIKE = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏԍαεικνορτυχγΙΟΡΑΒΕΖΗΚΜΝΤΥΧАВЕКМНОРСТУХІЈЅ\u2019\u2018\u02bc",
    "abekmhopctyxijsdqwhlgaeiknoptuxyiopabezhkmntyxabekmhopctyxijs'''",
)
"""Letters of other alphabets that look like Latin ones, as far as one may take the place of another unseen."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the stem that is compared; the end of a sentence has the stem ".", a break inside it ","."""

    stem: str
    raw: str
    span: Span

    @property
    def ends(self) -> bool:
        """Whether it is the end of a sentence."""
        return self.stem == "."

    @property
    def is_word(self) -> bool:
        """Whether it is no mark."""
        return self.stem not in {".", ","}


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def _folded(text: str) -> tuple[str, list[int]]:
    """Lower case without what is not seen and with look-alikes made alike; and where each character stood."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isascii():
            kept.append(character.lower())
            places.append(place)
            continue
        if invisible(character):
            continue
        for one in unicodedata.normalize("NFKC", character).translate(_ALIKE).lower():
            if not unicodedata.combining(one):
                kept.append(one)
                places.append(place)
    return "".join(kept), [*places, len(text)]


def words_of(text: str) -> list[Word]:
    """The words and marks of a text; spans are places in the text as it was given."""
    folded, places = _folded(text)
    stem = _stemmer().stemWord
    found: list[Word] = []
    for match in _TOKEN.finditer(folded):
        first = match[0][0]
        if first in ".!?;\n":
            found.append(Word(".", match[0], (places[match.start()], places[match.end()])))
        elif not (first.isalnum() or first in "_%"):
            found.append(Word(",", match[0], (places[match.start()], places[match.end()])))
        else:
            for piece in re.finditer(r"[^-]+", match[0]):
                start = match.start() + piece.start()
                span = (places[start], places[start + len(piece[0]) - 1] + 1)
                found.append(Word(stem(piece[0]), piece[0], span))
    return found


@cache
def phrase(text: str) -> tuple[str, ...]:
    """The stems of a phrase that have to be found, in order."""
    words = [word for word in words_of(text) if word.is_word]
    content = tuple(word.stem for word in words if word.raw not in FILLERS)
    # of "stop it" one word would be left, which says far less
    return content if len(content) > 1 or len(words) == 1 else tuple(word.stem for word in words)


@cache
def negators_in(text: str) -> int:
    """How many negators a phrase holds."""
    return sum(word.raw in _NEGATORS for word in words_of(text))


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words [first, last) of an answer. `denied`: it begins by saying that what follows is not so."""

    first: int
    last: int
    span: Span
    denied: bool
    echoed: bool
    """Most of it is the prompt's."""

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class AnswerText:
    """A text beside the prompt that it answers."""

    text: str
    prompt: str
    words: Sequence[Word] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", words_of(self.text))

    @cached_property
    def _where(self) -> Mapping[str, Sequence[int]]:
        places: dict[str, list[int]] = {}
        for index, word in enumerate(self.words):
            places.setdefault(word.stem, []).append(index)
        return places

    @cached_property
    def numbers(self) -> Sequence[Quantity]:
        """The numbers in it, in order."""
        return tuple(quantities(self.text))

    @cached_property
    def echo(self) -> frozenset[int]:
        """The words that stand in a run of `_ECHO` or more taken from the prompt."""
        said = [word.stem for word in words_of(self.prompt) if word.is_word]
        runs = {tuple(said[start : start + _ECHO]) for start in range(len(said) - _ECHO + 1)}
        mine = [index for index, word in enumerate(self.words) if word.is_word]
        echoed: set[int] = set()
        for start in range(len(mine) - _ECHO + 1):
            run = mine[start : start + _ECHO]
            if tuple(self.words[index].stem for index in run) in runs:
                echoed.update(run)
        return frozenset(echoed)

    @cached_property
    def prompt_stems(self) -> frozenset[str]:
        """The stems of the prompt's words."""
        return frozenset(word.stem for word in words_of(self.prompt))

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences and lines that hold a word."""
        found: list[Sentence] = []
        first = 0
        for index in range(len(self.words) + 1):
            if index < len(self.words) and not self.words[index].ends:
                continue
            held = [place for place in range(first, index) if self.words[place].is_word]
            if held:
                span = (self.words[first].span[0], self.words[index - 1].span[1])
                folded = _folded(self.text[span[0] : span[1]])[0]
                echoed = sum(place in self.echo for place in held) > 0.6 * len(held)
                found.append(Sentence(first, index, span, bool(_DENIED_SENTENCE.match(folded)), echoed))
            first = index + 1
        return tuple(found)

    @cached_property
    def open_stems(self) -> Sequence[frozenset[str]]:
        """The stems of each sentence that is neither denied nor echoed."""
        return tuple(
            frozenset(word.stem for word in self.words[one.first : one.last])
            for one in self.sentences
            if not one.denied and not one.echoed
        )

    def sentence_of(self, index: int) -> Sentence | None:
        """The sentence that a word stands in."""
        return next((one for one in self.sentences if one.first <= index < one.last), None)

    def negators(self, first: int, last: int) -> int:
        """How many negators stand in the words [first, last)."""
        return sum(self._negates(index) for index in range(first, last))

    def _negates(self, index: int) -> bool:
        raw = self.words[index].raw
        following = self.words[index + 1].raw if index + 1 < len(self.words) else ""
        if raw in {"instead", "rather"}:
            return following in {"of", "than"}
        # "not only" and "nothing but" affirm
        return raw in _NEGATORS and not (
            (raw == "not" and following in {"only", "just", "merely"}) or (raw == "nothing" and following == "but")
        )

    def denied(self, first: int, last: int) -> bool:
        """Whether what words [first, last] say is denied: before it in its clause, inside it, right after it, or by a
        sentence that begins so. Two negators affirm."""
        sentence = self.sentence_of(first)
        if sentence is not None and sentence.denied:
            return True
        start = first
        while start > 0 and first - start < _DENIAL_WINDOW and self._joins(start - 1):
            start -= 1
        after = [word.raw for word in self.words[last + 1 : last + 3]]
        turned = len(after) == 2 and after[0] in _AUXILIARIES and after[1] in {"not", "never", "no"}
        turned = turned or (bool(after) and after[0].endswith("n't"))
        return (self.negators(start, last + 1) + turned) % 2 == 1

    def refused(self, span: Span) -> bool:
        """Whether what stands there, a number or code, is refused by the word before it or by its whole sentence."""
        sentence = next((one for one in self.sentences if one.span[0] <= span[0] < one.span[1]), None)
        if sentence is None:
            return False
        before = [index for index in range(sentence.first, sentence.last) if self.words[index].span[1] <= span[0]]
        return sentence.denied or bool(before and self._negates(before[-1]))

    def _joins(self, index: int) -> bool:
        word = self.words[index]
        return word.is_word and word.raw not in _BREAKS

    def places(self, stems: Sequence[str], gap: int, *, echo: bool = False) -> Iterator[tuple[int, int]]:
        """[first, last] words where the stems stand in order, in one sentence, with at most `gap` words between two.

        What is echoed from the prompt is passed over, unless `echo`.
        """
        blocked: frozenset[int] = frozenset() if echo else self.echo
        for first in self._where.get(stems[0], ()) if stems else ():
            if first in blocked:
                continue
            at = first
            for stem in stems[1:]:
                skipped = 0
                at += 1
                while (
                    at < len(self.words) and self.words[at].stem != stem and skipped <= gap and not self.words[at].ends
                ):
                    skipped += self.words[at].is_word and self.words[at].raw not in FILLERS
                    at += 1
                if at >= len(self.words) or self.words[at].stem != stem or at in blocked:
                    break
            else:
                yield first, at
