"""The first minute in the terminal: an incident, one sentence, feedback; then what else there is."""

from collections.abc import AsyncIterator, Callable

from bot.core.coach import is_question
from bot.core.feedback import emphasis
from bot.core.grading import grade
from bot.core.model import Block, Inbound, Message, Reply, Text
from bot.core.ports import Handler
from knowledge.model import Point

INCIDENT = (
    "14:05. Checkout p99 went from 90 ms to 1.9 s; p50 is still 22 ms. CPU 35 %, garbage collection quiet.",
    "Every pod shows its database pool at 20 of 20 in use with 15 waiting; at 14:03 a month-end job started.",
    "What ran out, and what do you do in the next five minutes? One sentence.",
)
POINTS = (
    Point(
        id="cause",
        weight=0.4,
        claim="Requests wait for a database connection: the pool is exhausted, so latency is waiting and not work.",
        miss="which number above stands exactly at its limit?",
        hit=(
            "connection pool", "pool exhausted", "exhausted pool", "pool is full", "pool full", "pool saturated",
            "out of connections", "ran out of connections", "connections ran out", "no free connections",
            "waiting for a connection", "wait for connections", "db connections", "database connections", "pool ran out",
            "pool starvation", "connection starvation", "connections exhausted",
        ),
    ),
    Point(
        id="trigger",
        weight=0.2,
        claim="The month-end job holds locks or connections for long, so every request keeps its connection longer.",
        miss="what began two minutes before the latency rose, and what does it hold?",
        hit=(
            "job holds", "job is holding", "job locks", "job hogs", "job took", "holds locks", "holding locks", "lock contention",
            "long transaction", "long transactions", "long running query", "row locks", "blocked by the job", "caused by the job",
        ),
    ),
    Point(
        id="now",
        weight=0.4,
        claim="Stop or throttle the job first, and fail fast instead of queueing; a larger pool feeds the same locks.",
        miss="what removes the cause within a minute?",
        hit=(
            "stop the job", "kill the job", "pause the job", "throttle the job", "cancel the job", "stop the month", "kill it",
            "stop it", "pause it", "kill the batch", "stop the batch", "kill the month", "pause the month", "abort the job",
            "shed load", "fail fast", "terminate the job", "suspend the job", "kill that job", "stop that job",
        ),
    ),
)  # fmt: skip
ASKED = "Why does depth matter more now?"
NOT_STATED = "Which message broker should I buy?"
CONNECT = (
    "Your team's chat: `coach connect slack` or `coach connect discord` takes about five minutes and posts the first prompt.",
    "Here: ask anything about the article, say `today` for a practice prompt, `help` for the rest, `quit` to leave.",
)


class FirstMinute:
    """A handler around the coach's own that takes the first statement as the answer to the incident.

    Questions, commands and buttons go to the coach as ever. `done` is called once the incident is answered.
    """

    def __init__(self, handle: Handler, done: Callable[[], None], is_command: Callable[[str], bool]) -> None:
        self._handle = handle
        self._done = done
        self._is_command = is_command
        self._open = True

    async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """As `Coach.handle`."""
        if not (self._open and isinstance(inbound, Message) and self._is_statement(inbound.text)):
            async for reply in self._handle(inbound):
                yield reply
            return
        self._open = False
        yield Reply(blocks=tuple(_feedback(inbound.text)))
        for question, lead in (
            (ASKED, "Ask me about the article and you get its own words. For example:"),
            (NOT_STATED, "What it does not say, I say so. For example:"),
        ):
            yield Reply(blocks=(Text(text=lead, style="quiet"), Text(text=f"“{question}”", style="heading")))
            asked = Message(
                id=inbound.id, user=inbound.user, where=inbound.where, at=inbound.at, direct=True, text=question
            )
            async for reply in self._handle(asked):
                yield reply
        yield Reply(blocks=tuple(Text(text=line) for line in CONNECT))
        self._done()

    def _is_statement(self, text: str) -> bool:
        return bool(text.strip()) and not is_question(text) and not self._is_command(text)


def _feedback(text: str) -> list[Block]:
    result = grade(text, prompt="\n".join(INCIDENT), points=POINTS)
    by_id = {point.id: point for point in POINTS}
    hits = [by_id[one.point_id] for one in result.points if one.verdict == "hit"]
    missed = [by_id[one.point_id] for one in result.points if one.verdict != "hit"]
    blocks: list[Block] = [
        Text(text=f"I see {len(hits)} of {len(POINTS)} points." if missed else "All three points.", style="heading"),
        Text(text=text[:1500], emphasis=emphasis(result, 1500)),
    ]
    blocks += [Text(text="✓ " + point.claim) for point in hits]
    blocks += [Text(text=f"I did not see one more: {missed[0].miss}")] if missed else []
    return blocks
