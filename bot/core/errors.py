"""Every error the coach raises on purpose.

    CoachError                     one sentence for the person, one next step
    ├── ConfigurationError         settings, tokens, folders: the command line exits with 2
    ├── InvalidRequest             something a person typed cannot be done as it stands
    ├── StoreError                 the database is newer, locked away or unreadable
    └── PlatformError              a chat platform did not take a message
        ├── RateLimited            try again after `retry_after` seconds
        ├── Rejected               it never will: channel gone, bot removed, DMs closed
        ├── NotSent                it certainly did not arrive: connect failed, 5xx before acceptance
        ├── Ambiguous              it may have arrived: the connection broke while waiting for the answer
        └── Unreadable             the history that would settle an Ambiguous send may not be read

`KnowledgeError` (knowledge.model) is the one sibling outside: `knowledge` imports nothing of `bot`.
"""


class CoachError(Exception):
    """A failure with a sentence for the person and the step that gets them further."""

    def __init__(self, sentence: str, *, next_step: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".strip()


class ConfigurationError(CoachError):
    """Settings, tokens or folders are not usable."""


class InvalidRequest(CoachError):
    """A person asked for something that cannot be done as it stands."""


class StoreError(CoachError):
    """The database cannot be used."""


class PlatformError(CoachError):
    """A chat platform did not take a message."""


class RateLimited(PlatformError):
    """The platform asks to wait `retry_after` seconds."""

    def __init__(self, sentence: str, *, retry_after: float) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Rejected(PlatformError):
    """The platform will never take this message; `code` is the platform's own word for why."""

    def __init__(self, sentence: str, *, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code


class NotSent(PlatformError):
    """The message certainly did not arrive and may be sent again."""


class Ambiguous(PlatformError):
    """The message may have arrived: `Adapter.find` has to tell before it is sent again."""


class Unreadable(PlatformError):
    """The history that would settle an ambiguous send may not be read."""
