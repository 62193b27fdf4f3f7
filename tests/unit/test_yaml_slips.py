"""The commonest slips in a YAML file: a plain sentence, at the line and column of the character that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.mapping.document import Proof, read

CASES = {
    "kind: csv_reader\nencoding: cp932\nbind: header\nkind：csv_reader\ncolumns:\n  - a\n": "4:5: 全角のコロン",
    "a: 1\nb:\n\t- x\n": "3:1: タブは使えません",
    "a: {b: 1，c: 2}\nd: 3\n": "1:9: 全角のコンマ",
    "a: [1、2]\nb： 2\nc: 3\n": "2:2: 全角のコロン",
    "a:\u30001\nb: 2\n": "1:3: 全角の空白",
    "a:1\nb: 2\n": "1:3: 「:」の後に半角の空白がありません",
    "a:\n  - {x: 1}\n - {y: 2}\n": "3:2: 字下げ (行の先頭の空白の数) が前の行と合いません",
    "a: 1\n b: 2\n": "2:3: ここに「: 」は書けません",
    "a: '：\t'\nb: x # ：\nc: [1, 2\nd: 3\n": "4:2: [ ] の中は「, 」で区切り",
    "a: 'x\nb: 1\n": "3:1: 引用符が閉じていません",
    "a: @x\n": "1:4: この文字では値を始められません",
}


@pytest.mark.parametrize("text", CASES)
def test_a_slip_is_told_at_its_character(tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.yaml"
    path.write_text(text, "utf-8")
    proof = Proof("result.yaml")
    assert read(path, proof) is None
    (problem,) = proof.told()
    place, words = CASES[text].split(": ", 1)
    assert str(problem).startswith(f"result.yaml:{place}: YAML として読めません: ")
    assert words in problem.words
