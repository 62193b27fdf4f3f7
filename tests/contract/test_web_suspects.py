"""The page of a slip that may be a double (二重出荷の疑い): what was sent before stands beside it, masked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.journey import SlipState
from connector.ledger import codec, sendings
from connector.ledger.schema import slips
from connector.slip import Slip
from msgspec.structs import replace
from sqlalchemy import Connection, Row, select

from tests.contract.web_site import Site, a_site
from tests.unit.shop_day import NOW, SHOP


def sent_before(site: Site) -> str:
    """A slip of the same order number was shipped by somebody else; returns the one that waits."""
    with site.database.engine.begin() as connection:
        ready = select(slips).where(slips.c.shop == SHOP.key, slips.c.state == SlipState.PRINT_READY)
        row = connection.execute(ready.order_by(slips.c.id)).first()
        assert row is not None
        here = replace(codec.slip(row.body), number="59999", status=50, name="見本 太郎", lock="1")
        sendings.shown(connection, SHOP.key, {_stored(connection, row, here): here}, NOW)
    return str(row.number)


def _stored(connection: Connection, row: Row[Any], slip: Slip) -> int:
    values = dict(row._mapping)
    del values["id"]
    values |= {"number": slip.number, "body": codec.encode(slip), "state": "confirmed"}
    return int(connection.scalars(slips.insert().values(values).returning(slips.c.id)).one())


async def test_the_page_shows_what_was_sent_before(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        number = sent_before(site)
        status, text = await site.get(f"/slips/{number}")
        assert status == 200
        assert "二重出荷の疑いのある相手" in text
        assert '"/slips/59999"' in text
        assert "当システムの外で出荷" in text
        assert "見本 太郎" not in text
        _, text = await site.get(f"/slips/{number}?lang=en")
        assert "Shipped outside of us" in text
        _, text = await site.get("/slips/59999")
        assert "二重出荷の疑いのある相手" not in text
