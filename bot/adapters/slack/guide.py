"""How to connect the coach to a Slack workspace (deploy/slack/manifest.yaml says why each scope is asked for)."""

from pathlib import Path

from bot.core.guide import Guide, Secret

_BESIDE = Path(__file__).parent / "manifest.yaml"  # in a built wheel
_MANIFEST = _BESIDE if _BESIDE.exists() else Path(__file__).parents[3] / "deploy" / "slack" / "manifest.yaml"

GUIDE = Guide(
    title="Connect the coach to Slack",
    before=(
        "Open https://api.slack.com/apps, press Create New App, choose From a manifest and pick your workspace.",
        "Choose YAML, paste what stands below, press Next and Create.",
        "On the page Install App press Install to Workspace and allow it.",
    ),
    material=_MANIFEST,
    secrets=(
        Secret(
            name="SLACK_BOT_TOKEN",
            label="Bot token",
            where="On the page Install App, copy the Bot User OAuth Token (it begins with xoxb-).",
        ),
        Secret(
            name="SLACK_APP_TOKEN",
            label="App-level token",
            where="On the page Basic Information, under App-Level Tokens, generate one with the scope connections:write"
            " (it begins with xapp-).",
        ),
    ),
    place="Channel for the first prompt: its id or link (channel name, View channel details, at the bottom)",
)
