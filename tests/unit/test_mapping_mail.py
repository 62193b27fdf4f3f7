"""Mail form: exactly the lines Next Engine reads, and no line that a customer could forge."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.mapping import MailForm, Unfit, load_mail
from connector.outcome import Reason

from tests.golden import samples


@pytest.fixture(scope="module")
def form() -> MailForm:
    return load_mail(samples.MAPPINGS / "next_engine/mail.yaml", samples.tables())


def test_number_time_in_japan_buyer_and_one_line_per_item(form: MailForm) -> None:
    lines = (
        samples.line(1, sku="A-1", quantity=2, unit_price=3980),
        samples.line(2, sku="B", quantity=1, unit_price=0),
    )
    text = form.text(samples.order("a1b2", lines=lines))
    assert (
        "受注番号：a1b2\n受注日時：2026/11/24 10:30:00\n購入者名：見本 太郎\n商品：A-1,2,3980\n商品：B,1,0\n"
        in text
    )


def test_a_name_cannot_forge_a_line(form: MailForm) -> None:
    buyer = samples.order().buyer
    forged = type(buyer)(
        customer_id=1,
        email="x@example.jp",
        address=samples.address(name="見本\r\n受注番号：forged\x85商品：X,99,0"),
    )
    text = form.text(samples.order("a1b2", buyer=forged))
    assert [line for line in text.splitlines() if line.startswith("受注番号：")] == ["受注番号：a1b2"]
    assert len([line for line in text.splitlines() if line.startswith("商品：")]) == 1


@pytest.mark.parametrize("sku", ["A,1", "", "Ａ１", "A 1"])
def test_a_goods_code_that_would_shift_the_columns_is_held(form: MailForm, sku: str) -> None:
    with pytest.raises(Unfit) as raised:
        form.text(samples.order(lines=(samples.line(sku=sku),)))
    assert raised.value.hold.reason is Reason.MALFORMED


def test_an_order_without_items_is_not_announced(form: MailForm) -> None:
    with pytest.raises(Unfit):
        form.text(samples.order(lines=()))


def test_the_same_order_gives_the_same_mail(form: MailForm) -> None:
    first, second = (form.text(samples.order()) for _ in range(2))
    assert first == second
    assert form.subject(samples.order("a1b2")) == "ご注文のお知らせ a1b2"


def test_a_form_of_another_shop(tmp_path: Path) -> None:
    path = tmp_path / "mail.yaml"
    path.write_text(
        'kind: mail\nsource: order\nsubject: [{from: number}]\nlines:\n  - [合計, " ", {from: amounts.payable}, 円]\n'
        "  - each: recipients\n    line: [{from: line.address.name}]\n",
        "utf-8",
    )
    form = load_mail(path, samples.tables())
    assert form.text(samples.order()) == "合計 2000円\n見本 太郎\n"
