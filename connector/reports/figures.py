"""Figures (朝の7つの数字): features.md §4. Each is a query anybody can repeat; what is not known says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from connector import shipping, words
from connector.clock import at_jst
from connector.journey import OrderState, SlipState
from connector.ledger import views
from connector.ledger.views import Connection, Forecast, Money, OrderRow, PulseRow, SlipRow
from connector.order import PaymentState
from connector.reports.automation import sentence as automation_sentence
from connector.reports.model import Figure
from connector.reports.money import left
from connector.reports.picture import Picture
from connector.reports.renewals import one_line
from connector.shop import Shop
from connector.words import Text

HURRY = timedelta(minutes=60)
WEEK, FOUR_WEEKS = 7, 28
TWO_POINTS = 20  # permille
TO_CHECK, TO_PAY = "確認待ち", "入金待ち"  # NE's screens
RECEIVED = (PaymentState.PAID, PaymentState.CAPTURED)
NOT_RECONCILED = Text("照合していません", "not reconciled")


def figures(
    connection: Connection,
    shop: Shop,
    day: date,
    now: datetime,
    picture: Picture | None,
    renewals: Forecast,
    money: Money,
) -> tuple[Figure, ...]:
    """The seven numbers as they stand now, without their history."""
    read = {row.what: row for row in views.pulses_list(connection, shop.key)}
    return (
        _missing(picture, renewals, read),
        _not_in_intake(connection, shop, now, read),
        _not_imported(connection, shop, now, picture, read),
        _will_miss(connection, shop, now, read),
        _stuck_at_warehouse(connection, shop, now, read),
        _not_captured(money, read),
        _automation(connection, shop, day, now),
    )


def _missing(picture: Picture | None, renewals: Forecast, read: dict[str, PulseRow]) -> Figure:
    """Orders that the cart has and we lack, and renewals that the cart itself should have and lacks (B01)."""
    lost, words_ = renewals.missing or (), one_line(renewals)
    if picture is None:
        words_ = Text(f"{NOT_RECONCILED.ja}  {words_.ja}", f"{NOT_RECONCILED.en}; {words_.en}")
        return Figure(key="missing", value=None, red=bool(lost), words=words_, read_at=_ok(read, "ingest"))
    found = [finding for finding in picture.findings if finding.kind == "missing_here"]
    aged = [(one.since or picture.made_at, one.order_number) for one in found]
    aged += [(one.since, one.subscription_number) for one in lost]
    orders = picture.kinds.get("missing_here")
    return Figure(
        key="missing",
        value=None if orders is None else orders + len(lost),
        yen=sum(finding.yen for finding in found) + renewals.missing_yen,
        oldest_at=min(aged)[0] if aged else None,
        oldest=min(aged)[1] if aged else "",
        red=bool(found or lost),
        words=words_,
        read_at=_ok(read, "ingest"),
    )


def _not_in_intake(connection: Connection, shop: Shop, now: datetime, read: dict[str, PulseRow]) -> Figure:
    rows = views.orders_at(connection, shop, [OrderState.NOTIFIED], now)
    next_at = views.next_of(shop.import_times, now)
    left = next_at - now if next_at is not None else None
    words_ = Text("", "")
    if left is not None:
        words_ = Text(f"次の本取込まで {words.age(left)}", f"next import in {words.age(left, 'en')}")
    return _of_orders(
        "not_in_intake",
        rows,
        red=bool(rows) and (left is None or now - rows[0].since > left or rows[0].stuck),
        words=words_,
        read_at=_ok(read, "confirm_intake"),
    )


def _not_imported(
    connection: Connection, shop: Shop, now: datetime, picture: Picture | None, read: dict[str, PulseRow]
) -> Figure:
    parked = {
        hold.number
        for hold in views.held(connection, shop.key)
        if hold.item == "order" and hold.stage == "import_daily"
    }
    rows = [
        row for row in views.orders_at(connection, shop, [OrderState.IN_INTAKE], now) if row.number in parked
    ]
    if picture is None or picture.kinds.get("amount_differs") is None:
        differs = None
        said = Text("金額差は不明（照合していません）", "difference in yen unknown (not reconciled)")
    else:
        kinds = ("amount_differs", "rates_differ")
        differs = sum(finding.yen for finding in picture.findings if finding.kind in kinds)
        said = Text(f"金額差 {words.yen(differs)}", f"totals differ by {words.yen(differs, 'en')}")
    red = bool(rows) or bool(differs)
    return _of_orders("not_imported", rows, red=red, words=said, read_at=_ok(read, "import_daily"))


def _will_miss(connection: Connection, shop: Shop, now: datetime, read: dict[str, PulseRow]) -> Figure:
    slips = views.slips_at(connection, shop, [SlipState.OPEN, SlipState.PRINT_READY], now)
    paid = _paid(connection, shop, now) if any(slip.waiting_for == TO_PAY for slip in slips) else set()
    rows = [
        slip
        for slip in slips
        if slip.state == SlipState.PRINT_READY
        or slip.waiting_for == TO_CHECK
        or (slip.waiting_for == TO_PAY and slip.order_number in paid)
    ]
    left = views.cut_off(shop, now) - now
    why = Counter("印刷待ち" if slip.state == SlipState.PRINT_READY else slip.waiting_for for slip in rows)
    parts = " ".join(f"{name} {number}" for name, number in why.most_common())
    said = Text(f"締めまで {words.age(left)}  {parts}", f"cut-off in {words.age(left, 'en')}  {parts}")
    return _of_slips(
        "will_miss", rows, red=bool(rows) and left < HURRY, words=said, read_at=_ok(read, "relay")
    )


def _paid(connection: Connection, shop: Shop, now: datetime) -> set[str]:
    """Orders whose money the cart has: what waits for it in Next Engine could still ship today."""
    rows = views.orders_at(connection, shop, [OrderState.IMPORTED], now)
    return {row.number for row in rows if row.payment_state in RECEIVED}


def _stuck_at_warehouse(
    connection: Connection, shop: Shop, now: datetime, read: dict[str, PulseRow]
) -> Figure:
    slips = views.slips_at(connection, shop, [SlipState.RELAYED], now)
    aged = [(slip, shipping.days_behind(shop.shipping_days, slip.since, now)) for slip in slips]
    late = [slip for slip, days in aged if days >= 1]
    one, two = sum(days == 1 for _, days in aged), sum(days == 2 for _, days in aged)
    more = sum(days > 2 for _, days in aged)
    said = Text(
        f"1日 {one} / 2日 {two} / 3日以上 {more}（倉庫の休業日を除く）",
        f"1 day {one} / 2 days {two} / 3+ {more} (without closed days)",
    )
    return _of_slips(
        "stuck_at_warehouse", late, red=bool(two or more), words=said, read_at=_ok(read, "collect")
    )


def _not_captured(money: Money, read: dict[str, PulseRow]) -> Figure:
    """Red while a capture failed, few days are left, or more yen than the shop's limit is open."""
    fewest = money.fewest_days
    ja, en = ("-", "-") if fewest is None else (left(fewest, "ja"), left(fewest, "en"))
    oldest = min(money.shipped, key=lambda row: (row.shipped_on or date.max, row.order_number), default=None)
    said = Text(
        f"売上失敗 {money.failed}  与信の最短 {ja}  出荷前に切れる与信 {len(money.lapsing)}",
        f"failed {money.failed}; shortest authorisation: {en}; lapsing before they ship {len(money.lapsing)}",
    )
    return Figure(
        key="not_captured",
        value=len(money.shipped),
        yen=money.yen,
        oldest_at=at_jst(oldest.shipped_on) if oldest and oldest.shipped_on else None,
        oldest=oldest.order_number if oldest else "",
        red=money.red,
        words=said,
        read_at=_ok(read, "complete"),
    )


