"""The seven numbers (朝の7つの数字): each counts what its name says, of the day that it names."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.clock import at_jst
from connector.ledger import views
from connector.ledger.database import Database
from connector.order import PaymentKind, PaymentState
from connector.reports import make
from connector.reports.model import Figure
from connector.slip import NEStatus

from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP, Day, a_slip, an_order

YESTERDAY = DAY - timedelta(days=1)


async def figure(database: Database, key: str, at: datetime = NOW) -> Figure:
    report = await make(database, SHOP, YESTERDAY, at)
    return next(one for one in report.figures if one.key == key)


# --- 5 倉庫で滞留 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (at_jst(DAY, 8), "1日 0 / 2日 0 / 3日以上 0"),  # handed over the evening before: it ships today
        (at_jst(DAY, 23), "1日 0 / 2日 0 / 3日以上 0"),
        (at_jst(DAY + timedelta(days=1), 8), "1日 1 / 2日 0 / 3日以上 0"),
        (at_jst(DAY + timedelta(days=5), 8), "1日 0 / 2日 0 / 3日以上 1"),
    ],
)
async def test_what_was_handed_over_after_the_cut_off_is_not_late_the_next_morning(
    tmp_path: Path, now: datetime, said: str
) -> None:
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            at = at_jst(YESTERDAY, 17, 50)
            Day(connection).to_relayed(an_order("1", at), at, "51")  # relayed at 19:50
        found = await figure(database, "stuck_at_warehouse", now)
    assert found.words.ja.startswith(said)
    assert found.value == (0 if now < at_jst(DAY + timedelta(days=1)) else 1)


# --- 4 締めに遅れそう --------------------------------------------------------------------------------------


def transfer(day: Day, number: str, slip: str, state: PaymentState) -> None:
    """A bank transfer, imported, whose slip waits for its deposit in Next Engine."""
    at = NOW - timedelta(hours=20)
    payment = msgspec.structs.replace(
        an_order(number, at).payment, method="銀行振込", kind=PaymentKind.TRANSFER, linked=False, state=state
    )
    day.to_intake(an_order(number, at, payment=payment), at, slip)
    day.act("import_daily", "ne_import", [number], at + timedelta(hours=1), name=f"orders_{number}.csv")
    waits: dict[str, Any] = {"prepayment": True, "payment_method": "銀行振込"}
    day.see(a_slip(slip, number, NEStatus.OPEN, "2", **waits), at + timedelta(hours=2))


async def test_an_unpaid_transfer_cannot_ship_today_and_is_not_late(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            transfer(day, "1", "51", PaymentState.PENDING)
        found = await figure(database, "will_miss")
        assert (found.value, found.yen) == (0, 0)
        assert "入金待ち" not in found.words.ja
        with database.engine.begin() as connection:
            transfer(Day(connection), "2", "52", PaymentState.PAID)
        found = await figure(database, "will_miss")
    assert (found.value, found.oldest) == (1, "2"), (
        "the cart has the money; a click in Next Engine and it ships"
    )
    assert found.words.ja.endswith("入金待ち 1")


# --- 7 自動化率 --------------------------------------------------------------------------------------------


async def test_the_automation_rate_is_of_the_day_of_the_report_and_names_it(tmp_path: Path) -> None:
    with a_morning(tmp_path) as database:
        found = await figure(database, "automation")
        span = await database.read(lambda c: views.automation_span(c, SHOP.key, YESTERDAY, 28))
    on_page = span.days[-1]
    assert (on_page.day, on_page.shipped) == (YESTERDAY, 16)
    assert found.value == on_page.permille
    assert found.words.ja == f"{YESTERDAY} 出荷 16 件中 {on_page.untouched} 件が無人"
    assert found.words.en == f"{YESTERDAY}: {on_page.untouched} of 16 untouched"
