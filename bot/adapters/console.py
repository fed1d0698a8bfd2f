"""The terminal as a platform: lines in, blocks out, buttons as numbered choices."""

import asyncio
import getpass
import itertools
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text as RichText

from bot.core.intake import answer, resume
from bot.core.model import (
    Action,
    Block,
    Button,
    Buttons,
    File,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    MessageRef,
    Picture,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
    ThreadRef,
    UserRef,
)
from bot.core.ports import Clock, Handler, Inbox

NAME = "console"
WHERE = ThreadRef(platform=NAME, workspace="", channel="terminal")
_BAR = 24
_STYLES = {"plain": "", "heading": "bold", "quiet": "dim", "code": "cyan"}
_LEAVE = frozenset({"quit", "exit", "bye", ":q"})

ReadLine = Callable[[str], Awaitable[str | None]]
"""Shows a prompt and returns the next line without its end, or None when there are no more."""


async def read_stdin(prompt: str) -> str | None:
    """A line from standard input; read in a thread, so that the coach goes on warming up meanwhile."""

    def read() -> str | None:
        try:
            line = input(prompt).rstrip("\r")
        except EOFError:
            return None
        if not sys.stdin.isatty():
            print(line, flush=True)  # a pipe does not echo, and the transcript should show what was asked  # noqa: T201
        return line

    return await asyncio.to_thread(read)


def local_zone() -> str | None:
    """The machine's IANA time zone."""
    from tzlocal import get_localzone_name

    return str(get_localzone_name() or "") or None


def terminal_user() -> UserRef:
    """The person at this terminal."""
    return UserRef(platform=NAME, workspace="", id=getpass.getuser()[:40] or "me")


