"""`coach check`, `coach items`, `coach grade` as people run them, and a coach that starts without a broken item."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from knowledge.loader import FOLDER, load_curriculum
from tests.platform.process import ROOT
from tests.platform.test_command_line import CommandLine, refused

CURRICULUM = load_curriculum()
ITEM = "S.SCA-002"
GOOD = (
    "90 / n + 10 = 15, so you need 18 workers. With 100 workers it takes 10.9 minutes, hardly any faster. "
    "The merge is the floor: it stays above 10 minutes whatever you pay. Shorten the merge instead, merge as a tree."
)


@pytest.fixture
def coach(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, tmp_path / "data")


# --- check -----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER / "curriculum", tmp_path / "mine"))


def changed(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; returns its line."""
    head, found, tail = path.read_text(encoding="utf-8").partition(old)
    assert found
    path.write_text(head + new + tail, encoding="utf-8")
    return head.count("\n") + 1


def test_the_whole_is_checked_with_the_counts_of_each_leaf(coach: CommandLine) -> None:
    done = coach("check", "--fast", "--json")
    said = json.loads(done.out)
    assert (done.code, done.err, said["errors"]) == (0, "", [])
    assert (said["ok"], said["items"], said["quizzes"], said["graded_prompts"]) == (True, len(CURRICULUM.items), 3, 0)
    assert said["categories"] == Counter(item.category for item in CURRICULUM.items.values())
    assert (len(said["leaves"]), sum(leaf["target"] for leaf in said["leaves"])) == (80, 400)
    assert sum(leaf["items"] for leaf in said["leaves"]) == len(CURRICULUM.items)


def test_what_falls_short_is_named_with_file_line_item_and_field(coach: CommandLine, folder: Path) -> None:
    path = folder / "items" / "S.SCA.yaml"
    level = changed(path, "  level: 4\n", "  level: 9\n")
    number = changed(path, "numeric: {value: 37383,", "numeric: {value: 36383,")
    stranger = changed(path, "  follow_up: ", "  folow_up: ")
    done = coach("check", "--fast", "--json", "mine")
    errors = {(one["file"], one["line"], one["subject"], one["field"]) for one in json.loads(done.out)["errors"]}
    assert done.code == 1
    assert {
        ("mine/items/S.SCA.yaml", level, "S.SCA-001", "level"),
        ("mine/items/S.SCA.yaml", number, "S.SCA-001", "rubric[0].numeric.value"),
        ("mine/items/S.SCA.yaml", stranger, "S.SCA-001", "folow_up"),
    } <= errors
    shown = coach("check", "--fast", "mine/items/S.SCA.yaml")
    assert shown.code == 1
    assert f"error: mine/items/S.SCA.yaml:{level}: S.SCA-001, level: expected 1-5; found 9" in shown.out.splitlines()


def test_items_that_cannot_be_used_are_named_and_the_rest_is_checked(coach: CommandLine, folder: Path) -> None:
    line = changed(folder / "items" / "S.SCA.yaml", "  minutes: 6\n", "  minutes: six\n")
    (folder / "items" / "A.USE.yaml").write_bytes(b"- id: \xff\n")
    (folder / "quizzes" / "S.QUIZ-003.yaml").write_text("id: S.QUIZ-003\n")
    shutil.copy(folder / "items" / "S.REL.yaml", folder / "items" / "Z.yaml")
    done = coach("check", "--fast", "--json", "mine")
    said = json.loads(done.out)
    errors = [(Path(one["file"]).name, one["line"], one["subject"], one["field"]) for one in said["errors"]]
    assert done.code == 1
    assert ("S.SCA.yaml", line, "S.SCA-001", "minutes") in errors
    assert ("A.USE.yaml", 1, "", "") in errors
    assert ("S.QUIZ-003.yaml", 1, "S.QUIZ-003", "stages") in errors
    assert ("Z.yaml", 1, "S.REL-001", "id") in errors
    assert said["quizzes"] == 2


def test_a_file_is_graded_and_compared_with_all_items(coach: CommandLine, folder: Path) -> None:
    path = folder / "mine.yaml"
    text = (folder / "items" / "S.SCA.yaml").read_text(encoding="utf-8")
    item = text[text.index(f"- id: {ITEM}") : text.index("- id: S.SCA-003")].replace(ITEM, "S.SCA-009")
    path.write_text(item.replace("18 workers. With 100", "some workers. With 100"), encoding="utf-8")
    done = coach("check", "--json", str(path))
    said = json.loads(done.out)
    found = {(one["subject"], one["field"], one["expected"]) for one in said["errors"]}
    assert ("S.SCA-009", "answer", "a score of at least 0.95 for the reference answer") in found
    assert ("S.SCA-009", "prompt", f"an idea of its own, or a reason under meta.alike for {ITEM}") in found
    assert (done.code, said["graded_prompts"], "leaves" in said) == (1, 3, False)


