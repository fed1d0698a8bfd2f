"""How a stranger connects a platform: what each adapter package offers to `coach connect` and `coach doctor`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from bot.core.model import ThreadRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A token to paste: the name of its setting, what to call it, where to find it."""

    name: str
    label: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """`before` stands ahead of the first question, `material` is a file to paste there (a manifest), `place` says
    how to name the channel for the first prompt."""

    title: str
    before: tuple[str, ...]
    secrets: tuple[Secret, ...]
    place: str
    material: Path | None = None


@runtime_checkable
class Connectable(Protocol):
    """An adapter that can say whether its tokens serve."""

    async def whoami(self) -> str:
        """Who the coach is on the platform, in one sentence. Raises ConfigurationError, also without a network."""

    async def invitation(self) -> str:
        """What lets the coach into a channel or server: one sentence, with a link where there is one."""

    async def place(self, text: str) -> ThreadRef:
        """The channel that a person named as the guide says. Raises InvalidRequest."""

    async def close(self) -> None:
        """Close what `send` or `whoami` opened."""