class ConsoleAdapter:
    """One person at a terminal. The choices on screen are kept in `state`, so that their numbers outlive a restart."""

    name = NAME

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        state: Path,
        downloads: Path,
        console: Console | None = None,
        read_line: ReadLine = read_stdin,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._state = state
        self._downloads = downloads
        self._console = console or Console(highlight=False, soft_wrap=False)
        self._read_line = read_line
        self._choices: list[Button] = self._stored_choices()
        self._form: tuple[Form, str] | None = None
        self._numbers = itertools.count(1)
        self._sent: dict[str, MessageRef] = {}
        self._user = terminal_user()

    async def time_zone(self, user: UserRef) -> str | None:
        """See `Profiles`: the machine's zone."""
        del user
        return local_zone()

    async def run(self, handle: Handler) -> None:
        """Serve lines until there are no more or the person leaves."""
        await resume(handle, self, self._inbox, self._clock)
        if self._choices:
            self._print_choices()
        while True:
            line = await self._read_line("> ")
            if line is None or line.strip().lower() in _LEAVE:
                return
            if not line.strip() and not self._choices:
                continue
            await self._serve(self._translate(line), handle)
            while self._form is not None:
                form, argument = self._form
                self._form = None
                submitted = await self._fill(form, argument)
                if submitted is not None:
                    await self._serve(submitted, handle)

    async def _serve(self, inbound: Inbound, handle: Handler) -> None:
        if await self._inbox.accept(inbound):
            await answer(inbound, handle, self, self._inbox, self._clock)

    def _translate(self, line: str) -> Inbound:
        now = self._clock.now()
        key = f"console:{now.timestamp():.6f}:{next(self._numbers)}"
        text = line.strip()
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(self._choices):
            button = self._choices[int(text) - 1]
            return Action(
                id=key,
                user=self._user,
                where=WHERE,
                at=now,
                direct=True,
                admin=True,
                action=button.action,
                argument=button.argument,
            )
        return Message(id=key, user=self._user, where=WHERE, at=now, direct=True, admin=True, text=line[:20_000])

    async def _fill(self, form: Form, argument: str) -> FormSubmitted | None:
        """Ask for each field in turn; None if the input ends or a required field stays empty twice."""
        self._console.print(RichText(form.title, style="bold"))
        values: dict[str, str] = {}
        for field in form.fields:
            for number, choice in enumerate(field.choices, start=1):
                self._console.print(f"  {number}. {escape(choice.label)}")
            shown = f" [{field.value}]" if field.value else ""
            hint = f" ({field.hint})" if field.hint and not field.value else ""
            for _ in range(2):
                line = await self._read_line(f"{field.label}{hint}{shown}: ")
                if line is None:
                    return None
                value = line.strip()[: field.max_length] or field.value
                if field.choices and value.isdigit() and 1 <= int(value) <= len(field.choices):
                    value = field.choices[int(value) - 1].value
                if value or not field.required:
                    break
                self._console.print("An answer is needed here.")
            else:
                self._console.print("Nothing was sent.")
                return None
            values[field.name] = value
        now = self._clock.now()
        return FormSubmitted(
            id=f"console:{now.timestamp():.6f}:{next(self._numbers)}",
            user=self._user,
            where=WHERE,
            at=now,
            direct=True,
            admin=True,
            form=form.name,
            argument=argument,
            values=values,
        )

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """See `Adapter`: prints; everybody at a terminal is the asker, and nothing printed is replaced."""
        del to, only_for, replaces
        if key in self._sent:
            return self._sent[key]
        if reply.form is not None:
            self._form = (reply.form, reply.form.argument)
        else:
            buttons = [button for block in reply.blocks if isinstance(block, Buttons) for button in block.items]
            for block in reply.blocks:
                if not isinstance(block, Buttons):
                    self._print(block)
            if buttons:
                self._choices = buttons
                self._store_choices()
                self._print_choices()
            self._console.print()
        self._sent[key] = MessageRef(thread=WHERE, id=key[:40])
        return self._sent[key]

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """See `Adapter`: what this process printed."""
        del to
        return self._sent.get(key)

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """See `Adapter`: a terminal has one thread; the title is printed above it."""
        self._console.rule(escape(title))
        await self.send(in_, first, key=key)
        return in_

    async def show(self, replies: AsyncIterator[Reply]) -> None:
        """Print replies that answer nobody's message."""
        async for reply in replies:
            await self.send(WHERE, reply, key=f"show:{next(self._numbers)}")

    def _print(self, block: Block) -> None:
        if isinstance(block, Text):
            line = RichText(block.text, style=_STYLES[block.style])
            for start, end in block.emphasis:
                line.stylize("bold green", start, end)
            self._console.print(line)
        elif isinstance(block, Quote):
            where = f"{block.citation.source}, “{block.citation.place}”"
            link = f" {block.citation.url}" if block.citation.url else ""
            self._console.print(Panel(RichText(block.text), subtitle=RichText(where + link), subtitle_align="left"))
        elif isinstance(block, Picture | File):
            path = self._saved(block.name, block.data)
            self._console.print(
                RichText(f"{block.alt if isinstance(block, Picture) else block.caption} Saved as {path}")
            )
        elif isinstance(block, Table):
            table = RichTable(*map(escape, block.header), title=escape(block.caption) or None)
            for row in block.rows:
                table.add_row(*map(escape, row))
            self._console.print(table)
        elif isinstance(block, Progress):
            share = max(0.0, min(1.0, block.done / block.total)) if block.total else 0.0
            filled = round(share * _BAR)
            bar = "█" * filled + "░" * (_BAR - filled)
            self._console.print(RichText(f"{block.label} {bar} {block.done:g} of {block.total:g}"))

    def _print_choices(self) -> None:
        shown = "   ".join(f"[{number}] {button.label}" for number, button in enumerate(self._choices, start=1))
        self._console.print(RichText(shown, style="cyan"))

    def _saved(self, name: str, data: bytes) -> Path:
        stem, dot, ending = name.rpartition(".")
        path = self._downloads / name
        for number in itertools.count(2):
            if not path.exists():
                break
            path = self._downloads / f"{stem}-{number}{dot}{ending}"
        path.write_bytes(data)
        return path

    def _stored_choices(self) -> list[Button]:
        try:
            return [Button(**raw) for raw in json.loads(self._state.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError):
            return []

    def _store_choices(self) -> None:
        raw = [
            {"label": b.label, "action": b.action, "argument": b.argument, "opens_form": b.opens_form}
            for b in self._choices
        ]
        self._state.write_text(json.dumps(raw), encoding="utf-8")
