"""The manifest asks for what the code uses, and for nothing more."""

from pathlib import Path
from typing import Any

import yaml

from bot.adapters.slack.adapter import SCOPES
from tests.peers.slack.rules import METHODS
from tests.peers.slack.state import LEAST_SCOPES

ROOT = Path(__file__).resolve().parents[3]
ADAPTER = ROOT / "bot" / "adapters" / "slack"

# what each event needs (docs.slack.dev/reference/events/<event>)
EVENTS = {"app_mention": "app_mentions:read", "message.im": "im:history"}
HISTORY = "im:history"


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "slack" / "manifest.yaml").read_text())
    return loaded


def called() -> set[str]:
    """The API methods the adapter's source calls by the SDK's names."""
    source = "\n".join(path.read_text() for path in ADAPTER.glob("*.py"))
    return {method for method in METHODS if f".{method.replace('.', '_')}(" in source}


def test_the_scopes_are_those_of_the_calls_the_events_and_the_command() -> None:
    asked = set(manifest()["oauth_config"]["scopes"]["bot"])
    needed = {scope for method in called() for scope in METHODS[method][0]} - {"history"}
    needed |= {HISTORY, "commands"} | set(EVENTS.values())
    assert asked == needed == SCOPES == LEAST_SCOPES


def test_every_call_is_one_the_peer_knows() -> None:
    import re

    source = "\n".join(path.read_text() for path in ADAPTER.glob("*.py"))
    used = set(re.findall(r"client\.((?:auth|apps|chat|conversations|users|views|files)_\w+)\(", source))
    assert used == {method.replace(".", "_") for method in called()}
    assert called() == set(METHODS)


def test_events_interactivity_and_the_command_are_on() -> None:
    told = manifest()
    settings, features = told["settings"], told["features"]
    assert set(settings["event_subscriptions"]["bot_events"]) == set(EVENTS)
    assert settings["interactivity"]["is_enabled"]
    assert settings["socket_mode_enabled"]
    assert features["slash_commands"][0]["command"] == "/coach"
    assert features["bot_user"]["display_name"] == "Backend Coach"
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    # docs.slack.dev/reference/app-manifest: limits
    assert len(told["display_information"]["description"]) <= 140
    assert len(features["slash_commands"][0]["description"]) <= 2000
