"""D.HIRE.STR-004: a key across the border of two chunks passes; a held-back tail closes the gap."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.content.proofs.code import code_of

KEY = "sk_" + "a1" * 18 + "z"
TOKEN = "tk-" + "0f" * 10 + "a"


def _base() -> Callable[[str], str]:
    scope: dict[str, Any] = {"re": re}
    exec(code_of("D.HIRE.STR-004"), scope)

    def run(text: str) -> str:
        out: list[str] = []
        scope["mask"](io.StringIO(text).read, out.append)
        return "".join(out)

    return run


def _variant() -> Callable[[str], str]:
    scope: dict[str, Any] = {"re": re}
    exec(code_of("D.HIRE.STR-004", variant=0), scope)
    return lambda text: "".join(scope["scrub"](io.StringIO(text)))


@pytest.mark.parametrize(("make", "secret", "chunk"), [(_base, KEY, 65536), (_variant, TOKEN, 8192)])
def test_a_secret_leaks_at_exactly_length_minus_one_places(
    make: Callable[[], Callable[[str], str]], secret: str, chunk: int
) -> None:
    run = make()
    assert secret not in run("." * 100 + secret)  # a short text, as in the tests
    first = chunk - len(secret) - 3
    leaks = [at for at in range(first, chunk + 3) if secret in run("." * at + secret + "....")]
    assert leaks == list(range(chunk - len(secret) + 1, chunk))
    assert len(leaks) == len(secret) - 1


def _repaired(text: str, pattern: str, length: int, chunk: int) -> str:
    read, out, tail = io.StringIO(text).read, [], ""
    while part := read(chunk):
        masked = re.sub(pattern, "***", tail + part)
        cut = max(0, len(masked) - (length - 1))
        out.append(masked[:cut])
        tail = masked[cut:]
    return "".join(out) + tail


@pytest.mark.parametrize("chunk", [1, 2, 7, 39, 40, 41, 64])
def test_a_tail_of_length_minus_one_masks_whatever_the_chunk(chunk: int) -> None:
    text = "." * 50 + KEY + ".." + KEY + KEY + "x" * 30 + KEY[:-1]
    pattern = r"sk_[0-9a-z]{37}"
    assert _repaired(text, pattern, 40, chunk) == re.sub(pattern, "***", text)
