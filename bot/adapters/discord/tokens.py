"""The shape of a Discord bot token, and a sentence for what people paste instead of one."""

import re

from pydantic import SecretStr

from bot.core.errors import ConfigurationError

NEXT_STEP = "Copy the token from the Bot page of your application at https://discord.com/developers/applications into DISCORD_TOKEN."

_SHAPE = re.compile(r"[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_OTHER_KINDS = (
    (re.compile(r"x(?:ox[a-z]|app)-.*"), "DISCORD_TOKEN holds a Slack token."),
    (re.compile(r"Bot\s.*"), "DISCORD_TOKEN begins with the word Bot; the token stands alone."),
    (re.compile(r"\d{15,21}"), "DISCORD_TOKEN holds an application id, not the bot's token."),
    (re.compile(r"[0-9a-f]{64}"), "DISCORD_TOKEN holds the application's public key, not the bot's token."),
    (re.compile(r"[A-Za-z0-9_-]{32}"), "DISCORD_TOKEN holds the client secret, not the bot's token."),
)


def usable(token: SecretStr | None) -> str:
    """The token's text; raises ConfigurationError, without the token in it, if it cannot be one."""
    text = token.get_secret_value().strip() if token else ""
    if not text:
        raise ConfigurationError("DISCORD_TOKEN is not set.", next_step=NEXT_STEP)
    if _SHAPE.fullmatch(text):
        return text
    for pattern, sentence in _OTHER_KINDS:
        if pattern.fullmatch(text):
            raise ConfigurationError(sentence, next_step=NEXT_STEP)
    raise ConfigurationError("DISCORD_TOKEN does not have the form of a bot token.", next_step=NEXT_STEP)
