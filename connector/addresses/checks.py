"""Checks (住所の点検): every finding about one delivery for one receiver, each with its weight and its remedy.

spec/wms.md §5.1 and the error codes of §7.6. What is doubtful is held by default, what only some receivers refuse
is a warning, an island is a hint; a shop's profile may weigh differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connector.addresses.fitting import fit_address, fit_name
from connector.addresses.folding import fold
from connector.addresses.islands import ISLANDS
from connector.addresses.postal import Place, Postal
from connector.addresses.receivers import Receiver
from connector.mapping.address import Placed, split
from connector.mapping.text import Firewall
from connector.mapping.unfit import Unfit
from connector.outcome import Hold, Reason


class Weight(StrEnum):
    """What a finding does to the delivery."""

    HOLD = "hold"
    WARN = "warn"
    HINT = "hint"


WEIGHTS: Mapping[str, Weight] = {
    "address_unreadable": Weight.HOLD,
    "no_house_number": Weight.HOLD,
    "postcode_malformed": Weight.HOLD,
    "postcode_unknown": Weight.HOLD,
    "postcode_of_other_prefecture": Weight.HOLD,
    "postcode_of_other_city": Weight.HOLD,
    "postcode_of_other_town": Weight.WARN,
    "postcode_ends_0000": Weight.WARN,
    "postcode_of_office": Weight.WARN,
    "unmappable_character": Weight.HOLD,
    "address_too_long": Weight.HOLD,
    "name_too_long": Weight.HOLD,
    "remote_island": Weight.HINT,
}
"""Every kind of finding and its weight where the shop has not said otherwise."""

_CODES = {
    "postcode_malformed": "E104",
    "postcode_unknown": "E104",
    "postcode_ends_0000": "E104",
    "postcode_of_office": "E104",
    "unmappable_character": "E103",
    "address_too_long": "E102",
    "name_too_long": "E102",
    "remote_island": "",
}
_REASONS = {"E102": Reason.TEXT_TOO_LONG, "E103": Reason.UNMAPPABLE_TEXT}

_GAIJI = re.compile("[\ue000-\uf8ff]")
_POSTCODE = re.compile(r"〒?([0-9]{3})-?([0-9]{4})")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
_NUMBER = re.compile(
    r"[0-9]|[〇一二三四五六七八九十百千]+(?:丁目|番|号|の[〇一二三四五六七八九十])|番地なし|無番"
)
_BUILDING = re.compile(
    r"マンション|アパート|ハイツ|ハイム|コーポ|ビル|タワー|レジデンス|メゾン|シャトー|ヴィラ|コート|荘(?=[\s0-9]|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where it goes, as Next Engine keeps it."""

    zip_code: str
    lines: tuple[str, ...]  # 住所1, 住所2
    name: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `words` name what is wrong and what would mend it."""

    kind: str
    weight: Weight
    words: str

    @property
    def code(self) -> str:
        """The error code of spec/wms.md §7.6; a hint has none."""
        return _CODES.get(self.kind, "E105")

    @property
    def hold(self) -> Hold | None:
        """The hold it asks for, if its weight is one."""
        if self.weight is not Weight.HOLD:
            return None
        return Hold(_REASONS.get(self.code, Reason.MALFORMED), self.words)


def examine(
    delivery: Delivery,
    receiver: Receiver,
    *,
    characters: Mapping[str, str],
    postal: Postal | None = None,
    weights: Mapping[str, Weight] = WEIGHTS,
) -> tuple[Finding, ...]:
    """All findings, heaviest first. Without the postal list only the checks that need no data are made.

    `characters` are the substitutions of mappings/tables/characters.yaml.
    """
    parts = split(*delivery.lines)
    found = [
        *_postcode(delivery, parts, postal),
        *_address(parts),
        *_characters(delivery, characters),
        *_lengths(delivery, parts, receiver),
    ]
    findings = [
        Finding(kind, Weight.HOLD if kind in receiver.refuses else weights.get(kind, WEIGHTS[kind]), words)
        for kind, words in found
    ]
    return tuple(sorted(findings, key=lambda finding: list(Weight).index(finding.weight)))


_Found = Iterator[tuple[str, str]]


def _postcode(delivery: Delivery, parts: Placed, postal: Postal | None) -> _Found:
    plain = "".join(unicodedata.normalize("NFKC", delivery.zip_code).split()).translate(_DASHES)
    form = _POSTCODE.fullmatch(plain)
    if form is None:
        yield "postcode_malformed", f"郵便番号「{delivery.zip_code}」は7桁の数字ではありません"
        return
    code, shown = form[1] + form[2], f"{form[1]}-{form[2]}"
    if code.endswith("0000"):
        yield "postcode_ends_0000", f"郵便番号 {shown} は町まで決まらない番号です。町の番号を確かめてください"
    if postal is None:
        return
    places = postal.places(code)
    if not places:
        yield "postcode_unknown", f"郵便番号 {shown} は郵便番号簿にありません"
        return
    if places[0].office:
        yield "postcode_of_office", f"郵便番号 {shown} は{places[0].office}だけの番号 (事業所個別) です"
    yield from _place(shown, parts, places)


def _place(shown: str, parts: Placed, places: tuple[Place, ...]) -> _Found:
    """Whether the address lies in one of the postcode's places: prefecture, then city, then town."""
    theirs = "・".join(dict.fromkeys(place.prefecture + place.city for place in places))
    here = [place for place in places if parts.prefecture in ("", place.prefecture)]
    words = f"郵便番号 {shown} は{theirs}のものですが、住所は{parts.prefecture}{parts.city}です"
    if not here:
        yield "postcode_of_other_prefecture", words
        return
    after = fold(parts.city + parts.street + parts.building)
    towns = [
        (place, after.removeprefix(city))
        for place in here
        for city in _cities(place)
        if after.startswith(city)
    ]
    if not towns:
        yield "postcode_of_other_city", words
        return
    # In Kyoto the names of streets stand before the town, so it is looked for anywhere.
    if not any(fold(place.town) in rest for place, rest in towns):
        names = "・".join(dict.fromkeys(place.town for place, _ in towns))
        yield "postcode_of_other_town", f"郵便番号 {shown} の町は{names}ですが、住所は「{parts.street}」です"


