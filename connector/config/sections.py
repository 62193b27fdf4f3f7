"""Sections (設定項目): the settings as types. Every field says what it is, its unit and its default.

`config/production.example.toml` narrates the same keys; a test compares the two.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.config.parts import MailboxSection, Section, SftpSection, Weekday, span_of
from connector.config.warehouse import WarehouseSection
from connector.order import PaymentKind
from connector.shop import Mode, Rounding

ENV_PREFIX = "CONNECTOR_"

StageName = Literal[
    "ingest",
    "notify",
    "confirm_intake",
    "import_daily",
    "follow_slips",
    "relay",
    "collect",
    "confirm_shipment",
    "complete",
    "stop",
    "follow_subscriptions",
    "read_mail",
]


class CartSection(Section):
    """ECFORCE's admin API (spec/ecforce.md §2)."""

    url: str = Field(description="Base address of the shop, with or without /api/v2", pattern=r"^https?://")
    token_file: Path = Field(description="File with the API token of an admin member")
    requests_per_second: float = Field(1.0, gt=0, le=20, description="Pace; 1/s is known to be stable")
    timeout_seconds: float = Field(30.0, gt=0, description="Total time for one call")
    settle_minutes: int = Field(10, ge=0, description="How long an order must be unchanged before it counts")
    overlap_minutes: int = Field(15, ge=1, description="How far each read reaches back before the last one")
    hold_needs_attention: bool = Field(False, description="Hold orders that the cart marks 要対応")
    rounding: Rounding = Field(Rounding.FLOOR, description="消費税の端数計算: floor, half_up or ceil")
    cancelled_by: Literal["people", "api"] = Field(
        "people", description="Who cancels an order in the cart once its shipping was stopped"
    )
    webhook_secret_file: Path | None = Field(
        None, description="File with the secret part of the webhook's address; none: no webhooks"
    )


class RenewalsSection(Section):
    """How the cart generates orders (定期受注の設定), so that a missing one is found."""

    origin: Literal["ship", "deliver"] = Field("ship", description="自動受注作成日の起点")
    days_before: int = Field(7, ge=0, le=60, description="受注作成タイミング, in days before the origin")
    run_at: time = Field(time(0, 30), description="When the cart's nightly run starts (Japan)")
    grace_minutes: int = Field(360, ge=0, description="How long after the run an order may still appear")
    closed_weekdays: tuple[Weekday, ...] = Field(
        ("sat", "sun"), description="休日設定: weekdays without shipping"
    )
    national_holidays: bool = Field(True, description="No shipping on national holidays")
    closed: tuple[str, ...] = Field(
        (), description="Further closed days: 2026-12-29, or 2026-12-29/2027-01-03 with both ends"
    )
    usual_lead_days: int = Field(2, ge=0, le=30, description="Days from shipping to delivery")
    lead_days: dict[str, int] = Field({}, description="The same by prefecture, where it differs")
    blocking_reasons: tuple[str, ...] = Field(
        ("ブラックリスト",), description="要対応 reasons for which the cart creates nothing"
    )
    warn_ahead_days: int = Field(14, ge=7, le=60, description="How early a long-holiday trap is told")

    @field_validator("closed")
    @classmethod
    def _closed_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for span in value:
            span_of(span)
        return value


class MoneySection(Section):
    """Authorisations, and money that is at risk."""

    authorization_days: dict[PaymentKind, int] = Field(
        {PaymentKind.CARD: 60, PaymentKind.WALLET: 30},
        description="How long an authorisation can be captured, per payment kind",
    )
    warn_days: int = Field(3, ge=0, description="So few days left turn the morning's number red")
    uncaptured_limit_yen: int | None = Field(
        None, ge=0, description="More than this shipped and not captured turns it red, too"
    )
    given_up_after_days: int = Field(30, ge=1, description="A refused payment older than that is given up")


