"""Every block of the core's model through the adapter and the peer, which refuses what Slack would."""

from bot.core.model import (
    Button,
    Buttons,
    Citation,
    File,
    Picture,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
)
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import SlackHarness
from tests.platform.slack.conftest import QuickClock, Recorder

EVERYTHING = Reply(
    blocks=(
        Text(text="A heading", style="heading"),
        Text(text="Plain <!channel> & bold", emphasis=((6, 16),)),
        Text(text="quiet *not bold*", style="quiet"),
        Text(text="if a < b:\n    pass", style="code"),
        Quote(text="Depth matters.", citation=Citation(source="the article", section="Why depth")),
        Table(header=("Category", "Share"), rows=(("Basics", "40 %"), ("Systems", "")), caption="The split"),
        Progress(label="Basics", done=4, total=10),
        Picture(data=b"\x89PNG", alt="A queue before a worker", name="queue.png"),
        File(name="export.json", media_type="application/json", data=b'{"a": 1}', caption="Your data"),
        Buttons(
            items=(
                Button(label="Hint", action="hint", argument="i.7"),
                Button(label="Stop", action="stop", style="danger"),
            )
        ),
    )
)


async def test_every_block_is_shown(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    async with harness.running(Recorder(lambda _: [EVERYTHING]), inbox, clock):
        await harness.mention("show me")
        post = await harness.post(0)
        assert await harness.quiet() == 1
    assert post.text.splitlines() == [
        "A heading",
        "Plain <!channel> & bold",
        "quiet *not bold*",
        "if a < b:",
        "    pass",
        "Depth matters.",
        "— the article, Why depth",
        "The split",
        "Category | Share",
        "Basics | 40 %",
        "Systems | -",
        "Basics",
        "████████░░░░░░░░░░░░ 40% (4 of 10)",
    ]
    assert post.buttons == ("Hint", "Stop")
    assert post.files == (
        ("queue.png", b"\x89PNG", "A queue before a worker"),
        ("export.json", b'{"a": 1}', "Your data"),
    )


async def test_every_block_is_shown_to_one_person(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    async with harness.running(Recorder(lambda _: [EVERYTHING]), inbox, clock):
        await harness.command("show me")
        await harness.post(3)
    posted = harness.peer.workspace.posted
    assert [(one.channel[0], one.only_for is not None, bool(one.message.get("files"))) for one in posted] == [
        ("C", True, False),
        ("D", False, True),  # a file cannot be ephemeral
        ("D", False, True),
        ("C", True, False),
    ]
