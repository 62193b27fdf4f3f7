"""The history of an order, as a person reads it: no key, no code and no list of ours, in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from connector.ledger import views
from connector.order import PaymentState
from msgspec.structs import replace

from tests.contract.test_web_changes import site_of
from tests.contract.web_site import Site, a_site, running
from tests.unit.test_change_endings import change
from tests.unit.world import CARD, World, a_shipment, an_order, world

INTERNAL = re.compile(r"\w=|\[|\b[a-z]+_[a-z_]+\b|\bTrue\b|\bFalse\b|\bNone\b")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ]")
FROM_OUTSIDE = re.compile(r"新規受付|起票済|納品書印刷(?:待ち|中|済)|出荷確定済|カード有効期限切れ")


async def timeline(site: Site, path: str) -> str:
    status, text = await site.get(path)
    assert status == 200, path
    found = re.search(r'<ol class="timeline">(.*?)</ol>', text, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", " ", found[1]).split())


@pytest.mark.parametrize("lang", ["ja", "en"])
async def test_the_morning_has_no_line_of_internals(tmp_path: Path, lang: str) -> None:
    async with a_site(tmp_path) as site:
        orders = [f"/orders/{number}" for number in (1002, 1003, 1009, 1010, 1011, 1013, 1015, 2001)]
        for path in (*orders, "/slips/51009", "/slips/51010", "/slips/52001"):
            told = await timeline(site, f"{path}?lang={lang}")
            assert not INTERNAL.search(told), (path, INTERNAL.search(told))
            if lang == "en" and "1009" not in path:  # a hold keeps its note as it was written
                assert not JAPANESE.search(FROM_OUTSIDE.sub("", told)), (path, told)


async def test_a_parcel_is_told_by_its_number(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        told = await timeline(site, "/slips/51010")
        assert re.search(r"送り状番号 \d{12}(?! *[\]'])", told)
        assert re.search(r"tracking \d{12}", await timeline(site, "/slips/51010?lang=en"))


async def cancelled_too_late(w: World) -> None:
    await w.to_relayed(an_order(payment=CARD, state_code="complete"))
    await change(w, "cancelled", "payment_state")
    w.wms.reports(a_shipment(w.slip_of()))
    await w.run("collect", "stop", "follow_slips")


async def test_a_stop_and_its_outcome_are_told_in_the_readers_language(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await cancelled_too_late(w)
        async with running(site_of(w, tmp_path)) as site:
            told = await timeline(site, "/orders/T-1001")
            english = await timeline(site, "/orders/T-1001?lang=en")
    assert "出荷止め依頼 カートで取り消されました" in told
    assert told.count("取消、決済状況") == 1, "once, and by its fields' names"
    assert "cancelled in the cart" in english
    assert "stop ended" in english
    for text in (told, english):
        assert not INTERNAL.search(text), INTERNAL.search(text)
    assert not JAPANESE.search(FROM_OUTSIDE.sub("", english)), english


async def test_where_an_order_came_from_and_what_the_cart_said_are_words(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD, state_code="complete"))
        captured = replace(CARD, state=PaymentState.CAPTURED, state_code="completed")
        w.cart.put(replace(w.cart.orders["T-1001"], payment=captured, memo="x"))
        w.pass_by(seconds=1)
        await w.run("ingest")
        async with running(site_of(w, tmp_path)) as site:
            told = await timeline(site, "/orders/T-1001")
        assert "版 2 決済状況 売上完了 対応状況 注文確定" in told
        with w.ledger.database.engine.connect() as connection:
            story = views.why(connection, w.ledger.shop, "T-1001", w.clock.now(), "ja")
    assert story is not None
    assert not INTERNAL.search(views.text(story, "ja").partition("経過")[2])
