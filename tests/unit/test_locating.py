"""Lines of fields in YAML files, and the sentences for files that are none."""

from pathlib import Path

import pytest

from knowledge.locating import Places, Unreadable, read, spelled

TEXT = """- id: one
  prompt: |
    Text
  rubric:
    - {id: r1, w: 0.4}
    - {id: r2,
       w: 0.6}
- id: two
  nodes: [a, b]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "items.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ((), 1),
        ((0,), 1),
        ((0, "prompt"), 2),
        ((0, "rubric", 1), 6),
        ((0, "rubric", 1, "w"), 7),
        ((0, "rubric", 1, "claim"), 6),
        ((1, "nodes", 1), 9),
        ((1, "level"), 8),
        ((5,), 1),
    ],
)
def test_a_field_has_its_line_and_a_missing_one_that_of_what_it_is_missing_from(
    path: Path, at: tuple[str | int, ...], line: int
) -> None:
    assert Places(path).line(at) == line


def test_an_item_is_found_by_its_id(path: Path) -> None:
    assert [Places(path).index(name) for name in ("one", "two", "three")] == [0, 1, 0]


def test_a_field_that_stands_twice_is_found(path: Path) -> None:
    assert list(Places(path).repeated()) == []
    path.write_text(TEXT + "  nodes: [c]\n", encoding="utf-8")
    assert list(Places(path).repeated()) == [(1, "nodes")]
    path.write_text(TEXT.replace("id: r1, w", "w: 0.3, w"), encoding="utf-8")
    assert list(Places(path).repeated()) == [(0, "rubric", 0, "w")]


def test_of_a_file_that_is_gone_or_no_yaml_it_is_the_first_line(path: Path) -> None:
    assert Places(path.with_name("gone.yaml")).line((0, "prompt")) == 1
    path.write_text("- [", encoding="utf-8")
    assert Places(path).line((0, "prompt")) == 1


def test_a_place_is_spelled_as_people_read_it() -> None:
    assert spelled(("rubric", 2, "hit", 0)) == "rubric[2].hit[0]"
    assert spelled(()) == ""


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (b"- a\n- b: c: d\n- e\n", 2, "mapping values are not allowed"),
        (b"- a\n- \xff\n", 2, "bytes that are no UTF-8 text"),
        (b"- a: 2026-13-45\n", 1, "month must be in"),
    ],
)
def test_what_is_no_yaml_text_is_named_by_line(path: Path, content: bytes, line: int, found: str) -> None:
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        read(path, "a list of items")
    problem = caught.value.problem
    assert (problem.file, problem.line, problem.expected) == ("items.yaml", line, "a list of items in YAML")
    assert found in problem.found


def test_a_folder_or_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in (tmp_path, tmp_path / "gone.yaml"):
        with pytest.raises(Unreadable):
            read(name, "a list of items")
