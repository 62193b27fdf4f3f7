"""Every recorded reply through our own client: what the README says a reader must get, none left out."""

from __future__ import annotations

import httpx
import pytest
import respx
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import Fields, PartlyRefused
from connector.errors import Barred, Closed, ConnectorError, NeedsSignIn, NotDone, Refused, Unknown

from tests.contract.border import FIXTURES, at, recorded
from tests.contract.ne_desk import a_desk
from tests.contract.ne_facts import CHECKS, FACTS, PAIR_1, REPLIES, Picture, row_of_the_readme
from tests.contract.ne_shop import engine


@pytest.mark.parametrize("name", sorted(FACTS))
async def test_a_reader_gets(name: str, httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(
        side_effect=lambda _request: httpx.Response(200, content=recorded(f"{REPLIES}/{name}"))
    )
    pair = None if name == "api_neauth.json" else PAIR_1
    async with a_desk(pair) as desk:
        await CHECKS[name](Picture(desk, engine(desk), FACTS[name], httpx2_mock))
        tokens = str(FACTS[name].get("tokens", "same pair"))
        if "NEW" not in tokens:
            assert desk.store.pair == PAIR_1, "the stored pair stays"


def test_no_reply_is_left_out() -> None:
    there = {path.name for path in (FIXTURES / REPLIES).glob("*.json")} - {"facts.json"}
    assert CHECKS.keys() == FACTS.keys() == there


# ---- errors ------------------------------------------------------------------------------------------------------

CLASSES: dict[str, tuple[type[ConnectorError], type[ConnectorError]]] = {  # of a read, of a write
    "transient-short": (NotDone, NotDone),
    "transient-short, then bug": (NotDone, NotDone),
    "transient-long": (Closed, Closed),
    "configuration": (Barred, Barred),
    "business": (Refused, Refused),
    "not applied, read back; code not attested": (Refused, Refused),
    "unknown outcome: read back": (NotDone, Unknown),
}


@row_of_the_readme(*(name for name in FACTS if "class" in FACTS[name]))
@row_of_the_readme("error_empty_tokens.json")
async def _class(p: Picture) -> None:
    reading, writing = await p.fault(writing=False), await p.fault(writing=True)
    kind = p.facts.get("class", "unknown outcome: read back")
    assert (type(reading), type(writing)) == CLASSES[kind]
    assert p.facts["code"] in str(writing)
    if isinstance(writing, Closed):
        assert writing.after == 600.0


@row_of_the_readme("error_002002_old_token.json", "redirect_002004_expired.json")
async def _signed_out(p: Picture) -> None:
    fault = await p.fault(writing=True)
    assert isinstance(fault, NeedsSignIn)
    assert fault.code == p.facts["code"]


@row_of_the_readme("error_020500_bulk_partial.json", "error_bulkupdatereceipted_partial.json")
async def _partly(p: Picture) -> None:
    fault = await p.fault(writing=True)
    assert isinstance(fault, PartlyRefused)
    assert fault.complaints.keys() == p.facts["failed"].keys()
    for number, code in p.facts["failed"].items():
        assert code in (fault.complaints[number][0], "code not attested")
    assert [n for n in p.facts["sent"] if n not in fault.complaints] == p.facts["succeeded"]


@row_of_the_readme("error_020500_bulk_string.json")
async def _nobody(p: Picture) -> None:
    fault = await p.fault(writing=True)
    assert type(fault) is Refused, "nothing was done, and no slip is named"
    assert (p.facts["failed"], p.facts["succeeded"]) == ("all", [])


@row_of_the_readme("rotation_success_new_pair.json", "rotation_error_new_pair.json")
async def _rotated(p: Picture) -> None:
    if p.facts.get("code"):
        assert isinstance(await p.fault(writing=True), NotDone), p.facts["then"]
    else:
        await p.read(wire.LOGIN_USER_INFO)
    assert not p.same_pair()
    assert p.desk.store.pair.access == "sampleAccess02+iJ/kL="
    if "access_token_end_date" in p.facts:
        assert p.desk.store.pair.access_until == at(p.facts["access_token_end_date"])


# ---- masters -----------------------------------------------------------------------------------------------------

IDS = {
    "orderstatus": "order_status",
    "canceltype": "cancel_type",
    "paymentmethod": "payment_method",
    "deposittype": "deposit_type",
    "delivery": "delivery",
}


def _column(rows: list[Fields], ending: str) -> list[str]:
    """The values of the one column with this ending that is not about the row itself."""
    names = [
        name for name in rows[0] if name.endswith(ending) and "creat" not in name and "modif" not in name
    ]
    assert len(names) == 1, names
    return [str(row[names[0]]) for row in rows]


@row_of_the_readme(*(f"master_{name}.json" for name in (*IDS, "shop")))
async def _codes(p: Picture) -> None:
    rows = await p.info("system_orderstatus")
    assert len(rows) == p.facts["rows"]
    ids, names = _column(rows, "_id"), _column(rows, "_name")
    assert ids == p.facts.get("ids", ids)
    said = {key: value for key, value in p.facts.items() if key.isdigit()}
    assert {key: dict(zip(ids, names, strict=True))[key] for key in said} == said
    if "hidden" in p.facts:
        flags = _column(rows, "deleted_flag")
        assert [i for i, flag in zip(ids, flags, strict=True) if flag == "1"] == p.facts["hidden"]


@row_of_the_readme("master_groupingtag.json")
async def _tags(p: Picture) -> None:
    rows = await p.info("receiveorder_groupingtag")
    texts = [value for row in rows for value in row.values() if value in p.facts["tags"]]
    assert (len(rows), texts) == (p.facts["rows"], p.facts["tags"])


@row_of_the_readme("master_receiveorder_confirm.json")
async def _confirm(p: Picture) -> None:
    rows = await p.found(wire.SEARCH.format(entity="receiveorder_confirm"))
    assert len(rows) == p.facts["rows"]
    assert [row["confirm_id"] for row in rows if row["confirm_valid_flag"] == "1"] == p.facts["valid"]
    assert "AA" in {row["confirm_id"] for row in rows}


@row_of_the_readme("master_paymentdeliveryconvert.json")
async def _convert(p: Picture) -> None:
    rows = await p.found(wire.SEARCH.format(entity="receiveorder_paymentdeliveryconvert"))
    assert len(rows) == p.facts["rows"]
    for kind, name in ((wire.CONVERT_PAYMENT, "payment"), (wire.CONVERT_DELIVERY, "delivery")):
        told = {
            row["payment_delivery_convert_text"]: row["payment_delivery_convert_multi_id"]
            for row in rows
            if row["payment_delivery_convert_type"] == kind
        }
        assert told == p.facts[name]