def test_complete_means_that_a_leaf_below_its_target_is_an_error(coach: CommandLine) -> None:
    done = coach("check", "--fast", "--complete", "--json")
    errors = json.loads(done.out)["errors"]
    assert done.code == 1
    counts = Counter(item.leaf for item in CURRICULUM.items.values())
    below = {name for name, leaf in CURRICULUM.leaves.items() if counts[name] < leaf.quota}
    assert below
    assert below <= {one["subject"] for one in errors}


@pytest.mark.parametrize("path", ["nowhere", "empty", "nowhere.yaml"])
def test_a_path_without_files_is_one_sentence(coach: CommandLine, path: str) -> None:
    (coach.cwd / "empty").mkdir()
    refused(coach("check", path), path)


# --- items -----------------------------------------------------------------------------------


def test_items_are_listed_by_topic_type_and_level(coach: CommandLine) -> None:
    every = coach("items", "--json").json
    assert {one["id"] for one in every} == load_curriculum().items.keys()
    found = coach("items", "--node", "B.DB", "--type", "plan", "--level", "3", "--json").json
    assert found
    for one in found:
        assert (one["type"], one["level"]) == ("plan", 3)
        assert any(node.startswith("B.DB.") for node in one["nodes"])
    by_title = coach("items", "--node", "locking", "--json").json
    assert by_title == coach("items", "--node", "b.db.lock", "--json").json
    shown = coach("items", "--node", "B.DB.LOCK").out.splitlines()
    assert shown[0].split() == ["id", "level", "type", "minutes", "begins"]
    assert shown[-1] == f"{len(by_title)} of {len(every)} items."


def test_items_are_counted_a_leaf(coach: CommandLine) -> None:
    rows = coach("items", "--counts", "--json").json
    assert (len(rows), sum(row["items"] for row in rows), sum(row["target"] for row in rows)) == (
        80,
        len(CURRICULUM.items),
        400,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--node", "B.DB.LOCKS"], "B.DB.LOCK (Locking)"),
        (["--node", "Lokcing"], "B.DB.LOCK (Locking)"),
        (["--type", "riddle"], "flash, incident"),
        (["--level", "7"], "1 (easy) to 5 (hard)"),
    ],
)
def test_a_topic_type_or_level_that_is_not_there_is_one_sentence(
    coach: CommandLine, arguments: list[str], said: str
) -> None:
    refused(coach("items", *arguments), said)


# --- grade -----------------------------------------------------------------------------------


def test_a_whole_answer_is_graded_point_by_point(coach: CommandLine) -> None:
    (coach.cwd / "answer.txt").write_text(GOOD)
    said = coach("grade", ITEM, "--answer", "answer.txt", "--json").json
    assert list(said) == ["points", "score", "unsure", "abstained", "feedback"]
    assert [list(point) for point in said["points"]] == [["id", "verdict", "quote"]] * 4
    assert {point["id"]: point["verdict"] for point in said["points"]} == dict.fromkeys(("r1", "r2", "r3", "r4"), "hit")
    assert all(point["quote"] in GOOD for point in said["points"])
    assert (said["score"], said["abstained"]) == (1.0, False)


def test_a_part_that_is_not_attempted_does_not_count(coach: CommandLine) -> None:
    answer = ". ".join(load_curriculum().items[ITEM].answer.split(". ")[:2]).encode()
    said = coach("grade", ITEM, "--answer", "-", "--json", stdin=answer).json
    assert {point["id"]: point["verdict"] for point in said["points"]} == {"r1": "hit", "r2": "hit"}
    assert said["score"] == 1.0
    assert "Not attempted, so not counted: Which number will no amount of workers beat" in said["feedback"]
    only = coach("grade", ITEM, "--answer", "-", "--json", "--part", "b", stdin=answer).json
    assert [point["id"] for point in only["points"]] == ["r3", "r4"]
    assert only["score"] == 0.0


