"""`coach eval`: how good the answers are on questions with known answers, over the article or a workspace's documents."""

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from bot.core.answering import Answering, Asked
from bot.core.errors import InvalidRequest
from bot.core.follow_up import Exchange
from bot.core.model import Answer
from bot.settings import Settings
from bot.terminal import answering, as_object, chosen
from knowledge.loader import load_article, load_curriculum
from knowledge.model import Article, Curriculum, Scope, Source
from knowledge.ports import Corpus

_FIELDS = ("id", "question", "answerable")
_BINS = 10
"""Of the expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A line of the file. `kind` (near_miss, adversarial, …) is optional; `forbid` must not stand in the reply."""

    id: str
    question: str
    answerable: bool
    gold_section: str = ""
    gold_quote: str = ""
    also_ok: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    kind: str = ""
    forbid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A case with what the coach answered, in `ms` milliseconds. `verbatim`: every quote stands so in its source, for
    which see `Originals`."""

    case: Case
    answer: Answer
    ms: float
    verbatim: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """What the quotes of an answer have to be parts of, to the letter."""

    article: Article
    curriculum: Curriculum
    corpus: Corpus | None = None

    async def hold(self, answer: Answer, scope: Scope) -> bool:
        """Whether every quote of the answer stands so in its source."""
        if not answer.quotes:
            return True
        text = await self._text(answer.source, answer.sections[0].key, scope)
        return all(quote.text in text for quote in answer.quotes)

    async def _text(self, source: Source, key: str, scope: Scope) -> str:
        if source == "article":
            return self.article.text
        if source == "curriculum":
            item = self.curriculum.items.get(key.removeprefix("curriculum:"))
            return item.answer if item else ""
        held = await self.corpus.sections(scope.visible, [key]) if self.corpus else {}
        return "\n\n".join(held[key].blocks) if key in held else ""


def read_cases(path: Path) -> list[Case]:
    """The questions of a JSON Lines file; raises InvalidRequest naming the line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or 'it is no UTF-8 text'}).",
            next_step="Name a file with one JSON object a line.",
        ) from error
    cases = [_case(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not cases:
        raise InvalidRequest(f"{path} holds no questions.", next_step=f"Give one JSON object a line with {_FIELDS}.")
    return cases


def _case(path: Path, number: int, line: str) -> Case:
    try:
        raw = json.loads(line)
        return Case(
            id=str(raw["id"]),
            question=str(raw["question"]),
            answerable=_flag(raw["answerable"]),
            gold_section=str(raw.get("gold_section") or ""),
            gold_quote=str(raw.get("gold_quote") or ""),
            also_ok=_texts(raw, "also_ok"),
            thread=_texts(raw, "thread"),
            kind=str(raw.get("kind") or ""),
            forbid=_texts(raw, "forbid"),
        )
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"{path}, line {number} is no JSON ({error.msg}).", next_step="Put one object on a line."
        ) from error
    except (KeyError, TypeError) as error:
        raise InvalidRequest(
            f"{path}, line {number} is no question ({error}).", next_step=f"Give it the fields {', '.join(_FIELDS)}."
        ) from error


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("“answerable” is true or false")
    return value


def _texts(raw: dict[str, Any], field: str) -> tuple[str, ...]:
    given = raw.get(field) or []
    if not isinstance(given, list):
        raise TypeError(f"“{field}” is a list")
    return tuple(map(str, given))


async def asked(
    answers: Answering, originals: Originals, case: Case, sources: Sequence[Source], scope: Scope
) -> Outcome:
    """One case; the earlier questions of its thread are asked first."""
    earlier: list[Exchange] = []
    for question in case.thread:
        before = await answers.answer(Asked(question=question, sources=sources, scope=scope, earlier=tuple(earlier)))
        earlier.append(Exchange(question=question, section_key=before.sections[0].key if before.quotes else ""))
    began = time.perf_counter()
    answer = await answers.answer(Asked(question=case.question, sources=sources, scope=scope, earlier=tuple(earlier)))
    ms = (time.perf_counter() - began) * 1000
    return Outcome(case=case, answer=answer, ms=ms, verbatim=await originals.hold(answer, scope))


# --- measures --------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _quoted(outcome: Outcome) -> bool:
    """Whether the first line of the gold quote stands in the reply."""
    lines = outcome.case.gold_quote.strip().splitlines()
    shown = _plain(" ".join(quote.text for quote in outcome.answer.quotes))
    return bool(lines) and _plain(lines[0]) in shown


def _hit(outcome: Outcome, depth: int, *, strict: bool) -> bool:
    good = {outcome.case.gold_section} | (set() if strict else set(outcome.case.also_ok))
    return any(found.section in good for found in outcome.answer.sections[:depth])


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def area_under_curve(outcomes: Sequence[Outcome]) -> float | None:
    """Of the receiver operating characteristic: how often an answerable question has more confidence than another."""
    good = [one.answer.confidence for one in outcomes if one.case.answerable]
    bad = [one.answer.confidence for one in outcomes if not one.case.answerable]
    if not good or not bad:
        return None
    wins = sum((high > low) + 0.5 * (high == low) for high in good for low in bad)
    return round(wins / (len(good) * len(bad)), 4)


def calibration_error(outcomes: Sequence[Outcome]) -> float:
    """Expected calibration error over ten bins: confidence against the share of right answers, weighted by size."""
    bins: list[list[Outcome]] = [[] for _ in range(_BINS)]
    for one in outcomes:
        bins[min(int(one.answer.confidence * _BINS), _BINS - 1)].append(one)
    total = 0.0
    for members in bins:
        if members:
            sure = statistics.fmean(one.answer.confidence for one in members)
            right = statistics.fmean(one.case.answerable for one in members)
            total += len(members) / len(outcomes) * abs(sure - right)
    return round(total, 4)


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 2)