class MailSection(Section):
    """The notification mail to Next Engine."""

    host: str = Field(description="SMTP server")
    port: int = Field(587, ge=1, le=65535, description="587 with start_tls, 465 with tls")
    security: Literal["start_tls", "tls", "none"] = Field(
        "start_tls", description="none is allowed for loopback only"
    )
    user: str = Field("", description="Login name; empty: no login")
    password_file: Path | None = Field(None, description="File with the password")
    ca_file: Path | None = Field(None, description="Own certificate authority, instead of the system's")
    sender: str = Field(description="Envelope sender and From; its domain stands in the Message-ID")
    recipient: str = Field(description="受注情報取込み用メールアドレス of the shop in Next Engine")
    connections: int = Field(4, ge=1, le=16, description="SMTP connections kept open at once")
    settle_minutes: int = Field(30, ge=1, description="How long Next Engine may take to read a mail")
    canary_minutes: int = Field(
        10,
        ge=5,
        description="No slip so long after a mail, while orders come in: the alarm of the intake address",
    )


MailSender = Literal["cart", "next_engine", "warehouse"]


class MailsSection(Section):
    """Mails to customers (F44): who sends each kind. We send none; we watch that none is sent twice."""

    thanks: tuple[MailSender, ...] = Field(
        ("cart",), description="ご注文ありがとうメール: exactly one sender"
    )
    dispatch: tuple[MailSender, ...] = Field(
        ("next_engine",), description="発送連絡メール: exactly one sender"
    )


class NextEngineSection(Section):
    """Next Engine's API (spec/next_engine.md §1–§3)."""

    api_url: str = Field("https://api.next-engine.org", description="API host", pattern=r"^https?://")
    login_url: str = Field("https://base.next-engine.org", description="Login host", pattern=r"^https?://")
    client_id: str = Field(description="The app's client id")
    client_secret_file: Path = Field(description="File with the app's client secret")
    account: str = Field(description="Our name for this NE account: the rotating pair is stored under it")
    redirect_uri: str = Field(
        "http://127.0.0.1:8710/next-engine/signed-in", description="Registered redirect address of the app"
    )
    shop_id: str = Field(description="Shop code in Next Engine", pattern=r"^\d+$")
    timeout_seconds: float = Field(60.0, gt=0, description="Total time for one call")
    sent_tag: str = Field("WMS送信済", description="Tag for slips that go, or went, to the warehouse")
    refused_tag: str = Field("WMS:エラー", description="Tag for slips the warehouse refused")
    resend_tag: str = Field(
        "WMS再送", description="Tag by which an operator asks to hand a refused slip over again"
    )
    unshippable_tag: str = Field(
        "WMS:出荷不可", description="Tag for slips the warehouse took and cannot ship"
    )
    partial_tag: str = Field("WMS:一部出荷", description="Tag for slips of which only a part left")
    monthly_requests: int = Field(
        1_000, ge=0, description="Requests a month in the contract, told at 80 %; 0: not watched"
    )
    monthly_megabytes: int = Field(
        3_000, ge=0, description="Megabytes a month in the contract, told at 80 %; 0: not watched"
    )


class PreflightSection(Section):
    """取込前確認: a file far outside its weekday's band waits for a click."""

    enabled: bool = Field(True, description="Whether files are checked before they are handed over")
    days: int = Field(
        4, ge=2, le=26, description="So many earlier files of the same weekday and time make a band"
    )
    tolerance_percent: int = Field(
        50, ge=5, le=500, description="How far beyond their extremes still is usual"
    )
    smallest: int = Field(20, ge=0, description="Files and bands of fewer orders than this are never odd")
    deadline_minutes: int = Field(60, ge=1, description="How long it waits for the click")
    at_deadline: Literal["release", "refuse"] = Field(
        "release", description="What happens without one: it goes out and is reported, or it does not"
    )