def test_for_a_person_there_is_a_line_a_point_and_the_score(coach: CommandLine) -> None:
    done = coach(
        "grade", ITEM, "--answer", "-", "--part", "a", stdin=b"The wallpaper of the office is yellow and green."
    )
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].startswith("✗ r1: I did not see this one: ")
    assert lines[1].startswith("✗ r2: I did not see this one: ")
    assert lines[2:] == ["Score: 0%"]


def test_a_variant_is_graded_by_its_own_numbers(coach: CommandLine) -> None:
    item = load_curriculum().items[ITEM]
    assert item.variants[1].template is not None
    first = coach(
        "grade", ITEM, "--answer", "-", "--json", "--variant", "1", stdin=item.variants[0].answer.encode()
    ).json
    assert first["score"] >= 0.95
    from knowledge.formulas import filled

    answer = filled(item.variants[1], 5).answer.encode()
    drawn = coach("grade", ITEM, "--answer", "-", "--json", "--variant", "2", "--seed", "5", stdin=answer).json
    assert drawn["score"] >= 0.95


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["S.SCA-2", "--answer", "-"], b"x", "Nearest: S.SCA-002"),
        ([ITEM, "--answer", "gone.txt"], b"", "gone.txt cannot be read"),
        ([ITEM, "--answer", "."], b"", "cannot be read"),
        ([ITEM, "--answer", "-"], b" \n\xe2\x80\x8b", "The answer is empty."),
        ([ITEM, "--answer", "-"], b"\x89PNG\r\n\x1a\n\x00", "is a PNG picture"),
        ([ITEM, "--answer", "-"], b"\x00\x01\x02", "no UTF-8 text"),
        ([ITEM, "--answer", "-"], b"18 workers \xff", "no UTF-8 text"),
        ([ITEM, "--answer", "-", "--part", "z"], b"x", "Use one of: a, b."),
        ([ITEM, "--answer", "-", "--variant", "9"], b"x", "no variant 9"),
        ([ITEM, "--answer", "-", "--seed", "1"], b"x", "--variant 2"),
    ],
)
def test_what_cannot_be_graded_is_one_sentence(
    coach: CommandLine, arguments: list[str], stdin: bytes, said: str
) -> None:
    refused(coach("grade", *arguments, stdin=stdin), said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("workers", "One word is too little for me to judge: say it in a sentence."),
        ("Man braucht achtzehn Arbeiter, weil die Zusammenführung zehn Minuten dauert.", "I can only grade English"),
    ],
)
def test_what_is_no_answer_is_one_sentence_and_no_verdicts(coach: CommandLine, answer: str, said: str) -> None:
    done = coach("grade", ITEM, "--answer", "-", stdin=answer.encode())
    assert done.code == 0
    (line,) = done.out.splitlines()
    assert line.startswith(said)
    assert coach("grade", ITEM, "--answer", "-", "--json", stdin=answer.encode()).json["score"] == 0.0


def test_of_10000_characters_the_first_4000_are_read_and_that_is_said(coach: CommandLine) -> None:
    filler = "The schedule of that team is printed on a board in the hall. " * 70
    said = coach("grade", ITEM, "--answer", "-", "--json", stdin=f"{filler}{GOOD}{filler * 2}".encode()).json
    assert said["feedback"].startswith("That is long: I read the first 4,000 characters.")
    assert said["score"] == 0.0


# --- a broken item ---------------------------------------------------------------------------


def test_the_coach_starts_without_a_broken_item_and_says_so(tmp_path: Path) -> None:
    for name in ("bot", "knowledge", "jobs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    line = changed(tmp_path / "knowledge" / "curriculum" / "items" / "S.SCA.yaml", "  minutes: 6\n", "  minutes: six\n")
    coach = CommandLine(tmp_path, tmp_path / "data")
    named = f"S.SCA.yaml, line {line}: S.SCA-001, minutes: expected a whole number, found 'six'"
    findings = json.loads(coach("doctor", "--json").out)
    assert {
        "level": "note",
        "topic": "curriculum",
        "text": f"left out: {named}",
        "next_step": "Correct that item.",
    } in (findings)
    assert any(one["text"].startswith(f"{len(CURRICULUM.items) - 1} items") for one in findings)
    ran = coach("run")  # no platform is configured, which it says after the curriculum has loaded
    assert f"left out of the curriculum: {named}" in ran.err
    assert "No platform is configured." in ran.err
    assert len(coach("items", "--json").json) == len(CURRICULUM.items) - 1
