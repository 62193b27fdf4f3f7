"""What a page says of a change is true of this order: a payment that healed, a cancelled order, a day, a code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from connector.adapters.ecforce import wire
from connector.order import PaymentState
from connector.words import cart_codes
from msgspec.structs import replace

from tests.contract.test_web_changes import site_of
from tests.contract.web_site import Site, running
from tests.unit.test_change_endings import change
from tests.unit.world import CARD, World, an_order, world

GATE = "出荷指示の手前で止まり、決済が通れば自動で進みます。"
HEALED = "決済が通りました。決済を理由に止めることはもうありません。"
DEAD = "注文そのものが取消・削除されています。"


@asynccontextmanager
async def a_site(tmp_path: Path, w: World) -> AsyncIterator[Site]:
    async with running(site_of(w, tmp_path)) as site:
        yield site


async def put(w: World, **more: object) -> None:
    """The cart shows the order with this, and we see it."""
    w.pass_by(seconds=1)
    w.cart.put(replace(w.cart.orders["T-1001"], **more))
    await w.run("ingest")


async def test_a_lost_payment_stops_at_the_gate_and_a_healed_one_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD))
        await change(w, "payment_state")
        async with a_site(tmp_path, w) as site:
            _, text = await site.get("/orders/T-1001")
            assert (GATE in text, HEALED in text) == (True, False)
            await put(w, payment=CARD)
            _, text = await site.get("/orders/T-1001")
            _, english = await site.get("/orders/T-1001?lang=en")
        healed = text.partition("決済の回復")[2].partition("</section>")[0]
        assert HEALED in healed and "取消完了 → 仮売上（与信済み）" in healed
        assert GATE not in healed
        assert "Payment good again" in english and "keeps nothing back any more." in english


async def test_of_a_cancelled_order_nobody_is_told_that_it_goes_on(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD))
        voided = replace(CARD, state=PaymentState.VOIDED, state_code="voided")
        amounts = replace(w.cart.orders["T-1001"].amounts, payable=0, total=0)
        await put(w, cancelled=True, payment=voided, amounts=amounts)
        async with a_site(tmp_path, w) as site:
            _, text = await site.get("/orders/T-1001")
        assert f"{DEAD}決済が変わっても先へは進みません。" in text
        assert f"{DEAD}新しい内容を渡すことはありません。" in text, "nor is the new amount handed on"
        assert GATE not in text


async def test_a_payment_refused_first_and_cancelled_later_goes_no_further_either(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD))
        await change(w, "payment_state")
        await change(w, "cancelled")
        async with a_site(tmp_path, w) as site:
            _, text = await site.get("/orders/T-1001")
        assert DEAD in text and GATE not in text


@pytest.mark.parametrize(
    ("lang", "day", "payment", "state"),
    [
        ("ja", "なし → 2026-11-25", "仮売上完了 → 売上完了", "注文確定 → 発送完了"),
        ("en", "none → 2026-11-25", "authorised → captured", "confirmed → shipped"),
    ],
)
async def test_a_version_is_told_in_the_operators_days_and_words(
    tmp_path: Path, lang: str, day: str, payment: str, state: str
) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD, state_code="complete"))
        captured = replace(CARD, state=PaymentState.CAPTURED, state_code="completed")
        shipped_at = datetime(2026, 11, 24, 15, tzinfo=UTC)  # midnight in Japan
        await put(w, payment=captured, state_code="shipped", shipped_at=shipped_at)
        async with a_site(tmp_path, w) as site:
            _, text = await site.get(f"/orders/T-1001?lang={lang}")
        assert day in text and "T15:00" not in text
        assert payment in text and state in text


def test_every_code_of_the_cart_is_named_as_its_screens_name_it() -> None:
    assert {code: word.ja for code, word in cart_codes.ORDER_STATES.items()} == wire.ORDER_STATES
    named = {code: word.ja for code, word in cart_codes.PAYMENT_STATES.items()}
    aliases = {other: named[code] for other, code in wire.PAYMENT_STATE_ALIASES.items()}
    on_screen = {code: name for code, name in wire.PAYMENT_STATES.items() if name}
    assert named == on_screen | aliases | {wire.PAY_COD_AUTHED: "代金引換"}
