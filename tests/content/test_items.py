"""The practice items and quizzes that ship: held to the quality bar by the lint of `coach check`; broken files."""

import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.core.grading import Grader, grade
from bot.core.quality import scores, spread
from bot.core.quality.faults import Fault, Form, forms, sample
from bot.core.quality.items import TYPES, item_faults
from bot.core.quality.quizzes import quiz_faults
from knowledge import compiled, loader, schema
from knowledge.index.meaning import Meaning
from knowledge.loader import FOLDER, load_article, load_curriculum
from knowledge.model import CATEGORIES, KnowledgeError
from knowledge.quizzes import load_quizzes

CURRICULUM = load_curriculum()
ITEMS = tuple(CURRICULUM.items.values())
QUIZZES, QUIZ_PROBLEMS = load_quizzes()
COUNTS = (100, 73, 41, 15)
FILES = sorted((FOLDER / "curriculum" / "items").glob("*.yaml"))
OF_GOOD = sum(item.id.startswith("A.GOOD.SQL-") for item in ITEMS)


def said(faults: Iterator[Fault]) -> list[str]:
    return [
        f"{one.subject} {one.at}: expected {one.expected}, found {one.found}" for one in faults if one.level == "error"
    ]


# --- the whole -------------------------------------------------------------------------------


def test_the_items_are_spread_as_the_article_splits_learning() -> None:
    assert CURRICULUM.problems == ()
    assert tuple(Counter(item.category for item in ITEMS)[category] for category in CATEGORIES) == COUNTS


def test_there_are_three_quizzes() -> None:
    assert QUIZ_PROBLEMS == ()
    assert sorted(QUIZZES) == ["S.QUIZ-001", "S.QUIZ-002", "S.QUIZ-003"]


def test_every_raw_item_is_loaded_and_has_no_field_that_nothing_reads() -> None:
    raw = {path.name: yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) for path in FILES}
    assert {one["id"] for held in raw.values() for one in held} == CURRICULUM.items.keys()
    assert {(name, at) for name, held in raw.items() for at in schema.strangers(held)} == set()


def test_every_leaf_with_a_target_has_an_item() -> None:
    assert said(spread.spread_faults(CURRICULUM, complete=False)) == []


def test_types_and_levels_vary() -> None:
    assert {item.type for item in ITEMS} == set(TYPES)
    assert {item.level for item in ITEMS} == {1, 2, 3, 4, 5}


# --- each item, each quiz --------------------------------------------------------------------


def test_no_item_has_a_fault_that_its_text_tells() -> None:
    article = load_article()
    assert [one for item in ITEMS for one in said(item_faults(item, article))] == []


def test_no_quiz_has_a_fault_that_its_text_tells() -> None:
    diagrams = {path.name: path.stat().st_size for path in (FOLDER / "curriculum" / "diagrams").iterdir()}
    assert [one for quiz in QUIZZES.values() for one in said(quiz_faults(quiz, diagrams))] == []


@pytest.fixture(scope="module")
def embedded() -> Meaning:
    return Meaning()


async def test_the_grader_makes_of_every_text_what_it_should(embedded: Meaning) -> None:
    """References, echoes, keyword salads, negated references and misconceptions; of a template one filling."""
    grader = Grader(embedded)
    found = [fault for item in ITEMS for form in sample(item) async for fault in scores.form_faults(form, grader)]
    found += [fault for quiz in QUIZZES.values() async for fault in scores.quiz_faults(quiz, grader)]
    assert said(iter(found)) == []


async def test_no_two_items_have_one_idea_or_they_say_why(embedded: Meaning) -> None:
    assert said(spread.alike_faults(await spread.alike(ITEMS, ITEMS, embedded))) == []


def test_the_reference_shows_its_points_by_its_words_alone() -> None:
    """For where there is no embedding; a third filling of each template, too."""
    low = {}
    for item in ITEMS:
        for form in forms(item, seeds=3):
            assert isinstance(form, Form)
            task = form.task
            score = grade(form.answer, prompt=task.prompt, points=task.points, contradictions=task.contradictions).score
            if score < scores.REFERENCE:
                low[item.id, form.at, form.seed] = score
    assert low == {}


