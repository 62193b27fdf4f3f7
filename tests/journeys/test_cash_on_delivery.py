"""代金引換: what the customer pays at the door is what the warehouse prints on the label, to the yen."""

from __future__ import annotations

from connector.adapters.wms import wire
from connector.sandbox.people import COD

from tests.journeys.day import SERUM, Day

CONTENT = tuple(column for column in wire.SHIPORD_COLUMNS if column != "改訂番号")


async def test_the_amount_at_the_door_reaches_the_warehouse(day: Day) -> None:
    await day.alone_until("08:30")
    cod = day.place(payment_method_id=COD, items=((SERUM, 2),))
    card = day.place()

    await day.until("11:00")
    said = {}
    for slip in day.town.warehouse.slips().values():
        rows = [dict(zip(CONTENT, row, strict=True)) for row in slip.content]
        said[slip.order_number] = {int(row["代引金額"]) for row in rows}
    assert said == {cod.number: {cod.amounts.payment_total}, card.number: {0}}
    assert cod.amounts.payment_total == 2 * 4980 + 330

    await day.until("20:00")
    assert await day.state(cod) == "completed"
    assert day.captures(cod) == [], "the carrier brings this money"
