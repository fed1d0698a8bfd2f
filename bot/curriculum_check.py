"""`coach check`: practice items and quizzes against the quality bar; what falls short of it, with file and line."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot.core.grading import Grader
from bot.core.quality import scores, spread
from bot.core.quality.faults import Fault, sample
from bot.core.quality.items import item_faults
from bot.core.quality.quizzes import quiz_faults
from bot.curriculum_files import SHIPPED, Checked, files_of
from knowledge import compiled
from knowledge.index.meaning import Meaning
from knowledge.loader import load_article, load_curriculum, load_leaves
from knowledge.model import Curriculum, Item


async def check(paths: Sequence[Path], *, complete: bool, fast: bool, as_json: bool) -> bool:
    """Check items and quizzes, without grading if `fast`; whether no error was found."""
    files, folder, whole = files_of(paths)
    checked = Checked(dict(load_leaves(folder)))
    for path in files:
        checked.read(path)
    for fault in _read_off(checked, folder):
        checked.note(fault)
    curriculum = Curriculum(items=checked.items, leaves=checked.leaves)
    if whole and checked.items:
        for fault in spread.spread_faults(curriculum, complete=complete):
            checked.note(fault)
    if whole and folder == SHIPPED and compiled.documents() is None:
        checked.note(
            Fault(
                level="note",
                subject="data/curriculum.json",
                at=(),
                expected="what was compiled from these files",
                found="an older one; run `make vectors`",
            )
        )
    if not fast and (checked.items or checked.quizzes):
        others = checked.items if whole else {**load_curriculum(folder).items, **checked.items}
        async for fault in _graded(checked, list(others.values())):
            checked.note(fault)
    if as_json:
        print(json.dumps(_as_object(checked, curriculum if whole else None), ensure_ascii=False, indent=2))
    else:
        _print(checked, curriculum if whole else None, fast=fast)
    return not checked.of("error")


def _read_off(checked: Checked, folder: Path) -> Iterator[Fault]:
    article = load_article()
    for item in checked.items.values():
        yield from item_faults(item, article)
    diagrams = {path.name: path.stat().st_size for path in (folder / "diagrams").glob("*.*")}
    for quiz in checked.quizzes.values():
        yield from quiz_faults(quiz, diagrams)


async def _graded(checked: Checked, others: Sequence[Item]) -> AsyncIterator[Fault]:
    meaning = await asyncio.to_thread(Meaning)
    grader = Grader(meaning)
    if meaning.reason:
        yield Fault(
            level="note",
            subject="the scores",
            at=(),
            expected="what the meaning of sentences says, too",
            found=f"words alone: {meaning.reason}",
        )
    forms = [form for item in checked.items.values() for form in sample(item)]
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("grading", total=len(forms) + len(checked.quizzes))
        for form in forms:
            async for fault in scores.form_faults(form, grader):
                yield fault
            progress.advance(task)
        for quiz in checked.quizzes.values():
            async for fault in scores.quiz_faults(quiz, grader):
                yield fault
            progress.advance(task)
    checked.graded = len(forms)
    checked.alike = await spread.alike(list(checked.items.values()), others, meaning)
    for fault in spread.alike_faults(checked.alike):
        yield fault


# --- what is shown ---------------------------------------------------------------------------


def _as_object(checked: Checked, curriculum: Curriculum | None) -> dict[str, object]:
    items = checked.items.values()
    found: dict[str, object] = {
        "ok": not checked.of("error"),
        "items": len(checked.items),
        "quizzes": len(checked.quizzes),
        "graded_prompts": checked.graded,
        "errors": [asdict(one) for one in checked.of("error")],
        "notes": [asdict(one) for one in checked.of("note")],
        "alike": [{"items": [a.id, b.id], "cosine": round(cosine, 3)} for a, b, cosine in checked.alike],
        "types": dict(Counter(item.type for item in items)),
        "levels": {str(level): number for level, number in sorted(Counter(item.level for item in items).items())},
    }
    if curriculum:
        found["categories"] = dict(Counter(item.category for item in items))
        found["leaves"] = [
            {
                "id": one.leaf.id,
                "title": one.leaf.title,
                "target": one.leaf.quota,
                "items": one.items,
                "types": one.types,
            }
            for one in spread.counts(curriculum)
        ]
    return found


def counts_table(curriculum: Curriculum) -> Table:
    """Items a leaf beside the target."""
    table = Table("leaf", "title", box=None, pad_edge=False)
    for name in ("items", "target", "level 1-2"):
        table.add_column(name, justify="right")
    table.add_column("types")
    for one in spread.counts(curriculum):
        style = None if one.items else "bold red"
        cells = (one.leaf.id, one.leaf.title, str(one.items), str(one.leaf.quota), str(one.easy), " ".join(one.types))
        table.add_row(*cells, style=style)
    return table


def _print(checked: Checked, curriculum: Curriculum | None, *, fast: bool) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, file=sys.stdout)
    if curriculum:
        console.print(counts_table(curriculum))
        console.print()
        for name, number in spread.split(curriculum).items():
            console.print(f"{name}: {number}")
        types = Counter(item.type for item in checked.items.values())
        levels = Counter(item.level for item in checked.items.values())
        console.print("Types: " + ", ".join(f"{name} {number}" for name, number in sorted(types.items())))
        console.print("Levels: " + ", ".join(f"{level}: {number}" for level, number in sorted(levels.items())))
        console.print()
    for other in checked.alike:
        console.print(f"alike: {other[0].id} and {other[1].id} (cosine {other[2]:.2f})")
    errors, notes = checked.of("error"), checked.of("note")
    tabled = [one for one in notes if curriculum and one.subject in curriculum.leaves]
    for one in notes:
        if one not in tabled:
            console.print(f"note: {one}")
    for one in errors:
        console.print(f"error: {one}")
    looked = f"{len(checked.items)} items and {len(checked.quizzes)} quizzes"
    graded = "nothing graded" if fast else f"{checked.graded} prompts graded"
    within = f", {len(tabled)} of them on topics in the table" if tabled else ""
    console.print(f"{looked}, {graded}: {len(errors)} errors, {len(notes)} notes{within}.")
