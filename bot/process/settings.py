"""What the environment decides: secrets and the knobs of a process. Facts about a course are rows."""

import re
from pathlib import Path
from typing import Literal, Self

import platformdirs
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.errors import Misconfigured

FIELD = re.compile(r"[A-Za-z_]\w*=[^\s|=][^|=]*")
"""One field of an embedding request and its value."""

FILE = Path(".env")
ENCODING = "utf-8-sig"
"""With or without the mark that some editors write first, which would be part of the first variable's name."""

_FROM = SettingsConfigDict(
    env_file=FILE, env_file_encoding=ENCODING, env_ignore_empty=True, extra="ignore", frozen=True
)


def require_readable_file() -> None:
    """
    See that the file of settings, where there is one in this folder, can be read.

    Raises:
        Misconfigured: it cannot.

    """
    try:
        if FILE.is_file():
            FILE.read_text(ENCODING)
    except UnicodeDecodeError:
        raise Misconfigured(f"The settings in {str(FILE)!r} are not UTF-8; save the file as UTF-8.") from None
    except OSError as error:
        raise Misconfigured(
            f"The settings in {str(FILE)!r} cannot be read ({error.strerror}); let this user read the file."
        ) from error


def _home() -> Path:
    return Path(platformdirs.user_data_dir("monitoria"))


class DatabaseSettings(BaseSettings):
    """Where Monitoria remembers."""

    model_config = _FROM

    home: Path = Field(default_factory=_home, validation_alias="MONITORIA_HOME")
    url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()


class ModelSettings(BaseSettings):
    """Which models answer, judge and embed, and where they are reached."""

    model_config = _FROM

    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    answer_model: str = Field(default="gpt-5-mini", validation_alias="MONITORIA_ANSWER_MODEL")
    judge_model: str | None = Field(default=None, validation_alias="MONITORIA_JUDGE_MODEL")
    judge_base_url: str | None = Field(default=None, validation_alias="MONITORIA_JUDGE_BASE_URL")
    judge_api_key: SecretStr | None = Field(default=None, validation_alias="MONITORIA_JUDGE_API_KEY")
    second_judge_model: str | None = Field(default=None, validation_alias="MONITORIA_SECOND_JUDGE_MODEL")
    second_judge_base_url: str | None = Field(default=None, validation_alias="MONITORIA_SECOND_JUDGE_BASE_URL")
    second_judge_api_key: SecretStr | None = Field(default=None, validation_alias="MONITORIA_SECOND_JUDGE_API_KEY")
    embedding_model: str = Field(default="intfloat/multilingual-e5-small", validation_alias="MONITORIA_EMBEDDING_MODEL")
    embedding_backend: Literal["torch", "openai"] = Field(
        default="torch", validation_alias="MONITORIA_EMBEDDING_BACKEND"
    )
    embedding_base_url: str | None = Field(default=None, validation_alias="MONITORIA_EMBEDDING_BASE_URL")
    embedding_query_prefix: str | None = Field(default=None, validation_alias="MONITORIA_EMBEDDING_QUERY_PREFIX")
    embedding_passage_prefix: str | None = Field(default=None, validation_alias="MONITORIA_EMBEDDING_PASSAGE_PREFIX")
    translator: Literal["auto", "none"] = Field(default="auto", validation_alias="MONITORIA_TRANSLATOR")
    embedding_query_fields: str = Field(default="", validation_alias="MONITORIA_EMBEDDING_QUERY_FIELDS")
    embedding_passage_fields: str = Field(default="", validation_alias="MONITORIA_EMBEDDING_PASSAGE_FIELDS")

    @field_validator("embedding_query_fields", "embedding_passage_fields")
    @classmethod
    def _named_values(cls, fields: str) -> str:
        parts = [part.strip() for part in fields.split(",") if part.strip()]
        if any(not FIELD.fullmatch(part) or part.partition("=")[0] in {"model", "input"} for part in parts):
            raise ValueError("not fields and their values, such as input_type=query or task=x, dimensions=512")
        return ",".join(parts)


class DiscordSettings(BaseSettings):
    """How Monitoria enters Discord."""

    model_config = _FROM

    token: SecretStr | None = Field(default=None, validation_alias="DISCORD_TOKEN")


class MailSettings(BaseSettings):
    """How digests are mailed."""

    model_config = _FROM

    smtp_url: SecretStr | None = Field(default=None, validation_alias="MONITORIA_SMTP_URL")
    mail_from: str | None = Field(default=None, validation_alias="MONITORIA_MAIL_FROM")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("MONITORIA_SMTP_URL and MONITORIA_MAIL_FROM go together")
        return self


class HealthSettings(BaseSettings):
    """Where `monitoria run` tells how it is."""

    model_config = _FROM

    http_bind: str = Field(default="127.0.0.1:8080", validation_alias="MONITORIA_HTTP_BIND")

    @field_validator("http_bind")
    @classmethod
    def _usable(cls, bind: str) -> str:
        host, _, port = bind.rpartition(":")
        if bind != "off" and not (host and port.isdecimal() and 0 < int(port) < 2**16):
            raise ValueError("not host:port, such as 127.0.0.1:8080, and not `off`")
        return bind

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port, or None where it is told nowhere."""
        host, _, port = self.http_bind.rpartition(":")
        return (host.strip("[]"), int(port)) if host else None


class LogSettings(BaseSettings):
    """What is written to standard error."""

    model_config = _FROM

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", validation_alias="MONITORIA_LOG_LEVEL"
    )
    format: Literal["auto", "text", "json"] = Field(default="auto", validation_alias="MONITORIA_LOG_FORMAT")

    @field_validator("level", mode="before")
    @classmethod
    def _any_case(cls, level: object) -> object:
        return level.lower() if isinstance(level, str) else level


GROUPS: tuple[type[BaseSettings], ...] = (
    DiscordSettings,
    DatabaseSettings,
    ModelSettings,
    HealthSettings,
    MailSettings,
    LogSettings,
)
"""All groups of settings; `.env.example` is kept equal to them by a test."""
