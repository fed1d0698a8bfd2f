"""The lint of items and quizzes: a sound one has no fault, and each thing that can be wrong with it is named."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from bot.core.grading import Grader
from bot.core.quality import scores, spread
from bot.core.quality.faults import Fault, Form, forms, sample
from bot.core.quality.items import item_faults
from bot.core.quality.quizzes import LARGEST_PICTURE, STAGES, quiz_faults
from knowledge import schema
from knowledge.loader import FOLDER, load_leaves
from knowledge.model import Article, Curriculum, Item, Leaf
from knowledge.quizzes import quiz

LEAVES = {"B.DB.LOCK", "B.DB.TXN", "S.SCA"}
ARTICLE = Article(title="", label="", text="Locking is hard.", sections=())
ITEM = yaml.safe_load("""
id: B.DB.LOCK-001
version: 1
type: estimate
category: B
nodes: [B.DB.LOCK, B.DB.TXN]
level: 2
minutes: 4
article_anchor: Locking
prompt: Each booking holds one row for 20 ms. How many can pass in a second?
parts:
  - {id: a, ask: 'How many can pass in a second?', points: [r1, r2]}
  - {id: b, ask: 'What would you change?', points: [r3]}
facts: {hold_ms: 20}
answer: At most 50 per second, because they wait in line. Split the row into slots so that fewer meet.
rubric:
  - {id: r1, w: 0.4, claim: Fifty, hit: [fifty a second], numeric: {value: 50, unit: req/s, tol_rel: 0.05, formula: 1000 / hold_ms}, miss: 1000 by what}
  - {id: r2, w: 0.3, claim: They wait one behind the other, hit: [wait in line, one behind the other], miss: What do the others do}
  - {id: r3, w: 0.3, claim: Spread the row, hit: [split the row, several slots], miss: Must it be one row}
misconceptions: [The database scales it away.]
hints: [A row is a queue., Divide.]
follow_up: And with two rows?
sources: ['PostgreSQL manual, 13.3']
variants:
  - template:
      draw: {hold_ms: [10, 40]}
      facts: {most: 1000 / hold_ms}
    prompt: Each sale holds one row for {hold_ms} ms. How many can pass in a second?
    answer: At most {most:.0f} per second, because they wait in line. Split the row into slots so that fewer meet.
    rubric:
      - {id: r1, w: 0.4, claim: '{most:.0f}', hit: [limit of the row], numeric: {unit: req/s, tol_rel: 0.05, formula: most}, miss: 1000 by what}
      - {id: r2, w: 0.3, claim: They wait one behind the other, hit: [wait in line], miss: What do the others do}
      - {id: r3, w: 0.3, claim: Spread the row, hit: [split the row], miss: Must it be one row}
