"""Sentences of ours that the ledger keeps in Japanese read in English, too; what came from outside stays."""

from __future__ import annotations

import re

import pytest
from connector.adapters.ecforce import results as cart_results
from connector.adapters.wms import api, api_read, files, mail_results, news, shipments, unasked, unexpected
from connector.runner import results
from connector.stages import collect, stop, stop_cart
from connector.stages.stop_case import Case
from connector.words.kept import kept
from connector.words.kept_strays import STRAY_SENTENCES

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龥]")
OURS = (
    *(collect.NO_SLIP, collect.NOT_RELAYED, results.NOT_TAKEN, cart_results.FOREIGN),
    *(unexpected.WORDS, unexpected.OTHERS.format(tenant="demo", warehouse="WH01")),
    *(
        unasked.NOT_OURS.format(said="A.csv は受付 2件・エラー 1件") + unasked.DO,
        unasked.NO_NAME + unasked.DO,
    ),
    *(unasked.UNREADABLE.format(why="A.csv: x"), api_read.STRANGERS, news.NOT_TAKEN, shipments.TAKEN),
    *(mail_results.TOO_LARGE, mail_results.NO_MAIL, files.NO_STOP, api.NO_STOP),
    *(stop.NO_ANSWER, stop.ANSWERS_NOBODY, stop.BY_PEOPLE),
    *(stop_cart.PAID, stop_cart.EITHER),
)


@pytest.mark.parametrize("sentence", OURS)
def test_a_sentence_of_ours_has_its_english(sentence: str) -> None:
    assert kept(sentence, "ja") == sentence
    assert not JAPANESE.search(kept(sentence, "en")), kept(sentence, "en")


def test_a_verdict_names_each_slip() -> None:
    case = Case(shipped=["1"], agreed={"2": "倉庫が取消を受け付けました（了解）"}, free=["3"])
    said = kept(f"{case.said}。ネクストエンジンで取り消しました。", "en")
    assert said == (
        "slip 1: shipped, slip 2: the warehouse agreed （了解）, slip 3: the warehouse never had it. "
        "It was cancelled in Next Engine."
    )


def test_what_came_from_outside_stays() -> None:
    theirs = "E302 出荷済み 見本 太郎"
    assert kept(theirs, "en") == theirs
    assert kept(f"倉庫が取消を断りました（{theirs}）", "en") == f"the warehouse refused （{theirs}）"
    row = "出荷指示番号 9001・実績番号 R1: 同じ実績番号の行で「運送会社コード」が違います。この行は取り込みません。"
    assert kept(row, "en") == (
        'Slip 9001, result R1: Rows of the same result differ in "運送会社コード". This row is not taken in.'
    )


def test_no_english_has_japanese_of_its_own() -> None:
    assert [en for en in STRAY_SENTENCES.values() if JAPANESE.search(en)] == []
