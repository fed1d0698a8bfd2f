"""What the API takes, and how it says no: OpenAI's error object, and its refusal of what it does not know."""

from collections.abc import Mapping
from typing import Any

KEY = "sk-peer-0123456789"
MODEL = "test"

CHAT_FIELDS = frozenset(
    {
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "n", "stop", "max_tokens",
        "max_completion_tokens", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs",
        "user", "seed", "response_format", "tools", "tool_choice", "parallel_tool_calls", "reasoning_effort",
        "metadata", "store", "service_tier",
    }
)  # fmt: skip
EMBEDDING_FIELDS = frozenset({"model", "input", "encoding_format", "dimensions", "user"})


class Refused(Exception):
    """A request that the API does not take."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code},
        }


def check(headers: Mapping[str, str], body: object, fields: frozenset[str], models: frozenset[str]) -> dict[str, Any]:
    """The body, if the key, every field and the model are right; raises Refused as the real API answers."""
    if headers.get("Authorization") != f"Bearer {KEY}":
        given = headers.get("Authorization", "")
        raise Refused(401, f"Incorrect API key provided: {given[-12:]}", code="invalid_api_key")
    if not isinstance(body, dict):
        raise Refused(400, "We could not parse the JSON body of your request.")
    for name in body:
        if name not in fields:
            raise Refused(400, f"Unrecognized request argument supplied: {name}", param=name)
    if body.get("model") not in models:
        raise Refused(404, f"The model `{body.get('model')}` does not exist", code="model_not_found")
    return body


def check_chat(body: Mapping[str, Any]) -> None:
    """The parts of a chat request that have a shape of their own."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "Missing required parameter: 'messages'.", param="messages")
    for one in messages:
        if not isinstance(one, dict) or one.get("role") not in {"system", "developer", "user", "assistant", "tool"}:
            raise Refused(400, "Invalid value for 'messages'.", param="messages")
    if "stream_options" in body and not body.get("stream"):
        raise Refused(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    if not 0 <= float(body.get("temperature") or 0) <= 2:
        raise Refused(400, "Invalid 'temperature'.", param="temperature")
