"""The page for operators says what the code asks for."""

from pathlib import Path

import discord
import yaml

from bot.adapters.discord import client, guide


def test_the_page_and_the_code_agree():
    page = yaml.safe_load(Path(__file__).parents[3].joinpath("deploy/discord/app.yaml").read_text(encoding="utf-8"))
    assert tuple(page["scopes"]) == guide.SCOPES
    assert discord.Permissions(**dict.fromkeys(page["permissions"], True)) == guide.PERMISSIONS
    assert discord.Intents(**dict.fromkeys(page["intents"]["default"], True)) == client.intents()
    assert f"permissions={guide.PERMISSIONS.value}" in guide.invite_url(1)
