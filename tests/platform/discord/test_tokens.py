"""Tokens that do not serve: one sentence and the next step, the token nowhere."""

import pytest
from pydantic import SecretStr

from bot.adapters.discord import create
from bot.adapters.discord.guide import GUIDE
from bot.core.errors import ConfigurationError, InvalidRequest
from bot.core.guide import Connectable
from bot.core.model import ThreadRef
from bot.settings import Settings
from tests.peers.discord.harness import settings
from tests.peers.discord.world import TOKEN

BAD = [
    (None, "DISCORD_TOKEN is not set."),
    ("xoxb-1234-5678-secretsecretsecret", "DISCORD_TOKEN holds a Slack token."),
    ("xapp-1-A1-secretsecretsecret", "DISCORD_TOKEN holds a Slack token."),
    (f"Bot {TOKEN}", "DISCORD_TOKEN begins with the word Bot; the token stands alone."),
    ("1000000000000000001", "DISCORD_TOKEN holds an application id, not the bot's token."),
    ("0123456789abcdef" * 4, "DISCORD_TOKEN holds the application's public key, not the bot's token."),
    ("abcdefghijklmnopqrstuvwxyz012345", "DISCORD_TOKEN holds the client secret, not the bot's token."),
    ("two words", "DISCORD_TOKEN does not have the form of a bot token."),
    (TOKEN[:-2] + "zz", "Discord does not know DISCORD_TOKEN."),
]


@pytest.mark.parametrize(("token", "sentence"), BAD)
async def test_a_token_that_does_not_serve(*, harness, inbox, clock, handler, caplog, token, sentence):
    caplog.set_level("DEBUG")
    given = Settings(_env_file=None, DISCORD_TOKEN=token and SecretStr(token), discord_api_url=harness.peer.api_url)
    adapter = create(given, inbox, clock)
    for use in (adapter.run(handler), adapter.whoami()):
        with pytest.raises(ConfigurationError) as raised:
            await use
        assert raised.value.sentence == sentence
        assert "Bot page" in raised.value.next_step
        assert token is None or token not in str(raised.value)
    assert token is None or token not in caplog.text
    assert "Traceback" not in caplog.text
    await adapter.close()


async def test_no_network(harness, inbox, clock, handler):
    given = settings(harness.peer).model_copy(update={"discord_api_url": "http://127.0.0.1:9/api/v10"})
    adapter = create(given, inbox, clock)
    for use in (adapter.run(handler), adapter.whoami(), adapter.invitation()):
        with pytest.raises(ConfigurationError, match=r"could not be reached.*network"):
            await use


async def test_a_server_that_is_down_is_waited_for(harness, inbox, clock, handler):
    harness.peer.faults.add("503", "GET /users/@me", times=3)
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        await harness.post(0)
    assert clock.slept == [1.0, 2.0, 4.0]


async def test_it_introduces_itself(harness, inbox, clock):
    adapter = create(settings(harness.peer), inbox, clock)
    assert isinstance(adapter, Connectable)
    assert await adapter.whoami() == "The token belongs to the bot coach."
    assert "client_id=1000000000000000001" in await adapter.invitation()
    where = ThreadRef(platform="discord", workspace=harness.world.guild, channel=harness.CHANNEL)
    for text in (harness.CHANNEL, f"https://discord.com/channels/{harness.world.guild}/{harness.CHANNEL}"):
        assert await adapter.place(text) == where
    for text in ("general", "4999999999999999999"):
        with pytest.raises(InvalidRequest):
            await adapter.place(text)
    assert GUIDE.secrets[0].name == "DISCORD_TOKEN"
    await adapter.close()
