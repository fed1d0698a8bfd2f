"""How good the answers are: the half of the development questions that nothing was fitted on, through the real index.

`pytest -s tests/content/test_answers.py` prints what is measured beside the targets. A floor stands just below what was
measured last, so that no change makes the answers worse unnoticed; where it is below its target, that is what is owed.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app import App, open_app
from bot.evaluation import Originals, Outcome, asked, summary
from bot.reading import read_file
from bot.service import SimulatedClock
from bot.settings import Settings
from knowledge.ingest.find import documents_in
from knowledge.loader import load_article, load_curriculum
from knowledge.model import Scope, Source
from tests.conftest import START
from tests.content import development

EVERYBODY, ENG_PRACTICES = Scope(), Scope(workspace="eval:eng-practices")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a measure should come to, and below what it may not fall."""

    measure: str
    target: float
    floor: float


STANDING_ALONE = (
    Goal(measure="hit@1", target=0.92, floor=0.86),
    Goal(measure="hit@1_strict", target=0.85, floor=0.82),
    Goal(measure="hit@3", target=0.98, floor=0.94),
    Goal(measure="quote_hit", target=0.88, floor=0.81),
    Goal(measure="coverage", target=0.92, floor=0.86),
    Goal(measure="near_miss_withheld", target=0.85, floor=0.82),
    Goal(measure="auroc", target=0.92, floor=0.93),
    Goal(measure="abstention_f1", target=0.85, floor=0.84),
    Goal(measure="verbatim", target=1.0, floor=1.0),
    Goal(measure="adversarial_safe", target=1.0, floor=1.0),
)
"""Article and adversarial questions together."""
FOLLOWING_UP = (
    Goal(measure="hit@3", target=0.9, floor=0.76),
    Goal(measure="verbatim", target=1.0, floor=1.0),
)
DOCUMENTS = (
    Goal(measure="hit@3", target=0.9, floor=0.81),
    Goal(measure="verbatim", target=1.0, floor=1.0),
)
"""The plain questions on a second set of documents."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    folder = tmp_path_factory.mktemp("answers")
    settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
    async with open_app(settings, SimulatedClock(START), index=folder / "index") as opened:
        yield opened


async def outcomes(
    app: App, names: Sequence[str], source: Source = "article", scope: Scope = EVERYBODY
) -> list[Outcome]:
    originals = Originals(article=load_article(), curriculum=load_curriculum(), corpus=app.store.documents)
    return [await asked(app.answering, originals, case, (source,), scope) for case in development.reporting(*names)]


def reached(about: str, found: Sequence[Outcome], goals: Sequence[Goal]) -> None:
    """Print the table and hold every measure to its floor."""
    measured = summary(found)
    print(f"\n{about}: {measured['questions']} questions, {measured['answerable']} with an answer")
    for goal in goals:
        value = measured[goal.measure]
        owed = f"   {goal.target - value:.3f} short" if value < goal.target else ""
        print(f"  {goal.measure:<20} {value:.3f}   target {goal.target:.2f}   floor {goal.floor:.2f}{owed}")
    others = measured.keys() - {goal.measure for goal in goals} - {"questions", "answerable"}
    print(f"  also: {', '.join(f'{name} {measured[name]}' for name in measured if name in others)}")
    below = {goal.measure: measured[goal.measure] for goal in goals if measured[goal.measure] < goal.floor}
    assert below == {}, f"{about}: worse than before"


@pytest.mark.asyncio(loop_scope="module")
async def test_questions_that_stand_alone(app: App) -> None:
    found = await outcomes(app, (*development.ARTICLE, *development.ADVERSARIAL))
    reached("article", found, STANDING_ALONE)


@pytest.mark.asyncio(loop_scope="module")
async def test_questions_that_follow_up(app: App) -> None:
    reached("follow-ups", await outcomes(app, development.FOLLOW_UPS), FOLLOWING_UP)


@pytest.mark.shared
@pytest.mark.asyncio(loop_scope="module")
async def test_a_second_set_of_documents(app: App, shared: Path) -> None:
    for path in documents_in(shared / "corpora" / "eng-practices"):
        await app.library.take_in(read_file(path), ENG_PRACTICES)
    found = await outcomes(app, development.ENG_PRACTICES[:1], "documents", ENG_PRACTICES)
    reached("documents", found, DOCUMENTS)


def test_every_kind_of_question_has_its_share_on_both_halves() -> None:
    everything = (*development.ARTICLE, *development.FOLLOW_UPS, *development.ADVERSARIAL, *development.ENG_PRACTICES)
    cases = development.cases(*everything)
    assert len({case.id for case in cases}) == len(cases), "a question is on one half"
    for name in everything:
        share = sum(map(development.decides, development.cases(name))) / len(development.cases(name))
        assert 0.3 <= share <= 0.7, name


def test_what_is_said_to_stand_in_the_article_does() -> None:
    article = load_article()
    text = " ".join(article.text.split())
    headings = {section.heading for section in article.sections}
    for case in development.cases(*development.ARTICLE, *development.FOLLOW_UPS):
        assert set(case.also_ok) <= headings, case.id
        if case.answerable:
            assert case.gold_section in headings, case.id
            assert " ".join(case.gold_quote.split()) in text, case.id
