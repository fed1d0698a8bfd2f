"""`python -m tests.bench.calibrate`: fit the confidence on the deciding half of the development questions.

Prints the constants for bot/core/confidence.py, and what they are worth on the reporting half. Needs ../shared.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.app import App, open_app
from bot.core.confidence import signals
from bot.evaluation import Case
from bot.reading import read_file
from bot.settings import Settings
from jobs.clock import SystemClock
from knowledge.ingest.find import documents_in
from knowledge.model import Retrieval, Scope
from tests.conftest import SHARED
from tests.content import development

ENG = Scope(workspace="eval:eng-practices")
PRIMER = Scope(workspace="eval:primer")
ARTICLE_SIGNALS = ("leaning", "alias_similarity", "unanswered_similarity", "named", "asks", "lacks")
DOCUMENT_SIGNALS = ("nearest", "margin", "coverage", "unknown", "asks", "lacks")
RIDGE = 3.0
COVERED = 0.95
"""The share of the deciding half's answerable questions that the article's threshold lets through."""
Array = np.ndarray


def fit(signal: Array, target: Array) -> tuple[float, Array]:
    """Bias and weights of a ridge-penalised logistic regression, by Newton's method."""
    mean, scale = signal.mean(0), signal.std(0) + 1e-9
    scaled = (signal - mean) / scale
    bias, weights = 0.0, np.zeros(signal.shape[1])
    for _ in range(100):
        guess = 1 / (1 + np.exp(-(scaled @ weights + bias)))
        slope = guess * (1 - guess)
        gradient = scaled.T @ (guess - target) + RIDGE * weights
        curve = (scaled * slope[:, None]).T @ scaled + RIDGE * np.eye(len(weights))
        weights = weights - 0.5 * np.linalg.solve(curve, gradient)
        bias -= 0.5 * float((guess - target).sum() / slope.sum())
    raw = weights / scale
    return bias - float(raw @ mean), raw


def auroc(score: Array, target: Array) -> float:
    good, bad = score[target == 1], score[target == 0]
    return float((good[:, None] > bad).mean() + 0.5 * (good[:, None] == bad).mean())


async def take_in(app: App, scope: Scope, folder: Path) -> None:
    for path in documents_in(folder):
        await app.library.take_in(read_file(path), scope)


async def found(app: App, cases: Sequence[Case], scope: Scope | None) -> list[Retrieval]:
    source = "documents" if scope else "article"
    return [(await app.retriever.retrieve(case.question, sources=(source,), scope=scope))[source] for case in cases]


def right(case: Case, one: Retrieval) -> bool:
    return case.answerable and bool(one.hits) and one.hits[0].section in {case.gold_section, *case.also_ok}


def report(
    name: str, names: Sequence[str], asked: Sequence[tuple[Case, Retrieval]], target: Array, *, covered: float
) -> None:
    cases = [case for case, _ in asked]
    matrix = np.array([[signals(case.question, one)[key] for key in names] for case, one in asked])
    deciding = np.array([development.decides(case) for case in cases])
    bias, weights = fit(matrix[deciding], target[deciding])
    sure = 1 / (1 + np.exp(-(matrix @ weights + bias)))
    answer = float(np.quantile(sure[deciding & (target == 1)], 1 - covered))
    near = float(np.quantile(sure[deciding & (target == 0)], 0.35))
    shown = ", ".join(f'"{key}": {weight:.3f}' for key, weight in zip(names, weights, strict=True))
    print(
        f"{name} = Calibration(bias={bias:.3f}, weights={{{shown}}}, answer={answer:.3f}, near={min(near, answer / 2):.3f})"
    )
    for half, chosen in (("deciding", deciding), ("reporting", ~deciding)):
        kinds = np.array([case.kind for case in cases])
        covering = (sure[chosen & (target == 1)] >= answer).mean()
        line = f"  {half:<9} n={chosen.sum()} AUROC {auroc(sure[chosen], target[chosen]):.3f} covered {covering:.3f}"
        for kind in ("near_miss", "off_topic"):
            line += f" {kind} withheld {(sure[chosen & (kinds == kind)] < answer).mean():.3f}"
        print(line)


async def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
        async with open_app(settings, SystemClock(), index=folder / "index") as app:
            cases = development.cases(*development.ARTICLE)
            all_found = await found(app, cases, None)
            target = np.array([float(case.answerable) for case in cases])
            report("ARTICLE", ARTICLE_SIGNALS, list(zip(cases, all_found, strict=True)), target, covered=COVERED)
            await take_in(app, ENG, SHARED / "corpora" / "eng-practices")
            await take_in(app, PRIMER, SHARED / "corpora" / "system-design-primer")
            cases, all_found = [], []
            for names, scope in ((development.ENG_PRACTICES, ENG), (development.PRIMER, PRIMER)):
                some = development.cases(*names)
                cases += some
                all_found += await found(app, some, scope)
            target = np.array([float(right(case, one)) for case, one in zip(cases, all_found, strict=True)])
            report("DOCUMENTS", DOCUMENT_SIGNALS, list(zip(cases, all_found, strict=True)), target, covered=0.8)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