def _automation(connection: Connection, shop: Shop, day: date, now: datetime) -> Figure:
    """Of what shipped on the day of the report. Red where it is two points under the mean of four weeks."""
    _, until = views.day_span(day)
    one, seven, month = (
        views.automation(connection, shop.key, until - timedelta(days=days), until)
        for days in (1, WEEK, FOUR_WEEKS)
    )
    usual, said = month.permille, automation_sentence(one)
    return Figure(
        key="automation",
        value=one.permille,
        unit="permille",
        red=one.permille is not None and usual is not None and one.permille < usual - TWO_POINTS,
        words=Text(f"{day} {said.ja}", f"{day}: {said.en}"),
        mean7=None if seven.permille is None else float(seven.permille),
        read_at=now,
    )


def _of_orders(
    key: str, rows: Sequence[OrderRow], *, red: bool, words: Text, read_at: datetime | None
) -> Figure:
    return Figure(
        key=key,
        value=len(rows),
        yen=sum(row.yen for row in rows),
        oldest_at=rows[0].since if rows else None,
        oldest=rows[0].number if rows else "",
        red=red,
        words=words,
        read_at=read_at,
    )


def _of_slips(
    key: str, rows: Sequence[SlipRow], *, red: bool, words: Text, read_at: datetime | None
) -> Figure:
    return Figure(
        key=key,
        value=len(rows),
        yen=sum(row.yen for row in rows),
        oldest_at=rows[0].since if rows else None,
        oldest=rows[0].order_number if rows else "",
        red=red,
        words=words,
        read_at=read_at,
    )


def _ok(read: dict[str, PulseRow], what: str) -> datetime | None:
    row = read.get(what)
    return row.ok_at if row is not None else None
