"""Slack: Socket Mode or signed HTTP in, the Web API out."""

from bot.adapters.slack.adapter import SlackAdapter, create

__all__ = ["SlackAdapter", "create"]
