"""The `coach` command as people run it: a process of its own, its output, its exit code, its one sentence."""

import getpass
import itertools
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from knowledge.index.chroma import fingerprint
from knowledge.index.embeddings import NAME
from knowledge.loader import load_article, load_curriculum
from knowledge.model import CATEGORIES
from knowledge.passages import article_passages, curriculum_passages
from tests.platform.process import ROOT, environment

TIMEOUT = 90
WEIGHTS = {"B": 0.4, "S": 0.3, "D": 0.2, "A": 0.1}
QUESTION = "why does depth matter more now?"
BOT, APP = "xoxb-1-2-abc", "xapp-1-A0AAAAAAA-1-abc"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ABCD"
NOWHERE = "127.0.0.1:9"
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) ")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The command in a working folder of its own, with a data folder that may be shared."""

    cwd: Path
    data: Path

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        return environment(self.data, **{"COLUMNS": "300", "PYTHONUTF8": "1", **more})

    def __call__(self, *arguments: str | bytes, stdin: bytes = b"", **more: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=self.cwd,
            env=self.environment(more),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    @contextmanager
    def chatting(self) -> Iterator[subprocess.Popen[bytes]]:
        """`coach chat` with its standard input open, ready for a line."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat"],
            cwd=self.cwd,
            env=self.environment({"PYTHONUNBUFFERED": "1"}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert process.stdout is not None
            assert b"Backend Coach" in process.stdout.readline()
            yield process
        finally:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True)
class Examined:
    """What the first `coach doctor` said, and the data folder it leaves: an index and an empty database."""

    said: Ended
    data: Path


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Examined:
    """With an index that is damaged, and tokens that do not serve."""
    folder = tmp_path_factory.mktemp("warm")
    curriculum = load_curriculum()
    mark = fingerprint(NAME, [*article_passages(load_article()), *curriculum_passages(curriculum)])
    damaged = folder / "data" / "index" / "fixed" / mark
    damaged.mkdir(parents=True)
    (damaged / "chroma.sqlite3").write_bytes(b"\xab" * 500_000)
    (damaged / "complete").touch()
    coach = CommandLine(folder, folder / "data")
    said = coach(
        "doctor", SLACK_BOT_TOKEN=APP, DISCORD_TOKEN=DISCORD, COACH_DISCORD_API_URL=f"http://{NOWHERE}/api/v10"
    )
    return Examined(said, coach.data)


@pytest.fixture(scope="module")
def warm_data(examined: Examined) -> Path:
    """A data folder with an index and an empty database, past its first minute."""
    (examined.data / "first-minute-done").touch()
    return examined.data


@pytest.fixture
def warm(tmp_path: Path, warm_data: Path) -> CommandLine:
    """For commands that leave nothing behind."""
    return CommandLine(tmp_path, warm_data)


@pytest.fixture
def seeded(tmp_path: Path, warm_data: Path) -> CommandLine:
    """With a copy of that folder, to write to or to break."""
    return CommandLine(tmp_path, Path(shutil.copytree(warm_data, tmp_path / "data")))


@pytest.fixture
def coach(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, tmp_path / "data")


def refused(ended: Ended, *words: str, code: int = 2) -> None:
    """One sentence that says what is wrong and what to do; nothing internal, nothing secret."""
    everything = ended.out + ended.err
    assert "Traceback" not in everything
    assert ended.code == code, everything
    said = [line for line in everything.splitlines() if line.startswith("coach: ")]
    assert len(said) == 1, everything
    assert [line for line in ended.err.splitlines() if line not in said and not LOG_LINE.match(line)] == []
    for word in words:
        assert word in said[0]
    assert len(re.split(r"(?<=[.?!)”]) ", said[0])) >= 2, f"no next step: {said[0]}"
    assert len(said[0]) < 400


# --- ask -------------------------------------------------------------------------------------


def _check_answer(answer: Any) -> None:
    assert list(answer) == ["band", "text", "quotes", "sections", "confidence", "ms"]
    assert answer["band"] in {"answer", "near", "none"}
    assert isinstance(answer["text"], str)
    assert answer["text"]
    for quote in answer["quotes"]:
        assert list(quote) == ["source", "section", "text"]
        assert all(isinstance(value, str) and value for value in quote.values())
        assert quote["source"] in {"article", "curriculum", "documents"}
    assert len(answer["sections"]) <= 5
    for section in answer["sections"]:
        assert list(section) == ["source", "section", "score"]
        assert isinstance(section["section"], str)
        assert isinstance(section["score"], float)
    scores = [section["score"] for section in answer["sections"]]
    assert scores == sorted(scores, reverse=True)
    assert isinstance(answer["confidence"], float)
    assert 0 <= answer["confidence"] <= 1
    assert isinstance(answer["ms"], float)
    assert answer["ms"] > 0


def _quotes_are_exact(answer: Any, article: str) -> None:
    assert answer["quotes"]
    answers = {item.answer for item in load_curriculum().items.values()}
    for quote in answer["quotes"]:
        if quote["source"] == "article":
            assert quote["text"] in article
        else:
            assert any(quote["text"] in text for text in answers)


@pytest.fixture(scope="module")
def asked(warm_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The question of the issue, as JSON."""
    return CommandLine(tmp_path_factory.mktemp("asked"), warm_data)("ask", QUESTION, "--json").json


def test_ask_prints_the_object_that_programs_read(asked: Any) -> None:
    _check_answer(asked)
    assert asked["band"] == "answer"
    assert asked["sections"][0]["section"] == "Depth Matters More Than Ever"
    assert {quote["section"] for quote in asked["quotes"]} == {"Depth Matters More Than Ever"}
    assert asked["text"] == "\n".join(quote["text"] for quote in asked["quotes"])


def test_quotes_are_exact(asked: Any) -> None:
    _quotes_are_exact(asked, load_article().text)


@pytest.mark.shared
def test_quotes_stand_in_the_text_that_was_given(asked: Any, shared: Path) -> None:
    _quotes_are_exact(asked, (shared / "data" / "article.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", ["article", "curriculum", "documents"])
def test_a_source_is_asked_alone(warm: CommandLine, source: str) -> None:
    answer = warm("ask", "How long must an idempotency key be kept?", "--json", "--source", source).json
    _check_answer(answer)
    assert {one["source"] for one in answer["quotes"] + answer["sections"]} <= {source}
    if source == "documents":
        assert (answer["band"], answer["quotes"], answer["sections"]) == ("none", [], [])
    else:
        assert answer["sections"]
    if answer["quotes"]:
        _quotes_are_exact(answer, load_article().text)


def test_a_person_reads_the_quote_and_where_it_stands(warm: CommandLine) -> None:
    ended = warm("ask", QUESTION)
    assert (ended.code, ended.err) == (0, "")
    assert "AI makes shallow knowledge easier to access." in ended.out
    assert "the article, “Depth Matters More Than Ever”" in ended.out


def test_twenty_thousand_characters_are_read_in_part(warm: CommandLine) -> None:
    answer = warm("ask", f"{QUESTION} " * 600 + "x" * 1000, "--json").json
    _check_answer(answer)
    assert "Depth Matters More Than Ever" in [section["section"] for section in answer["sections"]]


def test_another_script_and_bytes_that_are_no_text_get_an_answer_of_the_same_form(warm: CommandLine) -> None:
    answer = warm("ask", b"\xff\xfe " + "почему глубина важнее? 👋🏽 データベース".encode(), "--json").json
    _check_answer(answer)
    assert answer["band"] == "none"
    ended = warm("export", b"slack:T:\xff")
    assert (ended.code, ended.out, ended.err) == (0, "{}\n", "")


# --- plan ------------------------------------------------------------------------------------


def _check_rows(rows: Any, count: int) -> str:
    items = load_curriculum().items
    assert [row["n"] for row in rows] == list(range(1, count + 1))
    assert all(list(row) == ["n", "category", "item"] for row in rows)
    assert all(items[row["item"]].category == row["category"] for row in rows)
    return "".join(row["category"] for row in rows)


def test_a_thousand_prompts_keep_the_split(coach: CommandLine) -> None:
    drawn = _check_rows(coach("plan", "--prompts", "1000", "--json").json, 1000)
    for start in range(0, 1000, 10):
        ten = drawn[start : start + 10]
        assert tuple(ten.count(category) for category in CATEGORIES) == (4, 3, 2, 1), start
    assert all(first != second for first, second in itertools.pairwise(drawn))
    counts = dict.fromkeys(WEIGHTS, 0)
    for number, category in enumerate(drawn, start=1):
        counts[category] += 1
        assert max(abs(counts[one] - number * weight) for one, weight in WEIGHTS.items()) <= 0.7 + 1e-9
    assert not coach.data.exists()


def test_another_split_is_kept_too(coach: CommandLine) -> None:
    drawn = _check_rows(coach("plan", "--prompts", "200", "--split", "25/25/25/25", "--json").json, 200)
    assert all(sorted(drawn[start : start + 4]) == sorted(CATEGORIES) for start in range(0, 200, 4))


def test_a_person_reads_a_plan_line_by_line(coach: CommandLine) -> None:
    ended = coach("plan")
    assert (ended.code, ended.err) == (0, "")
    assert [re.split(r"\s+", line.strip())[:2] for line in ended.out.splitlines()][:3] == [
        ["1", "B"],
        ["2", "S"],
        ["3", "D"],
    ]
    assert len(ended.out.splitlines()) == 10


# --- chat ------------------------------------------------------------------------------------


def _in_order(text: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} does not follow {text[max(0, at - 60) : at]!r} in\n{text}"
        at = found + len(part)


def test_a_whole_conversation_by_a_pipe(seeded: CommandLine) -> None:
    coach = seeded
    lines = (
        QUESTION, "today", "2", "1", "The id is a double in JavaScript and loses precision above 2^53.", "settings", "1",
        "10:30", "Europe/Paris", "", "", "", "subscribe", "subscribe 09:00 Europe/Pari", "subscribe 09:00 Mars/Phobos", "help", "export",
        "quit", "help",
    )  # fmt: skip
    ended = coach("chat", stdin="\n".join(lines).encode())
    assert (ended.code, ended.err) == (0, "")
    _in_order(
        ended.out,
        f"> {QUESTION}", "AI makes shallow knowledge easier to access.", "[1] Show section",
        "> today", "[1] Answer   [2] Hint   [3] Reveal",
        "> 2", "> 1", "Your answer", "The id is a double",
        "> settings", "40/30/20/10", "[1] Change",
        "> 1", "Local time [09:00]: 10:30", "Time zone", "Europe/Paris",
        "> subscribe", "10:30 (Europe/Paris), Mon-Fri",
        "> subscribe 09:00 Europe/Pari", "do not know the time zone “Europe/Pari”", "Europe/Paris",
        "> subscribe 09:00 Mars/Phobos", "do not know the time zone “Mars/Phobos”", "Europe/Paris",
        "> help", "subscribe 09:00 Europe/Paris",
        "> export", "backend-coach-export.json",
        "> quit",
    )  # fmt: skip
    assert ended.out.count("> help") == 1
    written = json.loads((coach.cwd / "backend-coach-export.json").read_text())
    assert written["identity"][0]["user_id"] == getpass.getuser()
    assert "double in JavaScript" in json.dumps(written["answer"])

    # the same stream and the same data, seen by the other commands
    me = f"console::{getpass.getuser()}"
    fresh, mine = (
        coach("plan", "--prompts", "4", "--json").json,
        coach("plan", "--for", me, "--prompts", "3", "--json").json,
    )
    assert [row["item"] for row in mine] == [row["item"] for row in fresh[1:]]
    kept = written.keys() - {"inbound"}  # the message that asked for it is gone once it is answered
    assert coach("export").json.keys() == kept
    ended = coach("export", "--output", "mine.json")
    assert (ended.code, ended.out, ended.err) == (0, "Written to mine.json.\n", "")
    assert json.loads((coach.cwd / "mine.json").read_text()).keys() == kept
    refused(coach("export", "--output", "no/folder/mine.json"), "cannot be written", "Choose another file.")

    ended = coach("forget", stdin=b"n\n")
    assert (ended.code, "Forgotten" in ended.out) == (1, False)
    ended = coach("forget", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert "Forgotten" in ended.out
    assert coach("export").json == {}
    ended = coach("forget", "--yes")
    assert (ended.code, ended.out) == (0, "Nothing was stored about that person.\n")
    assert b"double in JavaScript" not in (coach.data / "coach.db").read_bytes()


def test_forget_me_in_chat_asks_first(seeded: CommandLine) -> None:
    coach = seeded
    (coach.data / "first-minute-done").unlink()
    ended = coach("chat", stdin=b"The pool ran out.\r\nsubscribe 09:00 UTC\r\nforget me\r\n1\r\n")
    assert (ended.code, ended.err) == (0, "")
    _in_order(ended.out, "> subscribe", "You get one prompt at 09:00 (UTC)", "> forget me", "for good", "[1] Forget me")
    _in_order(ended.out, "[1] Forget me", "> 1", "Nothing about you is stored any more.")
    assert "\r" not in ended.out
    assert coach("export").json == {}


def test_bytes_that_are_no_text_and_very_long_lines_do_not_end_a_chat(warm: CommandLine) -> None:
    odd = b"\xff\xfe bad \xc3\x28\n\x00\x1b[31m\n" + QUESTION.encode() + b" x" * 10_000 + b"\n \n" + QUESTION.encode()
    ended = warm("chat", stdin=odd)
    assert "Traceback" not in ended.out + ended.err
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.count("AI makes shallow knowledge easier to access.") >= 1
    assert ended.out.rstrip().endswith((">", "[1] Show section"))


def test_a_terminal_that_knows_only_ascii_is_served_all_the_same(seeded: CommandLine) -> None:
    ended = seeded(
        "chat", stdin=b"help\n", PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii"
    )
    assert "Traceback" not in ended.out + ended.err
    assert (ended.code, ended.err) == (0, "")
    assert "subscribe" in ended.out


# --- doctor ----------------------------------------------------------------------------------


def test_doctor_names_what_is_missing_and_the_next_step(warm: CommandLine) -> None:
    findings = {one["topic"]: one for one in warm("doctor", "--json").json}
    assert all(list(one) == ["level", "topic", "text", "next_step"] for one in findings.values())
    assert {topic: one["level"] for topic, one in findings.items()} == {
        "data folder": "ok", "curriculum": "ok", "index": "ok", "database": "ok", "documents": "ok", "model": "ok",
        "slack": "note", "discord": "note",
    }  # fmt: skip
    assert findings["curriculum"]["text"].startswith(f"{len(load_curriculum().items)} items, ")
    assert findings["slack"]["next_step"] == "coach connect slack"


def test_doctor_says_that_a_corrupt_index_was_built_again_and_what_does_not_work(examined: Examined) -> None:
    ended = examined.said
    assert (ended.code, ended.err) == (2, "")
    lines = ended.out.splitlines()
    index = next(line for line in lines if line.startswith("✓ index: "))
    assert "built again: the stored index was damaged or incomplete" in index
    assert "✓ database: SQLite, 0 active subscriptions" in lines
    for platform, step in (("slack", "xoxb-"), ("discord", "Check the network")):
        at = next(number for number, line in enumerate(lines) if line.startswith(f"✗ {platform}: "))
        assert lines[at + 1].startswith("    next: ")
        assert step in lines[at + 1]
    assert APP not in ended.out
    assert DISCORD not in ended.out


# --- bad input -------------------------------------------------------------------------------

SLACK = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}


@dataclass(frozen=True, slots=True)
class Bad:
    """A command that cannot work: its arguments, its environment, what stands in `.env`, and words of the refusal."""

    arguments: str | tuple[str, ...]
    words: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    env_file: bytes = b""
    data: str = "data"
    hidden: tuple[str, ...] = ()


def _setting(command: str, name: str, value: str, *words: str) -> Bad:
    return Bad(command, words, {"DISCORD_TOKEN": DISCORD, name: value}, hidden=("hidden",))


def _tokens(*words: str, **tokens: str) -> Bad:
    return Bad("run", words, tokens, hidden=tuple(tokens.values()))


BAD = {
    "an empty question": Bad(("ask", "", "--json"), ("empty", "coach ask")),
    "an invisible question": Bad(("ask", " \u200b\n"), ("empty", "coach ask")),
    "an unknown source": Bad("ask why --source wikipedia", ("wikipedia", "article, curriculum, documents or all")),
    "three shares": Bad("plan --split 40/30/20", ("four",)),
    "too much": Bad("plan --split 40/30/20/20", ("100",)),
    "a negative share": Bad("plan --split=-10/50/50/10", ("four",)),
    "no person": Bad("plan --for nobody", ("is not a person", "PLATFORM:WORKSPACE:USER")),
    "half a person": Bad("export :T:U", ("is not a person", "PLATFORM:WORKSPACE:USER")),
    "a person without a stream": Bad("plan --for slack:T012:U345", ("slack:T012:U345", "Leave out --for")),
    "a platform that is none": Bad("connect teams", ("teams", "slack, discord")),
    "no token": Bad("run", ("No platform is configured", "coach connect slack", "coach connect discord", "coach chat")),
    "an app token for a bot token": _tokens("SLACK_BOT_TOKEN", "xoxb-", SLACK_BOT_TOKEN=APP, SLACK_APP_TOKEN=APP),
    "a bot token for an app token": _tokens("SLACK_APP_TOKEN", "xapp-", SLACK_BOT_TOKEN=BOT, SLACK_APP_TOKEN=BOT),
    "a user token": _tokens("user token", "xoxb-", SLACK_BOT_TOKEN="xoxp-1-2", SLACK_SIGNING_SECRET="8f74"),
    "a bot token alone": _tokens("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", SLACK_BOT_TOKEN=BOT),
    "an app token alone": _tokens("SLACK_BOT_TOKEN", SLACK_APP_TOKEN=APP),
    "Slack's token for Discord": _tokens("DISCORD_TOKEN", "Slack token", DISCORD_TOKEN=BOT),
    "no bot token for Discord": _tokens("DISCORD_TOKEN", "Bot page", DISCORD_TOKEN="Bearer abc"),
    "no network to Slack": Bad(
        "run", ("Slack", "Check the network"), SLACK | {"COACH_SLACK_API_URL": f"http://{NOWHERE}/api/"}
    ),
    "no network to Discord": Bad(
        "run",
        ("Discord", "Check the network"),
        {"DISCORD_TOKEN": DISCORD, "COACH_DISCORD_API_URL": f"http://{NOWHERE}/api/v10"},
    ),
    "an unwritable folder, run": Bad("run", ("file/data", "COACH_DATA_DIR"), data="file/data"),
    "an unwritable folder, chat": Bad("chat", ("file/data", "COACH_DATA_DIR"), data="file/data"),
    "an unwritable folder, export": Bad("export", ("file/data", "COACH_DATA_DIR"), data="file/data"),
    "a line that sets nothing": Bad("doctor", (".env", "line 3 "), env_file=b"A=1\n\nnonsense\n"),
    "an open quote": Bad("run", (".env", "line 1 "), env_file=b'SLACK_BOT_TOKEN="xoxb-1\nB=2\n', hidden=("xoxb",)),
    "a token without a name": Bad("chat", (".env", "line 1 "), env_file=b"xoxb-secret\n", hidden=("xoxb",)),
    "an .env that is no text": Bad("chat", (".env", "UTF-8"), env_file=b"A=\xff\xfe\x00"),
    "a port that is no number": _setting("chat", "COACH_HTTP_PORT", "abc", "COACH_HTTP_PORT"),
    "a port that is none": _setting("run", "COACH_HTTP_PORT", "70000", "COACH_HTTP_PORT", "65535"),
    "an unknown log level": _setting("run", "COACH_LOG_LEVEL", "loud", "COACH_LOG_LEVEL"),
    "another database": _setting(
        "chat", "COACH_DATABASE_URL", "mysql://u:hidden@h/n", "COACH_DATABASE_URL", "mysql", "postgresql://"
    ),
    "no database URL": _setting("run", "COACH_DATABASE_URL", "nonsense:hidden", "COACH_DATABASE_URL", "postgresql://"),
    "PostgreSQL is down, run": _setting(
        "run", "COACH_DATABASE_URL", f"postgresql://u:hidden@{NOWHERE}/n", "127.0.0.1", "that the server is up"
    ),
    "PostgreSQL is down, export": _setting(
        "export", "COACH_DATABASE_URL", f"postgresql://u:hidden@{NOWHERE}/n", "127.0.0.1", "that the server is up"
    ),
}


def _try(bad: Bad, folder: Path, database: Path) -> Ended:
    (folder / "data").mkdir(parents=True)
    shutil.copy(database, folder / "data")
    (folder / "file").touch()
    if bad.env_file:
        (folder / ".env").write_bytes(bad.env_file)
    arguments = bad.arguments.split() if isinstance(bad.arguments, str) else bad.arguments
    return CommandLine(folder, folder / bad.data)(*arguments, **bad.settings)


@pytest.fixture(scope="module")
def tried(warm_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Ended]]]:
    """All of them under way, two at a time; with a database of the newest schema, which takes long to make."""
    folder, database = tmp_path_factory.mktemp("bad"), warm_data / "coach.db"
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(_try, bad, folder / str(number), database)
            for number, (name, bad) in enumerate(BAD.items())
        }


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_with_one_sentence(tried: Mapping[str, Future[Ended]], name: str) -> None:
    ended = tried[name].result(TIMEOUT)
    refused(ended, *BAD[name].words)
    for word in BAD[name].hidden:
        assert word not in ended.out + ended.err


