"""The municipality's settings: typed, from lagesbot.toml and the environment, checked all at once.

Secrets come from the environment or from files, never from the settings file itself.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.domain.schedule import RoundRule
from bot.meeting_settings import Meetings, Section

DATABASE = "sqlite:///data/lagesbot.db"


class BadSettings(Exception):
    """Every mistake in the settings, one a line, each with its cure."""


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (LookupError, ValueError, OSError) as error:  # as a name, a path, a file it can be wrong
        raise ValueError("no such time zone; Sweden is Europe/Stockholm") from error


def _account(name: str) -> str:
    if not name.startswith("@") or ":" not in name:
        raise ValueError("an account looks like @name:server")
    return name


def _room(name: str) -> str:
    if not name.startswith("!"):
        raise ValueError("a room's id begins with !, its alias may move")
    return name


Account = Annotated[str, AfterValidator(_account)]
Room = Annotated[str, AfterValidator(_room)]


class Municipality(Section):
    """Who we are. `places` are the answers to "where", at village level."""

    name: str = Field(min_length=1)
    language: str = "sv"
    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Stockholm"
    places: tuple[str, ...] = ()


class Matrix(Section):
    """The bot's account. Give the password once, by file or environment, for the first log-in.

    `encryption`: direct rooms are made encrypted, and encrypted rooms are read and written in.
    `unsigned_devices`: keys go to devices that their owner has not cross-signed too, and what such
    devices write is believed. `recovery_key` (or its file) opens the encryption of an account that
    has been the bot's before.
    """

    homeserver: str = Field(pattern=r"^https?://")
    user: Account
    password_file: Path | None = None
    password: str | None = Field(default=None, repr=False)
    encryption: bool = True
    unsigned_devices: bool = False
    recovery_key_file: Path | None = None
    recovery_key: str | None = Field(default=None, repr=False)


class Round(Section):
    """How a month's round runs; days are working days, 1 is the day it opens."""

    opens_at: time = time(9)
    reminder_days: tuple[Annotated[int, Field(ge=1, le=20)], ...] = (3, 4)
    reminder_time: time = time(9)
    deputy_day: int = Field(default=4, ge=1, le=20)
    closes_day: int = Field(default=5, ge=1, le=20)
    closes_at: time = time(16)
    joined: tuple[tuple[int, int], ...] = ()

    def rule(self) -> RoundRule:
        """Give the rule that the plan is made from."""
        return RoundRule(
            opens_at=self.opens_at,
            reminder_days=self.reminder_days,
            reminder_time=self.reminder_time,
            deputy_day=self.deputy_day,
            closes_day=self.closes_day,
            closes_at=self.closes_at,
            joined=self.joined,
        )


class Mail(Section):
    """The mail server for members outside the chat; none, and nobody gets e-mail."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    password: str | None = Field(default=None, repr=False)
    sender: str = ""
    """The address that e-mail comes from."""

    @model_validator(mode="after")
    def _whole(self) -> "Mail":
        if self.host and "@" not in self.sender:
            raise ValueError("sender must be an e-mail address, because host is set")
        return self


class Privacy(Section):
    """`minimum` is the k of small-number protection; `redact` removes refused messages too."""

    minimum: int = Field(default=3, ge=2, le=20)
    redact: bool = False


class Administrator(Section):
    """The first administrator; everybody else is imported or added in chat."""

    name: str = Field(min_length=1)
    account: Account


class Rooms(Section):
    """Room ids of the forums; they may also be set in chat by `!rum`."""

    bra: Room | None = None
    samsa: Room | None = None
    management: Room | None = None
    office: Room | None = None


class Settings(BaseSettings):
    """Everything. Environment variables win: LAGESBOT_MATRIX__PASSWORD and so on."""

    model_config = SettingsConfigDict(
        env_prefix="LAGESBOT_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    municipality: Municipality
    matrix: Matrix
    administrator: Administrator
    round: Round = Round()
    privacy: Privacy = Privacy()
    rooms: Rooms = Rooms()
    meetings: Meetings = Meetings()
    mail: Mail = Mail()
    database: str = DATABASE
    data: Path = Path("data")
    templates: Path = Path("templates")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before what is passed in (the file's content)."""
        return env_settings, init_settings

    @property
    def zone(self) -> ZoneInfo:
        """The municipality's time zone."""
        return ZoneInfo(self.municipality.zone)

    def password(self) -> str | None:
        """Give the Matrix password, from its file where one is named.

        Raises:
            BadSettings: the file can't be read.
        """
        return _secret(self.matrix.password, self.matrix.password_file, "matrix.password_file")

    def recovery_key(self) -> str | None:
        """Give the recovery key, from its file where one is named.

        Raises:
            BadSettings: the file can't be read.
        """
        file = self.matrix.recovery_key_file
        return _secret(self.matrix.recovery_key, file, "matrix.recovery_key_file")

    def mail_password(self) -> str | None:
        """Give the mail server's password, from its file where one is named.

        Raises:
            BadSettings: the file can't be read.
        """
        return _secret(self.mail.password, self.mail.password_file, "mail.password_file")


def _secret(given: str | None, file: Path | None, name: str) -> str | None:
    if file is None:
        return given
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadSettings(f"{name}: {error.strerror}; check its path") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"{name}: the file is not text; check its path") from error


def load(path: Path) -> Settings:
    """Read the settings.

    Raises:
        BadSettings: the file is missing, is not TOML, or has mistakes; all are told at once.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadSettings(f"{path} is missing; copy lagesbot.example.toml to it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: {error}") from error
    try:
        return Settings(**data)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}"
            for mistake in error.errors(include_input=False, include_url=False)
        ]
        raise BadSettings("\n".join(lines)) from error
