"""A chat model of LangChain's `init_chat_model`: opening one, one call within a deadline, what it cost, why it failed."""

import asyncio
import contextlib
import email.utils
import html
import math
import os
import re
import unicodedata
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from knowledge.model import KnowledgeError, TokensUsed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_PAUSE = 0.2
"""Seconds before the second try where the provider names none."""
_NEVER = math.inf

_PACKAGES = {"openai": "openai", "anthropic": "anthropic", "ollama": "ollama"}
"""Providers that are extras of our own distribution; for any other LangChain names the package."""
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
_REFUSALS = {
    401: "{name} refused the key; check it.",
    403: "{name} refused the key; check it.",
    404: "The provider of {name} does not know it; check COACH_MODEL.",
    429: "{name} takes no more requests for now.",
}
_BROKEN = frozenset({"APIConnectionError", "ConnectionError", "ModelConnectionError", "TransportError", "ConnectError"})
"""Names of the classes that clients raise for a connection that failed; their packages may not be installed."""


def escaped(text: str, longest: int) -> str:
    """Text that cannot close the block it stands in and hides nothing from a person who reads it."""
    spaced = (" " if c.isspace() and c != "\n" else c for c in text[:longest])
    kept = (c for c in spaced if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return html.escape("".join(kept), quote=False)


class Usage:
    """What the calls of one answer cost so far."""

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._reported: list[tuple[int, int]] = []
        self._written = 0
        self._sent = False

    def sent(self) -> None:
        """A call is on its way, and may be charged."""
        self._sent = True

    def refused(self) -> None:
        """The provider answered with an error instead; that is not charged."""
        self._sent = False

    def add(self, chunk: Any, text: str) -> None:
        """A piece came, perhaps with what the provider counted."""
        self._sent = True
        self._written += len(text)
        if told := getattr(chunk, "usage_metadata", None):
            self._reported.append((int(told.get("input_tokens") or 0), int(told.get("output_tokens") or 0)))

    def total(self, *, complete: bool) -> TokensUsed:
        """As the provider told it, if it came to the end; four characters a token otherwise."""
        asked, written = (sum(column) for column in zip(*self._reported, strict=True)) if self._reported else (0, 0)
        if not (complete and self._reported) and self._sent:
            asked = max(asked, math.ceil(len(self._asked) / 4))
            written = max(written, math.ceil(self._written / 4))
        return TokensUsed(asked=asked, written=written)


class ChatModel:
    """A LangChain chat model. `name` is the model's, as configured; `timeout` the seconds that an answer may take."""

    def __init__(self, model: "BaseChatModel", *, name: str, timeout: float) -> None:
        self.name = name
        self.timeout = timeout
        self._model = model

    async def pieces(self, system: str, asked: str, usage: Usage, deadline: float) -> AsyncGenerator[str, None]:
        """The text of one call as it comes; raises TimeoutError at the deadline (of the event loop's clock) and whatever
        the provider's client does."""
        usage.sent()
        async with contextlib.aclosing(self._model.astream([("system", system), ("human", asked)])) as chunks:  # type: ignore[type-var]
            while True:
                try:
                    # around each step alone: a timeout that is open over a yield would cancel the reader
                    async with asyncio.timeout_at(deadline):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                text = str(chunk.text)
                usage.add(chunk, text)
                yield text

    def failure(self, error: Exception) -> str:
        """One sentence; never the provider's own text, which may repeat what was asked or a part of the key."""
        code = status(error)
        if code is not None:
            return _REFUSALS.get(code, "{name} answered with the status {code}.").format(name=self.name, code=code)
        if any(isinstance(one, TimeoutError) or "Timeout" in type(one).__name__ for one in _causes(error)):
            return f"{self.name} took longer than {self.timeout:g} s."
        if _is_broken(error):
            return f"The connection to {self.name} failed."
        return f"{self.name} gave no usable answer ({type(error).__name__})."


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _is_broken(error: Exception) -> bool:
    return any(
        isinstance(one, ConnectionError) or _BROKEN & {kind.__name__ for kind in type(one).__mro__}
        for one in _causes(error)
    )


def status(error: Exception) -> int | None:
    """The HTTP status that the provider refused with, if it did."""
    for one in _causes(error):
        for found in (getattr(one, "status_code", None), getattr(getattr(one, "response", None), "status_code", None)):
            if isinstance(found, int):
                return found
    return None


def pause(error: Exception) -> float:
    """Seconds until a second try makes sense; infinite if none does."""
    code = status(error)
    if code != 429 and not (code is not None and code >= 500) and not (code is None and _is_broken(error)):
        return _NEVER
    for one in _causes(error):
        headers = getattr(getattr(one, "response", None), "headers", None)
        if headers is not None and (told := headers.get("retry-after")):
            with contextlib.suppress(ValueError):
                return max(0.0, float(told))
            with contextlib.suppress(ValueError, TypeError):
                return max(0.0, (email.utils.parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    return _PAUSE


def open_chat_model(
    model: str, *, most_tokens: int, timeout: float, base_url: str | None = None, api_key: str | None = None
) -> ChatModel:
    """A model named as LangChain does: "openai:…", "anthropic:…", "ollama:…".

    `most_tokens` is what the provider is asked to stop an answer at. What is not given here comes from the provider's
    own environment names (OPENAI_API_KEY, OPENAI_BASE_URL, …). Takes about two seconds, for the imports. Raises KnowledgeError with the one step that is missing.
    """
    os.environ.setdefault("LANGSMITH_TRACING", "false")  # langchain-core would send every call to an account
    from langchain.chat_models import init_chat_model

    provider = model.partition(":")[0]
    options: dict[str, Any] = {"temperature": 0}
    if provider == "ollama":
        options |= {"num_predict": most_tokens, "client_kwargs": {"timeout": timeout}}
    else:
        options |= {"max_tokens": most_tokens, "max_retries": 0, "timeout": timeout}
    if provider in {"openai", "anthropic"}:
        options["stream_usage"] = True
    options |= {name: value for name, value in (("base_url", base_url), ("api_key", api_key)) if value}
    try:
        chat = init_chat_model(model or "none", **options)  # without a name it would open one later
    except ImportError as error:
        package = _PACKAGES.get(provider)
        named = re.search(r"pip install ([\w.\[\]-]+)", str(error))
        wanted = f"langchain-{package}" if package else named[1] if named else f"langchain-{provider}"
        raise KnowledgeError(
            f"COACH_MODEL is {model}, and its package is not installed: pip install {wanted}"
        ) from error
    except Exception as error:  # noqa: BLE001 - as above
        if (key := _KEYS.get(provider)) and not (api_key or os.environ.get(key)):
            raise KnowledgeError(f"COACH_MODEL is {model}, and {key} is not set: set it to your key.") from None
        raise KnowledgeError(
            f"COACH_MODEL is {model}, and no language model can be opened by that name ({type(error).__name__}); "
            "name it PROVIDER:MODEL, such as openai:gpt-5-mini, anthropic:claude-haiku-4-5 or ollama:llama3.2."
        ) from None
    return ChatModel(chat, name=model, timeout=timeout)
