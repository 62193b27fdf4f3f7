"""Order CSVs become the slips the fixtures expect; the upload queue lives as NE's does."""

from __future__ import annotations

import gzip
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import NextEngineSettings
from connector.sandbox.next_engine.model import Slip

from tests.contract.ne_case import FIXTURES, Reply, Town, load, seed_setup, town, update_xml

IMPORT_AT = "2026-11-20 12:00:00"
CASES = sorted(path.name for path in (FIXTURES / "import_csv").iterdir() if path.is_dir())


def same(ours: str | None, theirs: str | None) -> bool:
    """The README's rules: numbers as numbers, CRLF or LF, null and "" alike."""
    try:
        return Decimal(ours or "") == Decimal(theirs or "")
    except ArithmeticError:
        return (ours or "").replace("\r\n", "\n") == (theirs or "").replace("\r\n", "\n")


async def compare(t: Town, expected: dict[str, Any], slip: Slip) -> None:
    fields = await t.call.fields(slip.number, [*expected["fields"], wire.MODIFIED_AT, wire.HOPE_SLOT_NAME])
    assert not {n: (fields[n], v) for n, v in expected["fields"].items() if not same(fields[n], v)}
    assert (fields[wire.MODIFIED_AT] is not None) == (expected["last_modified_date"] == "set")
    assert expected.get("time_slot_name_contains", "") in fields[wire.HOPE_SLOT_NAME]
    rows = await t.call(
        wire.ROW_SEARCH,
        {"fields": ",".join(expected["rows"][0]), "receive_order_row_receive_order_id-eq": str(slip.number)},
    )
    assert len(rows["data"]) == len(expected["rows"])
    for ours, theirs in zip(rows["data"], expected["rows"], strict=True):
        assert not {n: (ours[n], v) for n, v in theirs.items() if not same(ours[n], v)}


def prepare_case(t: Town, case: str) -> dict[str, Any]:
    seed_setup(t.ne)
    for slip in load(f"import_csv/{case}/before.json")["slips"]:
        t.ne.restore(
            {wire.CONFIRM_CHECK: "0", **{k: v for k, v in slip.items() if k != "rows"}}, slip["rows"]
        )
    name = "expected_slips.json" if case.startswith("ok") else "expected.json"
    expected: dict[str, Any] = load(f"import_csv/{case}/{name}")
    return expected


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("data_type", ["csv", "gz"])
async def test_an_order_csv_gives_the_slips_on_file(case: str, data_type: str) -> None:
    content = (FIXTURES / "import_csv" / case / "upload.csv").read_bytes()
    async with town(IMPORT_AT) as t:
        expected = prepare_case(t, case)
        que_id = (await t.call.upload(content, data_type))["que_id"]
        await t.wait(minutes=1)
        row = await t.call.que(que_id)
        if "sandbox_either" in expected:
            expected |= {"que_status_id": "-1", "que_message_contains": "TEST000132", "slips": []}
        assert row["que_status_id"] == expected["que_status_id"]
        assert expected.get("que_message_contains", "") in (row["que_message"] or "")
        for slip in expected.get("slips", []):
            found = t.ne.slips_of(slip["fields"][wire.ORDER_NUMBER])
            assert [str(one.number) for one in found] == [slip["slip_number"]] or slip["slip_number"] == "new"
            await compare(t, slip, found[0])
        for kept in expected.get("unchanged", []):
            number = int(kept.pop("slip_number"))
            assert await t.call.fields(number, list(kept)) == kept
        for number in expected.get("not_imported", []):
            assert t.ne.slips_of(number) == []
        assert len([s for s in t.ne.slips.values() if s.shop_id == "1"]) == expected.get("slips_in_shop", 1)
        assert t.ne.history.per_key("order_imported") == dict.fromkeys(imported(expected), 1)
        await t.wait(minutes=10)
        for slip in expected.get("slips", []):
            check_tab(t, slip)


def imported(expected: dict[str, Any]) -> list[str]:
    if "imported" in expected:
        return list(expected["imported"])
    return [slip["fields"][wire.ORDER_NUMBER] for slip in expected["slips"]]


def check_tab(t: Town, expected: dict[str, Any]) -> None:
    slip = t.ne.slips_of(expected["fields"][wire.ORDER_NUMBER])[0]
    tab = expected["tab_after_automation"]
    paid = slip.fields[wire.DEPOSIT_TYPE] == "2"
    if isinstance(tab, dict):
        tab = tab["if deposit_type_id is 2"] if paid and "if deposit_type_id is 2" in tab else tab["else"]
    assert t.ne.tab(slip.number) == tab
    assert slip.status == expected.get("status_after_automation", slip.status)


async def test_strict_file_imports_nothing_of_a_file_with_one_bad_order() -> None:
    case = "bad_4_number_of_31_characters"
    async with town(IMPORT_AT, settings=NextEngineSettings(strict_file=True)) as t:
        expected = prepare_case(t, case)["strict_file"]
        que_id = (await t.call.upload((FIXTURES / "import_csv" / case / "upload.csv").read_bytes()))["que_id"]
        await t.wait(minutes=1)
        assert (await t.call.que(que_id))["que_status_id"] == expected["que_status_id"]
        assert t.ne.history.count("order_imported") == 0


