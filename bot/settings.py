"""All settings, read once from the environment and `.env` and never changed afterwards."""

import re
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = Path(".env")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.]*\s*=")


class SettingsError(Exception):
    """A setting or the `.env` file cannot be read; the text is one sentence with the next step."""


def _named(name: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(name))


class Settings(BaseSettings):
    """The coach's configuration. The four platform names are the ones people know; the rest is `COACH_*`."""

    model_config = SettingsConfigDict(
        env_prefix="COACH_", env_file_encoding="utf-8-sig", extra="ignore", frozen=True, env_ignore_empty=True
    )

    slack_bot_token: SecretStr | None = _named("SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = _named("SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr | None = _named("SLACK_SIGNING_SECRET")
    discord_token: SecretStr | None = _named("DISCORD_TOKEN")

    slack_api_url: str = "https://slack.com/api/"
    """The Web API base, ending in /api/ (GovSlack has its own)."""
    discord_api_url: str = "https://discord.com/api/v10"
    """The REST base with its version."""
    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("backend-coach", appauthor=False)))
    database_url: str | None = None
    """A PostgreSQL URL; without it SQLite in the data folder."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=3000, ge=1, le=65535)
    """Where Slack's HTTP events arrive when SLACK_SIGNING_SECRET is set and SLACK_APP_TOKEN is not."""
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error)$")
    model: str = ""
    """A language model for answers in whole sentences, such as openai:…, anthropic:… or ollama:…; none without it."""
    model_budget: int = Field(default=200_000, ge=0)
    """Tokens a workspace and day (UTC)."""
    embeddings: str = ""
    """Another embedding, such as openai:text-embedding-3-small; the packaged one without it."""
    admins: str = ""
    """Comma-separated `platform:workspace:user` of people who may administer the coach besides the platforms' own."""

    @property
    def slack_configured(self) -> bool:
        """Whether any Slack secret is set; the adapter says what is missing of the others."""
        return any((self.slack_bot_token, self.slack_app_token, self.slack_signing_secret))

    @property
    def discord_configured(self) -> bool:
        """Whether the Discord token is set."""
        return self.discord_token is not None


def _check_env_file(path: Path) -> None:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read ({type(error).__name__}). Save it as UTF-8 text or remove it."
        ) from error
    in_quotes = ""
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if in_quotes:
            in_quotes = "" if stripped.endswith(in_quotes) else in_quotes
            continue
        if not stripped or stripped.startswith("#"):
            continue
        if not _ASSIGNMENT.match(line):
            raise SettingsError(f"{path}, line {number} is not NAME=value. Correct that line or put a # before it.")
        value = stripped.split("=", 1)[1].strip()
        if value[:1] in {'"', "'"} and not (len(value) > 1 and value.find(value[0], 1) > 0):
            if not any(later.rstrip().endswith(value[0]) for later in lines[number:]):
                raise SettingsError(f"{path}, line {number} opens a quote that is never closed. Close it on that line.")
            in_quotes = value[0]


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """The settings of this process; raises SettingsError naming the first setting that is wrong."""
    if env_file is not None:
        _check_env_file(env_file)
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        allowed = "use debug, info, warning or error" if name == "log_level" else first["msg"]
        shown = name if name.isupper() else f"COACH_{name.upper()}"
        raise SettingsError(f"{shown} is not usable: {allowed}. Correct it in the environment or in .env.") from error


def with_tokens(settings: Settings, values: dict[str, str]) -> Settings:
    """These settings with other tokens, by their environment names."""
    return settings.model_copy(
        update={name.lower(): SecretStr(value) if value else None for name, value in values.items()}
    )


def save_to_env_file(path: Path, values: dict[str, str]) -> None:
    """Set these names in `.env`, keeping its other lines; the file is readable by its owner alone.

    Raises SettingsError if it cannot be written.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.split("=", 1)[0].strip().removeprefix("export ").strip() not in values]
        text = "\n".join([*kept, *(f"{name}={value}" for name, value in values.items() if value)]) + "\n"
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{path.resolve()} cannot be written ({error.strerror}). Correct its permissions."
        ) from error
