"""Config (設定): typed settings from TOML, environment and secret files. Every field says what it is.

Order of trust: environment (`CONNECTOR_SHOPS__MIHON__CART__URL`) over the TOML file. Secrets are never in either:
a `…_file` key names the file that holds one, readable by its owner only. All problems are reported at once, with
file, line, column and the nearest valid word; unknown keys are errors.
"""

from __future__ import annotations

import difflib
import re
import stat
import tomllib
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connector.errors import Misconfigured, Problem
from connector.order import PaymentKind
from connector.shop import Mode, Shop

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
]


class Section(BaseModel):
    """One table of the TOML file. Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CartSection(Section):
    """ECFORCE's admin API (spec/ecforce.md §2)."""

    url: str = Field(description="Base address of the shop, with or without /api/v2", pattern=r"^https?://")
    token_file: Path = Field(description="File with the API token of an admin member")
    requests_per_second: float = Field(1.0, gt=0, le=20, description="Pace; 1/s is known to be stable")
    timeout_seconds: float = Field(30.0, gt=0, description="Total time for one call")
    settle_minutes: int = Field(10, ge=0, description="How long an order must be unchanged before it counts")
    overlap_minutes: int = Field(15, ge=1, description="How far each read reaches back before the last one")
    hold_needs_attention: bool = Field(False, description="Hold orders that the cart marks 要対応")


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


class NextEngineSection(Section):
    """Next Engine's API (spec/next_engine.md §1–§3)."""

    api_url: str = Field("https://api.next-engine.org", description="API host", pattern=r"^https?://")
    login_url: str = Field("https://base.next-engine.org", description="Login host", pattern=r"^https?://")
    client_id: str = Field(description="The app's client id")
    client_secret_file: Path = Field(description="File with the app's client secret")
    account: str = Field(description="Our name for this NE account: the rotating pair is stored under it")
    shop_id: str = Field(description="Shop code in Next Engine", pattern=r"^\d+$")
    timeout_seconds: float = Field(60.0, gt=0, description="Total time for one call")
    sent_tag: str = Field("出荷指示済み", description="Tag for slips the warehouse took")
    refused_tag: str = Field("出荷指示失敗", description="Tag for slips the warehouse refused")


class ImportSection(Section):
    """The daily order CSV (本取込)."""

    times: tuple[time, ...] = Field((time(14, 0),), description="Times of day in Japan, one file each")
    grace_minutes: int = Field(180, ge=1, description="How long a missed time is still caught up")
    intake_patience_minutes: int = Field(
        120, ge=5, description="A mail that opened no slip by then is sent again"
    )
    route: Literal["api", "folder"] = Field("api", description="Upload by API, or leave the file in a folder")
    folder: Path | None = Field(None, description="For route = folder: where the file goes")


class SftpSection(Section):
    """An SFTP server. The host key is pinned: a changed key stops the connection."""

    host: str = Field(description="Host name")
    port: int = Field(22, ge=1, le=65535, description="Port")
    user: str = Field(description="Login name")
    password_file: Path | None = Field(None, description="File with the password")
    key_file: Path | None = Field(None, description="Private key, instead of a password")
    known_hosts_file: Path = Field(description="known_hosts file with the server's key")
    root: str = Field("/", description="Folder on the server under which our folders lie")


class SenderSection(Section):
    """依頼主: who the parcel says it comes from."""

    name: str = Field(description="Name")
    zip_code: str = Field(description="Postal code", pattern=r"^\d{3}-?\d{4}$")
    address: str = Field(description="Prefecture, city, street")
    building: str = Field("", description="Building")
    phone: str = Field(description="Phone")
    code: str = Field("", description="Customer code at the carrier")


