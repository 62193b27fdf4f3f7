"""CSV exports of the cart (§5.1): the recorded files byte for byte, every known column, what a format may choose."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

import pytest
from connector.clock import SteppedClock
from connector.sandbox.cart import CartSandbox, CartSettings
from connector.sandbox.cart.links import CsvEncoding, CsvFormat, CsvKind
from connector.sandbox.cart.refusal import Refusal
from connector.subscriptions.cycle import Cycle

from tests.contract.cart_shapes import ECFORCE, TEA_SUBS, Caller, an_order, live_until, open_cart
from tests.contract.recorded_shop import enter_recorded_orders

CSV = ECFORCE / "csv"
CODEC = {CsvEncoding.CP932: "cp932", CsvEncoding.UTF8_BOM: "utf-8-sig"}
# spec/ecforce.md §5.1, in its own order
DICTIONARY = """
受注ID, 受注番号, 受注ラベル, 顧客番号, 購入URL, 購入オファー, 定期受注番号, 定期受注ラベル, 対応状況,
メールアドレス, 小計, 小計8%, 小計10%, 割引(ポイント含む), 割引8%(ポイント含む), 割引10%(ポイント含む), 割引,
割引8%, 割引10%, 利用ポイント, 利用ポイント8%, 利用ポイント10%, 送料, 手数料, その他, 調整金額, 消費税,
消費税8%, 消費税10%, 合計, 合計8%, 合計10%, 支払い合計, 付与ポイント, 付与予定ポイント, 合計ポイント,
ポイントの有効期限, 定期設定による販売価格割引, 配送業者, 配送業者コード, 配送伝票番号, 作成日, 更新日, 受注日,
発送予定日, 配送予定日, 発送日, 配送日, お届け時間, お届け時間コード, 支払い方法, 受注種別, 定期内受注（N番目）,
定期回数, 発送回数, 出荷リスト, 出荷リスト出力日, メモ, 商品ラベル, ラッピング, 通信欄, 決済状況, 初回督促日,
最終督促日, 督促回数, 支払期限, 仮売上日, 実売上日, 入金日, 取消日, 取引ID, 取引パスワード, 決済番号,
最新の決済履歴（エラー内容）, 広告URLグループ名, 広告主名, 媒体, 広告コード, 性別, 生年月日, 会員ランク名,
顧客タイプ名, 顧客購入回数, 次回配送予定日, 次回発送予定日, 次回支払い方法, 次回お届け時間, 前回発送予定日,
前回配送予定日, 商品合計金額, 同梱物, 定期受注メモ, 要対応受注, 要対応理由, 配送サイクル, 配送サイクルの固定,
何ヶ月ごと, 何日に, 何日ごと, 何回目の曜日, 何曜日, 定期ステータス, お約束回数（定期）, 残りお約束回数（定期）,
顧客メモ, お問い合わせ履歴, クーポン, LINE ID, ソーシャルPLUS ID, 顧客ID, 顧客ラベル, IPアドレス, デバイス,
定期最新受注フラグ, 受注備考1, 受注備考2, 定期受注備考1, 定期受注備考2, 招待コード, at score 与信結果,
O-PLUX 与信結果, O-PLUX 判定理由, Spider AF 審査結果, Spider AF 判定理由, 連携用受注番号, リファラ, 受注経路,
apps 経路, 【ポイント適応箇所課税後】8%対象小計(税抜), 【ポイント適応箇所課税後】8%対象小計にかかる消費税,
【ポイント適応箇所課税後】10%対象小計(税抜), 【ポイント適応箇所課税後】10%対象小計にかかる消費税, 規格,
受取場所 第1希望, 受取場所 第2希望, チャイム, 在庫ロケーション, ASUKA 審査結果, 自由項目1, 自由項目12,
定期受注ID, 定期内受注数, ステータス, 停止理由, キャンセル理由, 停止日, キャンセル日, 削除日, 自動受注作成件数,
支払い回数, 要対応定期受注, 要対応理由（定期）, 停止からの経過日数, キャンセルからの経過日数, 広告主,
広告URLグループ, 販売URL, 連携用定期受注番号
"""
PERSON = """
名前フル, 名前1, 名前2, カナフル, カナ1, カナ2, 郵便番号フル, 郵便番号フル・ハイフンあり, 郵便番号1, 郵便番号2,
都道府県, 住所フル, 住所フル空白あり, 住所1, 住所2, 住所3, 電話番号フル, 電話番号フル・ハイフンあり, 電話番号1,
電話番号2, 電話番号3, FAXフル, FAX1, FAX2, FAX3
"""
ITEM = "商品コード, SKUコード, 商品名, 商品名：印, 個数, 通常価格, 販売価格, 単価, 商品カテゴリー, メーカー, 原価"


def names(text: str, around: str = "{}") -> list[str]:
    return [around.format(name.strip()) for name in text.split(",")]


ALL = [
    *names(DICTIONARY),
    *names(PERSON, "請求先（{}）"),
    *names(PERSON, "お届け先（{}）"),
    *names(ITEM, "購入商品（{}）"),
]


def a_format(kind: CsvKind, *columns: str, **changes: object) -> CsvFormat:
    return CsvFormat(**({"name": "見本", "kind": kind, "columns": columns} | changes))  # type: ignore[arg-type]


def table(body: bytes, encoding: CsvEncoding = CsvEncoding.CP932) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(CODEC[encoding]), newline="")))


@pytest.fixture
async def shop() -> AsyncIterator[tuple[CartSandbox, Caller, SteppedClock]]:
    async with open_cart("2026-11-26 09:00:00", settings=CartSettings(requests_per_minute=None)) as (
        cart,
        caller,
        clock,
    ):
        enter_recorded_orders(cart)
        yield cart, caller, clock


Opened = tuple[CartSandbox, Caller, SteppedClock]


# --- the recorded bytes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", CsvEncoding)
@pytest.mark.parametrize(
    ("name", "kind"), [("order_export", CsvKind.ORDERS), ("order_item_export", CsvKind.ITEMS)]
)
async def test_the_recorded_orders_are_the_recorded_bytes(
    shop: Opened, name: str, kind: CsvKind, encoding: CsvEncoding
) -> None:
    cart, _, _ = shop
    expected = (CSV / f"{name}_{encoding}.csv").read_bytes()
    header = next(csv.reader(io.StringIO(expected.decode(CODEC[encoding]), newline="")))
    wide = encoding is CsvEncoding.CP932
    form = a_format(kind, *header, encoding=encoding, wide_parentheses=wide)
    assert cart.exports.written(form).body == expected
    # The columns may be named in either width.
    other = [each.translate(str.maketrans("（）()", "()（）")) for each in header]
    assert (
        cart.exports.written(a_format(kind, *other, encoding=encoding, wide_parentheses=wide)).body
        == expected
    )


async def test_amounts_of_a_file_per_item_must_not_be_summed_over_its_rows(shop: Opened) -> None:
    cart, _, _ = shop
    orders = table(cart.exports.written(a_format(CsvKind.ORDERS, "受注番号", "支払い合計")).body)
    items = table(cart.exports.written(a_format(CsvKind.ITEMS, "受注番号", "支払い合計")).body)
    assert (len(orders), len(items)) == (19, 26)
    assert sum(int(row["支払い合計"]) for row in orders) == 94_544 - 1_870  # without the deleted one
    assert sum(int(row["支払い合計"]) for row in items) > sum(int(row["支払い合計"]) for row in orders)
    assert {row["受注番号"]: row["支払い合計"] for row in items} == {
        row["受注番号"]: row["支払い合計"] for row in orders
    }


# --- the dictionary ------------------------------------------------------------------------------------------


async def test_every_known_column_can_be_written(shop: Opened) -> None:
    cart, _, _ = shop
    assert len(ALL) == len(set(ALL)) > 200
    for kind in CsvKind:
        written = cart.exports.written(a_format(kind, *ALL, encoding=CsvEncoding.UTF8_BOM))
        rows = table(written.body, CsvEncoding.UTF8_BOM)
        assert len(rows) == written.rows
        assert rows or kind is CsvKind.SUBSCRIPTIONS
        assert all(None not in row and len(row) == len(ALL) for row in rows)


async def test_values_of_one_order_stand_where_they_belong(shop: Opened) -> None:
    cart, _, _ = shop
    rows = table(cart.exports.written(a_format(CsvKind.ORDERS, *ALL, encoding=CsvEncoding.UTF8_BOM)).body,
                 CsvEncoding.UTF8_BOM)  # fmt: skip
    row = next(row for row in rows if row["受注番号"] == "3d4e5f6071")
    assert {name: row[name] for name in ("小計8%", "割引8%", "利用ポイント8%", "合計8%", "合計10%")} == {
        "小計8%": "4320",
        "割引8%": "432",
        "利用ポイント8%": "132",
        "合計8%": "3888",
        "合計10%": "4950",
    }
    assert row["割引（ポイント含む）"] == "1282"
    assert row["【ポイント適応箇所課税後】8%対象小計（税抜）"] == "3600"
    assert row["【ポイント適応箇所課税後】8%対象小計にかかる消費税"] == "288"
    assert row["購入商品（SKUコード）"] == "MIHON-TEA-30,MIHON-SERUM-01"
    assert (row["お届け先（郵便番号フル）"], row["お届け先（郵便番号フル・ハイフンあり）"]) == (
        "6500099",
        "650-0099",
    )
    assert row["お届け先（電話番号フル）"] == "0780000013"
    taxed = next(row for row in rows if row["受注番号"] == "2c3d4e5f60")
    assert taxed["【ポイント適応箇所課税後】8%対象小計（税抜）"] == "1985"
    assert taxed["【ポイント適応箇所課税後】8%対象小計にかかる消費税"] == "158"
    child = next(row for row in rows if row["受注番号"] == "b7c2e4d018")
    assert (child["定期回数"], child["定期受注番号"], child["配送サイクル"]) == (
        "3",
        "c09e71b2d2",
        "30日ごとに配送",
    )


async def test_an_unknown_column_fails_the_job_and_says_which(shop: Opened) -> None:
    cart, _, _ = shop
    with pytest.raises(Refusal, match="CSV項目がありません: 夢"):
        cart.exports.written(a_format(CsvKind.ORDERS, "受注番号", "夢"))


# --- subscriptions --------------------------------------------------------------------------------------------


async def test_a_subscription_is_one_row_with_its_own_columns(shop: Opened) -> None:
    cart, _, _ = shop
    cart.shop.subs.clear()
    order = cart.place(an_order(items=((TEA_SUBS.sku, 2),), cycle=Cycle.monthly(1, 99), block_times=3))
    subs = cart.shop.subs[order.subs_id or 0]
    cart.set_subs_state(subs.id, "suspend", by="admin")
    columns = (
        "定期受注ID",
        "定期受注番号",
        "ステータス",
        "停止日",
        "定期回数",
        "定期内受注数",
        "配送サイクル",
        "何日に",
        "残りお約束回数（定期）",
        "次回配送予定日",
        "お届け先（名前フル）",
        "購入商品（個数）",
        "支払い方法",
    )
    (row,) = table(cart.exports.written(a_format(CsvKind.SUBSCRIPTIONS, *columns)).body)
    assert row["定期受注番号"] == subs.number
    assert (row["ステータス"], row["停止日"]) == ("停止", "2026/11/26 09:00:00")
    assert (row["定期回数"], row["定期内受注数"], row["残りお約束回数（定期）"]) == ("1", "1", "2")
    assert (row["配送サイクル"], row["何日に"]) == ("1ヶ月ごとの末日に配送", "末日")
    assert (row["購入商品（個数）"], row["支払い方法"]) == ("2", "クレジットカード")


# --- what a format chooses --------------------------------------------------------------------------------------


async def test_what_does_not_fit_becomes_a_question_mark_or_fails(shop: Opened) -> None:
    cart, _, _ = shop
    form = a_format(CsvKind.ORDERS, "通信欄")
    body = cart.exports.written(form, {"607182930a"}).body
    assert body.decode("cp932").endswith('よろしくお願いします?"\r\n')
    strict = a_format(CsvKind.ORDERS, "通信欄", refuse_unencodable=True)
    with pytest.raises(Refusal, match="変換できない文字があります"):
        cart.exports.written(strict, {"607182930a"})
    assert cart.exports.written(strict, {"4120000e17"}).rows == 1
    wide = a_format(CsvKind.ORDERS, "通信欄", encoding=CsvEncoding.UTF8_BOM, refuse_unencodable=True)
    assert "?" not in cart.exports.written(wide, {"607182930a"}).body.decode("utf-8-sig")


async def test_characters_that_windows_reads_otherwise_keep_their_code(shop: Opened) -> None:
    cart, _, _ = shop
    cart.shop.order_by_number["4120000e17"].remark = "〜−—‖¢£¬"
    body = cart.exports.written(a_format(CsvKind.ORDERS, "通信欄"), {"4120000e17"}).body
    assert body == '"通信欄"\r\n"～－―∥￠￡￢"\r\n'.encode("cp932")
    wide = a_format(CsvKind.ORDERS, "通信欄", encoding=CsvEncoding.UTF8_BOM)
    assert "〜−—‖¢£¬" in cart.exports.written(wide, {"4120000e17"}).body.decode("utf-8-sig")


async def test_an_export_is_a_job_whose_file_comes_later_and_marks_the_pick_list(shop: Opened) -> None:
    cart, caller, clock = shop
    form = {"name": "出荷用", "kind": "orders", "columns": ["受注番号", "出荷リスト"], "marks_picked": True}
    assert (await caller.call("POST", "/__sandbox/csv/formats", form)).status == 204
    wish = {"format": "出荷用", "numbers": ["4120000e17"]}
    receipt = (await caller.call("POST", "/__sandbox/csv/exports", wish)).json
    path = f"/__sandbox/csv/exports/{receipt['job_id']}"
    assert (await caller.call("GET", path)).status == 404
    await live_until(cart, clock, "2026-11-26 09:00:05")
    file = await caller.call("GET", path)
    assert file.body == '"受注番号","出荷リスト"\r\n"4120000e17","未出力"\r\n'.encode("cp932")
    assert file.headers["Content-Type"] == "text/csv"
    (order,) = (await caller.orders(q__number_eq="4120000e17")).rows
    assert (order["picked_list"], order["picked_at"]) == (True, "2026/11/26 09:00:02")
    await caller.call("POST", "/__sandbox/csv/exports", wish)
    await live_until(cart, clock, "2026-11-26 10:00:00")
    (order,) = (await caller.orders(q__number_eq="4120000e17")).rows
    assert order["picked_at"] == "2026/11/26 09:00:02"  # the first list counts
    (other,) = (await caller.orders(q__number_eq="a3f10c99d2")).rows
    assert (other["picked_list"], other["picked_at"]) == (False, None)
    job, _ = cart.jobs
    assert (job.kind, job.state, job.result) == (
        "csv_orders",
        "done",
        {"file": "orders_20261126.csv", "rows": 1},
    )


async def test_a_failed_export_has_no_file_and_its_job_says_why(shop: Opened) -> None:
    cart, caller, clock = shop
    form = {"name": "夢", "kind": "orders", "columns": ["夢"]}
    await caller.call("POST", "/__sandbox/csv/formats", form)
    receipt = (await caller.call("POST", "/__sandbox/csv/exports", {"format": "夢"})).json
    await live_until(cart, clock, "2026-11-26 09:00:05")
    assert (await caller.call("GET", f"/__sandbox/csv/exports/{receipt['job_id']}")).status == 404
    (job,) = cart.jobs
    assert (job.state, job.result) == ("failed", [{"code": "CSV", "message": "CSV項目がありません: 夢"}])
    assert (await caller.call("POST", "/__sandbox/csv/exports", {"format": "無い"})).status == 422