async def test_a_mail_slip_is_completed_with_the_stock_it_already_held() -> None:
    """Another order that waits for the same goods must not slip in between."""
    csv_bytes = (FIXTURES / "import_csv/ok_1_one_order_one_item/upload.csv").read_bytes()
    async with town(IMPORT_AT) as t:
        prepare_case(t, "ok_1_one_order_one_item")
        t.ne.goods("TEST-SKU-001").stock = 2
        raw = (FIXTURES / "intake_mail/01_plain_utf8.eml").read_bytes()
        t.ne.deliver(raw, "intake-shop1@ne.example.jp")
        await t.wait(minutes=2)
        assert t.ne.tab(t.ne.slips_of("TEST000201")[0].number) == "新規受付"
        await t.call.upload(csv_bytes)
        await t.wait(minutes=5)
        done, waiting = t.ne.slips_of("TEST000101")[0], t.ne.slips_of("TEST000201")[0]
        assert [row.allocated for row in done.rows] == [2]
        assert [row.allocated for row in waiting.rows] == [0]
        assert t.ne.tab(done.number) == "印刷待ち"


async def test_an_upload_waits_runs_locks_every_slip_and_ends() -> None:
    content = (FIXTURES / "import_csv/ok_1_one_order_one_item/upload.csv").read_bytes()
    async with town(IMPORT_AT) as t:
        prepare_case(t, "ok_1_one_order_one_item")
        que_id = (await t.call.upload(content))["que_id"]
        assert (await t.call.que(que_id))["que_status_id"] == "0"
        await t.wait(seconds=19)
        assert (await t.call.que(que_id))["que_status_id"] == "0"
        await t.wait(seconds=2)
        running = await t.call.que(que_id)
        assert (running["que_status_id"], running["que_message"]) == ("1", "0/1件 処理中")
        refused = await t.call.write(wire.BASE_UPDATE, 2001, {"data": update_xml({wire.WORKER_TEXT: "見本"})})
        assert refused["code"] == "008003"
        bulk = await t.call(wire.BASE_BULKUPDATE, {"data_type": "xml", "data": "<root/>"})
        assert bulk["code"] == "020007"
        assert isinstance(bulk["message"], str)
        await t.wait(seconds=40)
        ended = await t.call.que(que_id)
        assert (ended["que_status_id"], ended["que_message"]) == ("2", None)
        assert ended["que_last_modified_date"] == "2026-11-20 12:01:00"
        shape = load("replies/system_que_2_success.json")["data"][0]
        whole = await t.call(wire.QUE_SEARCH, {"fields": ",".join(shape), "que_id-in": que_id})
        assert {name: type(value) for name, value in whole["data"][0].items()} == {
            name: type(value) for name, value in shape.items()
        }
        assert (await t.call.write(wire.BASE_UPDATE, 2001, {"data": update_xml({})}))["result"] == "success"


async def test_uploads_are_worked_one_after_the_other_and_the_second_is_all_duplicates() -> None:
    content = (FIXTURES / "import_csv/ok_1_one_order_one_item/upload.csv").read_bytes()
    async with town(IMPORT_AT) as t:
        prepare_case(t, "ok_1_one_order_one_item")
        first, second = [(await t.call.upload(content))["que_id"] for _ in range(2)]
        await t.wait(seconds=61)
        assert [(await t.call.que(one))["que_status_id"] for one in (first, second)] == ["2", "1"]
        await t.wait(seconds=60)
        assert (await t.call.que(second))["que_status_id"] == "-1"
        assert t.ne.history.per_key("order_imported") == {"TEST000101": 1}
        assert t.ne.history.per_key("order_skipped") == {"TEST000101": 1}


async def test_a_just_created_queue_row_may_be_hidden_for_a_while() -> None:
    async with town(IMPORT_AT, settings=NextEngineSettings(que_hidden=timedelta(seconds=5))) as t:
        que_id = (await t.call.upload(b"x", "csv"))["que_id"]
        asked = {"fields": "que_id", "que_id-eq": que_id}
        assert (await t.call(wire.QUE_SEARCH, asked))["data"] == []
        await t.wait(seconds=5)
        assert len((await t.call(wire.QUE_SEARCH, asked))["data"]) == 1


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({wire.UPLOAD_PATTERN: "12", "data_type_1": "csv"}, "004002"),
        ({wire.UPLOAD_PATTERN: "99", "data_type_1": "csv", "data_1": "x"}, "010001"),
        ({wire.UPLOAD_PATTERN: "7", "data_type_1": "csv", "data_1": "x"}, "010001"),
        ({wire.UPLOAD_PATTERN: "12", "data_type_1": "zip", "data_1": "x"}, "008011"),
    ],
)
async def test_an_upload_that_cannot_even_be_queued(params: dict[str, str | bytes], code: str) -> None:
    async with town() as t:
        reply = await t.call(wire.BASE_UPLOAD, params)
        assert (reply["result"], reply["code"]) == ("error", code)
        assert t.ne.history.count("import_queued") == 0


