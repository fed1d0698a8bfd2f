"""One script on two independent peers: ours, and simcord, which knows nothing of ours.

simcord has no wire, so the gateway, rate limits and nonces are ours alone; what both speak has to come out the same.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import simcord

from bot.adapters.discord import create
from bot.settings import Settings
from tests.peers.discord.harness import DiscordHarness
from tests.peers.discord.markdown import displayed
from tests.peers.memory_inbox import MemoryInbox
from tests.platform.discord.conftest import Handler, QuickClock


class OnOurs:
    def __init__(self, harness: DiscordHarness, handler: Handler, inbox: MemoryInbox) -> None:
        self.harness, self.handler, self.inbox = harness, handler, inbox
        self.stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        await self.stack.enter_async_context(self.harness.running(self.handler, self.inbox, QuickClock()))

    async def restart(self) -> None:
        await self.stack.aclose()
        await self.start()

    async def _next(self) -> dict[str, Any]:
        post = await self.harness.post(self.count())
        await self.harness.quiet(0.1)
        self._seen = self.harness.count()
        return self._dict(post)

    def _dict(self, post: Any) -> dict[str, Any]:
        return {
            "id": post.id,
            "text": post.text,
            "buttons": post.buttons,
            "thread": post.thread,
            "private": bool(post.only_for),
        }

    _seen = 0

    def count(self) -> int:
        return self._seen

    async def mention(self, text: str) -> Any:
        thread = await self.harness.mention(text)
        return await self._next() | {"asked": thread}

    async def in_thread(self, thread: str, text: str) -> Any:
        await self.harness.chatter(text, thread=thread)
        return await self._next()

    async def ask(self, question: str) -> Any:
        await self.harness.peer.slash("ask", question=question)
        return await self._next()

    async def press(self, post: Any, label: str) -> Any:
        await self.harness.peer.press(post["id"], label)
        return await self._next()

    async def replace(self, post: Any, label: str) -> Any:
        await self.harness.peer.press(post["id"], label)
        await self.harness.quiet(0.1)
        return self._dict(self.harness.peer.post(post["id"]))

    async def open(self, post: Any, label: str) -> Any:
        await self.harness.peer.press(post["id"], label)
        return await self.harness.form()

    def title(self, form: Any) -> str:
        return str(form.title)

    async def submit(self, form: Any, values: dict[str, str]) -> Any:
        await self.harness.submit(form, values)
        return await self._next()


class OnSimcord:
    def __init__(self, handler: Handler, inbox: MemoryInbox) -> None:
        self.handler, self.inbox = handler, inbox
        self.seen: set[int] = set()

    def client(self) -> Any:
        self.adapter = create(Settings(_env_file=None), self.inbox, QuickClock())
        client = self.adapter._client = self.adapter.build()
        self.adapter.listener.serve(client, self.handler)
        return client

    async def start(self, env: simcord.Env) -> None:
        self.env = env
        self.guild = env.create_guild()
        self.channel = self.guild.create_text_channel("backend")
        self.ada = self.guild.add_member(env.create_user("ada"))
        await env.settle()

    async def restart(self) -> None:
        await self.env.restart_bot(self.client())
        await self.env.settle()

    def _messages(self) -> list[Any]:
        backend = self.env.backend
        # a message without components is the system's, about a thread
        everything = [one for channel in backend.messages.values() for one in channel.values()]
        found = [one for one in everything if one.author_id == backend.bot_user.id and one.components]
        return sorted(found, key=lambda one: one.id)

    def _dict(self, message: Any) -> dict[str, Any]:
        flat = list(_walk(message.components))
        channel = self.env.backend.channels[message.channel_id]
        return {
            "id": message.id,
            "text": "\n".join(displayed(one["content"]) for one in flat if one["type"] == 10),
            "buttons": tuple(one["label"] for one in flat if one["type"] == 2),
            "thread": str(message.channel_id) if channel.type == 11 else None,
            "private": message.is_ephemeral,
        }

    async def _next(self) -> dict[str, Any]:
        await self.env.settle()
        new = [one for one in self._messages() if one.id not in self.seen]
        self.seen |= {one.id for one in new}
        assert len(new) == 1, new
        return self._dict(new[0])

    def count(self) -> int:
        return len(self._messages())

    async def mention(self, text: str) -> Any:
        sent = await self.ada.send(self.channel, f"<@{self.env.backend.bot_user.id}> {text}")
        return await self._next() | {"asked": str(sent.id)}

    async def in_thread(self, thread: str, text: str) -> Any:
        handle = next(one for one in self.channel.threads if str(one.id) == thread)
        await self.ada.send(handle, text)
        return await self._next()

    async def ask(self, question: str) -> Any:
        await self.ada.slash(self.channel, "coach ask", question=question)
        return await self._next()

    async def press(self, post: Any, label: str) -> Any:
        await self.ada.click(self._handle(post), label=label)
        return await self._next()

    async def replace(self, post: Any, label: str) -> Any:
        await self.ada.click(self._handle(post), label=label)
        await self.env.settle()
        return self._dict(next(one for one in self._messages() if one.id == post["id"]))

    async def open(self, post: Any, label: str) -> Any:
        return await self.ada.click(self._handle(post), label=label)

    def title(self, form: Any) -> str:
        return str(form.modal["title"])

    async def submit(self, form: Any, values: dict[str, str]) -> Any:
        lists = {name for name, value in values.items() if name == "sure"}  # simcord takes a select's values as a list
        await self.ada.submit_modal(form, {name: [v] if name in lists else v for name, v in values.items() if v})
        return await self._next()

    def _handle(self, post: Any) -> Any:
        from simcord.results import to_discord_message

        return to_discord_message(self.env, next(one for one in self._messages() if one.id == post["id"]))


def _walk(components: list[dict[str, Any]]) -> Any:
    for one in components:
        yield one
        yield from _walk(one.get("components", []))


@contextlib.asynccontextmanager
async def peer(name: str) -> AsyncIterator[Any]:
    handler, inbox = Handler(), MemoryInbox()
    if name == "ours":
        async with DiscordHarness().started() as harness:
            ours = OnOurs(harness, handler, inbox)
            await ours.start()
            try:
                yield ours
            finally:
                await ours.stack.aclose()
    else:
        theirs = OnSimcord(handler, inbox)
        async with simcord.run(theirs.client(), approved_intents=None) as env:
            await theirs.start(env)
            yield theirs


@pytest.mark.parametrize("name", ["ours", "simcord"])
async def test_the_script(name):
    async with peer(name) as person:
        await _script(person)


async def _script(person: Any) -> None:
    asked = await person.mention("why does depth *matter*?")
    assert asked["text"] == "heard: why does depth *matter*?"
    assert asked["thread"] == asked["asked"]
    assert asked["buttons"] == ("Hint", "Answer", "Replace", "Whisper")

    command = await person.ask("and speed?")
    assert (command["text"], command["thread"], command["private"]) == ("heard: and speed?", None, False)

    hint = await person.press(command, "Hint")
    assert hint["text"] == "pressed hint item-7"
    whisper = await person.press(command, "Whisper")
    assert (whisper["text"], whisper["private"]) == ("for you alone", True)

    form = await person.open(command, "Answer")
    assert person.title(form) == "Your answer"
    submitted = await person.submit(form, {"text": "measure", "note": "", "sure": "high"})
    assert submitted["text"] == "submitted text=measure; note=; sure=high"

    await person.restart()
    again = await person.press(command, "Hint")
    assert again["text"] == "pressed hint item-7"
    replaced = await person.replace(command, "Replace")
    assert (replaced["text"], replaced["buttons"]) == ("replaced", ())
