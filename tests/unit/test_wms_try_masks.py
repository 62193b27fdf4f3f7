"""`connector wms try`: what one must see to mend a profile stands there; what may be somebody's name does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import Result

from tests.contract.wms_house import GENERIC
from tests.unit.test_results_chunks import tracking
from tests.unit.test_wms_command import RETURN, mappings, wms

__all__ = ["mappings"]
HEAD = "出荷指示番号,出荷日,運送会社,送り状番号"


def tried(mappings: Path, tmp_path: Path, *lines: str, like: str = "") -> Result:
    if not (mappings / "wms/mine").exists():
        wms(mappings, "new", "mine", *(("--like", like) if like else ()))
    file = tmp_path / "実績.csv"
    file.write_bytes("\r\n".join((*lines, "")).encode("cp932"))
    return wms(mappings, "try", "mine", str(file), "--on", "2026-11-24")


def test_a_carrier_and_a_date_that_are_not_known_are_shown_as_they_stand(
    mappings: Path, tmp_path: Path
) -> None:
    shown = tried(
        mappings, tmp_path, HEAD, f"200101,令和8年11月24日,クロネコヤマト,{tracking(1)}", "２００１０２号,,,"
    )
    assert "知らない値です (found 'クロネコヤマト')" in shown.stdout
    assert "日付として読めません (found '令和8年11月24日')" in shown.stdout
    assert "（クロネコヤマト）" in shown.stdout, "among what is set aside as well"


@pytest.mark.parametrize("cell", ["090-0000-0001", "taro@example.jp", "東京都千代田区見本町", "見本 太郎"])
def test_a_row_that_slipped_shows_no_words_of_its_closed_columns(
    mappings: Path, tmp_path: Path, cell: str
) -> None:
    """One column to the left: the name stands where the number should, and the address where the carrier should."""
    shown = tried(mappings, tmp_path, HEAD, f"見本太郎,2026/11/24,{cell},{tracking(1)}")
    assert "太郎" not in shown.stdout
    assert cell not in shown.stdout
    assert cell[1:] not in shown.stdout


@pytest.mark.parametrize("cell", ["090-0000-0001", "taro@example.jp", "東京都千代田区見本町"])
def test_what_is_surely_a_phone_a_mail_or_an_address_is_masked_in_every_column(
    mappings: Path, tmp_path: Path, cell: str
) -> None:
    shown = tried(mappings, tmp_path, HEAD, f"200101,2026/11/24,{cell},{tracking(1)}")
    assert "知らない値です" in shown.stdout
    assert cell not in shown.stdout


def test_the_word_of_a_total_line_is_shown_and_nothing_else_of_it(mappings: Path, tmp_path: Path) -> None:
    lines = (HEAD, f"200101,2026/11/24,ヤマト運輸,{tracking(1)}", "合計,見本太郎,,")
    shown = tried(mappings, tmp_path, *lines)
    assert "「合計」で始まる、合計の行に見えます" in shown.stdout
    assert "太郎" not in shown.stdout
    result = mappings / "wms/mine/result.yaml"
    result.write_text(result.read_text("utf-8") + "trailer: [合計]\n", "utf-8")
    assert "取り込まない行 3行目: 合計,見＊＊＊,," in tried(mappings, tmp_path, *lines).stdout


def test_a_receipts_error_and_a_returns_reason_are_shown(mappings: Path, tmp_path: Path) -> None:
    head = "元ファイル名,行数,受付区分,出荷指示番号,行番号,エラーコード,エラー内容,処理日時"
    row = "SHIPORD_demo_WH01_20261124101500_000001.csv,1,R,200101,0,E201,指示の商品がありません,2026/11/24 10:20:00"
    file = tmp_path / "SHIPACK.csv"
    file.write_bytes("\r\n".join((head, row, "")).encode("cp932"))
    shown = wms(mappings, "try", "generic", str(file), "--kind", "receipt")
    assert "error=指示の商品がありません" in shown.stdout
    shown = wms(mappings, "try", "generic", str(GENERIC / RETURN), "--kind", "return", "--on", "2026-11-30")
    assert "受＊" not in shown.stdout
    assert "受取拒否" in shown.stdout
