"""Discord. `create` is the only name for the outside; the SDK `discord` is imported inside this package alone."""

from bot.adapters.discord.adapter import DiscordAdapter, create

__all__ = ["DiscordAdapter", "create"]