@pytest.mark.parametrize("text", ["", "I do not know.", "?"])
def test_nothing_earns_nothing(text: str) -> None:
    tasks = {item.id: form.task for item in ITEMS for form in sample(item)}
    assert {
        name: one for name, task in tasks.items() if (one := grade(text, prompt=task.prompt, points=task.points).score)
    } == {}


# --- how it is read --------------------------------------------------------------------------


def test_what_is_compiled_is_what_the_files_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.write(tmp_path / "compiled.json")
    monkeypatch.setattr(loader, "documents", lambda folder: compiled.documents(folder, tmp_path / "compiled.json"))
    fast = load_curriculum.__wrapped__()
    monkeypatch.setattr(loader, "documents", lambda folder: None)
    assert fast == load_curriculum.__wrapped__()


def test_what_was_compiled_from_other_files_is_not_used(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "compiled.json"
    compiled.write(file, folder)
    assert compiled.documents(folder, file) is not None
    path = folder / "items" / "A.GOOD.SQL.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("  level: ", "  level:  ", 1), encoding="utf-8")
    assert compiled.documents(folder, file) is None
    for content in (b"", b"{", b"[]", b"\xff"):
        file.write_bytes(content)
        assert compiled.documents(folder, file) is None
    assert compiled.documents(folder, tmp_path / "gone.json") is None


def test_400_items_load_within_300_ms(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [block for path in FILES for block in re.split(r"(?m)^(?=- id: )", path.read_text(encoding="utf-8"))[1:]]
    wanted = [
        re.sub(r"^- id: \S+", lambda match, n=n: f"{match[0]}9{n:03}", blocks[n % len(blocks)]) for n in range(400)
    ]
    for path in (folder / "items").iterdir():
        path.unlink()
    for number in range(20):
        text = "".join(wanted[number * 20 : number * 20 + 20])
        (folder / "items" / f"{number:02}.yaml").write_text(text, encoding="utf-8")
    compiled.write(tmp_path / "compiled.json", folder)
    monkeypatch.setattr(loader, "documents", lambda folder: compiled.documents(folder, tmp_path / "compiled.json"))
    taken = []
    for _ in range(3):
        loader.load_leaves.cache_clear()
        began = time.perf_counter()
        curriculum = load_curriculum.__wrapped__(folder)
        taken.append(time.perf_counter() - began)
    assert (len(curriculum.items), curriculum.problems) == (400, ())
    assert min(taken) <= 0.3, taken


# --- broken files ----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the curriculum to break."""
    return Path(shutil.copytree(FOLDER / "curriculum", tmp_path / "curriculum"))


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("  category: A\n", "  category: Q\n", "category", "one of B, S, D, A"),
        ("  nodes: [A.GOOD.SQL,", "  nodes: [A.GOOD.NOSUCH,", "nodes[0]", "A.GOOD.NOSUCH"),
        ("{id: r3, w: 0.2, ", "{id: r3, w: 0.3, ", "rubric", "weights"),
        ("{id: r3, w: 0.2, ", "{id: r3, w: much, ", "rubric[2].w", "a number"),
        ("points: [r4, r5]}", "points: [r4]}", "parts", "exactly one part"),
        ("  minutes: 5\n", "", "minutes", "a whole number"),
        ("  minutes: 5\n", "  minutes: long\n", "minutes", "'long'"),
        ("  prompt: |\n", "  prompt: 7\n  was: |\n", "prompt", "a text"),
        ("  rubric:\n", "  rubric: none\n  was:\n", "rubric", "a list"),
        ("hit: [", "hit: [37, ", "rubric[0].hit[0]", "in quotes"),
    ],
)
def test_an_item_that_is_wrong_is_named_by_file_line_and_field_and_the_rest_loads(
    folder: Path, old: str, new: str, field: str, said: str
) -> None:
    path = folder / "items" / "A.GOOD.SQL.yaml"
    head, mark, tail = path.read_text(encoding="utf-8").partition("- id: A.GOOD.SQL-001\n")
    assert old in tail
    before, _, after = tail.partition(old)
    path.write_text(head + mark + before + new + after, encoding="utf-8")
    line = (head + mark + before).count("\n") + 1 if new else head.count("\n") + 1
    curriculum = load_curriculum(folder)
    (problem,) = curriculum.problems
    assert (problem.file, problem.subject, problem.field) == ("A.GOOD.SQL.yaml", "A.GOOD.SQL-001", field)
    assert said in str(problem)
    if "w: 0.3" not in new and "[r4]" not in new:  # those are faults of the whole list
        assert problem.line == line
    assert len(curriculum.items) == len(ITEMS) - 1
    assert "A.GOOD.SQL-001" not in curriculum.items


