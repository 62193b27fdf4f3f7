"""Value tables: what the shop's words mean, and what happens to a word nobody has entered."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from connector.mapping import load_csv_writer, load_tables
from connector.order import PaymentKind
from connector.outcome import Reason
from connector.slip import Carrier
from msgspec.structs import replace

from tests.golden import samples

tables = samples.tables


def slots() -> list[dict[str, str]]:
    with (samples.FIXTURES / "wms/time_slots.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", slots(), ids=lambda row: row["no"])
def test_the_fixtures_time_slots(row: dict[str, str]) -> None:
    slot = tables().time_slot(row["text"], row["reading_context"])
    assert (slot.band if slot else "unknown") == row["canonical"]


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("時間帯指定[14時-16時]", "B1416"),
        ("時間帯指定[午前中]", "AM"),
        ("午前10時まで", "T10"),
        ("午前中(8時〜12時)", "AM"),
        ("14時から16時まで", "B1416"),
    ],
)
def test_more_ways_to_write_a_band(text: str, band: str) -> None:
    slot = tables().time_slot(text)
    assert slot is not None
    assert slot.band == band


@pytest.mark.parametrize("text", ["午前10時〜13時", "0812", "16", "25", "14時-16時-18時", "午前か午後"])
def test_what_is_not_certain_is_unknown(text: str) -> None:
    assert tables().time_slot(text) is None


def test_every_label_of_next_engine_reads_back_to_its_band() -> None:
    for band, slot in tables().time_slots.slots.items():
        again = tables().time_slot(slot.label)
        assert again is not None
        assert again.band == band


@pytest.mark.parametrize(
    ("method", "kind", "linked", "prepayment"),
    [
        ("クレジットカード", PaymentKind.CARD, True, False),
        ("Amazon Pay", PaymentKind.WALLET, True, False),
        ("ＮＰ後払い", PaymentKind.DEFERRED, True, False),
        ("代金引換", PaymentKind.COD, False, False),
        ("銀行振込", PaymentKind.TRANSFER, False, True),
    ],
)
def test_payment_methods_of_the_cart(method: str, kind: PaymentKind, linked: bool, prepayment: bool) -> None:
    row = tables().payment(method)
    assert row is not None
    assert (row.kind, row.linked, row.prepayment) == (kind, linked, prepayment)
    assert all(tables().payment_by_ne_id(ne_id) for ne_id in row.ne_ids)


def test_only_these_classes_of_next_engine_do_not_wait_for_money() -> None:
    free = {ne_id for ne_id, row in tables().ne_payments.items() if not row.prepayment}
    assert free == {"1", "16", "90", "95"}  # spec/next_engine.md §4.2
    assert tables().payment_by_ne_id("96") is None  # その他: unknown, and unknown counts as prepayment


def test_carriers_in_all_three_worlds() -> None:
    yamato, cod = tables().carrier("ヤマト運輸"), tables().carrier_of_slip("ヤマト(コレクト)")
    assert yamato is not None
    assert cod is not None
    assert (yamato.label, yamato.code, yamato.cod_code) == (
        "ヤマト運輸",
        "YAMATO_TAKKYUBIN",
        "YAMATO_COLLECT",
    )
    assert cod.cod_code == "YAMATO_COLLECT"
    assert tables().carrier_of_slip("ヤマト（発払い）") is tables().carrier_of_slip("", "10")
    assert tables().carrier_of_slip("謎の発送方法", "10") is None
    assert tables().carrier("謎の運輸") is None


def test_the_carrier_of_a_completion_is_the_orders_own_if_the_goods_went_by_it() -> None:
    assert tables().cart_carrier("YAMATO_NEKOPOS", "見本運輸") == "見本運輸"
    assert tables().cart_carrier("SAGAWA_TAKUHAI", "見本運輸") == "佐川急便"
    assert tables().cart_carrier("RAKUTEN_EXPRESS", "見本運輸") is None


def test_every_carrier_code_of_the_default_profile_but_one_is_in_the_table() -> None:
    missing = {code for code in Carrier if not any(row.covers(code) for row in tables().carriers)}
    assert missing == {Carrier.RAKUTEN_EXPRESS}


def test_an_unknown_value_names_file_line_and_the_nearest_known_value() -> None:
    words = tables().unknown("payment", "クレジツトカード")
    assert "mappings/tables/payment.yaml" in words
    assert "「クレジットカード」" in words
    line = int(words.split(" の ")[1].split(" ")[0])
    said = (samples.MAPPINGS / "tables/payment.yaml").read_text("utf-8").splitlines()
    assert said[line - 1].startswith("  コンビニ前払い:")  # the last of the cart's list


def test_an_edited_table_frees_what_was_held(tmp_path: Path) -> None:
    folder = samples.copy_of_mappings(tmp_path)
    path = folder / "tables/payment.yaml"
    order = samples.order(payment=replace(samples.order().payment, method="コンビニ後払い"))

    before = load_csv_writer(folder / "next_engine/order_csv.yaml", load_tables(folder / "tables")).write(
        [order]
    )
    ((_, hold),) = before.held
    assert hold.reason is Reason.UNKNOWN_VALUE
    assert before.included == ()

    said = path.read_text("utf-8")
    row = "  コンビニ後払い: {kind: deferred, label: 後払い, linked: yes, prepayment: no}\n"
    path.write_text(said.replace("  代金引換: {kind", f"{row}  代金引換: {{kind"), "utf-8")
    after = load_csv_writer(folder / "next_engine/order_csv.yaml", load_tables(folder / "tables")).write(
        [order]
    )
    assert after.held == ()
    assert after.included == (order.number,)


def test_shipped_substitutions_are_all_needed_and_all_writable() -> None:
    for found, put in tables().characters.items():
        put.encode("cp932")
        with pytest.raises(UnicodeEncodeError):
            found.encode("shift_jis")  # those of jis: are in cp932, which then carries them as they are


def test_a_warehouse_that_names_no_carrier_sent_the_goods_as_told() -> None:
    assert samples.tables().cart_carrier("", "ヤマト運輸") == "ヤマト運輸"
    assert samples.tables().cart_carrier("", "知らない運輸") is None
    assert samples.tables().cart_carrier("SAGAWA_TAKUHAI", "ヤマト運輸") == "佐川急便"
