"""`coach connect`, as a stranger goes through it, against the peers."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.platform.process import Peer, environment, peer_process


async def _connect(platform: str, peer: Peer, folder: Path, *lines: str) -> tuple[int, str]:
    env = environment(
        folder / "data", **{f"COACH_{platform.upper()}_API_URL": peer.about["api_url"], "TZ": "Europe/Paris"}
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "connect", platform,
        cwd=folder, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate("".join(f"{line}\n" for line in lines).encode()), 60)
    return process.returncode or 0, said.decode()


def _secrets(platform: str, peer: Peer) -> tuple[str, ...]:
    if platform == "slack":
        return peer.about["bot_token"], peer.about["app_token"]
    return (peer.about["token"],)


def _place(platform: str, peer: Peer) -> str:
    if platform == "slack":
        return f"https://peer.slack.com/archives/{peer.about['channel']}"
    return f"https://discord.com/channels/{peer.about['guild']}/{peer.about['channel']}"


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_a_stranger_gets_the_first_prompt_into_a_channel_in_twelve_steps(platform: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nCOACH_LOG_LEVEL=DEBUG\n")
    async with peer_process(platform) as peer:
        secrets = _secrets(platform, peer)
        code, said = await _connect(
            platform, peer, tmp_path, *secrets, "not a channel", _place(platform, peer), "08:45 mon-thu"
        )
        assert code == 0, said
        (post,) = await peer("posts")
    assert post["buttons"] == ["Answer", "Hint", "Reveal", "More …"]
    assert "The first prompt is in that channel." in said
    assert sum(line[:2].rstrip(".").isdigit() for line in said.splitlines()) <= 12
    assert "Traceback" not in said
    assert all(secret not in said for secret in secrets)
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert env.read_text().startswith("# mine\nCOACH_LOG_LEVEL=DEBUG\n")
    assert all(secret in env.read_text() for secret in secrets)


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_a_token_that_does_not_serve_is_said_and_not_kept(platform: str, tmp_path: Path) -> None:
    wrong = {
        "slack": ("xoxb-0000-not-known", "xapp-0000-not-known"),
        "discord": ("MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ABCD",),
    }[platform]
    async with peer_process(platform) as peer:
        code, said = await _connect(platform, peer, tmp_path, *wrong)
    assert code == 2
    assert said.count("coach: ") == 1
    assert "Traceback" not in said
    assert not (tmp_path / ".env").exists()