class WarehouseSection(Section):
    """The warehouse and how its files travel (spec/wms.md §7)."""

    profile: str = Field("generic", description="Folder under mappings/wms/")
    tenant: str = Field(description="Our code at the warehouse, part of file names", pattern=r"^\w{1,10}$")
    warehouse: str = Field(description="倉庫コード", pattern=r"^\w{1,10}$")
    shop_code: str = Field(description="店舗コード", pattern=r"^\w{1,10}$")
    folder: Path | None = Field(None, description="Local folder; give this or sftp")
    sftp: SftpSection | None = Field(None, description="SFTP server; give this or folder")
    relay_from: time = Field(time(0, 0), description="No instruction before this time of day (Japan)")
    relay_until: time = Field(time(23, 59, 59), description="Cut-off: none after it until the next day")
    foreign_slips: bool = Field(False, description="Also relay slips that no cart order stands behind")
    sender: SenderSection


class CompletionSection(Section):
    """Writing completion back to the cart, which triggers the charge."""

    route: Literal["files", "api"] = Field("files", description="CSV files, or the cart's API")
    folder: Path | None = Field(None, description="For route = files: where they go")
    sftp: SftpSection | None = Field(None, description="For route = files: or to this server")
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
    mail: MailSection
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
        env_prefix="CONNECTOR_", env_nested_delimiter="__", extra="forbid", frozen=True
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