def test_a_file_that_is_no_yaml_is_named_by_line_and_the_other_files_load(folder: Path) -> None:
    path = folder / "items" / "A.GOOD.SQL.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[4] = "  nodes: [A.GOOD.MIG, {oops\n"
    path.write_text("".join(lines), encoding="utf-8")
    curriculum = load_curriculum(folder)
    (problem,) = curriculum.problems
    assert re.match(r"A\.GOOD\.SQL\.yaml, line [5-7]: ", str(problem))
    assert len(curriculum.items) == len(ITEMS) - OF_GOOD


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"just a sentence\n", "list of items"),
        (b"id: A.GOOD.MIG-001\nversion: 1\n", "list of items"),
        (b"- just a sentence\n- 7\n", "line 1"),
        (b"- id: X\xff\xfe\n", "UTF-8"),
        (b"- id: \x00\n", ""),
        (b"- [" * 5000, ""),
    ],
    ids=["text", "mapping", "scalars", "not UTF-8", "a control character", "very deep"],
)
def test_a_file_of_another_kind_is_named_and_the_rest_loads(folder: Path, content: bytes, said: str) -> None:
    (folder / "items" / "A.GOOD.SQL.yaml").write_bytes(content)
    curriculum = load_curriculum(folder)
    assert len(curriculum.items) == len(ITEMS) - OF_GOOD
    assert curriculum.problems
    assert str(curriculum.problems[0]).startswith("A.GOOD.SQL.yaml")
    assert said in str(curriculum.problems[0])


def test_an_item_that_stands_twice_is_taken_once(folder: Path) -> None:
    shutil.copy(folder / "items" / "A.USE.LLM.yaml", folder / "items" / "Z.yaml")
    curriculum = load_curriculum(folder)
    assert len(curriculum.items) == len(ITEMS)
    assert len(curriculum.problems) == sum(item.leaf == "A.USE.LLM" for item in ITEMS)
    assert str(curriculum.problems[0]).startswith("Z.yaml, line 1: A.USE")


def test_an_empty_file_is_no_problem(folder: Path) -> None:
    (folder / "items" / "A.GOOD.SQL.yaml").write_bytes(b"")
    curriculum = load_curriculum(folder)
    assert (len(curriculum.items), curriculum.problems) == (len(ITEMS) - OF_GOOD, ())


def test_no_item_at_all_is_an_error_with_the_reasons(folder: Path) -> None:
    for path in (folder / "items").glob("*.yaml"):
        path.write_text("- {}\n")
    with pytest.raises(KnowledgeError, match="no usable practice item") as caught:
        load_curriculum(folder)
    assert "A.GOOD.BOIL.yaml, line 1" in str(caught.value)


@pytest.mark.parametrize("content", [b"- a\n", b"id: S.QUIZ-002\n", b"{", b"\xff", b""])
def test_a_broken_quiz_is_named_and_the_others_load(folder: Path, content: bytes) -> None:
    (folder / "quizzes" / "S.QUIZ-002.yaml").write_bytes(content)
    quizzes, problems = load_quizzes(folder)
    assert sorted(quizzes) == ["S.QUIZ-001", "S.QUIZ-003"]
    assert [(one.file, one.line <= 2) for one in problems] == [("S.QUIZ-002.yaml", True)]


def test_a_field_of_a_quiz_that_is_wrong_is_named_by_its_line(folder: Path) -> None:
    path = folder / "quizzes" / "S.QUIZ-001.yaml"
    head, mark, tail = path.read_text(encoding="utf-8").partition("  - id: estimate\n")
    path.write_text(head + mark + tail.replace("    minutes: 4\n", "    minutes: four\n", 1), encoding="utf-8")
    (problem,) = load_quizzes(folder)[1]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert (problem.field, problem.line) == ("stages[1].minutes", lines.index("    minutes: four") + 1)
