"""Amounts (金額の検算): the figures of an order and the causes of a difference, in both languages."""

from __future__ import annotations

import re

from connector.amounts import Cause
from connector.amounts.sentences import CAUSES as JA_CAUSES
from connector.amounts.sentences import FIGURES as JA_FIGURES
from connector.words.text import Text

_FIGURES = {
    "subtotal": "goods",
    "subtotal8": "goods at 8 %",
    "subtotal10": "goods at 10 %",
    "discount": "discount",
    "discount8": "discount at 8 %",
    "discount10": "discount at 10 %",
    "points": "points used",
    "points8": "points used at 8 %",
    "points10": "points used at 10 %",
    "delivery_fee": "delivery fee",
    "charge": "payment charge",
    "misc_fee": "other fees",
    "adjustment": "adjustment",
    "tax": "tax",
    "tax8": "tax at 8 %",
    "tax10": "tax at 10 %",
    "total": "total",
    "total8": "total at 8 %",
    "total10": "total at 10 %",
    "payable": "to pay",
}
_CAUSES = {
    Cause.ITEMS: "unit price × quantity of the lines comes to another sum",
    Cause.RATES_MIXED: "goods are counted under the other tax rate than their lines say",
    Cause.RATES_UNKNOWN: "the lines name no tax rate, so the split into 8 % and 10 % cannot be proved",
    Cause.PARTS: "its 8 % part and its 10 % part come to another sum",
    Cause.ROUNDED_DOWN: "rounding down would explain it (not the shop's setting)",
    Cause.ROUNDED_HALF_UP: "rounding half up would explain it (not the shop's setting)",
    Cause.ROUNDED_UP: "rounding up would explain it (not the shop's setting)",
    Cause.ROUNDED_PER_LINE: "rounding line by line would explain it (it is once per rate)",
    Cause.POINTS_BEFORE_TAX: "taking points off before tax would explain it (a setting of the cart)",
    Cause.ADJUSTMENT_BEFORE_TAX: "adding the adjustment before tax would explain it (a setting of the cart)",
    Cause.TAX_8: "the tax at 8 % does not follow from its base",
    Cause.TAX_10: "the tax at 10 % does not follow from its base",
    Cause.TAX_MISSING: "the tax is not in it",
    Cause.DISCOUNT_TWICE: "the discount was taken off twice",
    Cause.DISCOUNT_MISSING: "the discount was not taken off",
    Cause.POINTS_TWICE: "the points were taken off twice",
    Cause.POINTS_MISSING: "the points were not taken off",
    Cause.FEE_MISSING: "a fee is missing from the 10 % side",
    Cause.ADJUSTMENT_MISSING: "the adjustment is not in it",
    Cause.PAYABLE: "it is not the total less the points",
    Cause.NOT_COUNTED: "the totals were not counted from this figure",
    Cause.UNEXPLAINED: "no cause fits",
}
FIGURES: dict[str, Text] = {name: Text(ja, _FIGURES[name]) for name, ja in JA_FIGURES.items()}
CAUSES: dict[Cause, Text] = {cause: Text(ja, _CAUSES[cause]) for cause, ja in JA_CAUSES.items()}


_FIGURE = "|".join(sorted(map(re.escape, JA_FIGURES.values()), key=len, reverse=True))
_CAUSE = "|".join(sorted(map(re.escape, JA_CAUSES.values()), key=len, reverse=True))
_SENTENCE = re.compile(
    rf"(?P<figure>{_FIGURE}) (?P<says>-?[\d,]+)円（計算では (?P<follows>-?[\d,]+)円、(?P<off>[+-][\d,]+)円）: "
    rf"(?P<cause>{_CAUSE})(?:。(?P<others>(?:{_FIGURE})(?:・(?:{_FIGURE}))*)の誤りでも説明できます)?"
)
_ENGLISH = {text.ja: text.en for text in (*FIGURES.values(), *CAUSES.values())}


def amounts_note(note: str, lang: str = "ja") -> str:
    """The note of an amount hold in this language; what is no sentence of ours stays as it stands."""
    return note if lang != "en" else _SENTENCE.sub(_in_english, note)


def _in_english(found: re.Match[str]) -> str:
    words = (
        f"{_ENGLISH[found['figure']]} {found['says']} yen "
        f"(computed {found['follows']} yen, {found['off']}): {_ENGLISH[found['cause']]}"
    )
    if not found["others"]:
        return words
    others = ", ".join(_ENGLISH[name] for name in found["others"].split("・"))
    return f"{words}; {others} could be the wrong one, too"