def load(path: Path) -> Settings:
    """Settings from a TOML file. Raises Misconfigured with every problem."""
    text = _read(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column = _position(str(error))
        raise Misconfigured([Problem(str(path), line, column, str(error).split(" (at")[0])]) from error
    try:
        settings = Settings(**_from(content, path.parent))
    except ValidationError as error:
        problems = [_problem(path, text, detail) for detail in error.errors()]
        raise Misconfigured(problems) from error
    problems = list(_contradictions(settings, path, text))
    if problems:
        raise Misconfigured(problems)
    return settings


def secret(path: Path) -> str:
    """The content of a secret file. Refused when others may read it, as ssh does."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        words = f"the secret file cannot be read: {error.strerror}"
        raise Misconfigured([Problem(str(path), 0, 0, words)]) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        words = "the secret file is readable by others"
        raise Misconfigured([Problem(str(path), 0, 0, words, oct(mode & 0o777), "mode 0600")])
    if not text:
        raise Misconfigured([Problem(str(path), 0, 0, "the secret file is empty")])
    return text


def shop_rules(key: str, section: ShopSection) -> Shop:
    """The rules of one shop as the journey sees them."""
    return Shop(
        key=key,
        name=section.name,
        start_at=section.start_at,
        ne_shop_id=section.next_engine.shop_id,
        modes={str(name): mode for name, mode in section.modes.items()},
        rhythms={str(name): timedelta(minutes=n) for name, n in section.rhythm_minutes.items()},
        patiences={str(name): timedelta(minutes=n) for name, n in section.patience_minutes.items()},
        settle=timedelta(minutes=section.cart.settle_minutes),
        overlap=timedelta(minutes=section.cart.overlap_minutes),
        mail_settle=timedelta(minutes=section.mail.settle_minutes),
        intake_patience=timedelta(minutes=section.import_daily.intake_patience_minutes),
        import_times=section.import_daily.times,
        import_grace=timedelta(minutes=section.import_daily.grace_minutes),
        completion_times=section.completion.times,
        relay_from=section.warehouse.relay_from,
        relay_until=section.warehouse.relay_until,
        relay_foreign_slips=section.warehouse.foreign_slips,
        hold_needs_attention=section.cart.hold_needs_attention,
        complete_kinds=section.completion.kinds,
        sale_kinds=section.completion.sale_kinds,
        completion_route=section.completion.route,
        import_route=section.import_daily.route,
        sent_tag=section.next_engine.sent_tag,
        refused_tag=section.next_engine.refused_tag,
    )


_PATHS = re.compile(r"(_file|_dir|^folder|^mappings)$")


def _from(content: dict[str, Any], base: Path) -> dict[str, Any]:
    """The same tables, with relative paths taken from where the file stands."""

    def moved(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(name, inner) for name, inner in value.items()}
        if isinstance(value, str) and _PATHS.search(key):
            return str(base / value)
        return value

    return {key: moved(key, value) for key, value in content.items()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        words = f"the configuration cannot be read: {error.strerror}"
        raise Misconfigured([Problem(str(path), 0, 0, words)]) from error


def _position(words: str) -> tuple[int, int]:
    found = re.search(r"at line (\d+), column (\d+)", words)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _problem(path: Path, text: str, detail: ErrorDetails) -> Problem:
    keys = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    line, column = _locate(text, keys)
    words = f"{'.'.join(keys)}: {detail['msg']}"
    found = "" if detail["type"] == "missing" else str(detail["input"])[:80]
    expected = ""
    if detail["type"] == "extra_forbidden":
        words = f"{'.'.join(keys)}: there is no such key"
        near = difflib.get_close_matches(keys[-1], _known_keys(keys[:-1]), n=1)
        found, expected = keys[-1], near[0] if near else "one of the keys in production.example.toml"
    return Problem(str(path), line, column, words, found, expected)


def _known_keys(path: list[str]) -> list[str]:
    model: Any = Settings
    for key in path:
        if model is Settings and key == "shops":
            model = dict
        elif model is dict:
            model = ShopSection
        else:
            annotation = model.model_fields[key].annotation if key in model.model_fields else None
            options = [annotation, *getattr(annotation, "__args__", ())]
            model = next((one for one in options if isinstance(one, type) and issubclass(one, Section)), None)
        if model is None:
            return []
    return [] if model is dict else list(model.model_fields)


def _locate(text: str, keys: list[str]) -> tuple[int, int]:
    """Line and column of a dotted key, or of its nearest table; (0, 0) where neither stands in the file."""
    table, best = "", (0, 0)
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        if header:
            table = header[1].strip()
            if table == ".".join(keys) or (table == ".".join(keys[:-1]) and best == (0, 0)):
                best = (number, line.index("[") + 1)
            continue
        entry = re.match(r"\s*([\w-]+)\s*=", line)
        if entry and [*filter(None, table.split(".")), entry[1]] == keys:
            return number, line.index(entry[1]) + 1
    return best


def _contradictions(settings: Settings, path: Path, text: str) -> Any:
    """What is valid key by key and makes no sense together."""

    def problem(keys: list[str], words: str, expected: str = "") -> Problem:
        return Problem(str(path), *_locate(text, keys), words, "", expected)

    web = settings.web
    if web.host not in ("127.0.0.1", "::1", "localhost") and not web.behind_tls_proxy:
        words = "the pages may leave this machine only behind a TLS proxy with a login"
        yield problem(["web", "host"], words, "127.0.0.1, or behind_tls_proxy = true")
    for key, shop in settings.shops.items():
        at = ["shops", key]
        if (shop.warehouse.folder is None) == (shop.warehouse.sftp is None):
            yield problem([*at, "warehouse"], f"shop {key}: give the warehouse either folder or sftp")
        if shop.import_daily.route == "folder" and shop.import_daily.folder is None:
            yield problem([*at, "import_daily", "route"], f"shop {key}: route = folder needs a folder")
        files = shop.completion.route == "files" and shop.modes.get("complete", Mode.ACT) is Mode.ACT
        if files and shop.completion.folder is None and shop.completion.sftp is None:
            words = f"shop {key}: completion by files needs folder or sftp"
            yield problem([*at, "completion"], words)
        loopback = shop.mail.host in ("127.0.0.1", "::1", "localhost")
        if shop.mail.security == "none" and not loopback:
            yield problem([*at, "mail", "security"], "mail in clear text leaves loopback", "start_tls or tls")
        if shop.warehouse.relay_from >= shop.warehouse.relay_until:
            yield problem([*at, "warehouse", "relay_until"], f"shop {key}: the cut-off is before the start")


def parse_instant(text: str) -> datetime:
    """An aware instant from a command line. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text}: an instant needs its offset, as in 2026-11-24T00:00:00+09:00")
    return instant
