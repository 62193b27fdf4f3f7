"""Kept (台帳に残る文): sentences of ours that the ledger keeps in Japanese, for who reads the pages in English.

What came from outside stands between them as it came: `{name}` takes anything and gives it back. Longer sentences come
before those that are a part of them.
"""

from __future__ import annotations

import re

from connector.words.kept_strays import FILE_SENTENCES, STRAY_SENTENCES

STOP_SENTENCES: dict[str, str] = {
    "倉庫から取消の返事がありません。電話で確認してください": "The warehouse does not answer: ask by telephone",
    "この倉庫は取消の返事をしません。電話で確認してください": "This warehouse answers no stops: ask by telephone",
    "この倉庫に取消の API はありません。電話で伝えてください": (
        "This warehouse's API takes no stops: tell it by telephone"
    ),
    "この倉庫に取消依頼のファイルはありません。電話で伝えてください": (
        "This warehouse takes no stop files: tell it by telephone"
    ),
    "受付結果 {name} が食い違っています。電話で確認してください": (
        "The receipt {name} contradicts itself: ask by telephone"
    ),
    "受付結果 {name} に返事がありません。電話で確認してください": (
        "The receipt {name} does not speak of it: ask by telephone"
    ),
    "返事に、この伝票がありません": "The answer does not speak of this slip",
    "まだどこにも渡していませんでした。": "It had not been handed to anybody.",
    "伝票 {number}: 出荷済み": "slip {number}: shipped",
    "倉庫には渡していません": "the warehouse never had it",
    "何度聞いても倉庫の返事が定まりません": "however often it is asked, the warehouse gives no clear answer",
    "倉庫が取消を報告しました": "the warehouse reported it cancelled",
    "電話で止まったと確認しました": "by telephone: it is stopped",
    "電話で止まらないと確認しました": "by telephone: it cannot be stopped",
    "倉庫が取消を受け付けました": "the warehouse agreed",
    "倉庫の返事が食い違っています（受け付けたあとで {words}）": (
        "the warehouse contradicts itself (it agreed, and then: {words})"
    ),
    "倉庫が取消を断りました": "the warehouse refused",
    "ネクストエンジンでも取消済みです。": "It is cancelled in Next Engine, too.",
    "ネクストエンジンで取り消しました。": "It was cancelled in Next Engine.",
    "ネクストエンジンに届いていません。": "Next Engine never had it.",
    "出荷止めは記録だけの設定です。倉庫とネクストエンジンで人が止め、結果を記録してください。": (
        "Stops are only recorded here: people stop it at the warehouse and in Next Engine, and write down the result."
    ),
    "カートでは取り消され、与信も入金もありません。このままでは代金を受け取れません。": (
        "It is cancelled in the cart, with neither an authorisation nor a payment: as it stands nobody pays for it."
    ),
    "返金は不要です。返品か、再オーソリ・請求が必要です。": (
        "Nothing is to be refunded: have it sent back, or authorise or bill it anew."
    ),
    "返品と返金の対応が必要です。": "It must come back and be refunded.",
    "返品の対応が必要です。代金は、入金済みなら返金、未請求なら与信の取消か請求をしてください。": (
        "It must come back. If it was paid, refund it; if not, void the authorisation or bill it."
    ),
    "伝票 {number}: ": "slip {number}: ",
}
"""What the ledger keeps of a stop: words of an answer, and the sentence of a verdict."""

_SLOT = re.compile(r"\{(\w+)\}")
ANYTHING, ONE_WORD = ".+?", r"\S+?"
PLAIN = ("number", "slip", "id", "n", "day", "days")


def _rule(ja: str, en: str) -> tuple[re.Pattern[str], str]:
    pattern = "".join(
        f"(?P<{part}>{ONE_WORD if part in PLAIN else ANYTHING})" if at % 2 else re.escape(part)
        for at, part in enumerate(_SLOT.split(ja))
    )
    return re.compile(pattern, re.DOTALL), _SLOT.sub(r"\\g<\1>", en)


def _rules(sentences: dict[str, str]) -> list[tuple[re.Pattern[str], str]]:
    longest = sorted(sentences.items(), key=lambda pair: len(_SLOT.sub("", pair[0])), reverse=True)
    return [_rule(ja, en) for ja, en in longest]


_RULES = [*_rules(FILE_SENTENCES), *_rules(STRAY_SENTENCES | STOP_SENTENCES)]


def kept(text: str, lang: str) -> str:
    """A sentence that the ledger keeps, in this language; what is none of ours stays as it stands."""
    if lang != "en":
        return text
    said = text
    for pattern, en in _RULES:
        said = pattern.sub(f"{en.rstrip()} ", said)
    if said == text:
        return text
    said = re.sub(r" *。 *(?=[A-Za-z]|$)", ". ", re.sub(r" *、(?=slip )", ", ", said))
    return re.sub(r" +(?=[.,:;)、。）]|$)", "", said)