class ImportSection(Section):
    """The daily order CSV (本取込)."""

    times: tuple[time, ...] = Field((time(14, 0),), description="Times of day in Japan, one file each")
    grace_minutes: int = Field(180, ge=1, description="How long a missed time is still caught up")
    intake_patience_minutes: int = Field(
        120, ge=5, description="A mail that opened no slip by then is sent again"
    )
    route: Literal["api", "folder"] = Field("api", description="Upload by API, or leave the file in a folder")
    folder: Path | None = Field(None, description="For route = folder: the folder that holds `into`")
    layout: str = Field(
        "order_csv",
        description="Mapping file under mappings/next_engine/ (order_csv, order_csv_invoice)",
        pattern=r"^[a-z0-9_]+$",
    )
    format_id: str = Field(
        "90", description="Format of the 受注一括登録パターン; 90 is 汎用", pattern=r"^\d+$"
    )
    preflight: PreflightSection = PreflightSection()  # type: ignore[call-arg]  # every field has a default
    into: str = Field("ne_inbox", description="Where the file goes, below folder")
    taken: str = Field("", description="Where whoever imports it moves it; empty: not known")


class CompletionSection(Section):
    """Writing completion back to the cart, which triggers the charge."""

    route: Literal["files", "api"] = Field("files", description="CSV files, or the cart's API")
    folder: Path | None = Field(None, description="For route = files: the folder that holds `into`")
    sftp: SftpSection | None = Field(None, description="For route = files: or this server")
    into: str = Field("cart_inbox", description="Where the files go, below folder or sftp")
    taken: str = Field("", description="Where whoever uploads them moves them; empty: not known")
    results: str = Field("", description="Where the import's result files come, below folder or sftp")
    times: tuple[time, ...] = Field((time(19, 30),), description="Times of day in Japan")
    kinds: tuple[PaymentKind, ...] = Field(
        tuple(PaymentKind), description="Payment kinds that are completed in the cart"
    )
    sale_kinds: tuple[PaymentKind, ...] = Field(
        (), description="Payment kinds for which sales (capture) run with it"
    )


class ShopSection(Section):
    """One shop."""

    name: str = Field(description="Name for people")
    start_at: AwareDatetime = Field(description="Orders before it are shown, never acted on")
    mappings: Path = Field(Path("mappings"), description="Folder with the mapping files")
    modes: dict[StageName, Mode] = Field({}, description="act (default), watch or off, per stage")
    rhythm_minutes: dict[StageName, int] = Field({}, description="How often a stage runs, per stage")
    patience_minutes: dict[StageName, int] = Field({}, description="When an item counts as stuck")
    cart: CartSection
    renewals: RenewalsSection = RenewalsSection()  # type: ignore[call-arg]  # every field has a default
    money: MoneySection = MoneySection()  # type: ignore[call-arg]
    mail: MailSection
    mailbox: MailboxSection | None = None
    mails: MailsSection = MailsSection()  # type: ignore[call-arg]
    next_engine: NextEngineSection
    import_daily: ImportSection = ImportSection()  # type: ignore[call-arg]  # every field has a default
    warehouse: WarehouseSection
    completion: CompletionSection = CompletionSection()  # type: ignore[call-arg]


class WebSection(Section):
    """The pages for operators."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8710, ge=0, le=65535, description="Port; 0 takes a free one")
    allowed_hosts: tuple[str, ...] = Field((), description="Further Host names that are answered")
    behind_tls_proxy: bool = Field(False, description="Declares a TLS proxy with its own login in front")


class Settings(BaseSettings):
    """Everything the daemon needs to know."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data_dir: Path = Field(Path("var"), description="Database, reports and lock file")
    database_url: str = Field("", description="Another store than SQLite in data_dir")
    secret_key_file: Path = Field(Path("var/secret.key"), description="Fernet keys, newest first, one a line")
    log: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal")
    language: Literal["ja", "en"] = Field("ja", description="Language of pages and reports")
    report_at: time = Field(time(8, 0), description="When the report of the day before is written (Japan)")
    web: WebSection = WebSection()  # type: ignore[call-arg]
    shops: dict[str, ShopSection] = Field(min_length=1, description="One table per shop")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @property
    def store(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'ledger.sqlite3'}"
