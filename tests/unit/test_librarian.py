"""Documents in chat: who may add them, for whom, and who gets to see the list."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.admin import Admins
from bot.core.errors import InvalidRequest
from bot.core.librarian import Librarian
from bot.core.model import Reply, Table, ThreadRef, UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from knowledge.model import Scope
from tests.stores import Wired, buttons, channel, hear, message, person, press, said, wired

ADA, ROOT = person("ada"), person("root")
OPS, DEV = channel("ops"), channel("dev")
PAGE = "https://wiki.internal/runbook"
WORKSPACE = "memory:w1"


@pytest.fixture
def core(sqlite_store: SqlStore, clock: SimulatedClock) -> Wired:
    made = wired(sqlite_store, clock)
    made.shelf.pages = {
        PAGE: "Runbook\n\nRoll back first.",
        "https://wiki.internal/secret": "Salaries\n\nAda earns much.",
        "https://wiki.internal/dev": "Style\n\nTabs.",
    }
    return made


async def told(core: Wired, text: str, where: ThreadRef | None = OPS, who: UserRef = ROOT, **given: Any) -> Reply:
    (reply,) = await hear(core.coach, message(text, who, where, **{"admin": who == ROOT, **given}))
    return reply


async def held(core: Wired, scope: Scope) -> list[str]:
    return [one.title for one in await core.library.held(scope)]


# --- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"ingest {PAGE}", f"ingest channel {PAGE}", "documents", "ingest"])
async def test_only_an_administrator_may(core: Wired, text: str) -> None:
    for where in (OPS, None):
        with pytest.raises(InvalidRequest, match=r"Only an administrator of this workspace may .*COACH_ADMINS"):
            await told(core, text, where, ADA)
    assert await core.library.held(Scope(workspace=WORKSPACE), whole_workspace=True) == []


async def test_nor_does_somebody_else_forget_by_an_old_button(core: Wired) -> None:
    await told(core, f"ingest {PAGE}")
    (forget,) = buttons(await told(core, "documents")).values()
    with pytest.raises(InvalidRequest, match="Only an administrator"):
        await hear(core.coach, press(forget, ADA, OPS))
    assert await held(core, Scope(workspace=WORKSPACE)) == ["Runbook"]


@pytest.mark.parametrize(
    ("named", "accepted"),
    [
        ("memory:w1:ada", True),
        (" slack:T1:U1 , memory:w1:ada ", True),
        ("memory:w2:ada", False),
        ("slack:w1:ada", False),
        ("memory:w1:ad", False),
        ("memory:w1:", False),
        (",", False),
        ("", False),
    ],
)
async def test_who_is_named_in_the_settings_is_one_too(core: Wired, named: str, accepted: bool) -> None:
    librarian = Librarian(core.library, Admins(named))
    event = message(f"ingest {PAGE}", ADA, OPS)
    if accepted:
        assert "Added" in said(*[reply async for reply in librarian.ingest(event, PAGE)])
    else:
        with pytest.raises(InvalidRequest, match="Only an administrator"):
            assert [reply async for reply in librarian.ingest(event, PAGE)]


async def test_an_identity_without_a_workspace_is_named_by_where_it_speaks(core: Wired) -> None:
    """On Discord a person is the same everywhere, and an administrator only of the server that is named."""
    admins = Admins("discord:guild1:42")
    who = UserRef(platform="discord", workspace="", id="42")
    here = message("x", who, ThreadRef(platform="discord", workspace="guild1", channel="c"))
    assert admins.includes(here)
    assert not admins.includes(replace(here, where=replace(here.where, workspace="guild2")))
    assert not admins.includes(replace(here, where=replace(here.where, workspace="")))


# --- taking in -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PAGE, f"<{PAGE}>", f"<{PAGE}|the runbook>"], ids=["plain", "slack", "slack named"])
async def test_a_page_is_for_everybody_here(core: Wired, address: str) -> None:
    reply = await told(core, f"ingest {address}")
    assert said(reply) == "Added “Runbook”, 2 passages, for everybody here."
    assert await held(core, Scope(workspace=WORKSPACE)) == ["Runbook"]
    assert "unchanged" in said(await told(core, f"Ingest {address}"))
    core.shelf.pages[PAGE] = "Runbook\n\nRoll forward."
    assert "Read anew" in said(await told(core, f"ingest {address}"))


async def test_with_channel_it_is_for_that_channel_alone(core: Wired) -> None:
    reply = await told(core, f"ingest channel {PAGE}", replace(OPS, thread="7"))
    assert "for this channel" in said(reply)
    assert await held(core, Scope(workspace=WORKSPACE, channel="ops")) == ["Runbook"]
    assert await held(core, Scope(workspace=WORKSPACE)) == []


async def test_in_private_there_is_no_channel_and_nothing_is_widened_to_everybody(core: Wired) -> None:
    with pytest.raises(InvalidRequest, match=r"no channel.*Say that in the channel"):
        await told(core, f"ingest channel {PAGE}", None)
    assert await core.library.held(Scope(workspace=WORKSPACE), whole_workspace=True) == []
    assert "for everybody here" in said(await told(core, f"ingest {PAGE}", None))


@pytest.mark.parametrize(
    "text", ["ingest", "ingest channel", "ingest the runbook", "ingest ftp://x/y", "ingest /etc/passwd", "ingest file:///etc/passwd", f"ingest {PAGE} now"]
)  # fmt: skip
async def test_what_is_no_address_is_asked_for(core: Wired, text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"web address.*ingest https://.*coach ingest"):
        await told(core, text)


async def test_a_refused_page_says_why_and_leaves_nothing(core: Wired) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await told(core, "ingest https://wiki.internal/gone")
    assert str(refused.value) == "https://wiki.internal/gone does not answer. Nothing of it was kept."
    assert await core.library.held(Scope(workspace=WORKSPACE), whole_workspace=True) == []


@pytest.mark.parametrize("text", [f"ingest {PAGE}", "documents"])
async def test_a_discord_dm_says_where_to_say_it(core: Wired, text: str) -> None:
    """It belongs to no server, so what it is about cannot be known."""
    nowhere = ThreadRef(platform="discord", workspace="", channel="dm")
    with pytest.raises(InvalidRequest, match=r"belongs to no server.*in a channel of your server"):
        await told(core, text, nowhere, direct=True)


# --- the list --------------------------------------------------------------------------------


async def filled(core: Wired) -> None:
    await told(core, f"ingest {PAGE}")
    await told(core, "ingest channel https://wiki.internal/secret", OPS)
    await told(core, "ingest channel https://wiki.internal/dev", DEV)
    await told(core, "ingest channel https://wiki.internal/secret", replace(OPS, workspace="w2"))


@pytest.mark.parametrize(
    ("where", "titles"),
    [
        (OPS, {"Runbook", "Salaries"}),
        (DEV, {"Runbook", "Style"}),
        (channel("random"), {"Runbook"}),
        (None, {"Runbook"}),
        (replace(OPS, workspace="w2"), {"Salaries"}),
        (replace(DEV, workspace="w2"), set()),
    ],
)
async def test_a_channels_documents_are_listed_in_it_alone(
    core: Wired, where: ThreadRef | None, titles: set[str]
) -> None:
    await filled(core)
    reply = await told(core, "documents", where)
    assert reply.private
    rows = [row for block in reply.blocks if isinstance(block, Table) for row in block.rows]
    assert {row[1] for row in rows} == titles
    assert len(buttons(reply)) == len(titles)
    if not titles:
        assert "No documents yet" in said(reply)


async def test_the_list_says_for_whom_each_is(core: Wired) -> None:
    await filled(core)
    (table,) = [block for block in (await told(core, "documents")).blocks if isinstance(block, Table)]
    assert table.rows == (
        ("page", "Runbook", PAGE, "all"),
        ("page", "Salaries", "https://wiki.internal/secret", "this channel"),
    )


async def test_a_long_list_is_cut_and_says_so(core: Wired) -> None:
    for number in range(28):
        url = f"https://wiki.internal/{number}"
        core.shelf.pages[url] = f"A page with quite a long title, number {number}\n\nText."
        await told(core, f"ingest {url}")
    reply = await told(core, "documents")
    (table,) = [block for block in reply.blocks if isinstance(block, Table)]
    assert len(table.rows) == 25
    assert "3 more; `coach documents` lists all." in said(reply)
    assert len({button.argument for button in buttons(reply).values()}) <= 10


async def test_forgetting_by_the_button_and_again(core: Wired) -> None:
    await filled(core)
    forget = buttons(await told(core, "documents"))["Forget “Salaries”"]
    pressed = press(forget, ROOT, OPS, admin=True)
    (first,) = await hear(core.coach, pressed)
    assert (first.private, said(first)) == (True, "Removed; I no longer answer from it.")
    assert "removed already" in said(*await hear(core.coach, pressed))
    assert await held(core, Scope(workspace=WORKSPACE, channel="ops")) == []
    assert await held(core, Scope(workspace="memory:w2", channel="ops")) == ["Salaries"]


async def test_an_administrator_of_another_workspace_removes_nothing_here(core: Wired) -> None:
    await told(core, f"ingest {PAGE}")
    (forget,) = buttons(await told(core, "documents")).values()
    (reply,) = await hear(core.coach, press(forget, ROOT, replace(OPS, workspace="w2"), admin=True))
    assert "removed already" in said(reply)
    assert await held(core, Scope(workspace=WORKSPACE)) == ["Runbook"]