def safe(outcome: Outcome) -> bool:
    """Whether an adversarial question got nothing but quotes and our own sentences: nothing forbidden, no link."""
    reply = _plain(" ".join([outcome.answer.text, *(quote.text for quote in outcome.answer.quotes)]))
    return outcome.verbatim and not any(_plain(word) in reply for word in outcome.case.forbid if word.strip())


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All measures; None where no question bears on one."""
    good = [one for one in outcomes if one.case.answerable]
    bad = [one for one in outcomes if not one.case.answerable]
    withheld = [one for one in outcomes if one.answer.band != "answer"]
    rightly = [one for one in withheld if not one.case.answerable]
    precision = _share([not one.case.answerable for one in withheld])
    recall = _share([one.answer.band != "answer" for one in bad])
    near = [one for one in bad if one.case.kind == "near_miss"]
    adversarial = [one for one in outcomes if one.case.kind == "adversarial"]
    times = [one.ms for one in outcomes]
    return {
        "questions": len(outcomes),
        "answerable": len(good),
        "hit@1": _share([_hit(one, 1, strict=False) for one in good]),
        "hit@1_strict": _share([_hit(one, 1, strict=True) for one in good]),
        "hit@3": _share([_hit(one, 3, strict=False) for one in good]),
        "hit@3_strict": _share([_hit(one, 3, strict=True) for one in good]),
        "quote_hit": _share([_quoted(one) for one in good]),
        "verbatim": _share([one.verbatim for one in outcomes if one.answer.quotes]),
        "coverage": _share([one.answer.band == "answer" for one in good]),
        "near_miss_withheld": _share([one.answer.band != "answer" for one in near]),
        "adversarial_safe": _share([safe(one) for one in adversarial]),
        "abstention_precision": precision,
        "abstention_recall": recall,
        "abstention_f1": round(2 * len(rightly) / (len(withheld) + len(bad)), 4) if bad else None,
        "auroc": area_under_curve(outcomes),
        "ece": calibration_error(outcomes),
        "p50_ms": _percentile(times, 0.5),
        "p95_ms": _percentile(times, 0.95),
    }


# --- the command -----------------------------------------------------------------------------


async def evaluate(settings: Settings, path: Path, source: str, scope: Scope, *, as_json: bool) -> None:
    """Ask every question of a file and print the measures."""
    cases = read_cases(path)
    sources = chosen(source)
    outcomes: list[Outcome] = []
    async with answering(settings, sources) as (answers, corpus):
        originals = Originals(article=load_article(), curriculum=load_curriculum(), corpus=corpus)
        with typer.progressbar(cases, label="asking", file=typer.get_text_stream("stderr")) as shown:
            for case in shown:
                outcomes.append(await asked(answers, originals, case, sources, scope))  # noqa: PERF401 - awaited one by one
    measured = summary(outcomes)
    if as_json:
        questions = [{"id": one.case.id, **as_object(one.answer, one.ms)} for one in outcomes]
        print(json.dumps({"summary": measured, "questions": questions}, ensure_ascii=False, indent=2))
        return
    for line in table(measured):
        print(line)


def table(measured: dict[str, Any]) -> Iterator[str]:
    """The measures for a person, a line each."""
    for name, value in measured.items():
        yield f"{name.replace('_', ' '):<24} {'-' if value is None else value}"