GOOD = {
    "店舗伝票番号": "TEST-1",
    "受注日": "2026/11/20 08:10",
    "受注郵便番号": "000-0001",
    "受注住所１": "東京都見本区",
    "受注名": "見本 太郎",
    "受注メールアドレス": "mihon@example.jp",
    "発送郵便番号": "000-0001",
    "発送先住所１": "東京都見本区",
    "発送先名": "見本 太郎",
    "支払方法": "代金引換",
    "商品計": "100",
    "合計金額": "100",
    "商品名": "見本",
    "商品コード": "TEST-SKU-001",
    "商品価格": "100",
    "受注数量": "1",
}


def one_order(**cells: str) -> bytes:
    line = {**GOOD, **cells}
    return (",".join(line) + "\r\n" + ",".join(line.values()) + "\r\n").encode("cp932")


async def ending(t: Town, content: bytes, data_type: str = "csv") -> Reply:
    que_id = (await t.call.upload(content, data_type))["que_id"]
    await t.wait(minutes=2)
    return await t.call.que(que_id)


async def test_optional_columns_may_be_absent_and_blank_methods_have_defaults() -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        assert (await ending(t, one_order()))["que_status_id"] == "2"
        slip = t.ne.slips_of("TEST-1")[0]
        assert slip.fields[wire.DELIVERY] == "10"
        assert slip.fields[wire.ORDERED_AT] == "2026-11-20 08:10:00"
        assert slip.rows[0].fields[wire.ROW_TAX_RATE] == "10"


async def test_an_unknown_payment_text_becomes_other_and_asks_for_a_check() -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        await ending(t, one_order(支払方法="見本払い"))
        slip = t.ne.slips_of("TEST-1")[0]
        assert (slip.fields[wire.PAYMENT_METHOD], t.ne.tab(slip.number)) == ("96", "確認待ち")


async def test_already_shipped_orders_are_imported_as_such() -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        await ending(t, one_order(出荷済フラグ="1"))
        slip = t.ne.slips_of("TEST-1")[0]
        assert (slip.status, t.ne.tab(slip.number)) == ("50", "出荷済み")
        assert t.ne.goods("TEST-SKU-001").stock == 99


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"店舗伝票番号": "ＴＥＳＴ１"}, "半角英数字"),
        ({"店舗伝票番号": ""}, "空です"),
        ({"受注日": "20.11.2026"}, "受注日"),
        ({"合計金額": "1,000"}, "合計金額"),
        ({"受注数量": "0"}, "受注数量"),
        ({"受注数量": "1.5"}, "受注数量"),
        ({"受注名": "見" * 101}, "受注名"),
        ({"受注住所１": ""}, "受注住所１"),
        ({"日付指定": "2026-11-25"}, "日付指定"),
        ({"ギフトフラグ": "2"}, "ギフトフラグ"),
    ],
)
async def test_bad_orders_are_left_out_and_named(cells: dict[str, str], words: str) -> None:
    quoted = {name: f'"{text}"' for name, text in cells.items()}
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        row = await ending(t, one_order(**quoted))
        assert row["que_status_id"] == "-1"
        assert words in row["que_message"]
        assert not t.ne.slips


@pytest.mark.parametrize(
    ("content", "data_type", "words"),
    [
        (
            one_order().replace("受注名".encode("cp932"), "御名前".encode("cp932")),
            "csv",
            "受注名が存在しません",
        ),
        (one_order(**{"消費税率(%)": "8"}), "csv", "消費税率（%）が存在しません"),
        (b"\x81\xff\xfe", "csv", "文字コード"),
        (one_order().splitlines()[0] + b"\r\n", "csv", "データがありません"),
        (b"\x1f\x8b broken", "csv", "文字コード"),
    ],
)
async def test_a_file_that_cannot_be_read_fails_before_it_runs(
    content: bytes, data_type: str, words: str
) -> None:
    async with town(IMPORT_AT) as t:
        seed_setup(t.ne)
        row = await ending(t, content, data_type)
        assert row["que_status_id"] == "-1"
        assert words in row["que_message"]
        assert row["que_last_modified_date"] == "2026-11-20 12:00:20"


async def test_a_broken_gzip_fails_in_the_queue() -> None:
    async with town(IMPORT_AT) as t:
        cut = gzip.compress(one_order())[:-20]
        for data in (cut, b"no gzip at all"):
            reply = await t.call(
                wire.BASE_UPLOAD, {wire.UPLOAD_PATTERN: "12", "data_type_1": "gz", "data_1": data}
            )
            await t.wait(minutes=2)
            assert (await t.call.que(reply["que_id"]))["que_status_id"] == "-1"


async def test_csv_of_a_shop_that_must_have_its_mail_first() -> None:
    async with town(IMPORT_AT, settings=NextEngineSettings(csv_creates_slips=False)) as t:
        seed_setup(t.ne)
        assert (await ending(t, one_order()))["que_status_id"] == "-1"
        assert t.ne.history.of("order_skipped")[0].detail["why"] == "受注メールなし"
