"""The one-mail matrix (F44, B21): who sends the customer what, watched by the letters of Next Engine's slips."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from connector.ledger.database import Database
from connector.reports import Picture
from connector.slip import NEStatus

from tests.unit.pictures import Shelf
from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import NOW, SHOP, Day, an_order

HOUR = timedelta(hours=1)
SHIPPED_AT = NOW - 40 * HOUR


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Database]:
    """One order that left the house forty hours ago."""
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            placed_at = NOW - 60 * HOUR
            Day(connection).to_completed(an_order("1", placed_at), placed_at, "501", "400000000002")
        yield database


async def picture(database: Database, letters: str, thanks: str, dispatch: str, hours: int = 40) -> Picture:
    shop = msgspec.structs.replace(SHOP, mail_senders={"thanks": thanks, "dispatch": dispatch})
    shelf = Shelf(database)
    at = NOW - hours * HOUR
    shelf.change_slip("501", status=NEStatus.SHIPPED, shipped_at=at, imported_at=at, mail_status=letters)
    return await shelf.picture(database, shop=shop)


def mails(found: Picture) -> set[tuple[str, str]]:
    return {(one.kind, one.words[:3]) for one in found.findings if one.kind.startswith("mail_")}


@pytest.mark.parametrize(
    ("letters", "thanks", "dispatch", "wrong"),
    [
        ("H", "cart", "next_engine", set()),
        ("", "cart", "next_engine", {("mail_missing", "発送連")}),
        ("JH", "cart", "next_engine", {("mail_from_two", "受注確")}),
        ("JH", "next_engine", "next_engine", set()),
        ("H", "next_engine", "next_engine", {("mail_missing", "受注確")}),
        ("JH", "cart", "warehouse", {("mail_from_two", "受注確"), ("mail_from_two", "発送連")}),
        ("", "cart", "cart", set()),
    ],
)
async def test_ne_sends_what_it_is_the_sender_of_and_nothing_else(
    shipped: Database, letters: str, thanks: str, dispatch: str, wrong: set[tuple[str, str]]
) -> None:
    assert mails(await picture(shipped, letters, thanks, dispatch)) == wrong


async def test_a_mail_may_take_a_night(shipped: Database) -> None:
    """Shipped at 22:00: made an hour later, the window is closed, it goes out in the morning."""
    assert mails(await picture(shipped, "", "cart", "next_engine", hours=20)) == set()


async def test_a_cancelled_slip_owes_no_mail(shipped: Database) -> None:
    shelf = Shelf(shipped)
    shelf.change_slip("501", status=NEStatus.SHIPPED, shipped_at=SHIPPED_AT, cancel_type="1")
    assert mails(await shelf.picture(shipped)) == set()
