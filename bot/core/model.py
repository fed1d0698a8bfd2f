"""The words that the core and the adapters share: people, places, what comes in, what goes out.

All values are frozen and keyword-only; datetimes are aware and in UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from knowledge.model import Source

_ACTION = re.compile(r"[a-z][a-z_]{0,23}")
_ARGUMENT = re.compile(r"[A-Za-z0-9._:-]{0,60}")


def _check_action(action: str, argument: str) -> None:
    if not _ACTION.fullmatch(action):
        raise ValueError(f"an action is 1-24 of a-z and _: {action!r}")
    if not _ARGUMENT.fullmatch(argument):
        raise ValueError(f"an argument is at most 60 of A-Z a-z 0-9 . _ : -: {argument!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRef:
    """A person on a platform. `workspace` is the Slack team; "" where ids are the same everywhere, as on Discord."""

    platform: str
    workspace: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRef:
    """A place to talk: a channel or DM, and the thread in it, or None for its top level."""

    platform: str
    workspace: str
    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """A message that the coach sent; `id` is the platform's own."""

    thread: ThreadRef
    id: str


# --- what comes in ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inbound:
    """`id` is the key for deduplication, the same for every redelivery.

    `where` is the place to answer in. `direct` is true where only this person reads along (a DM, the console).
    `admin` is what the platform says of the person's rights. `carry` is opaque to the core: what the adapter needs
    to answer later (an interaction token), stored with the event and erased with it.
    """

    id: str
    user: UserRef
    where: ThreadRef
    at: datetime
    direct: bool = False
    admin: bool = False
    carry: str = ""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a naive datetime came in; every instant is aware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(_Inbound):
    """Text that somebody addressed to the coach; mentions of the coach are already cut out of it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(_Inbound):
    """A pressed button. `message` is the message the button hangs on."""

    action: str
    argument: str = ""
    message: MessageRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmitted(_Inbound):
    """A form that came back: field name -> what was entered ("" for an optional field left empty)."""

    form: str
    argument: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    message: MessageRef | None = None


Inbound = Message | Action | FormSubmitted

# --- what goes out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A paragraph of plain text, never markup: adapters escape it.

    `emphasis` holds [start, end) character offsets into `text` to be set in bold, ascending, not overlapping.
    """

    text: str
    style: Literal["plain", "heading", "quiet", "code"] = "plain"
    emphasis: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a quote stands: the source's label ("the article"), the section's heading; of a team's own documents also
    the document's title, and a link where it was ingested from a URL."""

    source: str
    section: str
    document: str = ""
    url: str | None = None

    @property
    def place(self) -> str:
        """The section, within its document if it has one."""
        return f"{self.document}: {self.section}" if self.document not in {"", self.section} else self.section


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words of a source, verbatim."""

    text: str
    citation: Citation


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`action` and `argument` come back in an `Action`, also after a restart.

    `opens_form` says that the answer to the press is a `Form`, so that an adapter whose platform opens forms only as
    the first answer to a press does not answer with anything else before.
    """

    label: str
    action: str
    argument: str = ""
    style: Literal["default", "primary", "danger"] = "default"
    opens_form: bool = False

    def __post_init__(self) -> None:
        _check_action(self.action, self.argument)
        if not 1 <= len(self.label) <= 40:
            raise ValueError(f"a label has 1-40 characters: {self.label!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """One row of at most five buttons."""

    items: tuple[Button, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.items) <= 5:
            raise ValueError("a row has 1-5 buttons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a `choice` field."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One question of a form: a line, several lines, or one of at most 25 choices. `value` is what stands in it."""

    name: str
    label: str
    kind: Literal["line", "text", "choice"] = "line"
    hint: str = ""
    value: str = ""
    required: bool = True
    max_length: int = 3000
    choices: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("choices belong to a choice field, and it needs them")
        if len(self.choices) > 25 or len(self.label) > 45:
            raise ValueError("a field has at most 25 choices and a label of at most 45 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A private form of at most five fields; it comes back as `FormSubmitted(form=name, argument=argument)`."""

    name: str
    title: str
    fields: tuple[Field, ...]
    argument: str = ""
    submit: str = "Send"

    def __post_init__(self) -> None:
        _check_action(self.name, self.argument)
        if not 1 <= len(self.fields) <= 5 or len(self.title) > 24 or len(self.submit) > 24:
            raise ValueError("a form has 1-5 fields, and title and submit of at most 24 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG with the text that stands in for it."""

    data: bytes
    alt: str
    name: str = "picture.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to download, such as an export."""

    name: str
    media_type: str
    data: bytes
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows as wide as the header; cells are plain text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError("every row is as wide as the header")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`done` of `total`, drawn as a bar."""

    label: str
    done: float
    total: float


Block = Text | Quote | Buttons | Form | Picture | File | Table | Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message. A `Form` stands alone in its reply.

    `private` shows it to the asker alone where others read along; `replaces` puts it in the place of the message
    whose button was pressed. A `partial` one is a state on the way to the next, which takes its place: only an adapter
    that can show that gets to see it.
    """

    blocks: tuple[Block, ...]
    private: bool = False
    replaces: bool = False
    partial: bool = False

    def __post_init__(self) -> None:
        if not self.blocks:
            raise ValueError("a reply says something")
        if len(self.blocks) > 1 and any(isinstance(block, Form) for block in self.blocks):
            raise ValueError("a form stands alone in its reply")

    @property
    def form(self) -> Form | None:
        """The form that this reply opens, if it is one."""
        first = self.blocks[0]
        return first if isinstance(first, Form) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSection:
    """A section that was considered for an answer; `score` orders sections of one answer and means nothing else."""

    source: str
    key: str
    section: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the sources say to a question. `quotes` are verbatim; `confidence` (0-1) is that of the band `answer`.

    `source` is where the quotes come from. `text` is the quotes' own where no model wrote sentences from them.
    """

    band: Literal["answer", "near", "none"]
    text: str
    quotes: tuple[Quote, ...]
    sections: tuple[FoundSection, ...]
    confidence: float
    source: Source = "article"
