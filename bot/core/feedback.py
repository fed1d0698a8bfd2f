"""What comes back on an answer: the learner's words, what was seen in them, what was not, and what to do next."""

from bot.core.grading import LONGEST
from bot.core.model import Block, Button, Buttons, Reply, Text
from bot.core.records import Grade
from knowledge.model import Item, Part

_SHOWN = 1500
"""Characters of an answer that are shown again."""


def part_buttons(delivery_id: str, part: Part) -> tuple[Button, ...]:
    """What can be done about a part of a prompt."""
    return (
        Button(label="Answer", action="answer", argument=f"{delivery_id}:{part.id}", style="primary", opens_form=True),
        Button(label="Hint", action="hint", argument=delivery_id),
        Button(label="Reveal", action="reveal", argument=delivery_id),
    )


def dispute_button(delivery_id: str) -> Button:
    """For a question that is unfit."""
    return Button(label="Dispute this question", action="dispute", argument=delivery_id, opens_form=True)


def refusal(text: str, delivery_id: str, part: Part) -> Reply:
    """One sentence on an answer that cannot be judged, with another try."""
    return Reply(blocks=(Text(text=text), Buttons(items=part_buttons(delivery_id, part))), private=True)


def feedback(item: Item, part: Part, text: str, result: Grade, *, answer_id: str, delivery_id: str) -> list[Block]:
    """Point by point: the learner's words with those that earned points in bold, what was seen, what was not.

    Buttons that need a stored answer or a delivery are left out where its id is "".
    """
    points = {point.id: point for point in item.rubric}
    hits = [verdict for verdict in result.points if verdict.verdict == "hit"]
    count = len(result.points)
    if result.abstained:
        head = "I am not sure about this one."
    elif len(hits) == count:
        head = f"All {count} points are there." if count > 1 else "That is the point."
    else:
        head = f"I see {len(hits)} of {count} points."
    blocks: list[Block] = [Text(text=head, style="heading")]
    blocks.append(Text(text=text[:_SHOWN], emphasis=emphasis(result, _SHOWN)))
    if len(text) > LONGEST:
        long = f"That was long: I read the first {LONGEST:,} of {len(text):,} characters."
        blocks.append(Text(text=long, style="quiet"))
    blocks += [Text(text="✓ " + points[verdict.point_id].claim) for verdict in hits]
    missed = [verdict for verdict in result.points if verdict.verdict != "hit"]
    for number, verdict in enumerate(missed, start=1):
        lead = "I did not see" if verdict.verdict == "missed" else "I am unsure about"
        blocks.append(Text(text=f"{number}. {lead} this one yet: {points[verdict.point_id].miss}"))
    blocks += [Text(text=remark) for remark in result.remarks]
    if answer_id and missed:
        blocks.append(
            Buttons(
                items=tuple(
                    Button(label=f"I did say {number}", action="contest", argument=f"{answer_id}:{verdict.point_id}")
                    for number, verdict in enumerate(missed[:5], start=1)
                )
            )
        )
    return [*blocks, *_onward(item, part, delivery_id)]


def _onward(item: Item, part: Part, delivery_id: str) -> list[Block]:
    if not delivery_id:
        return []
    following = item.parts[item.parts.index(part) + 1 :]
    if following:
        return [
            Text(text="If you have another minute: " + following[0].ask),
            Buttons(
                items=(
                    *part_buttons(delivery_id, following[0]),
                    _own_rating(delivery_id),
                    dispute_button(delivery_id),
                )
            ),
        ]
    return [
        *lesson(item),
        Buttons(
            items=(
                Button(label="Reveal a good answer", action="reveal", argument=delivery_id),
                _own_rating(delivery_id),
                dispute_button(delivery_id),
                _recall(),
            )
        ),
    ]


def _own_rating(delivery_id: str) -> Button:
    return Button(label="Rate it myself", action="rate_myself", argument=delivery_id)


def _recall() -> Button:
    return Button(label="Three quick recalls", action="recall")


def lesson(item: Item) -> list[Block]:
    """What to take away: a misconception, where to think on, the sources."""
    blocks: list[Block] = [Text(text="Often said, and wrong: " + item.misconceptions[0])]
    if item.follow_up:
        blocks.append(Text(text="Next question: " + item.follow_up))
    return [*blocks, Text(text="Source: " + "; ".join(item.sources), style="quiet")]


def emphasis(result: Grade, longest: int) -> tuple[tuple[int, int], ...]:
    """The spans that earned points, ascending and without overlap."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(one.span for one in result.points if one.verdict == "hit" and one.span):
        if end <= longest and (not spans or start >= spans[-1][1]):
            spans.append((start, end))
    return tuple(spans)
