"""The cart's import results: a refused row is named with its place, a stranger's file moves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from connector.adapters.ecforce.results import read_result
from connector.errors import Malformed, NotDone
from connector.order import Order
from connector.outcome import Effect

from tests.contract.border import MemoryDrop, recorded
from tests.contract.cart_shapes import HANAKO, JIRO, SERUM, TEA, an_order, live_until
from tests.contract.ecforce_shop import Shop, a_shipment, a_shop, effects

RESULTS = "cart_results"
HEADER = "行,受注ID,受注番号,配送伝票番号,結果,エラー内容"
ENCODINGS = ("cp932", "utf8bom")


def file(body: bytes, ids: dict[str, int], **facts: Any) -> Effect:
    name = "shipping_a_20261126093000.csv"
    return Effect(
        kind="completion",
        key=f"a/completion/{name}",
        items=tuple(range(1, len(ids) + 1)),
        body=body,
        name=name,
        facts={"route": "files", "kind": "shipping", "ids": ids} | facts,
    )


# ---- the recorded bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_recorded_refusals_each_with_its_line_and_sentence(encoding: str) -> None:
    ids = {f"N{id_}": id_ for id_ in (999999, 104430, 104433, 104431, 104436, 104423)}
    ours = file(recorded(f"ecforce/csv/shipping_import_bad_{encoding}.csv"), ids)
    theirs = recorded(f"ecforce/csv/shipping_import_bad_result_{encoding}.csv")
    assert read_result("r.csv", theirs, ours) == {
        "N999999": "r.csv 2行目: 受注が見つかりませんでした",
        "N104430": "r.csv 3行目: 配送伝票番号が入力されていません",
        "N104433": "r.csv 4行目: 配送伝票番号が間違っています",
        "N104431": "r.csv 5行目: 発送完了日が入力されていません",
        "N104436": "r.csv 6行目: 配送業者名が正しくありません",
    }


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_recorded_successes_refuse_nobody(encoding: str) -> None:
    ids = {"A": 104430, "B": 104433, "C": 104431, "D-9311": 104434, "D-9312": 104434}
    ours = file(
        recorded(f"ecforce/csv/shipping_import_by_id_{encoding}.csv"),
        ids,
        parcels={"D-9311": "D", "D-9312": "D"},
    )
    theirs = recorded(f"ecforce/csv/shipping_import_by_id_result_{encoding}.csv")
    assert read_result("r.csv", theirs, ours) == {}
    failed = theirs.decode(codec(encoding)).replace(
        '"412200001150","成功",""', '"412200001150","失敗","だめ"'
    )
    assert read_result("r.csv", failed.encode(codec(encoding)), ours) == {"D-9312": "r.csv 6行目: だめ"}


def codec(encoding: str) -> str:
    return {"cp932": "cp932", "utf8bom": "utf-8-sig"}[encoding]


# ---- what is no answer --------------------------------------------------------------------------------------

OURS = "受注番号,配送伝票番号\r\nN1,412200001113\r\nN2,412200001124\r\n".encode("cp932")
IDS = {"N1": 1, "N2": 2}


def lines(*rows: str, header: str = HEADER) -> bytes:
    return ("\r\n".join((header, *rows)) + "\r\n").encode("cp932")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "見出しに"),
        (b"\x81", "CSVとして読めません"),
        (lines("2,,N1,412200001113,成功", header="行,受注ID,受注番号,配送伝票番号,結果"), "エラー内容"),
        (lines("2,,N1,412200001113"), "列数"),
        (lines("2,,N1,412200001113,たぶん,"), "たぶん"),
        (lines("?,,N1,412200001113,成功,"), "行「.」の結果"),
        (lines("2,,N2,412200001124,成功,"), "渡したファイルの行と合いません"),
        (lines("9,,N1,412200001113,成功,"), "渡したファイルの行と合いません"),
    ],
)
def test_what_does_not_fit_our_file_is_nobodys_answer(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        read_result("r.csv", body, file(OURS, IDS))


def test_a_complaint_about_the_whole_file_is_about_every_order_in_it() -> None:
    refused = read_result("r.csv", lines("1,,,,失敗,CSVの形式が正しくありません"), file(OURS, IDS))
    assert refused == dict.fromkeys(IDS, "r.csv 1行目: CSVの形式が正しくありません")


def test_a_state_row_stands_for_every_address_of_its_order() -> None:
    body = "受注番号,対応状況\r\nD,発送完了\r\n".encode("cp932")
    act = file(body, {"D-1": 7, "D-2": 7}, parcels={"D-1": "D", "D-2": "D"})
    header = "行,受注ID,受注番号,対応状況,結果,エラー内容"
    refused = read_result("r.csv", lines("2,,D,発送完了,失敗,不可", header=header), act)
    assert refused == dict.fromkeys(("D-1", "D-2"), "r.csv 2行目: 不可")


# ---- against the sandbox ------------------------------------------------------------------------------------


async def placed(shop: Shop, *wishes: dict[str, Any]) -> list[Order]:
    numbers = [shop.cart.place(an_order(**each)).number for each in wishes]
    await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
    return [order for order in (await shop.orders()).values() if order.cart_number in numbers]


async def delivered(shop: Shop, orders: list[Order], slips: list[str]) -> list[Effect]:
    shipped = [(order, a_shipment(slip), True) for order, slip in zip(orders, slips, strict=True)]
    acts = effects(shop.ecforce.completions(shipped))
    for act in acts:
        await shop.ecforce.complete(act)
    return acts


async def imported(shop: Shop, *, suffix: str = "") -> None:
    """What the clerk does: import, and leave the cart's answer under the file's name, or a longer one."""
    for (_, name), body in sorted(shop.drop.files.items()):
        sale = name.endswith("_sale.csv")
        answer = (
            shop.cart.import_shipping_csv(body, with_sale=sale)
            if name.startswith("shipping_")
            else shop.cart.import_state_csv(body)
        )
        await shop.drop.put(RESULTS, name.replace(".csv", f"{suffix}.csv"), answer)


TWO = {"shipping": (HANAKO, JIRO), "items": ((TEA.sku, 1), (SERUM.sku, 1)), "item_addresses": (0, 1)}


@pytest.mark.parametrize("suffix", ["", "_結果_20261126"])
async def test_a_refused_row_is_named_and_the_others_are_left_to_the_cart(suffix: str) -> None:
    async with a_shop(results=RESULTS) as shop:
        good, bad, first, last = await placed(shop, {}, {}, TWO)
        slips = ["412200001113", "412200001124", "412200001135", "412200001146"]
        acts = await delivered(shop, [good, bad, first, last], slips)
        assert (await shop.ecforce.completion_answers(acts)).refused == {}
        shop.cart.shop.orders[bad.cart_order_id].deleted_at = shop.clock.now()
        await imported(shop, suffix=suffix)
        answers = await shop.ecforce.completion_answers(acts)
        assert answers.strays == ()
        by_kind = {act.name.split("_")[0] + ("_sale" if act.facts["sale"] else ""): act.name for act in acts}
        assert set(by_kind) == {"shipping", "shipping_sale", "state"}
        assert answers.refused[by_kind["shipping"]] == {}
        assert answers.refused[by_kind["state"]].keys() == {bad.number}
        (words,) = answers.refused[by_kind["shipping_sale"]].values()
        assert words.startswith(
            f"{RESULTS}/{by_kind['shipping_sale'].removesuffix('.csv')}{suffix}.csv 3行目"
        )
        assert words.endswith("受注が見つかりませんでした")


async def test_results_are_kept_before_they_are_read_and_reading_again_changes_nothing() -> None:
    async with a_shop(results=RESULTS) as shop:
        (order,) = await placed(shop, {})
        acts = await delivered(shop, [order], ["412200001113"])
        await imported(shop)
        first = await shop.ecforce.completion_answers(acts)
        kept = [(each.name, each.key) for each in shop.archive.kept if each.direction == "in"]
        assert sorted(kept) == sorted((act.name, act.key) for act in acts)
        assert await shop.ecforce.completion_answers(acts) == first
        assert [name for folder, name in shop.drop.files if folder == RESULTS], "they stay where they lie"


async def test_strangers_and_broken_results_become_strays_once() -> None:
    async with a_shop(results=RESULTS) as shop:
        (order,) = await placed(shop, {})
        acts = await delivered(shop, [order], ["412200001113"])
        await shop.drop.put(RESULTS, "在庫.csv", b"sku,stock\r\n")
        await shop.drop.put(RESULTS, acts[0].name, "こわれた".encode())
        await shop.drop.put(RESULTS, "shipping_a_20260101000000.csv", b"an answer to a settled file")
        await shop.drop.put(RESULTS, "shipping_b_20261126093000.csv", b"another shop's")
        answers = await shop.ecforce.completion_answers(acts)
        assert answers.refused == {}
        places = {stray.where: stray.exchange_id for stray in answers.strays}
        assert set(places) == {
            f"{RESULTS}/在庫.csv",
            f"{RESULTS}/{acts[0].name}",
            f"{RESULTS}/shipping_b_20261126093000.csv",
        }
        assert all(places.values()), "kept, so that a person can look"
        again = await shop.ecforce.completion_answers(acts)
        assert [stray.where for stray in again.strays] == [f"{RESULTS}/{acts[0].name}"]


async def test_without_a_folder_nothing_is_read_and_a_missing_one_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_shop() as shop:
        (order,) = await placed(shop, {})
        acts = await delivered(shop, [order], ["412200001113"])
        await imported(shop)
        assert (await shop.ecforce.completion_answers(acts)).refused == {}
    async with a_shop(results=RESULTS) as shop:
        (order,) = await placed(shop, {})
        acts = await delivered(shop, [order], ["412200001113"])

        async def away(drop: MemoryDrop, folder: str) -> Any:
            raise NotDone(f"{folder}: no such folder")

        monkeypatch.setattr(MemoryDrop, "list", away)
        with pytest.raises(NotDone):
            await shop.ecforce.completion_answers(acts)
