"""`coach grade`: what the grader makes of one answer, point by point."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process
from rich.console import Console

from bot.core.attempting import Attempt, attempt
from bot.core.errors import InvalidRequest
from bot.core.grading import LONGEST, Grader, Task, task_of
from bot.core.guard import clean
from bot.core.records import Grade
from bot.core.second_opinion import Grading, SecondOpinion
from bot.settings import Settings
from knowledge.formulas import filled
from knowledge.index.meaning import Meaning
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Item, Part, Variant

_LARGEST = 1_000_000
"""Bytes of a file that are read."""
_PICTURES = {b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF"}
_ONE_WORD = "One word is too little for me to judge: say it in a sentence."
_EXAMPLE = "Give --answer a file of text, or - and write it on standard input."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The arguments of the command. `variant` counts from 1; 0 is the item itself."""

    item: str
    answer: str
    part: str = ""
    variant: int = 0
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    item: Item
    parts: tuple[Part, ...]
    task: Task


def _named(curriculum: Curriculum, name: str) -> Item:
    known = {one.upper(): item for one, item in curriculum.items.items()}
    if item := known.get(name.strip().upper()):
        return item
    near = process.extract(name.strip().upper()[:60], list(known), scorer=fuzz.ratio, limit=3)
    raise InvalidRequest(
        f"There is no item “{name[:40]}”.",
        next_step=f"Nearest: {', '.join(one for one, _, _ in near)}; see `coach items`.",
    )


def _variant(item: Item, wanted: Wanted) -> Variant | None:
    if not 0 <= wanted.variant <= len(item.variants):
        raise InvalidRequest(
            f"{item.id} has no variant {wanted.variant}.", next_step=f"Use 1 to {len(item.variants)}, or none."
        )
    variant = item.variants[wanted.variant - 1] if wanted.variant else None
    if wanted.seed is not None and (variant is None or variant.template is None):
        templates = [str(number) for number, one in enumerate(item.variants, start=1) if one.template]
        raise InvalidRequest(
            "--seed draws the numbers of a variant that is a template.",
            next_step=f"Use it with --variant {' or '.join(templates)}." if templates else f"{item.id} has none.",
        )
    return filled(variant, wanted.seed or 0) if variant else None


def asked(curriculum: Curriculum, wanted: Wanted) -> _Asked:
    """What is to be graded; raises InvalidRequest for an item, a part or a variant that is not there."""
    item = _named(curriculum, wanted.item)
    task = task_of(item, _variant(item, wanted))
    if not wanted.part:
        points = [point.id for point in task.points]
        return _Asked(item=item, parts=item.parts, task=task.part(points, "\n".join(one.ask for one in item.parts[1:])))
    part = next((one for one in item.parts if one.id == wanted.part), None)
    if part is None:
        names = ", ".join(one.id for one in item.parts)
        raise InvalidRequest(f"{item.id} has no part “{wanted.part[:20]}”.", next_step=f"Use one of: {names}.")
    return _Asked(item=item, parts=(part,), task=task.part(part.points, part.ask))


def read_answer(source: str) -> str:
    """The text of a file, or of standard input for "-"; raises InvalidRequest for what is no text or empty."""
    name = "Standard input" if source == "-" else source
    try:
        if source == "-":
            data = sys.stdin.buffer.read(_LARGEST)
        else:
            with Path(source).open("rb") as file:
                data = file.read(_LARGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise InvalidRequest(f"{source} cannot be read ({reason}).", next_step=_EXAMPLE) from error
    if kind := next((kind for mark, kind in _PICTURES.items() if data.startswith(mark)), ""):
        raise InvalidRequest(f"{name} is {kind}, and I can only grade text.", next_step="Write the answer out.")
    text = data.decode("utf-8-sig", "ignore" if len(data) == _LARGEST else "surrogateescape")
    if "\x00" in text or any("\udc80" <= character <= "\udcff" for character in text):
        raise InvalidRequest(f"{name} is no UTF-8 text.", next_step="Write the answer out, or save it as UTF-8.")
    if not clean(text):
        raise InvalidRequest("The answer is empty.", next_step="One sentence is enough.")
    return text


@asynccontextmanager
async def _grading(settings: Settings) -> AsyncIterator[Grading]:
    grader = Grader(None if settings.embeddings else await asyncio.to_thread(Meaning))
    if not settings.model:
        yield Grading(grader)
        return
    from bot.store.store import open_store
    from jobs.clock import SystemClock
    from knowledge.judge import open_judge

    clock = SystemClock()
    judge = await asyncio.to_thread(open_judge, settings.model)
    store = open_store(settings.database_url, settings.data_dir, clock)
    try:
        yield Grading(grader, SecondOpinion(judge, store.spending, clock, budget=settings.model_budget))
    finally:
        await store.close()


async def grade(settings: Settings, wanted: Wanted, *, as_json: bool) -> None:
    """Grade one answer and print the verdicts."""
    task = asked(load_curriculum(), wanted)
    text = read_answer(wanted.answer)
    async with _grading(settings) as grading:
        whole = await grading.grade(text, task.task, "terminal")
    attempted = attempt(task.task, task.parts, whole)
    lines = list(feedback(task.task, attempted, text))
    if as_json:
        print(json.dumps(_as_object(attempted.grade, lines), ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def _as_object(result: Grade, lines: list[str]) -> dict[str, object]:
    return {
        "points": [{"id": one.point_id, "verdict": one.verdict, "quote": one.quote} for one in result.points],
        "score": float(result.score),
        "unsure": float(result.unsure),
        "abstained": result.abstained,
        "feedback": "\n".join(lines),
    }


def feedback(task: Task, attempted: Attempt, text: str) -> Iterator[str]:
    """The lines for a person: what was seen in which words, what was not, what was left out, the score."""
    result, points = attempted.grade, {point.id: point for point in task.points}
    if len(text) > LONGEST:
        yield f"That is long: I read the first {LONGEST:,} characters."
    if result.refused:
        yield from result.remarks
        return
    if _one_word(text) and not any(one.verdict == "hit" for one in result.points):
        yield _ONE_WORD
        return
    for one in result.points:
        point = points[one.point_id]
        quote = f" — “{clean(one.quote)}”" if one.quote else ""
        if one.verdict == "hit":
            yield f"✓ {one.point_id}: {point.claim}{quote}"
        elif one.verdict == "unsure":
            yield f"? {one.point_id}: I am unsure about this one{quote}: {point.miss}"
        else:
            yield f"✗ {one.point_id}: I did not see this one: {point.miss}"
    yield from result.remarks
    for part in attempted.left_out:
        yield f"Not attempted, so not counted: {part.ask}"
    if result.abstained:
        yield f"Too much is unsure for a score ({result.unsure:.0%} of the weight)."
    else:
        yield f"Score: {result.score:.0%}"


def _one_word(text: str) -> bool:
    return len(clean(text).split()) == 1 and not any(one.isdigit() or one in "_()=/" for one in text)