meta: {origin: project, blind_solved_at: 2026-11-24, licence: MIT, lang: en}
""")
QUIZ_FILE = FOLDER / "curriculum" / "quizzes" / "S.QUIZ-001.yaml"
PICTURES = {"S.QUIZ-001.dot": 10, "S.QUIZ-001.png": 10}

Change = Callable[[dict[str, Any]], Any]


def item(change: Change = lambda raw: None) -> Item:
    raw = copy.deepcopy(ITEM)
    change(raw)
    return schema.item(raw, LEAVES)


def faults(change: Change = lambda raw: None) -> list[Fault]:
    return list(item_faults(item(change), ARTICLE))


def test_a_sound_item_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("change", "at", "expected"),
    [
        (lambda raw: raw.update(id="B.DB.TXN-001"), ("id",), "B.DB.LOCK-001"),
        (lambda raw: raw.update(id="B.DB.LOCK-1"), ("id",), "B.DB.LOCK-001"),
        (lambda raw: raw.update(category="S"), ("category",), "B"),
        (lambda raw: raw.update(type="riddle"), ("type",), "one of flash"),
        (lambda raw: raw.update(level=6), ("level",), "1-5"),
        (lambda raw: raw.update(minutes=0), ("minutes",), "1-30"),
        (lambda raw: raw.update(nodes=["B.DB.LOCK", "B.DB.LOCK"]), ("nodes",), "none twice"),
        (lambda raw: raw.update(hints=["Divide."]), ("hints",), "2 or more"),
        (lambda raw: raw.update(sources=[]), ("sources",), "1 or more"),
        (lambda raw: raw.update(variants=[]), ("variants",), "1 or more"),
        (lambda raw: raw["variants"][0].pop("template") and raw["variants"].clear(), ("variants",), "a template"),
        (lambda raw: raw.update(follow_up=""), ("follow_up",), "a question"),
        (lambda raw: raw["meta"].update(licence="GPL"), ("meta", "licence"), "MIT"),
        (lambda raw: raw["meta"].update(blind_solved_at="soon"), ("meta", "blind_solved_at"), "a date"),
        (lambda raw: raw.update(article_anchor="Unlocking"), ("article_anchor",), "the article"),
        (lambda raw: raw.update(hints=["x" * 301, "y"]), ("hints", 0), "at most 300"),
        (lambda raw: raw["rubric"][1].update(miss="x" * 301), ("rubric", 1, "miss"), "at most 300"),
        (lambda raw: raw["parts"][0].update(ask="How many fit?"), ("parts", 0, "ask"), "prompt ends with"),
        (lambda raw: raw["parts"][1].update(id="a"), ("parts",), "id of its own"),
        (lambda raw: raw.update(prompt="x " * 460 + ITEM["prompt"]), ("prompt",), "at most 900"),
        (lambda raw: raw.update(prompt="```\ncode\n" + ITEM["prompt"]), ("prompt",), "closing fence"),
        (lambda raw: raw.update(answer=ITEM["answer"] + "x" * 1900), ("answer",), "at most 1900"),
        (lambda raw: raw.update(sources=["x" * 3900]), ("answer",), "at most 3900"),
        (
            lambda raw: raw["rubric"][0].update(w=0.5) or raw["rubric"][1].update(w=0.2),
            ("rubric", 0, "w"),
            "at most 0.4",
        ),
        (lambda raw: raw["rubric"][1].update(hit=[]), ("rubric", 1), "something to see"),
        (lambda raw: raw["rubric"][1].update(min_of=3), ("rubric", 1, "min_of"), "1-2"),
        (
            lambda raw: raw["rubric"][1]["hit"].append("holds ONE row"),
            ("rubric", 1, "hit", 2),
            "no words of the prompt",
        ),
        (lambda raw: raw["rubric"][2]["hit"].append("would you change"), ("rubric", 2, "hit", 2), "of part b"),
        (lambda raw: raw["rubric"][0]["numeric"].pop("formula"), ("rubric", 0, "numeric"), "a formula"),
        (lambda raw: raw["rubric"][0]["numeric"].update(value=51), ("rubric", 0, "numeric", "value"), "50, which"),
        (
            lambda raw: raw["rubric"][0]["numeric"].update(formula="1 / x"),
            ("rubric", 0, "numeric", "formula"),
            "over the",
        ),
        (
            lambda raw: raw["rubric"][0]["numeric"].update(formula="1 / 0"),
            ("rubric", 0, "numeric", "formula"),
            "over the",
        ),
        (lambda raw: raw["rubric"][0]["numeric"].update(range=[60, 70]), ("rubric", 0, "numeric", "range"), "50 in it"),
        (lambda raw: raw["variants"][0]["rubric"].pop() and raw["variants"][0]["rubric"][0].update(w=0.7), None, "3-6"),
        (lambda raw: raw["variants"][0].update(prompt="For {ms} ms?"), ("variants", 0), "can be filled"),
        (
            lambda raw: raw["variants"][0].update(answer="{{most}} a second"),
            ("variants", 0, "answer"),
            "no placeholder",
        ),
        (
            lambda raw: raw["variants"][0]["rubric"][0]["hit"].append("row for {hold_ms} ms"),
            ("variants", 0, "rubric", 0, "hit", 1),
            "no words of the prompt",
        ),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(
    change: Change, at: tuple[str | int, ...] | None, expected: str
) -> None:
    found = faults(change)
    assert [one for one in found if at in {None, one.at} and expected in one.expected and one.level == "error"], found


def test_a_long_prompt_is_noted_before_it_is_an_error() -> None:
    (fault,) = faults(lambda raw: raw.update(prompt="x " * 250 + ITEM["prompt"]))
    assert (fault.level, fault.at) == ("note", ("prompt",))


def test_a_template_is_looked_at_in_all_its_fillings_and_each_fault_is_named_once() -> None:
    found = [one for one in forms(item()) if isinstance(one, Form)]
    assert {one.facts["hold_ms"] for one in found if one.seed is not None} == {10, 40}
    assert len(found) == 3
    assert len(sample(item())) == 2
    (fault,) = faults(lambda raw: raw["variants"][0].update(answer="{{most}} a second"))
    assert "seed" in fault.found


# --- under the grader ------------------------------------------------------------------------


async def graded(change: Change = lambda raw: None) -> list[Fault]:
    return [fault for form in sample(item(change)) async for fault in scores.form_faults(form, Grader())]


async def test_a_sound_item_comes_out_as_it_should() -> None:
    # hits so few make no list that the grader could tell from an answer
    assert [one for one in await graded() if "in a row" not in one.expected] == []


@pytest.mark.parametrize(
    ("change", "at", "expected"),
    [
        (lambda raw: raw.update(answer="At most 50 per second."), ("answer",), "at least 0.95 for the reference"),
        (
            lambda raw: raw.update(
                misconceptions=["At most 50 per second, because they wait in line. Split the row into several slots."]
            ),
            ("misconceptions", 0),
            "at most 0.3 for a misconception",
        ),
        (
            lambda raw: raw["variants"][0].update(answer="At most 3 per second, they wait in line; split the row."),
            ("variants", 0, "answer"),
            "at least 0.95 for the reference",
        ),
    ],
)
async def test_a_score_that_is_wrong_is_named(change: Change, at: tuple[str | int, ...], expected: str) -> None:
    assert any(one.at == at and expected in one.expected for one in await graded(change))


def test_the_tricks_are_built_from_the_item() -> None:
    points = item().rubric
    assert scores.salad(points, short=True) == (
        "fifty a second. wait in line. one behind the other. split the row. several slots"
    )
    assert "one two three four five" not in scores.salad(
        item(lambda raw: raw["rubric"][1]["hit"].append("one two three four five")).rubric, short=True
    )
    assert scores.negated("It waits. It is slow: wait.") == (
        "It is not true that It waits. It is not true that It is slow: It is not true that wait."
    )
    assert [(one.name, one.least, one.most) for one in scores.trials(sample(item())[0])] == [
        ("the reference answer", 0.95, 1.0),
        ("the prompt echoed", 0.0, 0.1),
        ("the short hits in a row", 0.0, 0.5),
        ("all hits in a row", 0.0, 0.5),
        ("the reference negated", 0.0, 0.3),
        ("a misconception", 0.0, 0.3),
    ]


# --- the whole -------------------------------------------------------------------------------


def curriculum(*items: Item, **quota: int) -> Curriculum:
    leaves = {name: Leaf(id=name, title=name, quota=quota.get(name.rpartition(".")[2], 1)) for name in sorted(LEAVES)}
    return Curriculum(items={one.id: one for one in items}, leaves=leaves)


def test_a_leaf_without_an_item_is_an_error_and_one_with_few_a_note_until_it_is_complete() -> None:
    whole = curriculum(item(), LOCK=3, SCA=0)
    said = {(one.subject, one.level, one.found) for one in spread.spread_faults(whole, complete=False)}
    assert {("B.DB.TXN", "error", "none"), ("B.DB.LOCK", "note", "1")} <= said
    assert not [one for one in said if one[0] == "S.SCA"]
    assert [one.leaf.id for one in spread.counts(whole)] == ["B.DB.LOCK", "B.DB.TXN"]
    said = {(one.subject, one.level, one.found) for one in spread.spread_faults(whole, complete=True)}
    assert ("B.DB.LOCK", "error", "1") in said


def test_levels_and_types_of_a_leaf_are_noted() -> None:
    hard = [item(lambda raw, n=n: raw.update(id=f"B.DB.LOCK-00{n}", level=4)) for n in range(1, 5)]
    said = {one.expected for one in spread.spread_faults(curriculum(*hard, LOCK=4), complete=False)}
    assert {"an item of level 1 or 2", "at least two types", "about 10% of type estimate"} <= said


class Alike:
    """Texts with the same first word are as alike as two can be."""

    async def embed(self, text: str) -> bytes | None:
        raise NotImplementedError

    def similarity(self, one: str, other: str) -> float:
        raise NotImplementedError

    async def similarities(self, sentences: Any, texts: Any) -> Any:
        return [[float(one.split()[0] == other.split()[0]) for other in texts] for one in sentences]


async def test_items_that_read_alike_are_named_unless_one_says_why() -> None:
    first = item()
    second = item(lambda raw: raw.update(id="B.DB.LOCK-002"))
    third = item(lambda raw: raw.update(id="B.DB.LOCK-003", prompt="Now: " + ITEM["prompt"], variants=[]))
    pairs = await spread.alike([first, second, third], [first, second, third], Alike())
    assert [(a.id, b.id) for a, b, _ in pairs] == [("B.DB.LOCK-001", "B.DB.LOCK-002")]
    (fault,) = spread.alike_faults(pairs)
    assert (fault.subject, fault.at) == ("B.DB.LOCK-001", ("prompt",))
    second = item(
        lambda raw: raw.update(id="B.DB.LOCK-002", meta={"alike": {"B.DB.LOCK-001": "its answer is another"}})
    )
    assert list(spread.alike_faults([(first, second, 1.0)])) == []


# --- quizzes ---------------------------------------------------------------------------------


def quiz_said(change: Change = lambda raw: None, pictures: dict[str, int] = PICTURES) -> list[Fault]:
    raw = yaml.safe_load(QUIZ_FILE.read_text(encoding="utf-8"))
    change(raw)
    return list(quiz_faults(quiz(raw, load_leaves().keys()), pictures))


def test_a_sound_quiz_has_no_fault() -> None:
    assert quiz_said() == []


def swap_stages(raw: dict[str, Any]) -> None:
    raw["stages"][0], raw["stages"][1] = raw["stages"][1], raw["stages"][0]


@pytest.mark.parametrize(
    ("change", "at", "expected"),
    [
        (lambda raw: raw.update(id="S.QUIZ-1"), ("id",), "S.QUIZ-001"),
        (lambda raw: raw.update(category="B"), ("category",), "S"),
        (swap_stages, ("stages",), ", ".join(STAGES)),
        (lambda raw: raw["stages"][2].update(minutes=5), ("stages", 2, "minutes"), "6"),
        (lambda raw: raw["stages"][4].pop("short"), ("stages",), "three short ones"),
        (lambda raw: raw["caps"].update(no_numbers=0.9), ("caps",), "no_requirements"),
        (lambda raw: raw["hidden_facts"].clear() or raw["hidden_facts"].append(FACT), ("hidden_facts",), "4-6"),
        (
            lambda raw: raw["hidden_facts"][1]["asked_by"].__delitem__(slice(2, None)),
            ("hidden_facts", 1, "asked_by"),
            "5-8",
        ),
        (lambda raw: raw["stages"][0]["hints"].pop(), ("stages", 0, "hints"), "2 or more"),
        (lambda raw: raw["stages"][3].update(ask="x" * 501), ("stages", 3, "ask"), "at most 500"),
        (lambda raw: raw["stages"][3].update(title="x" * 41), ("stages", 3, "title"), "at most 40"),
        (lambda raw: raw.update(title="x" * 101), ("title",), "at most 100"),
        (lambda raw: raw["arguments"].update(dinner="Which?"), ("arguments", "dinner"), "the id of a stage"),
        (lambda raw: raw.update(sources=["one"]), ("sources",), "2 or more"),
        (
            lambda raw: raw["stages"][1]["rubric"][0]["hit"].insert(0, "30 million users"),
            ("stages", 1, "rubric", 0, "hit", 0),
            "no words of the brief",
        ),
        (
            lambda raw: raw["twist"]["rubric"][0]["numeric"].update(value=17),
            ("twist", "rubric", 0, "numeric", "value"),
            "16, which the formula gives",
        ),
    ],
)
def test_what_is_wrong_with_a_quiz_is_named(change: Change, at: tuple[str | int, ...], expected: str) -> None:
    found = quiz_said(change)
    assert [one for one in found if one.at == at and expected in one.expected], found


FACT = {"id": "h1", "fact": "It is raining.", "asked_by": ["a", "b", "c", "d", "e"]}


@pytest.mark.parametrize(
    "pictures",
    [{}, {"S.QUIZ-001.dot": 10}, {"S.QUIZ-001.png": 10}, {"S.QUIZ-001.dot": 10, "S.QUIZ-001.png": LARGEST_PICTURE + 1}],
)
def test_a_diagram_is_there_as_source_and_as_a_picture_that_can_be_sent(pictures: dict[str, int]) -> None:
    assert {one.at for one in quiz_said(pictures=pictures)} == {("reference", "diagram")}


async def test_a_model_answer_that_does_not_show_its_points_is_named() -> None:
    raw = yaml.safe_load(QUIZ_FILE.read_text(encoding="utf-8"))
    raw["stages"][2]["answer"] = "We would see."
    one = quiz(raw, load_leaves().keys())
    found = [fault.at async for fault in scores.quiz_faults(one, Grader())]
    assert ("stages", 2, "answer") in found
