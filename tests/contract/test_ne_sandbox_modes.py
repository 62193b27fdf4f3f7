"""Habits of the account that can be set, and replies that take their time: before the effect, after it, too late."""

from __future__ import annotations

import asyncio
import base64
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from connector.adapters.next_engine import wire
from connector.clock import SteppedClock
from connector.sandbox.certificates import NEXT_ENGINE_HOSTS, serve_as
from connector.sandbox.next_engine import NextEngineSandbox, NextEngineSettings
from connector.sandbox.next_engine.addresses import elsewhere

from tests.contract.ne_case import PICTURE_AT, Town, at, encode, restore_picture, seed_setup, town, update_xml
from tests.contract.test_ne_sandbox_import import IMPORT_AT, ending, one_order

LOCK = "receive_order_last_modified_date"


async def impatient(t: Town, number: int, seconds: float) -> None:
    """出荷確定 by a client that waits no longer than this."""
    tokens = {wire.ACCESS_TOKEN: t.call.access, wire.REFRESH_TOKEN: t.call.refresh}
    body = encode({**tokens, wire.SLIP_ID: str(number), LOCK: t.ne.slips[number].lock})
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(t.call.base + wire.BASE_SHIPPED, data=body) as answer,
    ):
        await answer.read()


@pytest.mark.parametrize(
    ("reply", "applied", "at_once", "in_the_end"),
    [
        ("slow", False, "20", "20"),  # the timeout falls before the effect, which never comes
        ("slow", True, "50", "50"),  # after it
        ("late", False, "20", "50"),  # before it, and it comes all the same
    ],
)
async def test_a_timeout_falls_before_or_after_the_effect(
    reply: str, applied: bool, at_once: str, in_the_end: str
) -> None:
    async with town() as t:
        restore_picture(t.ne)
        plan = {"path": wire.BASE_SHIPPED, "applied": applied, "seconds": 0.3, "wall": True}
        assert (await t.call.act("plan-reply", reply=reply, **plan))["status"] == 200
        with pytest.raises(TimeoutError):
            await impatient(t, 1007, 0.1)
        assert t.ne.slips[1007].status == at_once
        await asyncio.sleep(0.4)
        assert t.ne.slips[1007].status == in_the_end


async def test_who_waits_gets_the_right_reply_and_the_towns_clock_moved() -> None:
    async with town() as t:
        restore_picture(t.ne)
        t.ne.plan_reply("slow", path=wire.BASE_SHIPPED, seconds=90)
        t.ne.plan_reply("008007", path=wire.BASE_SHIPPED)
        assert (await t.call.write(wire.BASE_SHIPPED, 1007))["code"] == "008007"
        assert t.clock.now() == at(PICTURE_AT) + timedelta(seconds=90)
        assert (await t.call.write(wire.BASE_SHIPPED, 1007))["result"] == "success"
        for wrong in ({"reply": "slow"}, {"reply": "003001", "seconds": 3}):
            assert (await t.call.act("plan-reply", **wrong))["status"] == 400


async def test_people_of_old_slips_are_stars_for_readers_and_conditions() -> None:
    settings = NextEngineSettings(mask_personal_data=True, mask_after=timedelta(days=1))
    names = ("receive_order_purchaser_name", "receive_order_consignee_zip_code", "receive_order_note")
    async with town(settings=settings) as t:
        restore_picture(t.ne)
        old, young = [list((await t.call.fields(number, names)).values()) for number in (1012, 1011)]
        assert old[:2] == ["*****", t.ne.slips[1012].fields[names[1]]]
        assert young[0] == t.ne.slips[1011].fields[names[0]] != "*****"
        count = await t.call(wire.BASE_COUNT, {f"{names[0]}-eq": "*****"})
        assert count["count"] == "1"
        assert t.ne.slips[1012].fields[names[0]] != "*****"


async def test_nobody_is_masked_by_default() -> None:
    async with town() as t:
        restore_picture(t.ne)
        await t.wait(hours=20)
        told = await t.call(wire.BASE_COUNT, {"receive_order_purchaser_name-eq": "*****"})
        assert told["count"] == "0"


