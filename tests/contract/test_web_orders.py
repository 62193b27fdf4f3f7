"""The list of orders over real HTTP: every order can be reached by its pages, in both languages."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from connector.slip import NEStatus

from tests.contract.web_site import Site, context_of, running
from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import NOW, Day, a_slip, an_order

ORDERS = 230


@pytest.fixture
async def crowded(tmp_path: Path) -> AsyncIterator[Site]:
    """A shop with more orders than three pages of its list hold."""
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            for n in range(ORDERS):
                at = NOW - timedelta(minutes=10 + n)
                day.take_in(an_order(f"{7000 + n}", at), at)
        async with running(context_of(database, tmp_path / "none")) as found:
            yield found


async def test_why_a_slip_in_intake_is_worth_less_than_its_order_is_said_where_both_stand(
    crowded: Site,
) -> None:
    said = "新規受付の伝票の金額は、通知メールで届いた商品代だけです。"
    assert said not in (await crowded.get("/"))[1]
    with crowded.database.engine.begin() as connection:
        Day(connection).see(a_slip("57000", "7000", NEStatus.INTAKE, "1", total=3430), NOW)
    for path in ("/", "/slips/57000"):
        assert said in (await crowded.get(path))[1]
        assert "the goods alone" in (await crowded.get(f"{path}?lang=en"))[1]


@pytest.mark.parametrize(
    ("path", "more", "counted"),
    [("/orders", "次の100件", "230件"), ("/orders?lang=en", "Next 100", "230")],
)
async def test_the_list_is_walked_page_by_page_to_its_end(
    crowded: Site, path: str, more: str, counted: str
) -> None:
    seen: list[str] = []
    for first, last in ((1, 100), (101, 200), (201, 230)):
        status, text = await crowded.get(path)
        assert status == 200
        assert f"{first}–{last} / {counted}" in text
        seen += re.findall(r'<tr><td><a href="/orders/(\d+)', text)
        follow = re.search(rf'<a class="button" href="([^"]+)">{more}</a>', text)
        assert (follow is None) == (last == ORDERS)
        path = html.unescape(follow[1]) if follow else ""
    assert seen == [f"{7000 + n}" for n in range(ORDERS)]
