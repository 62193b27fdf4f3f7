"""Load (設定の読み込み): a TOML file and the environment become settings, or every problem at once.

Nothing outside this machine is contacted here; the files that a setting names are looked at.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connector.config.contradictions import contradictions
from connector.config.parts import WEEKDAYS, span_of
from connector.config.problems import found_in, syntax
from connector.config.sections import PreflightSection, RenewalsSection, Settings, ShopSection
from connector.config.warehouse import DoublesSection, RelayPaceSection, WarehouseSection
from connector.errors import Misconfigured, Problem
from connector.shop import DoubleRules, Mode, Preflight, RelayPace, RenewalRules, ShippingDays, Shop


def load(path: Path) -> Settings:
    """Settings from a TOML file. Raises Misconfigured with every problem.

    Relative paths in the file are taken from the folder it lies in; those in the environment, and the defaults,
    from the working directory.
    """
    text = _read(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured([syntax(path, text, error)]) from error
    try:
        settings = Settings(**_from(content, path.parent))
    except ValidationError as error:
        raise Misconfigured(_in_order(found_in(path, text, detail) for detail in error.errors())) from error
    problems = _in_order(contradictions(settings, path, text))
    if problems:
        raise Misconfigured(problems)
    return settings


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """From the top of the file to its end."""
    return sorted(problems, key=lambda problem: (problem.where, problem.line, problem.column))


def shop_rules(key: str, section: ShopSection) -> Shop:
    """The rules of one shop as the journey sees them."""
    return Shop(
        key=key,
        name=section.name,
        start_at=section.start_at,
        ne_shop_id=section.next_engine.shop_id,
        modes=_modes(section),
        rhythms={str(name): timedelta(minutes=n) for name, n in section.rhythm_minutes.items()},
        patiences={str(name): timedelta(minutes=n) for name, n in section.patience_minutes.items()},
        settle=timedelta(minutes=section.cart.settle_minutes),
        overlap=timedelta(minutes=section.cart.overlap_minutes),
        mail_settle=timedelta(minutes=section.mail.settle_minutes),
        canary_after=timedelta(minutes=section.mail.canary_minutes),
        intake_patience=timedelta(minutes=section.import_daily.intake_patience_minutes),
        import_times=section.import_daily.times,
        import_grace=timedelta(minutes=section.import_daily.grace_minutes),
        preflight=_preflight(section.import_daily.preflight),
        completion_times=section.completion.times,
        relay_from=section.warehouse.relay_from,
        relay_until=section.warehouse.relay_until,
        receipt_within=timedelta(minutes=section.warehouse.receipt_minutes),
        shipping_days=_shipping_days(section.warehouse),
        doubles=_doubles(section.warehouse.doubles),
        relay_pace=_pace(section.warehouse.pace),
        relay_foreign_slips=section.warehouse.foreign_slips,
        hold_needs_attention=section.cart.hold_needs_attention,
        cancels_in_cart=section.cart.cancelled_by == "api",
        complete_kinds=section.completion.kinds,
        sale_kinds=section.completion.sale_kinds,
        completion_route=section.completion.route,
        import_route=section.import_daily.route,
        sent_tag=section.next_engine.sent_tag,
        refused_tag=section.next_engine.refused_tag,
        resend_tag=section.next_engine.resend_tag,
        unshippable_tag=section.next_engine.unshippable_tag,
        partial_tag=section.next_engine.partial_tag,
        renewals=_renewals(section.renewals),
        rounding=section.cart.rounding,
        authorization_days=section.money.authorization_days,
        authorization_warn_days=section.money.warn_days,
        uncaptured_limit=section.money.uncaptured_limit_yen,
        given_up_after=timedelta(days=section.money.given_up_after_days),
        ne_account=section.next_engine.account,
        mail_senders={"thanks": section.mails.thanks[0], "dispatch": section.mails.dispatch[0]},
        monthly_requests=section.next_engine.monthly_requests,
        monthly_bytes=section.next_engine.monthly_megabytes * 1_000_000,
    )


def _modes(section: ShopSection) -> dict[str, Mode]:
    """As they are set; without a mailbox nobody reads mails, and nobody says that they were read."""
    no_mailbox = {} if section.mailbox is not None else {"read_mail": Mode.OFF}
    return {str(name): mode for name, mode in section.modes.items()} | no_mailbox


def _preflight(section: PreflightSection) -> Preflight:
    return Preflight(
        enabled=section.enabled,
        days=section.days,
        tolerance=section.tolerance_percent / 100,
        smallest=section.smallest,
        wait=timedelta(minutes=section.deadline_minutes),
        release_at_deadline=section.at_deadline == "release",
    )


def _shipping_days(section: WarehouseSection) -> ShippingDays:
    return ShippingDays(
        cutoff=section.cutoff,
        safety=timedelta(minutes=section.cutoff_safety_minutes),
        closed_weekdays=tuple(WEEKDAYS.index(day) for day in section.closed_weekdays),
        national_holidays=section.national_holidays,
        closed=tuple(span_of(text) for text in section.closed),
    )


def _doubles(section: DoublesSection) -> DoubleRules:
    return DoubleRules(enabled=section.enabled, days=section.days, twin_hours=section.twin_hours)


def _pace(section: RelayPaceSection) -> RelayPace:
    return RelayPace(
        enabled=section.enabled,
        days=section.days,
        tolerance=section.tolerance_percent / 100,
        smallest=section.smallest,
    )


def _renewals(section: RenewalsSection) -> RenewalRules:
    return RenewalRules(
        origin=section.origin,
        days_before=section.days_before,
        run_at=section.run_at,
        grace=timedelta(minutes=section.grace_minutes),
        closed_weekdays=tuple(WEEKDAYS.index(day) for day in section.closed_weekdays),
        national_holidays=section.national_holidays,
        closed=tuple(span_of(text) for text in section.closed),
        lead_days=section.lead_days,
        usual_lead_days=section.usual_lead_days,
        blocking_reasons=section.blocking_reasons,
        warn_ahead=timedelta(days=section.warn_ahead_days),
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
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        words = f"the configuration cannot be read: {error.strerror}"
        raise Misconfigured([Problem(str(path), 0, 0, words)]) from error
    except UnicodeDecodeError as error:
        words = "the configuration is not a text in UTF-8"
        raise Misconfigured([Problem(str(path), 0, 0, words)]) from error


def parse_instant(text: str) -> datetime:
    """An aware instant from a command line. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text}: an instant needs its offset, as in 2026-11-24T00:00:00+09:00")
    return instant


def shipped_mappings() -> Path:
    """The mappings that came with the product: beside where we are, or beside the package."""
    here, beside = Path("mappings"), Path(__file__).resolve().parents[2] / "mappings"
    return here.resolve() if here.is_dir() else beside