def test_a_port_in_use_is_refused(coach: CommandLine) -> None:
    peer = subprocess.Popen(
        [sys.executable, "-m", "tests.peers.slack", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            assert peer.stdout is not None
            about = json.loads(peer.stdout.readline())
            ended = coach(
                "run",
                SLACK_BOT_TOKEN=about["bot_token"],
                SLACK_SIGNING_SECRET=about["signing_secret"],
                COACH_SLACK_API_URL=about["api_url"],
                COACH_HTTP_PORT=port,
            )
            refused(ended, port, "COACH_HTTP_PORT")
    finally:
        peer.kill()
        peer.communicate()


def test_doctor_names_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = CommandLine(tmp_path, tmp_path / "file" / "data")("doctor", "--json")
    assert (ended.code, ended.err) == (2, "")
    (finding,) = json.loads(ended.out)
    assert (finding["level"], finding["topic"]) == ("error", "data folder")
    assert "COACH_DATA_DIR" in finding["next_step"]


def test_a_second_process_on_the_same_folder_is_refused_and_questions_are_not(seeded: CommandLine) -> None:
    coach = seeded
    with coach.chatting() as first:
        pid = str(first.pid)
        refused(coach("run", DISCORD_TOKEN=DISCORD), f"process {pid}", "COACH_DATA_DIR")
        refused(coach("chat"), f"process {pid}", "COACH_DATA_DIR")
        answer = coach("ask", QUESTION, "--json").json
        assert (answer["band"], answer["sections"][0]["section"]) == ("answer", "Depth Matters More Than Ever")
        assert first.poll() is None
        out, _ = first.communicate(f"{QUESTION}\n".encode(), timeout=TIMEOUT)
        assert first.returncode == 0
        assert "AI makes shallow knowledge easier to access." in out.decode()
    with coach.chatting() as killed:
        killed.kill()
        killed.wait()
    ended = coach("chat")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("command", ["chat", "run"])
def test_a_database_from_a_newer_version_is_refused_and_left_alone(seeded: CommandLine, command: str) -> None:
    coach, database = seeded, seeded.data / "coach.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(coach(*command.split(), DISCORD_TOKEN=DISCORD), "newer version", "9999", "COACH_DATA_DIR")
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def _no_database(path: Path) -> None:
    path.write_bytes(os.urandom(100_000))


def _cut_off(path: Path) -> None:
    os.truncate(path, 5000)


def _damaged_within(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:65536] = b"\xab" * (65536 - 8192)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("command", "damage"),
    [
        ("chat", _no_database),
        ("run", _no_database),
        ("chat", _cut_off),
        ("chat", _damaged_within),
        ("export", _damaged_within),
    ],
)
def test_a_damaged_database_is_refused(seeded: CommandLine, command: str, damage: Any) -> None:
    coach, database = seeded, seeded.data / "coach.db"
    damage(database)
    before = database.read_bytes()
    refused(coach(command, stdin=b"today\n", DISCORD_TOKEN=DISCORD), str(database), "a backup of that file")
    assert database.read_bytes() == before


def test_doctor_names_a_damaged_database(seeded: CommandLine) -> None:
    coach, database = seeded, seeded.data / "coach.db"
    _damaged_within(database)
    ended = coach("doctor", "--json")
    assert (ended.code, ended.err) == (2, "")
    finding = next(one for one in json.loads(ended.out) if one["topic"] == "database")
    assert finding["level"] == "error"
    assert "backup" in finding["next_step"]


@pytest.mark.parametrize("arguments", [("nonsense",), ("plan", "--prompts", "0")])
def test_a_command_that_is_none_ends_with_2_and_its_usage(coach: CommandLine, arguments: tuple[str, ...]) -> None:
    ended = coach(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Usage: coach" in ended.err
    assert "--help" in ended.err
    assert "Traceback" not in ended.err


def test_a_reader_who_leaves_early_is_no_fault(coach: CommandLine) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "plan", "--prompts", "20000"],
        cwd=coach.cwd,
        env=coach.environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(TIMEOUT) == 1
    process.stderr.close()
