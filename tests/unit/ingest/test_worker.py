"""The process that parses: what it gives back, and what becomes of a document that harms it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledge.ingest import worker
from knowledge.ingest.loaders import MAX_BYTES, load
from knowledge.ingest.worker import ParsingProcess
from knowledge.model import Refused
from tests.conftest import ROOT
from tests.unit.ingest.made import drawn

GUIDE = "# Guide\n\nBefore.\n\n## Čas\n\n- one\n- two \ud83d\n".encode("utf-8", "replace")


@pytest.fixture
async def process() -> AsyncIterator[ParsingProcess]:
    opened = ParsingProcess()
    yield opened
    await opened.close()


def child(process: ParsingProcess) -> asyncio.subprocess.Process:
    assert process._child
    return process._child


async def test_a_document_is_what_the_loader_makes_of_it(process: ParsingProcess) -> None:
    assert await process.parse("guide.md", GUIDE) == load("guide.md", GUIDE)
    first = child(process).pid
    data = drawn(lambda canvas: canvas.drawString(100, 700, "Words."))
    assert await process.parse("x", data, "application/pdf") == load("x", data, "application/pdf")
    assert child(process).pid == first


async def test_a_refusal_is_the_loaders_and_the_process_goes_on(process: ParsingProcess) -> None:
    await process.parse("guide.md", GUIDE)
    first = child(process).pid
    with pytest.raises(Refused, match=r"^notes\.md is not text; "):
        await process.parse("notes.md", b"\x7fELF" + bytes(100))
    await process.parse("guide.md", GUIDE)
    assert child(process).pid == first


async def test_several_at_once_take_turns(process: ParsingProcess) -> None:
    names = [f"n{number}.txt" for number in range(5)]
    found = await asyncio.gather(*(process.parse(name, name.encode()) for name in names))
    assert [document.sections[0].blocks for document in found] == [(name,) for name in names]


async def test_too_large_a_file_is_not_even_sent(process: ParsingProcess) -> None:
    with pytest.raises(Refused, match="10 are the most"):
        await process.parse("a.txt", b"x" * (MAX_BYTES + 1))
    assert process._child is None


async def test_one_that_takes_too_long_is_killed_and_the_next_is_parsed() -> None:
    process = ParsingProcess(seconds=30)
    await process.parse("guide.md", GUIDE)
    old = child(process)
    os.kill(old.pid, signal.SIGSTOP)  # as good as a document that never ends
    process._seconds = 0.05
    with pytest.raises(Refused, match=r"^slow\.md took too long to read: split it, or save it as text\.$"):
        await process.parse("slow.md", GUIDE)
    assert old.returncode == -signal.SIGKILL
    process._seconds = 30
    assert (await process.parse("guide.md", GUIDE)).title == "Guide"
    assert child(process).pid != old.pid
    await process.close()


async def test_one_that_computes_too_long_is_ended_by_the_system(process: ParsingProcess) -> None:
    await process.parse("guide.md", GUIDE)
    os.kill(child(process).pid, signal.SIGXCPU)
    with pytest.raises(Refused, match=r"^a\.md took too long to read"):
        await process.parse("a.md", GUIDE)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGKILL, r"^a\.md needs too much memory to read: split it, or save it as text\.$"),
        (signal.SIGSEGV, r"^a\.md cannot be read: it made the program that reads it fail\.$"),
    ],
)
async def test_a_crash_is_a_sentence_and_the_next_is_parsed(
    process: ParsingProcess, number: signal.Signals, said: str
) -> None:
    await process.parse("guide.md", GUIDE)
    os.kill(child(process).pid, number)
    with pytest.raises(Refused, match=said):
        await process.parse("a.md", GUIDE)
    assert (await process.parse("guide.md", GUIDE)).title == "Guide"


async def test_too_much_memory_is_a_sentence() -> None:
    process = ParsingProcess(memory=8 * 2**20)
    big = "\n\n".join(f"Paragraph {number} " + "x" * 380 for number in range(4_900)).encode("utf-16")
    with pytest.raises(Refused, match=r"^big\.txt (needs too much memory to read|cannot be read)"):
        await process.parse("big.txt", big)
    await process.close()


async def test_who_stops_waiting_ends_the_process(process: ParsingProcess) -> None:
    await process.parse("guide.md", GUIDE)
    old = child(process)
    os.kill(old.pid, signal.SIGSTOP)
    waiting = asyncio.create_task(process.parse("a.md", GUIDE))
    await asyncio.wait([waiting], timeout=0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert old.returncode == -signal.SIGKILL
    assert (await process.parse("guide.md", GUIDE)).title == "Guide"


async def test_closing_ends_it_and_twice_is_once(process: ParsingProcess) -> None:
    await process.parse("guide.md", GUIDE)
    old = child(process)
    await process.close()
    await process.close()
    assert old.returncode is not None


async def test_the_process_knows_no_token_and_no_folder(
    monkeypatch: pytest.MonkeyPatch, process: ParsingProcess
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-SECRET")
    monkeypatch.setenv("PYTHONSTARTUP", "/tmp/x.py")
    await process.parse("guide.md", GUIDE)
    environment = Path(f"/proc/{child(process).pid}/environ").read_bytes()
    assert b"SECRET" not in environment
    assert {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry} <= {
        *(b"PATH", b"PYTHONPATH", b"PYTHONIOENCODING", b"LD_LIBRARY_PATH", b"SYSTEMROOT", b"LC_CTYPE")
    }
    limits = Path(f"/proc/{child(process).pid}/limits").read_text()
    assert {line.split()[-3] for line in limits.splitlines() if line.startswith(("Max file size", "Max core"))} == {"0"}
    assert "Max open files            32 " in limits
    assert "Max address space         unlimited" not in limits
    assert "Max cpu time              unlimited" not in limits


@pytest.mark.parametrize(
    "attack",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import os; os.system('true')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.fork()",
        "import os; os.write(os.open('{place}', os.O_WRONLY | os.O_CREAT), b'x')",
        "x = bytearray(300 * 2**20)",
    ],
)
def test_what_the_process_may_not_do(attack: str, tmp_path: Path) -> None:
    place = tmp_path / "written"
    script = f"from knowledge.ingest.confinement import confine; confine(200 * 2**20); {attack.format(place=place)}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(("PermissionError", "OSError", "MemoryError"))
    assert not place.exists() or not place.read_text()


@pytest.mark.parametrize(
    "answer",
    [
        b"not json",
        b"[]",
        b'{"document": {"title": "x"}}',
        b'{"document": {"title": "x", "sections": [3], "notes": []}}',
        b'{"document": null}',
        b"\x80\x04cos\nsystem\n",
    ],
)
async def test_a_child_that_was_taken_over_cannot_say_anything_else(
    answer: bytes, process: ParsingProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    liar = tmp_path / "liar.py"
    reply = worker._LENGTH.pack(len(answer)) + answer
    liar.write_text(f"import sys; sys.stdout.buffer.write({reply!r}); sys.stdout.flush(); sys.stdin.read()")

    async def start() -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        process._child = await asyncio.create_subprocess_exec(sys.executable, str(liar), stdin=pipe, stdout=pipe)
        return process._child

    monkeypatch.setattr(process, "_start", start)
    with pytest.raises(Refused, match=r"^a\.md cannot be read: save it anew and try again\.$"):
        await process.parse("a.md", GUIDE)
    assert process._child is None


async def test_an_answer_without_end_is_not_waited_for(
    process: ParsingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        script = "import sys; sys.stdout.buffer.write(b'\\xff' * 100); sys.stdout.flush(); sys.stdin.read()"
        process._child = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdin=pipe, stdout=pipe)
        return process._child

    monkeypatch.setattr(process, "_start", start)
    with pytest.raises(Refused, match=r"^a\.md cannot be read"):
        await process.parse("a.md", GUIDE)


def test_what_a_library_prints_is_no_answer() -> None:
    """The child's own standard output leads nowhere once it serves."""
    head = json.dumps({"name": "a.md", "media_type": "", "size": 1}).encode()
    script = (
        "import sys, knowledge.ingest.worker as w; load = w.load\n"
        "def noisy(*a):\n    print('noise'); return load(*a)\n"
        "w.load = noisy; sys.argv = ['w', str(2**30), '60']; w._main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=worker._LENGTH.pack(len(head)) + head + b"x",
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    (length,) = worker._LENGTH.unpack(done.stdout[:4])
    assert json.loads(done.stdout[4:])["document"]["sections"][0]["blocks"] == ["x"]
    assert length == len(done.stdout) - 4
