"""`coach gaps` at a terminal: what it lists, what it does with one question, and the sentences for what it cannot."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import InvalidRequest
from bot.core.memory import EvaluationCase, Gap
from bot.evaluation import read_cases
from bot.gap_list import Wanted, gaps, workspace_named
from bot.settings import Settings, load_settings
from bot.store.store import SqlStore
from knowledge.model import Scope
from tests.stores import NOW, channel, person

FIRST, SECOND = "11111111-aaaa", "22222222-bbbb"


@pytest.fixture
async def settings(sqlite_store: SqlStore, tmp_path: Path) -> Settings:
    """With a question in each of two workspaces."""
    for name, workspace in ((FIRST, "w1"), (SECOND, "w2")):
        where = replace(channel(thread="7"), workspace=workspace)
        one = Gap(
            id=name,
            where=where,
            user=person("ada"),
            direct=False,
            question=f"Who deploys in {workspace}?",
            reason="near",
            asked_at=NOW,
        )
        await sqlite_store.gaps.add(one)
    return load_settings(None).model_copy(update={"data_dir": tmp_path, "database_url": None})


async def run(settings: Settings, workspace: str = "", *, as_json: bool = False, **wanted: Any) -> None:
    await gaps(settings, workspace, Wanted(**wanted), as_json=as_json)


async def test_it_lists_one_workspace_or_all_without_who_asked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(settings, as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert [(one["id"], one["workspace"], one["times"], one["reasons"]) for one in listed] == [
        ("11111111", "memory:w1", 1, ["near"]),
        ("22222222", "memory:w2", 1, ["near"]),
    ]
    await run(settings, "memory:w2")
    shown = capsys.readouterr().out
    assert "22222222    1x  memory:w2  Who deploys in w2?  (only near)" in shown
    assert "11111111" not in shown
    assert "ada" not in shown


async def test_an_answer_goes_to_the_workspace_of_its_question(
    settings: Settings, sqlite_store: SqlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(settings, answer="22222222", topic="Deploys", text="The captain of the week does.")
    assert "Saved under “Deploys”" in capsys.readouterr().out
    assert await sqlite_store.documents.documents(Scope()) == []
    (note,) = await sqlite_store.documents.documents(Scope(workspace="memory:w2"))
    assert note.kind == "note"
    assert await sqlite_store.gaps.open("memory", "w2") == []
    assert len(await sqlite_store.gaps.open("memory", "w1")) == 1


async def test_a_question_is_led_to_a_heading_in_any_case(settings: Settings, sqlite_store: SqlStore) -> None:
    await run(settings, alias="11111111", section="databases")
    assert [case.section for case in await sqlite_store.gaps.cases("memory:w1")] == ["Databases"]


async def test_synonyms_and_dismissing(settings: Settings, sqlite_store: SqlStore) -> None:
    await run(settings, "memory:w1", synonyms="k8s, Kubernetes")
    (line,) = await sqlite_store.documents.documents(Scope(workspace="memory:w1"))
    assert line.text == "k8s, kubernetes"
    await run(settings, "memory:w1", dismiss="11111111")
    assert await sqlite_store.gaps.open("memory", "w1") == []


async def test_its_cases_are_what_the_evaluation_reads(
    settings: Settings, sqlite_store: SqlStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = EvaluationCase(question="Who deploys — and when?", section="Deploys", quote="The captain.\n- On Monday")
    await sqlite_store.gaps.add_case("memory:w1", case, now=NOW)
    await run(settings, "memory:w1", cases=True)
    file = tmp_path / "cases.jsonl"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    (read,) = read_cases(file)
    assert (read.id, read.question, read.answerable) == ("memory:w1/1", case.question, True)
    assert (read.gold_section, read.gold_quote, read.also_ok) == ("Deploys", case.quote, ())
    await run(settings, "memory:w2", cases=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"answer": "x", "dismiss": "y"}, "two things to do"),
        ({"answer": "x", "topic": "t"}, "--answer and --text belong together"),
        ({"text": "t", "topic": "t"}, "Add --answer ID"),
        ({"alias": "x"}, "--alias and --section belong together"),
        ({"dismiss": "unknown-id"}, "No open question"),
        ({"dismiss": "1"}, "No open question"),
        ({"alias": FIRST, "section": "Nowhere"}, "no section “Nowhere”"),
        ({"synonyms": "one"}, "two words or more"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    settings: Settings, sqlite_store: SqlStore, wanted: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        await run(settings, **wanted)
    assert len(await sqlite_store.gaps.open("memory", "w1")) == 1


def test_a_workspace_is_named_by_platform_and_id() -> None:
    assert (workspace_named("discord:").platform, workspace_named("slack:T1").id) == ("discord", "T1")
    for text in ("slack", ":T1"):
        with pytest.raises(InvalidRequest, match="no workspace"):
            workspace_named(text)
