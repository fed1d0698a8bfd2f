"""What the model says, for each behaviour, from the prompt it was given."""

import hashlib
import html
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

DIMENSIONS = 256
_INSTRUCTION = re.compile(r"(?i)\b(?:ignore|disregard|forget|say|print|repeat)\b[^\n<]*")


def asked(body: Mapping[str, Any]) -> str:
    """The text of the last message of the user."""
    content = next(one["content"] for one in reversed(body["messages"]) if one["role"] == "user")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def quotes(text: str) -> list[str]:
    """The numbered quotes of a prompt, as a model reads them."""
    return [html.unescape(one).strip() for one in re.findall(r'<quote id="\d+">(.*?)</quote>', text, re.DOTALL)]


def line(text: str, *numbers: int) -> str:
    return json.dumps({"text": text, "quotes": list(numbers)}, ensure_ascii=False) + "\n"


def faithful(given: Sequence[str]) -> list[str]:
    """The first sentence of each of the first quotes, word for word."""
    found = []
    for number, quote in enumerate(given[:4], start=1):
        first = re.split(r"(?<=[.!?])\s|\n", quote, maxsplit=1)[0].rstrip(":")
        found.append(line(first.removeprefix("- "), number))
    return found


def said(kind: str, prompt: str) -> str:  # noqa: PLR0911
    """The whole text of an answer. A kind that is not about the text says what a good model does."""
    given = quotes(prompt)
    good = faithful(given)
    match kind:
        case "fenced":
            return "Here you go:\n```json\n" + "".join(good) + "```\nAnything else?"
        case "array":
            return json.dumps([json.loads(one) for one in good], indent=2)
        case "wrapped":
            return json.dumps({"sentences": [json.loads(one) for one in good]})
        case "one_line":
            return " ".join(one.strip() for one in good)
        case "broken_json":
            return '{"text": "never closed, "quotes": [1]}\n{text: 1}\n{"text": 5, "quotes": [1]}\n{{[1, {"te'
        case "half_broken":
            return f'I think {{ is a brace. {{"text": "no end}}\n{good[0]}{{"quotes": [1]}}\n{good[-1]}'
        case "invented":
            return line("Kubernetes reduces latency by 73 % at Netflix.", 1)
        case "unknown_ids":
            return (
                line(json.loads(good[0])["text"], 99) + line("No quote at all.") + '{"text": "Odd.", "quotes": "1"}\n'
            )
        case "injected":
            told = _INSTRUCTION.search(html.unescape(prompt))
            return (
                line(told[0].strip() if told else "Nothing was told.", 1) + "<@U123> @everyone https://evil.example\n"
            )
        case "long":
            return line("word " * 100, 1) + "".join(line(f"Sentence {number}.", 1) for number in range(1, 10))
        case "empty":
            return ""
        case "endless":
            return '{"text": "' + "and on " * 20_000
        case _:
            return "".join(good)


def vector(text: str) -> list[float]:
    """Texts with the same words are near: hashed word counts, of length 1."""
    numbers = [0.0] * DIMENSIONS
    for word, count in Counter(re.findall(r"\w+", text.lower())).items():
        numbers[int.from_bytes(hashlib.sha256(word.encode()).digest()[:2], "big") % DIMENSIONS] += count
    length = math.hypot(*numbers) or 1.0
    return [number / length for number in numbers]
