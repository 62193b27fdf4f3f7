"""Files that are something else: one sentence says what they are and what to do; nothing is ever read because of it."""

from __future__ import annotations

import io
import zipfile

import pytest
from connector.errors import Malformed
from connector.mapping import CsvReader, load_csv_reader
from connector.mapping.strange import encoding_of, kind_of

from tests.golden.samples import MAPPINGS, tables
from tests.unit.test_results_chunks import tracking

HEAD = "注文者コード,出荷指示番号,出荷日,運送会社,送り状番号"
TEXT = f"{HEAD}\r\n見本,200101,20261124,ヤマト運輸,{tracking(1)}\r\n"
BODY = TEXT.encode("cp932")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> CsvReader:
    from connector.mapping.skeleton import write_skeleton

    folder = tmp_path_factory.mktemp("wms")
    write_skeleton(folder, "mine")
    return load_csv_reader(folder / "mine/result.yaml", tables())


def said(reader: CsvReader, body: bytes) -> str:
    with pytest.raises(Malformed) as refused:
        reader.read("実績.csv", body)
    words = str(refused.value)
    assert "\n" not in words
    assert len(words) < 300
    assert "; expected" not in words, "what to do stands in the sentence"
    return words


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr(name, TEXT)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (zipped("実績.csv"), "ZIP の書庫です"),
        (zipped("xl/workbook.xml"), "Excel のブック (.xlsx) です"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "古い Excel のブック (.xls)"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF です"),
        (b"\r\n<!DOCTYPE html>\n<html><body>login</body></html>", "HTML のページ"),
        (b"\0" * 4_096, "中身がすべて NUL (0x00) 4,096 バイトです"),
        (BODY + b"\0" * 512, "終わりが NUL (0x00) 512 バイトです"),
        (TEXT.encode(), "UTF-8 のファイルです。設定は cp932 なので、設定を encoding: utf-8 に直して"),
        (TEXT.encode("iso2022_jp"), "ISO-2022-JP のファイルです"),
        (TEXT.encode("euc_jp"), "EUC-JP のファイルです"),
        (TEXT.encode("utf-16-le"), "UTF-16 のファイルです"),
        (TEXT.encode("utf-16-be"), "UTF-16 のファイルです"),
        (BODY.replace(b",", b"\t"), "タブで区切られています。見出しを読むには、設定に delimiter: tab"),
        (BODY.replace(b",", b";"), "セミコロン (;) で区切られています"),
        ("見本倉庫 出荷実績\r\n\r\n".encode("cp932") + BODY, "見出し行は 3 行目にあります。1～2行目"),
    ],
)
def test_what_it_is_and_what_to_do(reader: CsvReader, body: bytes, words: str) -> None:
    assert words in said(reader, body)


def test_every_missing_heading_is_told_at_once_with_those_nobody_knows(reader: CsvReader) -> None:
    words = said(reader, BODY.replace("出荷指示番号".encode("cp932"), b"No").replace(
        "送り状番号".encode("cp932"), "送り状No".encode("cp932")
    ))  # fmt: skip
    assert "見出し「出荷指示番号」「送り状番号」がありません" in words
    assert "「送り状No」は「送り状番号」のことなら、設定の also: に足してください" in words
    assert "設定にない見出し: 「注文者コード」「No」「送り状No」" in words
    many = ",".join(f"とても長い長い長い長い見出しの名前その{n}" for n in range(40))
    words = said(reader, f"出荷日,{many}\r\n".encode("cp932"))
    assert "ほか30件" in words


def test_the_first_customer_of_a_file_without_headings_is_not_named(reader: CsvReader) -> None:
    words = said(reader, "見本太郎,090-0000-0001,東京都見本町1-2-3,x,y\r\n".encode("cp932"))
    assert "1行目が見出しではないようです" in words
    assert "見本" not in words


def test_one_bad_byte_is_not_another_encoding(reader: CsvReader) -> None:
    with pytest.raises(Malformed) as refused:
        reader.read("x.csv", BODY + b"\x83")
    assert "cp932 として読めない文字があります (found '83'); expected cp932" in str(refused.value)
    assert encoding_of(BODY, "cp932") == encoding_of(TEXT.encode(), "utf-8") == kind_of(BODY) == ""
    assert "encoding: cp932" in encoding_of(BODY, "utf-8")
    assert encoding_of("ﾃｱ,ﾄﾞｸ".encode("cp932"), "cp932") == ""


def test_utf_8_under_headings_of_ascii_is_told_at_its_row(tmp_path_factory: pytest.TempPathFactory) -> None:
    reader = load_csv_reader(MAPPINGS / "wms/generic/result.yaml", tables())
    head = ",".join(column.header for column in reader.columns)
    with pytest.raises(Malformed) as refused:
        reader.read("x.csv", head.encode("cp932") + b"\r\n" + b"PK" * 5 + b"\r\n")
    assert "列の数が見出しと違います (1列)" in str(refused.value)
