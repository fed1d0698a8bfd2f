"""tests.peers.harness.Harness on the terminal: typed lines in, printed blocks out."""

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Self

from rich.console import Console

from bot.adapters.console import ConsoleAdapter, terminal_user
from bot.core.model import Reply
from bot.core.ports import Adapter, Clock, Handler, Inbox
from tests.peers.harness import Harness, OpenForm, Post

_CHOICE = re.compile(r"\[\d+\] ([^\[\n]+)")


class _Recording(ConsoleAdapter):
    """The adapter, noting what each send put on the screen."""

    harness: "ConsoleHarness"

    async def send(self, to: Any, reply: Reply, *, key: str, **more: Any) -> Any:
        screen = self.harness.screen
        began = screen.tell()
        known = key in self._sent
        sent = await super().send(to, reply, key=key, **more)
        if known:
            return sent
        if reply.form is not None:
            fields = {field.name: field.label for field in reply.form.fields}
            self.harness.forms.append(OpenForm(title=reply.form.title, fields=fields))
        else:
            self.harness.record(screen.getvalue()[began:])
        return sent


class ConsoleHarness(Harness):
    """`async with ConsoleHarness(folder) as harness`; nobody else talks in a terminal, and nothing is delivered twice."""

    CHANNEL = "terminal"
    private = True

    def __init__(self, folder: Path) -> None:
        self.PERSON = terminal_user().id
        self.folder = folder
        self.screen = io.StringIO()
        self.posts: list[Post] = []
        self.forms: list[OpenForm] = []
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._prompts: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def record(self, printed: str) -> None:
        lines = printed.splitlines()
        buttons = tuple(one.strip() for one in _CHOICE.findall(lines[-2])) if len(lines) > 1 else ()
        saved = re.findall(r"^(.*?)Saved as\s+(\S+)", re.sub(r"\s*\n", "", printed) + "\n", re.MULTILINE)
        files = tuple((Path(path).name, Path(path).read_bytes(), text.strip()) for text, path in saved)
        number = str(len(self.posts))
        text = re.sub(r"[│╭╮╰╯─]", " ", printed)
        self.posts.append(Post(id=number, channel="terminal", thread=None, text=text, buttons=buttons, files=files))

    @contextlib.asynccontextmanager
    async def running(self, handle: Handler, inbox: Inbox, clock: Clock) -> AsyncIterator[Adapter]:
        async def read(prompt: str) -> str | None:
            self._prompts.append(prompt)
            return await self._lines.get()

        console = Console(file=self.screen, width=400, highlight=False, force_terminal=False)
        adapter = _Recording(
            inbox,
            clock,
            state=self.folder / "console.json",
            downloads=self.folder,
            console=console,
            read_line=read,
        )
        adapter.harness = self
        serving = asyncio.create_task(adapter.run(handle))
        try:
            yield adapter
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving

    async def mention(self, text: str, *, thread: str | None = None) -> str:
        self._lines.put_nowait(text)
        return ""

    async def direct(self, text: str) -> str:
        self._lines.put_nowait(text)
        return "terminal"

    async def chatter(self, text: str, *, thread: str | None = None) -> None:
        raise NotImplementedError

    async def command(self, text: str) -> str:
        return await self.direct(text)

    async def press(self, post: Post, label: str) -> None:
        self._lines.put_nowait(str(post.buttons.index(label) + 1))

    async def submit(self, form: OpenForm, values: Mapping[str, str]) -> None:
        for name in form.fields:
            self._lines.put_nowait(values.get(name, ""))

    async def redeliver(self, times: int) -> None:
        raise NotImplementedError

    async def post(self, number: int, *, timeout: float = 5.0) -> Post:
        async with asyncio.timeout(timeout):
            while len(self.posts) <= number:
                await asyncio.sleep(0.005)
        return self.posts[number]

    async def form(self, *, timeout: float = 5.0) -> OpenForm:
        async with asyncio.timeout(timeout):
            while not self.forms:
                await asyncio.sleep(0.005)
        return self.forms[-1]

    def count(self) -> int:
        return len(self.posts)