@pytest.mark.parametrize(
    ("postcode", "address", "asks"),
    [
        ("150-0001", "東京都渋谷区", False),
        ("150-0001", "大阪府大阪市", True),
        ("530-0001", "東京都渋谷区", True),
        ("604-0001", "京都府京都市", False),
        ("060-0001", "北海道札幌市", False),
        ("150-0001", "渋谷区神宮前", True),  # no prefecture to compare with
        ("999-9999", "山形県山形市", True),  # a filler, not a postcode
        ("000-0001", "東京都見本区", False),  # samples belong anywhere
    ],
)
async def test_a_postcode_of_another_prefecture_asks_for_a_check(
    postcode: str, address: str, asks: bool
) -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        place = {"発送郵便番号": postcode, "発送先住所１": address}
        await ending(t, one_order(**place))
        number = t.ne.slips_of("TEST-1")[0].number
        told = await t.call.fields(number, (wire.CONFIRM_IDS, wire.CONFIRM_CHECK))
        assert list(told.values()) == (["AO", "1"] if asks else [None, "0"])
        assert (t.ne.tab(number) == "確認待ち") is asks


async def test_the_reasons_of_a_check_have_their_names_in_the_master() -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        cells = {"発送郵便番号": "530-0001", "備考": "電話ください", "商品コード": "NO-SUCH-SKU"}
        await ending(t, one_order(**cells))
        ids = t.ne.slips_of("TEST-1")[0].fields[wire.CONFIRM_IDS] or ""
        reply = await t.call(
            "/api_v1_receiveorder_confirm/search",
            {"fields": "confirm_id,confirm_name", "confirm_id-in": "AO,AG,AA"},
        )
        names = {row["confirm_id"]: row["confirm_name"] for row in reply["data"]}
        assert [names[one.partition("#")[0]] for one in ids.split(":")] == [
            "備考あり",
            "住所と郵便番号の不一致",
            "商品コード不明",
        ]
    assert not elsewhere({})


INVOICE_HEADER = (
    "店舗伝票番号,受注日,受注郵便番号,受注住所１,受注住所２,受注名,受注名カナ,受注電話番号,受注メールアドレス,"
    "発送郵便番号,発送先住所１,発送先住所２,発送先名,発送先カナ,発送電話番号,支払方法,発送方法,商品計,税金,発送料,手数料,"
    "手数料(0%対象),手数料(8%対象),手数料(10%対象),ポイント(0%対象),ポイント(8%対象),ポイント(10%対象),ポイント(按分),"
    "ポイント(支払い),その他費用(0%対象),その他費用(8%対象),その他費用(10%対象),クーポン割引額,クーポン割引額(0%対象),"
    "クーポン割引額(8%対象),クーポン割引額(10%対象),クーポン割引額(按分),請求金額(0%対象),請求金額(8%対象),"
    "請求額に対する税額(8%対象),請求金額(10%対象),請求額に対する税額(10%対象),ポイント,その他費用,合計金額,ギフトフラグ,"
    "時間帯指定,日付指定,作業者欄,備考,商品名,商品コード,商品価格,受注数量,商品オプション,出荷済フラグ,顧客区分,顧客コード,"
    "消費税率（%）,のし,ラッピング"
)
INVOICE = INVOICE_HEADER.split(",")


async def test_the_invoice_form_of_61_columns_is_taken_and_its_own_columns_ignored() -> None:
    assert len(INVOICE) == len(set(INVOICE)) == 61
    amounts = {name: "100" for name in INVOICE if "対象" in name or "按分" in name}
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        row = await ending(t, invoice(amounts))
        assert (row["que_status_id"], row["que_message"]) == ("2", None)
        told = await t.call.fields(t.ne.slips_of("TEST-1")[0].number, (wire.TOTAL, wire.POINT, wire.CHARGE))
        assert list(told.values()) == ["100.00", "0.00", "0.00"]


def invoice(amounts: dict[str, str]) -> bytes:
    header, line = one_order().decode("cp932").splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True)) | amounts
    return (INVOICE_HEADER + "\r\n" + ",".join(cells.get(name, "") for name in INVOICE) + "\r\n").encode(
        "cp932"
    )


@pytest.mark.parametrize("odd", ["手数料（8%対象）", "クーポン", "請求金額", "ポイント(8%)"])
async def test_a_column_nobody_has_listed_fails_the_file(odd: str) -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        row = await ending(t, one_order(**{odd: "1"}))
        assert row["que_status_id"] == "-1"
        assert "が存在しません" in row["que_message"]