def _cities(place: Place) -> tuple[str, ...]:
    """The city with and without its county or island: 蒲生郡日野町 is often written 日野町."""
    inner = re.sub(r"^(?:.+?郡|三宅島|八丈島)(?=.+[町村]$)", "", place.city)
    return tuple(dict.fromkeys((fold(place.city), fold(inner))))


def _address(parts: Placed) -> _Found:
    if not parts.prefecture or not parts.city:
        yield "address_unreadable", f"住所から都道府県・市区町村を読み取れません: {parts}"
        return
    text = unicodedata.normalize("NFKC", f"{parts.street} {parts.building}")
    number = _NUMBER.search(text)
    if number is None or _BUILDING.search(text[: number.start()]):
        yield "no_house_number", f"番地がありません: 「{parts.street}」。注文者に番地を確かめてください"
    written = fold(parts.city + parts.street)
    if any(written.startswith(fold(island)) for island in ISLANDS.get(parts.prefecture, ())):
        yield (
            "remote_island",
            f"離島かもしれません ({parts.prefecture}{parts.city})。日数と中継料を確かめてください",
        )


def _characters(delivery: Delivery, substitutions: Mapping[str, str]) -> _Found:
    for column, text in (("住所", " ".join(delivery.lines)), ("名前", delivery.name)):
        if gaiji := _GAIJI.search(text):
            # cp932 has bytes for them, so no encoder complains; the receiver prints its own sign or none.
            yield "unmappable_character", f"{column}: 外字 (U+{ord(gaiji[0]):04X}) は相手に伝わりません"
            continue
        try:
            Firewall("", substitutions).clean(column, text)
        except Unfit as unfit:
            yield "unmappable_character", f"{column}: {unfit.words}"


def _lengths(delivery: Delivery, parts: Placed, receiver: Receiver) -> _Found:
    if parts.prefecture and parts.city:
        try:
            fit_address(receiver, parts)
        except Unfit as unfit:
            yield "address_too_long", unfit.words
    try:
        fit_name(receiver, delivery.name)
    except Unfit as unfit:
        yield "name_too_long", unfit.words
