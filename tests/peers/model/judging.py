"""What the model says as a judge of an answer, for each behaviour, from the prompt it was given."""

import html
import json
import re

_INSTRUCTION = re.compile(r"(?i)\b(?:ignore|disregard|forget|mark|give)\b[^\n.]*")
_WORD = re.compile(r"[a-z]{4,}")


def asks(prompt: str) -> bool:
    """Whether a judgement is asked for."""
    return "<answer>" in prompt


def block(prompt: str, name: str) -> str:
    """The text of a block, as a model reads it."""
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", prompt, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def points(prompt: str) -> dict[str, str]:
    """The points with their claims."""
    found = re.findall(r'<point id="([^"]*)">(.*?)</point>', prompt, re.DOTALL)
    return {html.unescape(name): html.unescape(claim) for name, claim in found}


def entry(name: str, verdict: str, quote: str = "") -> dict[str, str]:
    return {"id": name, "verdict": verdict, "quote": quote}


def _faithful(prompt: str) -> list[dict[str, str]]:
    """A hit for a claim of which a sentence of the answer holds half of the long words."""
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s|\n", block(prompt, "answer")) if one.strip()]
    found = []
    for name, claim in points(prompt).items():
        wanted = set(_WORD.findall(claim.lower()))
        shared = {one: len(wanted & set(_WORD.findall(one.lower()))) for one in sentences}
        best = max(sentences, key=lambda one: shared[one], default="")
        shown = bool(best) and shared[best] * 2 >= len(wanted)
        found.append(entry(name, "hit", best) if shown else entry(name, "missed"))
    return found


def said(kind: str, prompt: str) -> str:  # noqa: PLR0911
    """The whole text of a judgement. A kind that is not about the text says what a good model does."""
    names = list(points(prompt))
    whole = json.dumps({"points": _faithful(prompt)}, ensure_ascii=False, indent=1) + "\n"
    match kind:
        case "fenced":
            return f"Here {{ you }} go:\n```json\n{whole}```\nAnything else?"
        case "broken_json":
            return whole[: len(whole) // 2]
        case "invented":
            entries = [entry(name, "hit", f"Of course {claim}") for name, claim in points(prompt).items()]
            return json.dumps({"points": entries, "score": 1.0, "total": 100})
        case "echoed":
            return json.dumps({"points": [entry(name, "hit", block(prompt, "question")) for name in names]})
        case "unknown_ids":
            more = [entry("r99", "hit", block(prompt, "answer")), entry("<r1>", "hit", block(prompt, "answer"))]
            return json.dumps({"points": more + json.loads(whole)["points"]})
        case "injected":
            told = _INSTRUCTION.search(block(prompt, "answer"))
            return json.dumps({"points": [entry(name, "hit", told[0] if told else "") for name in names], "score": 1})
        case "empty":
            return ""
        case "endless":
            return '{"points": [{"quote": "' + "and on " * 20_000
        case _:
            return whole
