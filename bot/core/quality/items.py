"""An item against the quality bar, as far as its text alone tells."""

import re
from collections.abc import Iterator

from bot.core.quality import rubrics
from bot.core.quality.faults import Fault, Form, forms
from bot.core.quality.rubrics import LONGEST_HINT, plain
from knowledge.locating import At
from knowledge.model import Article, Item, Meta

TYPES = ("flash", "incident", "tradeoff", "estimate", "plan", "review_ai", "dsa")
ID = re.compile(r"[BSDA](\.[A-Z0-9]+)*-\d{3}")
LONGEST_PROMPT = 900
LONGEST_FIRST = 500
LONGEST_ANSWER = 1900
"""With the model answer go a misconception, the next question and the sources."""
LONGEST_REVEAL = 3900
"""Of what *Reveal* shows in all: Discord displays 4,000 characters of a message."""
LONGEST_ASK = 500
_PLACEHOLDER = re.compile(r"\{[a-z_]\w*(:[^{}]*)?\}")


def item_faults(item: Item, article: Article) -> Iterator[Fault]:
    """All of one item."""
    for at, expected, found in (*_schema(item), *provenance(item.meta), *_texts(item, article), *_parts(item)):
        yield Fault(level="error", subject=item.id, at=at, expected=expected, found=found)
    if len(item.prompt) > LONGEST_FIRST:
        yield Fault(
            level="note",
            subject=item.id,
            at=("prompt",),
            expected=f"at most {LONGEST_FIRST} characters, which read well on a phone",
            found=str(len(item.prompt)),
        )
    said: set[tuple[At, str]] = set()  # of a template the first filling that shows a fault is enough
    for form in forms(item):
        for fault in [form] if isinstance(form, Fault) else _form(form):
            if (fault.at, fault.expected) not in said:
                said.add((fault.at, fault.expected))
                yield fault


def _schema(item: Item) -> Iterator[rubrics.Said]:
    if not ID.fullmatch(item.id) or item.id.rpartition("-")[0] != item.leaf:
        yield ("id",), f"{item.leaf}-001, the first node and a number", item.id
    if not item.leaf.startswith(f"{item.category}.") and item.leaf != item.category:
        yield ("category",), f"{item.leaf[0]}, the first letter of the first node", item.category
    if item.type not in TYPES:
        yield ("type",), f"one of {', '.join(TYPES)}", item.type
    if item.version < 1:
        yield ("version",), "1 or more", str(item.version)
    if item.level not in range(1, 6):
        yield ("level",), "1-5", str(item.level)
    if not 1 <= item.minutes <= 30:
        yield ("minutes",), "1-30", str(item.minutes)
    for name, values, least in (
        ("nodes", set(item.nodes), len(item.nodes)),
        ("hints", item.hints, 2),
        ("misconceptions", item.misconceptions, 1),
        ("sources", item.sources, 1),
        ("variants", item.variants, 1),
    ):
        if len(values) < least:
            yield (name,), f"{least} or more, none twice", str(len(values))
    if item.type == "estimate" and not any(variant.template for variant in item.variants):
        yield ("variants",), "a template among the variants of an estimate", "none"
    if not item.follow_up:
        yield ("follow_up",), "a question that goes on from here", "nothing"


def provenance(meta: Meta) -> Iterator[rubrics.Said]:
    """What `meta` has to say of an item or a quiz."""
    for name, wanted in (("origin", "project"), ("licence", "MIT"), ("lang", "en")):
        if getattr(meta, name) != wanted:
            yield ("meta", name), wanted, getattr(meta, name) or "nothing"
    if meta.blind_solved_at and not re.fullmatch(r"\d{4}-\d\d-\d\d", meta.blind_solved_at):
        yield ("meta", "blind_solved_at"), "a date such as 2026-11-24, or null", meta.blind_solved_at


def _texts(item: Item, article: Article) -> Iterator[rubrics.Said]:
    if item.article_anchor and item.article_anchor not in article.text:
        yield ("article_anchor",), "words that stand in the article", f"“{item.article_anchor}”"
    for place, hint in enumerate(item.hints):
        if len(hint) > LONGEST_HINT:
            yield ("hints", place), f"at most {LONGEST_HINT} characters", str(len(hint))
    for place, one in enumerate(item.contradictions):
        if not 0 <= one.penalty <= 0.3:
            yield ("contradictions", place, "penalty"), "0 to .3", f"{one.penalty:g}"


def _parts(item: Item) -> Iterator[rubrics.Said]:
    names = [part.id for part in item.parts]
    if not 1 <= len(names) <= 4 or len(set(names)) < len(names):
        yield ("parts",), "1-4 parts, each with an id of its own", ", ".join(names)
    for place, part in enumerate(item.parts):
        if len(part.ask) > LONGEST_ASK:
            yield ("parts", place, "ask"), f"at most {LONGEST_ASK} characters", str(len(part.ask))
    if not plain(item.prompt).endswith(plain(item.parts[0].ask)):
        yield ("parts", 0, "ask"), "the words that the prompt ends with", f"“{item.parts[0].ask[:60]}”"


def _form(form: Form) -> Iterator[Fault]:
    prompt, answer = (*form.at, "prompt"), (*form.at, "answer")
    item = form.item
    if len(form.prompt) > LONGEST_PROMPT:
        yield form.fault(prompt, f"at most {LONGEST_PROMPT} characters", str(len(form.prompt)))
    if form.prompt.count("```") % 2:
        yield form.fault(prompt, "a closing fence for each ```", "an open one")
    if form.prompt[-1] not in "?.":
        yield form.fault(prompt, "a question at its end", f"“{form.prompt[-30:]}”")
    if len(form.answer) > LONGEST_ANSWER:
        yield form.fault(answer, f"at most {LONGEST_ANSWER} characters", str(len(form.answer)))
    shown = sum(map(len, (form.answer, item.misconceptions[0], item.follow_up, *item.sources)))
    if shown > LONGEST_REVEAL:
        yield form.fault(answer, f"at most {LONGEST_REVEAL} characters with all that is shown beside it", str(shown))
    if form.seed is not None:
        for at, text in ((prompt, form.prompt), (answer, form.answer)):
            if left := _PLACEHOLDER.search(text):
                yield form.fault(at, "no placeholder left", left[0])
    if form.inherited and form.at:
        said = []
    else:
        said = list(rubrics.shape(form.rubric, form.rubric_at, few=3, many=6, most=0.4))
        if [(point.id, point.weight) for point in form.rubric] != [(point.id, point.weight) for point in item.rubric]:
            found = ", ".join(f"{point.id} {point.weight:g}" for point in form.rubric)
            said.append((form.rubric_at, "the item's points with its weights, in order", found))
    asks = {f"the question of part {part.id}": part.ask for part in item.parts}
    said += rubrics.given_away(form.rubric, form.rubric_at, {"the prompt": form.prompt, **asks})
    said += rubrics.numbers(form.rubric, form.rubric_at, form.facts)
    for at, expected, found in said:
        yield form.fault(at, expected, found)
