"""`connector wms` in one language at a time: Japanese, or English with --lang en; every refusal is one sentence."""

from __future__ import annotations

from pathlib import Path

from connector.console import Exit

from tests.contract.wms_house import GENERIC
from tests.unit.test_results_chunks import tracking
from tests.unit.test_wms_command import mappings, wms

__all__ = ["mappings"]
RESULT = "SHIPRES_demo_WH01_20261124183000_000001.csv"
ACK = "SHIPACK_SHIPORD_demo_WH01_20261124101500_000001.csv"


def test_a_profile_nobody_wrote_is_one_line_with_the_known_ones(mappings: Path, tmp_path: Path) -> None:
    refused = wms(mappings, "try", "genric", str(GENERIC / RESULT))
    assert refused.exit_code == Exit.CONFIG
    (line,) = refused.stderr.strip().splitlines()
    assert "倉庫の設定「genric」がありません" in line
    assert "yupri" in line
    assert line.endswith("もしかして「generic」ですか")


def test_a_folder_that_is_not_there_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    refused = wms(tmp_path / "typo", "new", "mine")
    assert refused.exit_code == Exit.USAGE
    assert f"--mappings {tmp_path / 'typo'} というフォルダがありません" in refused.stderr
    assert not (tmp_path / "typo").exists()


def test_times_are_japans_and_results_have_their_names(mappings: Path) -> None:
    shown = wms(mappings, "try", "generic", str(GENERIC / RESULT), "--on", "2026-11-30").stdout
    assert "confirmed_at=2026-11-24 18:05:00 JST" in shown
    assert "+00:00" not in shown
    booked = shown.partition("取り込まれる出荷実績")[2]
    assert " 出荷 2026-11-24" in booked
    assert "shipped" not in booked


def test_what_a_receipt_would_book_is_told(mappings: Path, tmp_path: Path) -> None:
    shown = wms(mappings, "try", "generic", str(GENERIC / ACK), "--kind", "receipt").stdout
    assert "取り込まれる受付結果 1件\n  SHIPORD_demo_WH01_20261124101500_000001.csv: 受付 " in shown
    file = tmp_path / ACK
    body = (GENERIC / ACK).read_bytes()
    whole, *slips = body.partition(b'"200101"')
    file.write_bytes(whole + b"".join(slips).replace(b'"A"', b'"R"', 2))
    assert ", エラー 2件\n    伝票 " in wms(mappings, "try", "generic", str(file), "--kind", "receipt").stdout
    file.write_bytes(body.replace(b'"A"', b'"?"', 2))
    shown = wms(mappings, "try", "generic", str(file), "--kind", "receipt").stdout
    assert "取り込まれる受付結果 0件\n  読めない行があるので" in shown


def test_every_refusal_of_the_command_is_in_the_language_asked_for(mappings: Path, tmp_path: Path) -> None:
    file = str(GENERIC / RESULT)
    locked = tmp_path / "locked.csv"
    cases = {
        ("try", "generic", file, "--kind", "foo"): ("--kind foo はありません", "there is no kind foo"),
        ("try", "generic", file, "--on", "x"): ("--on x は日付ではありません", "--on x is no day"),
        ("try", "yupri", file, "--kind", "receipt"): ("読み方がありません", "yupri reads no receipt files"),
        ("try", "openlogi", file): ("API でつなぐ倉庫の設定", "settings of a warehouse's API"),
        ("try", "generic", str(locked)): ("ファイルがありません", "there is no such file"),
        ("try", "generic", str(tmp_path)): ("フォルダは読めません", "a folder, not a file"),
    }
    for words, (ja, en) in cases.items():
        assert ja in wms(mappings, *words).stderr
        refused = wms(mappings, *words, "--lang", "en")
        assert refused.exit_code == Exit.USAGE
        assert en in refused.stderr
    assert "neither ja nor en" in wms(mappings, "try", "generic", file, "--lang", "fr").stderr


def test_a_trial_in_english(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    file = tmp_path / "x.csv"
    file.write_bytes(f"出荷指示番号,送り状番号\r\n200101,{tracking(1)}\r\n".encode("cp932"))
    shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24", "--lang", "en").stdout
    for words in (
        "encoding cp932, 1 rows",
        "not in this file",
        "every row counts as shipped (shipped)",
        "line 2 ",
    ):
        assert words in shown
    assert "Would be booked: shipments 1\n  slip 200101 shipped 2026-11-24" in shown


def test_an_example_is_no_more_than_that_and_a_blank_cell_is_one_sentence(
    mappings: Path, tmp_path: Path
) -> None:
    wms(mappings, "new", "mine")
    file = tmp_path / "x.csv"
    file.write_bytes(f"出荷指示番号,送り状番号\r\n200101,12\r\n,{tracking(1)}\r\n".encode("cp932"))
    shown = wms(mappings, "try", "mine", str(file)).stdout
    assert "（12）。例: 999900001015。" in shown
    assert "「出荷指示番号」: 空欄です。この列には値が要ります。" in shown
    assert "正しくは: 例" not in shown
    assert "正しくは: 値" not in shown


def test_why_a_file_is_refused_is_told_in_english_too(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    file = tmp_path / "x.csv"
    for body, words in {
        b"%PDF-1.7": "It is a PDF. Have it saved as CSV and laid there",
        "出荷指示番号,送り状番号\r\n".encode(): "UTF-8: this is the encoding of the file. The profile says cp932",
        "出荷日,送り状No\r\n".encode("cp932"): "Missing headings: 「出荷指示番号」「送り状番号」",
    }.items():
        file.write_bytes(body)
        assert words in wms(mappings, "try", "mine", str(file), "--lang", "en").stdout
