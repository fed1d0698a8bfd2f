"""A hundred days through the real jobs send exactly what `coach plan` says."""

from datetime import timedelta
from itertools import islice

from bot.app import App
from bot.core.answering import Answering
from bot.core.balance import DEFAULT_SPLIT
from bot.core.composing import Composing
from bot.core.model import Reply
from bot.core.prompts import prompt_reply
from bot.core.records import Delivery
from bot.core.stream import Stream, plan
from bot.service import SimulatedClock, rehearse_until
from bot.settings import load_settings
from bot.store.store import SqlStore
from knowledge.loader import load_article, load_curriculum
from tests.conftest import START
from tests.stores import MemoryAdapter, channel, hear, message, person, wired


async def no_digest(_delivery: Delivery) -> Reply | None:
    return None


async def test_a_hundred_days_are_the_plan(store: SqlStore, clock: SimulatedClock) -> None:
    curriculum = load_curriculum()
    core = wired(store, clock, curriculum=curriculum)
    app = App(
        settings=load_settings(None),
        clock=clock,
        store=store,
        curriculum=curriculum,
        retriever=core.retriever,  # type: ignore[arg-type]
        answering=Answering(core.retriever, load_article()),
        library=core.library,
        practising=core.practising,
        composing=Composing(store, curriculum, no_digest),
        coach=core.coach,
        adapters={},
    )
    chat = app.adapters["memory"] = MemoryAdapter()
    await hear(app.coach, message("subscribe 09:00 Europe/Berlin daily", person()))
    await hear(app.coach, message("subscribe channel 18:30 America/New_York mon-fri", where=channel()))
    assert await rehearse_until(app, clock, START + timedelta(days=100)) == len(chat.sent)
    assert clock.now() == START + timedelta(days=100)

    def text(reply: Reply) -> object:
        return reply.blocks[:2]

    planned = [
        text(prompt_reply(curriculum.items[one.item_id], curriculum, "x"))
        for one in islice(plan(curriculum, DEFAULT_SPLIT, Stream()), 100)
    ]
    daily = [text(one.reply) for one in chat.sent if one.to == person()]
    channels = [text(one.reply) for one in chat.sent if one.to == channel()]
    assert daily == planned
    assert channels == planned[: len(channels)]
    assert len(channels) == 72  # the week days from 5 January to 14 April 2026
    assert len({one.key for one in chat.sent}) == len(chat.sent)
