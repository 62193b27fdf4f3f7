"""Facts of the recorded replies, row by row of their README: a client before one reply, and what it must get."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import respx
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.client import NextEngine
from connector.adapters.next_engine.envelope import Fields, Said
from connector.adapters.next_engine.reader import ROW_FIELDS, SLIP_FIELDS
from connector.errors import ConnectorError, Refused, Unknown
from connector.outcome import Effect, Sent
from connector.ports import TokenPair
from connector.slip import Slip

from tests.contract.border import at, form, recorded_json
from tests.contract.ne_desk import NOW, Desk
from tests.contract.ne_shop import a_shipment, engine

REPLIES = "next_engine/replies"
FACTS: dict[str, dict[str, Any]] = recorded_json(f"{REPLIES}/facts.json")
PAIR_1 = TokenPair(
    access="sampleAccess01+aB/cD=",
    refresh="sampleRefresh01+eF/gH=",
    access_until=at("2026-11-21 08:30:00"),
    refresh_until=at("2026-11-23 08:30:00"),
)


@dataclass(slots=True)
class Picture:
    """The client, and a Next Engine that answers everything with one recorded reply."""

    desk: Desk
    ne: NextEngine
    facts: dict[str, Any]
    router: respx.Router

    async def found(self, path: str, fields: tuple[str, ...] = SLIP_FIELDS) -> list[Fields]:
        return [row async for page in self.ne.search(path, fields, ()) for row in page]

    async def slips(self) -> dict[str, Slip]:
        return await self.ne.slips(["1"])

    async def info(self, entity: str) -> list[Fields]:
        return (await self.read(wire.INFO.format(entity=entity))).data or []

    async def read(self, path: str) -> Said:
        return await self.desk.session.read(path)

    async def write(self, path: str = wire.BASE_UPDATE) -> Said:
        return await self.desk.session.write(path, (), key="k")

    async def fault(self, *, writing: bool) -> ConnectorError:
        with pytest.raises(ConnectorError) as caught:
            await (self.write() if writing else self.read(wire.BASE_SEARCH))
        return caught.value

    def same_pair(self) -> bool:
        return self.desk.store.pair == PAIR_1


Check = Callable[[Picture], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def row_of_the_readme(*names: str) -> Callable[[Check], Check]:
    def kept(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return kept


# ---- sign-in -------------------------------------------------------------------------------------------------


@row_of_the_readme("api_neauth.json")
async def _signed_in(p: Picture) -> None:
    who = await p.desk.session.exchange("u-sample-0001", "state")
    assert (who.uid, who.company_ne_id) == (p.facts["uid"], p.facts["company_ne_id"])
    pair = p.desk.store.pair
    assert pair.access_until == at(p.facts["access_token_end_date"])
    assert pair.refresh_until == at(p.facts["refresh_token_end_date"])


@row_of_the_readme("login_user_info.json")
async def _user(p: Picture) -> None:
    (row,) = (await p.read(wire.LOGIN_USER_INFO)).data or []
    assert row["uid"] == p.facts["uid"]


@row_of_the_readme("login_company_info.json")
async def _company(p: Picture) -> None:
    (row,) = (await p.read(wire.LOGIN_COMPANY_INFO)).data or []
    assert row["company_ne_id"] == p.facts["company_ne_id"]


# ---- slips -----------------------------------------------------------------------------------------------------


@row_of_the_readme("receiveorder_base_search_all_states.json")
async def _all_states(p: Picture) -> None:
    read = await p.slips()
    assert len(read) == p.facts["rows"]
    assert read.keys() == p.facts["slips"].keys()
    for number, said in p.facts["slips"].items():
        slip = read[number]
        assert (slip.ne_shop_id, slip.order_number) == (said["shop_id"], said["order_number"])
        assert (str(slip.status), slip.cancel_type, slip.live) == (
            said["status"],
            said["cancel_type"],
            said["live"],
        )
        assert Decimal(slip.total) == Decimal(said["total"])
        assert slip.lock == said["lock_value"]
    ready = [slip.number for slip in read.values() if slip.ne_shop_id == "1" and slip.print_ready(NOW)]
    assert ready == p.facts["print_ready_live_slips_in_shop_1"]
    links = {name: {n: getattr(s, name) for n, s in read.items() if getattr(s, name)} for name in LINKS}
    assert links["merged_into"] == p.facts["bundled_into"]
    assert links["split_from"] == p.facts["divided_from"]
    assert links["copied_from"] == p.facts["copied_from"]
    parents = {part: whole for whole, parts in p.facts["multi_delivery"].items() for part in parts}
    assert links["parcel_parent"] == parents


LINKS = ("merged_into", "split_from", "copied_from", "parcel_parent")


@row_of_the_readme("receiveorder_base_search_intake.json")
async def _intake(p: Picture) -> None:
    found = await p.ne.slips_of(p.facts["asked"])
    assert sorted(found) == p.facts["in_intake"]
    assert [number for number in p.facts["asked"] if number not in found] == p.facts["not_in_intake"]
    ((slip,),) = found.values()
    assert slip.lock == "2026-11-20 09:31:02", "the null-safe date, for 最終更新日 is null"


@row_of_the_readme("receiveorder_base_search_duplicated_number.json")
async def _duplicated(p: Picture) -> None:
    found = (await p.ne.slips_of([p.facts["order_number"]]))[p.facts["order_number"]]
    assert [slip.number for slip in found if slip.live] == [p.facts["the_slip"]]
    assert [slip.number for slip in found if not slip.live] == [p.facts["cancelled"]]


@row_of_the_readme("receiveorder_base_search_after_shipped.json")
async def _after_shipped(p: Picture) -> None:
    slip = (await p.slips())[p.facts["slip"]]
    assert (str(slip.status), slip.tracking) == (p.facts["status"], p.facts["tracking_number"])
    assert slip.shipped_at == at(p.facts["send_date"])
    told = await p.ne.confirm_shipments({slip.number: a_shipment(slip.number, slip.tracking)})
    assert told == {slip.number: slip}, "proved: nothing is written any more"


@row_of_the_readme("receiveorder_base_search_empty.json")
async def _empty(p: Picture) -> None:
    assert await p.found(wire.BASE_SEARCH) == []
    assert await p.ne.slips_of(["TEST000001"]) == {}


@row_of_the_readme("receiveorder_base_count.json")
async def _count(p: Picture) -> None:
    assert int(str((await p.read(wire.BASE_COUNT)).count)) == p.facts["count"]


@row_of_the_readme("receiveorder_base_search_every_field.json")
async def _every_field(p: Picture) -> None:
    (row,) = await p.found(wire.BASE_SEARCH)
    assert len(row) >= p.facts["fields_at_least"]
    assert row[wire.WRAPPING] == p.facts["wrapping"]
    slip = (await p.slips())[p.facts["slip"]]
    assert (slip.payment_method_id, slip.noshi) == (p.facts["payment_method"], p.facts["noshi"])
    assert slip.cash_on_delivery
    assert slip.total == Decimal(p.facts["collect_on_delivery_amount"])


@row_of_the_readme("receiveorder_row_search_print_ready.json")
async def _print_ready(p: Picture) -> None:
    assert len(await p.found(wire.ROW_SEARCH, ROW_FIELDS)) == p.facts["rows"]
    read = await p.ne.slips(list(p.facts["slips"]), rows=True)
    for number, said in p.facts["slips"].items():
        assert [[str(row.no), row.sku, row.quantity] for row in read[number].rows] == said["rows"]
    assert [n for n, slip in read.items() if not slip.print_ready(NOW)] == p.facts["not_yet_printable"]
    assert {n: Decimal(slip.total) for n, slip in read.items() if slip.cash_on_delivery} == {
        number: Decimal(total) for number, total in p.facts["collect_on_delivery"].items()
    }
    behind = {
        str(row[wire.ROW_ORDER_NUMBER])
        for row in await p.found(wire.ROW_SEARCH, ROW_FIELDS)
        if row[wire.ROW_SLIP_ID] == "1015"
    }
    own = {read["1015"].order_number}
    assert behind | own <= set(p.facts["orders_behind_1015"])


@row_of_the_readme("receiveorder_row_search_waiting.json")
async def _waiting(p: Picture) -> None:
    read = await p.ne.slips(["1005", "1006", "1026"], rows=True)
    assert sum(len(slip.rows) for slip in read.values()) == p.facts["rows"]
    short = p.facts["short_of_stock"]["1005"]
    (row,) = [row for row in read["1005"].rows if row.allocated != row.quantity]
    assert (str(row.no), row.sku) == (short["row"], short["goods"])
    assert (row.quantity, row.allocated) == (short["ordered"], short["allocated"])
    (row,) = [row for row in read["1006"].rows if row.release_on]
    assert f"{row.release_on} 00:00:00" == p.facts["unreleased"]["1006"]["release"]
    assert [str(row.no) for row in read["1026"].rows if row.cancelled] == [p.facts["cancelled_row"]["1026"]]


@row_of_the_readme(*(f"receiveorder_base_search_page{n}.json" for n in (1, 2, 3)))
async def _page(p: Picture) -> None:
    rows = await p.found(wire.BASE_SEARCH)
    assert len(rows) == p.facts["rows"]
    assert (len(rows) < p.facts["asked"]["limit"]) is p.facts["last_page"]


# ---- uploads -----------------------------------------------------------------------------------------------------


@row_of_the_readme("receiveorder_uploadpattern_info.json")
async def _pattern(p: Picture) -> None:
    with pytest.raises(
        Unknown, match="キューの番号"
    ):  # every call is answered with the list of patterns here
        await p.ne.upload(Effect(kind="ne_import", key="k", items=(), body=b"x"))
    sent = dict(form(p.router.calls.last.request.content))
    assert sent[wire.UPLOAD_PATTERN] == p.facts["pattern_for_shop_1_format_90"]
    patterns = (await p.read(wire.UPLOADPATTERN_INFO)).data or []
    assert len(patterns) == p.facts["patterns"]
    off = [x[wire.UPLOAD_PATTERN] for x in patterns if x["receive_order_upload_pattern_deleted_flag"] == "1"]
    assert off == p.facts["disabled"]
    other = [
        x[wire.UPLOAD_PATTERN]
        for x in patterns
        if x["receive_order_upload_pattern_format_id"] != wire.FORMAT_GENERIC
    ]
    assert other == p.facts["other_format"]


@row_of_the_readme("receiveorder_base_upload.json")
async def _upload(p: Picture) -> None:
    ne = engine(p.desk, upload_pattern_id="12")
    sent = await ne.upload(Effect(kind="ne_import", key="k", items=(), body=b"x"))
    assert isinstance(sent, Sent), "queued, not imported: no Done"
    assert sent.evidence == {"que_id": p.facts["que_id"]}


@row_of_the_readme(*(name for name in FACTS if name.startswith("system_que_")))
async def _queue(p: Picture) -> None:
    state = await p.ne.queue("45")
    if "status" not in p.facts:
        assert state is None
        return
    assert state is not None
    assert str(state.status) == p.facts["status"]
    assert (state.status in (2, -1)) is p.facts["done"]
    if p.facts.get("message_kept"):
        assert state.message
    if "message" in p.facts:
        assert state.message == p.facts["message"]


@row_of_the_readme(*(f"receiveorder_base_{name}.json" for name in ("update", "shipped", "receipted")))
@row_of_the_readme("receiveorder_base_bulkupdatereceipted.json")
async def _success_proves_nothing(p: Picture) -> None:
    assert (await p.write()).result == wire.SUCCESS
    assert p.facts["proved"] is False
    # The same words to the read afterwards, which therefore shows nothing: never believed.
    assert isinstance((await p.ne.mark_relayed(["1007"]))["1007"], Refused)