async def test_limits_counts_and_names_follow_the_settings() -> None:
    settings = NextEngineSettings(
        default_limit=5, largest_limit=7, count_is_total=True, bulk_max=1, que_method_name="X"
    )
    async with town(settings=settings) as t:
        restore_picture(t.ne)
        for limit, rows in ((None, 5), ("6", 6), ("900", 7)):
            params = {"fields": wire.SLIP_ID, **({"limit": limit} if limit else {})}
            reply = await t.call(wire.BASE_SEARCH, params)
            assert (len(reply["data"]), reply["count"]) == (rows, "26")
        two = "".join(f'<receiveorder {wire.SLIP_ID}="{n}" {LOCK}="x"/>' for n in (1007, 1008))
        bulk = await t.call(wire.BASE_BULKUPDATE, {"data_type": "xml", "data": f"<root>{two}</root>"})
        assert isinstance(bulk["message"], str)
        await t.call.upload(b"x")
        assert (await t.call(wire.QUE_SEARCH, {"fields": "que_method_name"}))["data"] == [
            {"que_method_name": "X"}
        ]


async def test_a_slip_of_a_hundred_rows_cannot_be_updated_any_more() -> None:
    async with town() as t:
        rows = [{wire.ROW_NO: str(no), wire.ROW_GOODS: "A", wire.ROW_QUANTITY: "1"} for no in range(1, 101)]
        texts = {wire.SHOP_ID: "1", wire.ORDER_NUMBER: "T-1", wire.STATUS: "20"}
        number = t.ne.restore(texts, rows).number
        change = {"data": update_xml({wire.WORKER_TEXT: "x"})}
        assert (await t.call.write(wire.BASE_UPDATE, number, change))["code"] == "008005"


async def test_requests_are_logged_and_counted_by_path() -> None:
    async with town(settings=NextEngineSettings(monthly_bytes=900)) as t:
        await t.call(wire.LOGIN_USER_INFO)
        assert t.ne.history.count("budget_passed") == 0
        await t.call("/api_v1_nobody/search")
        await t.call(wire.LOGIN_USER_INFO)
        month = t.ne.usage["2026-11"]
        assert month.by_path == {wire.LOGIN_USER_INFO: 2, "/api_v1_nobody/search": 1}
        assert t.ne.history.per_key("budget_passed") == {"2026-11": 1}  # by its bytes
        async with t.call.session.get(f"{t.call.base}/_sim/requests") as answer:
            log = await answer.json()
        assert [(one["path"], one["code"]) for one in log] == [
            (wire.LOGIN_USER_INFO, ""),
            ("/api_v1_nobody/search", "000001"),
            (wire.LOGIN_USER_INFO, ""),
        ]


async def test_the_intake_log_tells_what_became_of_every_mail_of_a_shop() -> None:
    def mail(number: str, label: str = "受注番号：") -> bytes:
        head = f"Message-ID: <{number}@shop.example.jp>\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"
        return f"{head}{label}{number}\n商品：A-1,1,100\n".encode()

    here = "intake-shop1@ne.example.jp"
    async with town() as t:
        t.ne.deliver(mail("T-1"), here)
        t.ne.deliver(mail("T-1"), here)
        await t.wait(minutes=2)
        await t.call.act("change-mail-template", shop="1", order_number="注文番号：")
        t.ne.deliver(mail("T-2"), here)
        t.ne.deliver(mail("T-3", "注文番号："), here)
        await t.wait(minutes=2)
        await t.call.act("change-mail-template", shop="1")
        await t.call.act("move-intake-address", shop="1", address="new@ne.example.jp")
        t.ne.deliver(mail("T-4"), here)
        t.ne.deliver(mail("T-5"), "nobody@ne.example.jp")
        await t.wait(minutes=2)
        async with t.call.session.get(f"{t.call.base}/_sim/intake") as answer:
            log: list[dict[str, Any]] = await answer.json()
        told = [(one["shop_id"], one["order_number"], one["slip"], one["why"]) for one in log]
        assert told == [
            ("1", "T-1", 1001, ""),
            ("1", "T-1", None, "取込済みの受注番号: T-1"),
            ("1", "", None, "受注番号なし"),
            ("1", "T-3", 1002, ""),
            ("1", "", None, f"宛先不明: {here}"),
            ("", "", None, "宛先不明: nobody@ne.example.jp"),
        ]
        for act, body in (
            ("change-mail-template", {"shop": "9"}),
            ("move-intake-address", {"shop": "9", "address": "x"}),
            ("disable-pattern", {"pattern": "9"}),
        ):
            assert (await t.call.act(act, **body))["status"] == 404
        assert (await t.call.act("change-mail-template", shop="1", item=""))["status"] == 400


