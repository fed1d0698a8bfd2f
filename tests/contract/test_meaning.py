"""With the real embedding: what is found on a subject, and what a correction teaches beyond its own words."""

import asyncio

import pytest

from bot.core.browsing import Browsing
from bot.core.exemplars import Taught
from bot.core.grading import Grader, Task
from bot.core.records import Grade
from bot.core.rulings import Exemplar
from bot.core.second_opinion import Grading
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.index.opening import WarmingRetriever
from knowledge.loader import load_article, load_curriculum
from knowledge.model import Point
from tests.stores import message, wired


@pytest.fixture(scope="module")
def retriever() -> WarmingRetriever:
    opened = WarmingRetriever(None, load_article(), load_curriculum())
    assert asyncio.run(opened.state()).semantic
    return opened


@pytest.fixture
async def browsing(sqlite_store: SqlStore, clock: SimulatedClock, retriever: WarmingRetriever) -> Browsing:
    made = wired(sqlite_store, clock, curriculum=load_curriculum()).coach._browsing
    made._retriever = retriever
    return made


@pytest.mark.parametrize(
    ("subject", "branch"),
    [
        ("retry storms", ("B.OPS", "B.DS")),
        ("oauth", ("B.API.AUTH", "B.BR")),
        ("deadlocks", ("B.DB.LOCK",)),
        ("kubernetes", ("B.BR", "B.CLOUD", "S.SCA")),  # S.SCA-006 is about pods
        ("message brokers", ("S.DEC", "B.DS")),
    ],
)
async def test_a_subject_that_no_title_names_is_found_by_meaning(
    browsing: Browsing, subject: str, branch: tuple[str, ...]
) -> None:
    found = await browsing._found(message("x"), subject)
    assert found.by == "meaning"
    assert found.items[0].leaf.startswith(branch)


@pytest.mark.parametrize("subject", ["sourdough baking", "guitar chords", "holiday plans", "the weather", "cat videos"])
async def test_what_has_nothing_to_do_with_it_is_not_found(browsing: Browsing, subject: str) -> None:
    assert (await browsing._found(message("x"), subject)).items == ()


# --- corrections -----------------------------------------------------------------------------

SAID = "Every slot of the database is taken"
POINT = Point(id="r1", weight=1.0, claim="The pool is exhausted.", miss="?", hit=("pool exhausted",))
OTHER = Point(id="r2", weight=1.0, claim="Stop the month-end job.", miss="?", hit=("stop the job",))


class _Learned:
    def __init__(self, *exemplars: Exemplar) -> None:
        self._exemplars = exemplars

    async def exemplars(self, place: str, item_id: str) -> list[Exemplar]:
        return list(self._exemplars)


async def _verdict(retriever: WarmingRetriever, text: str, *exemplars: Exemplar) -> str:
    taught = Taught(Grading(Grader(retriever)), _Learned(*exemplars), retriever)  # type: ignore[arg-type]
    task = Task(prompt="Orders are slow: what ran out?", points=[POINT, OTHER])
    grade: Grade = await taught.grade(text, task, item_id="i", place="memory:w1", workspace="memory:w1")
    assert grade.points[1].verdict != "hit", "another point learns nothing of it"
    return grade.points[0].verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SAID, "hit"),
        ("I think all the slots of the database are occupied", "hit"),
        ("CPU is fine. All database slots are in use.", "hit"),
        ("It is not true that every slot of the database is taken", "missed"),
        ("Lunch is at noon and the cook is slow", "missed"),
    ],
)
async def test_what_means_the_same_as_a_correction_counts(
    retriever: WarmingRetriever, text: str, expected: str
) -> None:
    learned = Exemplar(point_id="r1", hit=True, text=SAID)
    assert await _verdict(retriever, text, learned) == expected
    assert text.startswith(("It is not", "Lunch")) or await _verdict(retriever, text) != "hit", "it was learned"


@pytest.mark.parametrize(
    ("learned", "text"),
    [
        ("the consumer is slower than the producer", "the producer is slower than the consumer"),
        ("increase the size of that table", "decrease the size of that table"),
        ("commit before sending the message", "send the message before committing"),
    ],
)
async def test_the_reverse_of_a_correction_is_no_hit(retriever: WarmingRetriever, learned: str, text: str) -> None:
    assert await _verdict(retriever, text, Exemplar(point_id="r1", hit=True, text=learned)) != "hit"
    assert await _verdict(retriever, learned, Exemplar(point_id="r1", hit=True, text=learned)) == "hit"
