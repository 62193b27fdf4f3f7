"""Parts (共通の設定項目): what several tables of the settings are made of."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Section(BaseModel):
    """One table of the TOML file. Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MailboxSection(Section):
    """The mailbox that answers to our notification mails come to: bounces, delays, replies. Needs the extra `imap`."""

    host: str = Field(description="IMAP server")
    port: int = Field(993, ge=1, le=65535, description="993 with tls")
    security: Literal["tls", "none"] = Field("tls", description="none is allowed for loopback only")
    user: str = Field(description="Login name")
    password_file: Path = Field(description="File with the password")
    ca_file: Path | None = Field(None, description="Own certificate authority, instead of the system's")
    inbox: str = Field("INBOX", description="Folder that is read", pattern=r"^[ -~]+$")
    processed: str = Field(
        "Processed", description="Where mails go that were understood", pattern=r"^[ -~]+$"
    )
    quarantine: str = Field("Quarantine", description="Where the others go", pattern=r"^[ -~]+$")
    largest_megabytes: int = Field(32, ge=1, le=256, description="Larger mails are not fetched")


class SftpSection(Section):
    """An SFTP server. The host key is pinned: a changed key stops the connection."""

    host: str = Field(description="Host name")
    port: int = Field(22, ge=1, le=65535, description="Port")
    user: str = Field(description="Login name")
    password_file: Path | None = Field(None, description="File with the password")
    key_file: Path | None = Field(None, description="Private key, instead of a password")
    known_hosts_file: Path = Field(description="known_hosts file with the server's key")
    root: str = Field("/", description="Folder on the server under which our folders lie")


def span_of(text: str) -> tuple[date, date]:
    """A day, or first/last. Raises ValueError."""
    first, _, last = text.partition("/")
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if end < begin:
        raise ValueError(f"{text}: the last day comes before the first")
    return begin, end