class Hosts(AbstractResolver):
    """Every name is loopback, as /etc/hosts would say."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=family, proto=0, flags=0)
        ]

    async def close(self) -> None:
        pass


async def test_clients_with_fixed_host_names_trust_the_private_authority(tmp_path: Path) -> None:
    server, ca_file = serve_as(NEXT_ENGINE_HOSTS, tmp_path)
    ne = NextEngineSandbox(SteppedClock(at(PICTURE_AT)))
    pair = ne.issue_pair()
    base = await ne.start(ssl_context=server)
    trusting = ssl.create_default_context(cafile=str(ca_file))
    connector = aiohttp.TCPConnector(resolver=Hosts(int(base.rpartition(":")[2])), ssl=trusting)
    async with aiohttp.ClientSession(connector=connector) as session:
        api = f"https://api.next-engine.org{wire.LOGIN_USER_INFO}"
        async with session.post(api, data={wire.ACCESS_TOKEN: pair.access}) as answer:
            assert (await answer.json())["result"] == "success"
        login = f"https://base.next-engine.org/users/sign_in/?client_id={ne.client_id}"
        async with session.get(login, allow_redirects=False) as answer:
            assert answer.status == 302
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get("https://other.example.jp/")
    assert (tmp_path / "server.pem").stat().st_mode & 0o077 == 0
    await ne.stop()


async def test_what_nobody_has_published_can_be_set() -> None:
    settings = NextEngineSettings(
        error_status=400,
        old_token_result=wire.REDIRECT,
        csv_required=frozenset({"店舗伝票番号", "商品コード"}),
    )
    async with town(settings=settings) as t:
        seed_setup(t.ne)
        body = {wire.ACCESS_TOKEN: t.call.access}
        async with t.call.session.post(t.call.base + "/api_v1_nobody/search", data=body) as answer:
            assert (answer.status, (await answer.json())["code"]) == (400, "000001")
        assert (await ending(t, one_order(受注名="")))["que_status_id"] == "2"
        await t.call.act("rotate-tokens")
        async with t.call.session.post(t.call.base + wire.LOGIN_USER_INFO, data=body) as answer:
            told = await answer.json()
        assert (told["result"], told["code"]) == ("redirect", "002004")  # without refresh: §14.10
        body[wire.REFRESH_TOKEN] = t.call.refresh
        async with t.call.session.post(t.call.base + wire.LOGIN_USER_INFO, data=body) as answer:
            told = await answer.json()
        assert (told["result"], told["code"]) == ("redirect", "002002")


async def test_a_result_file_at_the_screen_ships_what_it_can_and_tells_the_rest() -> None:
    def file(*lines: str, header: str = "伝票番号,発送伝票番号,出荷日,発送方法") -> str:
        return base64.b64encode("\r\n".join((header, *lines, "")).encode("cp932")).decode()

    async with town() as t:
        restore_picture(t.ne)
        lines = ("1007,999900001111,2026/11/20,ヤマト運輸", "1011,9,2026/11/20,", "4711,9,,", "1010,a/b,,")
        told = await t.call.act("import-results", content=file(*lines))
        assert [line.partition(":")[0] for line in told["answer"]] == ["3行目", "4行目"]
        for number, tracking in ((1007, "999900001111"), (1010, "a/b")):
            slip = await t.call.slip(number)
            assert (slip[wire.STATUS], slip[wire.TRACKING]) == ("50", tracking)
        for wrong in (
            file(header="伝票番号"),
            base64.b64encode(b"\xff\xff").decode(),
            file("1024," + "9" * 256),
        ):
            assert (await t.call.act("import-results", content=wrong))["status"] == 400
        assert t.ne.slips[1024].status == "20"
