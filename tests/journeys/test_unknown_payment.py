"""A payment name no table knows is held with the table's name; a line in the table frees it, without a restart."""

from __future__ import annotations

import shutil
from pathlib import Path

from connector.config import shipped_mappings
from connector.sandbox.cart.settings import MethodKind, PaymentMethod

from tests.journeys.conftest import OpenDay

NICO = PaymentMethod(88, "ニコニコ払い", MethodKind.CARD, valid_days=60)
LINE = "  ニコニコ払い: {kind: card, label: クレジットカード, linked: yes, prepayment: no, ne_ids: ['0']}\n"


async def test_an_unknown_payment_name_is_held_and_freed_by_a_line_in_the_table(
    open_day: OpenDay, tmp_path: Path
) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(shipped_mappings(), mappings)
    day = await open_day(mappings=str(mappings), import_daily={"times": ["10:00:00", "14:00:00"]})
    await day.alone_until("08:30")
    order, neighbour = day.place(), day.place()
    order.payment.method = NICO

    await day.until("11:00")
    assert (await day.holds(order)).keys() == {"unknown_value"}
    note = (await day.holds(order))["unknown_value"]
    assert "payment" in note
    assert "ニコニコ払い" in note
    assert day.posted(order) == []
    assert await day.state(neighbour) == "imported"

    table = mappings / "tables/payment.yaml"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("cart:\n", "cart:\n" + LINE.replace("}", ""), 1), encoding="utf-8")
    await day.until("11:40")
    assert (await day.holds(order)).keys() == {"unknown_value"}, "a broken table is not used"
    assert await day.state(neighbour) == "imported"

    table.write_text(text.replace("cart:\n", "cart:\n" + LINE, 1), encoding="utf-8")
    await day.until("20:00")
    assert await day.holds(order) == {}
    assert await day.held_once(order) == ["unknown_value"]
    assert await day.state(order) == "completed"
    assert day.captures(order) == [order.amounts.payment_total]
