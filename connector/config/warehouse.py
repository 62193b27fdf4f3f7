"""Warehouse (倉庫の設定): how a shop's warehouse is spoken to, when it ships, and what is watched before it does."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from pydantic import Field, field_validator

from connector.config.parts import MailboxSection, Section, SftpSection, Weekday, span_of


class SenderSection(Section):
    """依頼主: who the parcel says it comes from."""

    name: str = Field(description="Name")
    zip_code: str = Field(description="Postal code", pattern=r"^\d{3}-?\d{4}$")
    address: str = Field(description="Prefecture, city, street")
    building: str = Field("", description="Building")
    phone: str = Field(description="Phone")
    code: str = Field("", description="Customer code at the carrier")


class WarehouseApiSection(Section):
    """A warehouse that is spoken to by its API (spec/wms.md §2.1–§2.3). Which keys count depends on the profile."""

    url: str = Field(description="Base address of the API", pattern=r"^https?://")
    account: str = Field(
        description="OPENLOGI: account id. LOGILESS: merchant id. ロジザード: 荷主ID (OWNER_ID)"
    )
    area: str = Field("", description="ロジザード: 倉庫ID (AREA_ID)")
    token_file: Path | None = Field(None, description="OPENLOGI: file with the access token")
    client_id: str = Field("", description="LOGILESS: client id of the app")
    client_secret_file: Path | None = Field(None, description="LOGILESS: file with the app's secret")
    refresh_token_file: Path | None = Field(
        None, description="LOGILESS: file with the first refresh token; later ones are kept in the ledger"
    )
    user: str = Field("", description="ロジザード: USER_ID")
    password_file: Path | None = Field(None, description="ロジザード: file with the password")
    app_key_file: Path | None = Field(None, description="ロジザード: file with the APP_KEY")
    requests_per_minute: float = Field(
        50.0, gt=0, le=600, description="Pace; OPENLOGI allows 60, LOGILESS 60"
    )
    timeout_seconds: float = Field(60.0, gt=0, le=300, description="Total time for one call")


class WarehouseMailboxSection(MailboxSection):
    """The mailbox that result files come to as attachments, and whom we believe (spec/wms.md §1)."""

    senders: tuple[str, ...] = Field(description="From addresses that may send results", min_length=1)
    signed_by: tuple[str, ...] = Field(
        description="Domains of whose DKIM signature one must have passed", min_length=1
    )
    checked_by: str = Field(
        description="Our own mail server's name in Authentication-Results; others are not believed"
    )


class DoublesSection(Section):
    """二重出荷の見張り: with what a slip is compared before it is handed to the warehouse."""

    enabled: bool = Field(True, description="Whether slips are compared with what was sent before")
    days: int = Field(14, ge=1, le=90, description="With everything sent in so many days")
    twin_hours: int = Field(
        6,
        ge=0,
        le=72,
        description="Two orders of one person for the same goods inside so many hours are perhaps one",
    )


class RelayPaceSection(Section):
    """How many slips a day are usual for the warehouse; far more than that waits for a click."""

    enabled: bool = Field(True, description="Whether the day's number is compared with earlier days")
    days: int = Field(4, ge=2, le=26, description="So many earlier days of the same weekday make a band")
    tolerance_percent: int = Field(
        100, ge=5, le=900, description="How far beyond their highest still is usual"
    )
    smallest: int = Field(100, ge=0, description="Fewer slips than this on one day are never odd")


class WarehouseSection(Section):
    """The warehouse and how its files travel (spec/wms.md §7)."""

    profile: str = Field("generic", description="Folder under mappings/wms/")
    api: WarehouseApiSection | None = Field(None, description="For a profile that speaks by an API")
    mailbox: WarehouseMailboxSection | None = Field(
        None, description="Where result files come by mail, instead of the folder of results"
    )
    tenant: str = Field(description="Our code at the warehouse, part of file names", pattern=r"^\w{1,10}$")
    warehouse: str = Field(description="倉庫コード", pattern=r"^\w{1,10}$")
    shop_code: str = Field(description="店舗コード", pattern=r"^\w{1,10}$")
    folder: Path | None = Field(None, description="Local folder; give this or sftp")
    sftp: SftpSection | None = Field(None, description="SFTP server; give this or folder")
    relay_from: time = Field(time(0, 0), description="No instruction before this time of day (Japan)")
    relay_until: time = Field(time(23, 59, 59), description="None after it until the next day")
    receipt_minutes: int = Field(
        60,
        ge=5,
        le=1440,
        description="An instruction that the warehouse did not answer for so long is an alarm",
    )
    cutoff: time = Field(time(15, 0), description="締め時間: what comes later ships the next business day")
    cutoff_safety_minutes: int = Field(
        30, ge=0, le=600, description="So long before it an instruction no longer counts as in time"
    )
    closed_weekdays: tuple[Weekday, ...] = Field(("sat", "sun"), description="Weekdays without shipping")
    national_holidays: bool = Field(True, description="No shipping on national holidays")
    closed: tuple[str, ...] = Field(
        (), description="Further closed days: 2026-12-29, or 2026-12-29/2027-01-03 with both ends"
    )
    foreign_slips: bool = Field(False, description="Also relay slips that no cart order stands behind")
    doubles: DoublesSection = DoublesSection()  # type: ignore[call-arg]  # every field has a default
    pace: RelayPaceSection = RelayPaceSection()  # type: ignore[call-arg]
    sender: SenderSection

    @field_validator("closed")
    @classmethod
    def _closed_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for span in value:
            span_of(span)
        return value
