"""Settings: what is read, and what is said when they cannot be."""

import stat
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings, save_to_env_file


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("COACH_", "SLACK_", "DISCORD_")):
            monkeypatch.delenv(name)


def load(folder: Path, text: str) -> Settings:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_nothing_set_is_a_usable_configuration() -> None:
    settings = load_settings(None)
    assert not settings.slack_configured
    assert not settings.discord_configured
    assert settings.database_url is None
    assert settings.slack_api_url == "https://slack.com/api/"


def test_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert load_settings(tmp_path / ".env").log_level == "INFO"


def test_the_names_people_know(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "# tokens\nSLACK_BOT_TOKEN=xoxb-1\nexport DISCORD_TOKEN='d t'\n\nCOACH_HTTP_PORT = 8080\nOTHER=1\n",
    )
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "d t"
    assert settings.http_port == 8080


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_LOG_LEVEL", "debug")
    assert load(tmp_path, "COACH_LOG_LEVEL=error\n").log_level == "debug"


def test_an_empty_value_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")
    settings = load(tmp_path, "DISCORD_TOKEN=\nCOACH_DATABASE_URL=\nCOACH_HTTP_PORT=\n")
    assert not settings.slack_configured
    assert not settings.discord_configured
    assert settings.database_url is None
    assert settings.http_port == 3000


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SLACK_BOT_TOKEN\n", 1),
        ("A=1\n\n# x\nxoxb-123 is my token\n", 4),
        ("A=1\n=2\n", 2),
        ("A=1\nDISCORD TOKEN=abc\n", 2),
        ('A=1\nB="never closed\nC=3\n', 2),
        ("1A=2\n", 1),
    ],
)
def test_a_broken_line_is_named_by_its_number_and_not_shown(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert f"line {line} " in str(caught.value)
    assert "xoxb" not in str(caught.value)


def test_a_value_over_several_lines_is_fine(tmp_path: Path) -> None:
    settings = load(tmp_path, 'X="first\nsecond line\nthird"\nCOACH_HTTP_PORT=81\n')
    assert settings.http_port == 81


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff\xfe\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"), [("COACH_LOG_LEVEL", "LOUD"), ("COACH_HTTP_PORT", "0"), ("COACH_HTTP_PORT", "many")]
)
def test_a_value_that_does_not_serve_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, f"{name}={value}\n")
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_do_not_change_and_hide_their_secrets(tmp_path: Path) -> None:
    settings = load(tmp_path, "SLACK_BOT_TOKEN=xoxb-secret\n")
    with pytest.raises(Exception, match="frozen"):
        settings.log_level = "DEBUG"
    assert "xoxb-secret" not in repr(settings)


def test_saving_keeps_the_other_lines_and_replaces_its_own(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nA=1\nexport SLACK_BOT_TOKEN=old\nSLACK_BOT_TOKEN_OLD=2\nDISCORD_TOKEN=d\n")
    path.chmod(0o644)
    save_to_env_file(path, {"SLACK_BOT_TOKEN": "new", "DISCORD_TOKEN": ""})
    assert path.read_text() == "# mine\nA=1\nSLACK_BOT_TOKEN_OLD=2\nSLACK_BOT_TOKEN=new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    save_to_env_file(path, {"DISCORD_TOKEN": "d"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_settings(path).discord_configured


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        save_to_env_file(tmp_path / "no" / ".env", {"A": "b"})
