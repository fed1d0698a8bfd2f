"""How a channel's prompt ends: how the answers spread, what most people missed, a quote, the model answer."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.core.feedback import dispute_button, lesson
from bot.core.guard import clean
from bot.core.model import Block, Buttons, Text
from bot.core.ports import GivenAnswer
from bot.core.prompts import passages
from knowledge.model import Item

REVEAL_AFTER = timedelta(hours=4)
"""How long after a channel's prompt it is resolved."""
REVEAL_WITHIN = timedelta(hours=12)
_QUOTED = 300


def closing_blocks(item: Item, delivery_id: str, answers: Sequence[GivenAnswer]) -> Iterator[Block]:
    """The message under a channel's prompt; nobody is named, and only those are quoted who agreed."""
    people = _by_person(answers)
    yield Text(text="How it went", style="heading")
    yield Text(text=_spread([_share(hits, judged) for hits, judged in people]))
    if missed := _most_missed(item, people):
        yield Text(text=f"Most often missing: {missed}")
    if quote := _quote(answers):
        yield Text(text=f"One of you wrote: “{quote}”")
    yield Text(text="A good answer", style="heading")
    yield from passages(item.answer)
    yield from lesson(item)
    yield Buttons(items=(dispute_button(delivery_id),))


def _by_person(answers: Sequence[GivenAnswer]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """(points hit, points judged) of each who answered; a point once hit stays hit."""
    hits: dict[str, set[str]] = {}
    judged: dict[str, set[str]] = {}
    for one in answers:
        judged.setdefault(one.learner_id, set()).update(one.verdicts)
        hits.setdefault(one.learner_id, set()).update(
            point for point, verdict in one.verdicts.items() if verdict == "hit"
        )
    return [(frozenset(hits[name]), frozenset(judged[name])) for name in judged]


def _share(hits: frozenset[str], judged: frozenset[str]) -> float:
    return len(hits) / len(judged) if judged else 0.0


def _spread(shares: Sequence[float]) -> str:
    """`5 answered: 2 saw everything, 2 at least half, 1 less.`"""
    whole = sum(share == 1 for share in shares)
    half = sum(0.5 <= share < 1 for share in shares)
    less = len(shares) - whole - half
    told = [
        f"{count} {words}"
        for count, words in ((whole, "saw everything"), (half, "saw at least half"), (less, "saw less than half"))
        if count
    ]
    return f"{len(shares)} answered: {', '.join(told)}."


def _most_missed(item: Item, people: Sequence[tuple[frozenset[str], frozenset[str]]]) -> str:
    missing = Counter(point for hits, judged in people for point in judged - hits)
    claims = {point.id: point.claim for point in item.rubric}
    if not missing:
        return ""
    point, _ = max(missing.items(), key=lambda one: (one[1], one[0]))
    return claims.get(point, "")


def _quote(answers: Sequence[GivenAnswer]) -> str:
    agreed = [one for one in answers if one.quotable]
    if not agreed:
        return ""
    best = max(agreed, key=lambda one: sum(verdict == "hit" for verdict in one.verdicts.values()))
    text = clean(best.text)
    return text if len(text) <= _QUOTED else text[:_QUOTED].rsplit(" ", 1)[0] + " …"
