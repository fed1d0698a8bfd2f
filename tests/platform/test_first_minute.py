"""The first minute at a real terminal: what a person sees who starts `coach chat` for the first time."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from bot.core.first_minute import ASKED, INCIDENT, NOT_STATED, POINTS
from bot.core.grading import grade
from knowledge.loader import load_article
from tests.platform.process import environment

ROWS, COLUMNS = 60, 200
FIRST_SCREEN = 5.0
"""Seconds, loose: the figure is in `make bench`."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BOLD_GREEN = re.compile(r"\x1b\[(?:1;32|32;1)m(.*?)\x1b\[0m")
SENTENCE = "The connection pool ran out, so I would kill the job."


class Terminal:
    """`coach chat` in a pseudo-terminal. `raw` is all that came, `shown` the same without escape sequences."""

    def __init__(self, data: Path, cwd: Path) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        env = environment(data, TERM="xterm-256color", PYTHONUTF8="1")
        for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"):
            env.pop(name, None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat"], cwd=cwd, env=env, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self.started = time.monotonic()
        self.inputs = 0
        self.raw = ""

    @property
    def shown(self) -> str:
        return _ANSI.sub("", self.raw).replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        """Whether anything may still come."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, seconds))
        if not ready:
            return True
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.raw += self._decode(chunk)
        return bool(chunk)

    def expect(self, *parts: str, after: int = 0, within: float = 45.0) -> int:
        """Wait until the parts stand on screen in order; returns where the last one ends."""
        end = time.monotonic() + within
        while True:
            at = after
            for part in parts:
                found = self.shown.find(part, at)
                if found < 0:
                    break
                at = found + len(part)
            else:
                return at
            more = self._read(end - time.monotonic()) and time.monotonic() < end
            assert more, f"{part!r} did not come within {within} s:\n{self.shown}"

    def type(self, line: str) -> int:
        """Enter a line; returns where the screen stood."""
        before = len(self.shown)
        self.inputs += 1
        os.write(self._master, line.encode() + b"\n")
        return before

    def leave(self) -> int:
        self.type("quit")
        end = time.monotonic() + 20
        while self._read(end - time.monotonic()) and time.monotonic() < end:
            pass
        return self._process.wait(20)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


@contextlib.contextmanager
def terminal(data: Path, cwd: Path) -> Iterator[Terminal]:
    one = Terminal(data, cwd)
    try:
        yield one
    finally:
        one.close()


def _expected_emphasis() -> list[str]:
    """The words of SENTENCE that earn points."""
    verdicts = grade(SENTENCE, prompt="\n".join(INCIDENT), points=POINTS).points
    spans = sorted(one.span for one in verdicts if one.verdict == "hit" and one.span)
    return [SENTENCE[start:end] for start, end in spans]


def test_the_first_minute(tmp_path: Path) -> None:
    data = tmp_path / "data"
    began = time.monotonic()

    # a question first is answered as a question, and the incident stays open
    with terminal(data, tmp_path) as first:
        at = first.expect(*INCIDENT, within=FIRST_SCREEN)
        assert first.shown[:at].strip().count("\n") <= 6
        first.expect("> ", after=at)
        assert time.monotonic() - first.started < 20
        at = first.type("How should I split my learning time?")
        first.expect("40% Backend engineering depth", "How Backend Engineers Should Allocate Learning", "> ", after=at)
        assert "of 3 points" not in first.shown
        assert first.leave() == 0
        assert not (data / "first-minute-done").exists()

    # one sentence: feedback, then what else there is
    with terminal(data, tmp_path) as second:
        at = second.expect(*INCIDENT, "> ", within=FIRST_SCREEN + 15)
        typed = time.monotonic()
        begin = len(second.raw)
        at = second.type(SENTENCE)
        at = second.expect("I see 2 of 3 points.", SENTENCE, "I did not see one more: what began two minutes", after=at)
        feedback = second.raw[begin:]
        assert _BOLD_GREEN.findall(feedback) == _expected_emphasis() == ["connection pool", "kill the job"]
        at = second.expect(
            ASKED, "AI makes shallow knowledge easier to access.", "the article, “Depth Matters", after=at
        )
        assert "AI makes shallow knowledge easier to access." in load_article().text
        stated = second.expect(NOT_STATED, after=at)
        at = second.expect("coach connect slack", "coach connect discord", "`quit`", "> ", after=stated)
        assert "The article does not say" in second.shown[stated:at]
        assert _BOLD_GREEN.findall(second.raw[begin:]) == _expected_emphasis()
        assert time.monotonic() - typed < 40
        assert second.leave() == 0
        assert "Traceback" not in second.shown
        assert "\ufffd" not in second.shown
        assert (data / "first-minute-done").exists()

    assert first.inputs + second.inputs - 2 <= 4  # two of them only left
    assert time.monotonic() - began < 60

    # afterwards it is over
    with terminal(data, tmp_path) as third:
        at = third.expect("Backend Coach", "> ", within=20)
        assert INCIDENT[0] not in third.shown
        at = third.type("The connection pool ran out, kill the job.")
        at = third.expect("> ", after=at + len("The connection pool ran out, kill the job."))
        assert "of 3 points" not in third.shown
        assert third.leave() == 0
        assert INCIDENT[0] not in third.shown
