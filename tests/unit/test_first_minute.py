"""The first minute in the terminal: one sentence, feedback, then what else there is."""

from bot.core.first_minute import ASKED, CONNECT, INCIDENT, NOT_STATED, POINTS, FirstMinute
from bot.core.grading import grade
from bot.core.model import Inbound, Message, Reply, Text
from tests.stores import message, press, said, say


def is_command(text: str) -> bool:
    return text.lower().rstrip(".") in {"help", "today", "forget me"} or text.startswith("subscribe")


class Core:
    """Says back what it was asked."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.done = 0

    async def handle(self, inbound: Inbound):  # type: ignore[no-untyped-def]
        text = inbound.text if isinstance(inbound, Message) else "a press"
        self.heard.append(text)
        yield say(f"answer to {text}")

    def finish(self) -> None:
        self.done += 1


async def hear(first: FirstMinute, inbound: Inbound) -> list[Reply]:
    return [reply async for reply in first.handle(inbound)]


def opened() -> tuple[FirstMinute, Core]:
    core = Core()
    return FirstMinute(core.handle, core.finish, is_command), core


async def test_one_sentence_earns_feedback_and_shows_the_rest() -> None:
    first, core = opened()
    replies = await hear(first, message("The connection pool ran out, kill the job"))
    feedback = replies[0]
    own = next(block for block in feedback.blocks if isinstance(block, Text) and block.emphasis)
    bold = [own.text[a:b] for a, b in own.emphasis]
    assert bold[0] == "connection pool"
    assert bold[1].startswith("kill")
    assert "I see 2 of 3 points." in said(feedback)
    assert "I did not see one more: what began" in said(feedback)
    assert core.heard == [ASKED, NOT_STATED]
    for line in CONNECT:
        assert line in said(*replies)
    assert core.done == 1


async def test_afterwards_everything_goes_to_the_coach() -> None:
    first, core = opened()
    await hear(first, message("no idea"))
    core.heard.clear()
    assert said(*await hear(first, message("the pool"))) == "answer to the pool"
    assert core.heard == ["the pool"]
    assert core.done == 1


async def test_questions_commands_and_presses_go_to_the_coach_and_leave_the_incident_open() -> None:
    first, core = opened()
    from bot.core.model import Button

    for inbound in (
        message("what is this?"),
        message("help"),
        message("Forget me."),
        message("subscribe 09:00"),
        message(""),
        press(Button(label="X", action="hint")),
    ):
        await hear(first, inbound)
    assert len(core.heard) == 6
    assert core.done == 0
    assert "points" in said(*await hear(first, message("the pool is exhausted")))


async def test_all_points_are_praised_and_none_still_gets_a_hint() -> None:
    whole = "The connection pool ran out because the job holds locks; kill the job."
    assert "All three points." in said((await hear(opened()[0], message(whole)))[0])
    none = said((await hear(opened()[0], message("CPU")))[0])
    assert "I see 0 of 3 points." in none
    assert POINTS[0].miss in none


async def test_a_very_long_sentence_is_shown_in_part() -> None:
    (feedback, *_) = await hear(opened()[0], message("lorem " * 400 + "the connection pool"))
    shown = next(block for block in feedback.blocks if isinstance(block, Text) and block.text.startswith("lorem"))
    assert len(shown.text) == 1500
    assert shown.emphasis == ()


def test_the_incident_does_not_give_its_points_away() -> None:
    assert len(INCIDENT) == 3
    assert grade("\n".join(INCIDENT), prompt="\n".join(INCIDENT), points=POINTS).score == 0
