"""Checks (住所の点検): every finding about one delivery for one receiver, each with its weight and its remedy.

spec/wms.md §5.1 and the error codes of §7.6. What is doubtful is held by default, what only some receivers refuse
is a warning, an island is a hint; a shop's profile may weigh differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.addresses.fitting import fit_address, fit_name
from connector.addresses.folding import fold
from connector.addresses.house_number import BUILDING, has_house_number
from connector.addresses.islands import ISLANDS
from connector.addresses.postal import Place, Postal
from connector.addresses.receivers import Receiver
from connector.mapping.address import Placed, split
from connector.mapping.findings import WEIGHTS, Finding, Weight
from connector.mapping.text import Firewall
from connector.mapping.transforms import phone
from connector.mapping.unfit import Unfit

_GAIJI = re.compile("[\ue000-\uf8ff]")
_POSTCODE = re.compile(r"〒?([0-9]{3})-?([0-9]{4})")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where it goes, as Next Engine keeps it."""

    zip_code: str
    lines: tuple[str, ...]  # 住所1, 住所2
    name: str
    phone: str | None = None  # None: nobody asks for it


def examine(
    delivery: Delivery,
    receiver: Receiver | None,
    *,
    characters: Mapping[str, str],
    postal: Postal | None = None,
    weights: Mapping[str, Weight] = WEIGHTS,
    page: str = "cp932",
) -> tuple[Finding, ...]:
    """All findings, heaviest first. Without the postal list only the checks that need no data are made.

    `characters` are the substitutions of mappings/tables/characters.yaml, `page` is what the receiver can read. Lengths
    are measured as they will be written; without a receiver they are not measured.
    """
    found: list[tuple[str, str]] = []
    lines = [_written("住所", line, characters, page, found) for line in delivery.lines]
    name = _written("名前", delivery.name, characters, page, found)
    parts = split(*lines)
    found += [
        *_postcode(delivery, parts, postal),
        *_address(parts, _places(delivery, postal)),
        *_phone(delivery.phone),
    ]
    if receiver is not None:
        found += _lengths(parts, name, receiver)
    refused = receiver.refuses if receiver is not None else ()
    findings = [
        Finding(kind, Weight.HOLD if kind in refused else weights.get(kind, WEIGHTS[kind]), words)
        for kind, words in dict.fromkeys(found)
    ]
    kept = [finding for finding in findings if finding.weight is not Weight.OFF]
    return tuple(sorted(kept, key=lambda finding: list(Weight).index(finding.weight)))


_Found = Iterator[tuple[str, str]]
_POSTCODE_MEND = "ネクストエンジンの「送り先郵便番号」を正しい7桁に直してください"
_EITHER = "ネクストエンジンの「送り先郵便番号」か「送り先住所」の、違うほうを直してください"
_HOUSE_MEND = "注文者に番地を確かめて、ネクストエンジンの「送り先住所」に書き足してください"


def _postcode(delivery: Delivery, parts: Placed, postal: Postal | None) -> _Found:
    form = _form(delivery)
    if form is None:
        yield (
            "postcode_malformed",
            f"郵便番号「{delivery.zip_code}」は7桁の数字ではありません。{_POSTCODE_MEND}",
        )
        return
    code, shown = form[1] + form[2], f"{form[1]}-{form[2]}"
    if code.endswith("0000"):
        yield "postcode_ends_0000", f"郵便番号 {shown} は町まで決まらない番号です。町の番号を確かめてください"
    if postal is None:
        return
    places = postal.places(code)
    if not places:
        yield "postcode_unknown", f"郵便番号 {shown} は郵便番号簿にありません。{_POSTCODE_MEND}"
        return
    if places[0].office:
        yield "postcode_of_office", f"郵便番号 {shown} は{places[0].office}だけの番号 (事業所個別) です"
    yield from _place(shown, parts, places)


def _form(delivery: Delivery) -> re.Match[str] | None:
    plain = "".join(unicodedata.normalize("NFKC", delivery.zip_code).split()).translate(_DASHES)
    return _POSTCODE.fullmatch(plain)


def _places(delivery: Delivery, postal: Postal | None) -> tuple[Place, ...]:
    form = _form(delivery)
    return postal.places(form[1] + form[2]) if postal is not None and form is not None else ()


def _place(shown: str, parts: Placed, places: tuple[Place, ...]) -> _Found:
    """Whether the address lies in one of the postcode's places: prefecture, then city, then town."""
    theirs = "・".join(dict.fromkeys(place.prefecture + place.city for place in places))
    here = [place for place in places if parts.prefecture in ("", place.prefecture)]
    words = f"郵便番号 {shown} は{theirs}のものですが、住所は{parts.prefecture}{parts.city}です。{_EITHER}"
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
        renamed = any(_renamed(place, parts.city) and _town(place) in after for place in here)
        yield "postcode_of_former_city" if renamed else "postcode_of_other_city", words
        return
    # In Kyoto the names of streets stand before the town, so it is looked for anywhere.
    if not any(_town(place) in rest for place, rest in towns):
        names = "・".join(dict.fromkeys(place.town for place, _ in towns))
        yield (
            "postcode_of_other_town",
            f"郵便番号 {shown} の町は{names}ですが、住所は「{parts.street}」です。{_EITHER}",
        )


def _town(place: Place) -> str:
    """Nothing where the list has the municipality's own name in its place (直島町一円)."""
    town = fold(place.town)
    return "" if fold(place.city).endswith(town) else town


def _renamed(place: Place, written: str) -> bool:
    """浜松市中区 is 浜松市中央区 now, 篠山市 丹波篠山市, and 菖蒲町 a part of 久喜市: undeliverable is none of them."""
    now, before = _cities(place)[-1], fold(_OF_A_COUNTY.sub("", written))
    stems = _KIND_OF_CITY.sub("", now), _KIND_OF_CITY.sub("", before)
    wards = _WARD.fullmatch(now), _WARD.fullmatch(before)
    of_one_city = wards[0] is not None and wards[1] is not None and wards[0][1] == wards[1][1]
    return of_one_city or stems[0].endswith(stems[1]) or fold(place.town).startswith(before)


_OF_A_COUNTY = re.compile(r"^(?:.+?郡|三宅島|八丈島)(?=.+[町村]$)")
_KIND_OF_CITY = re.compile("[市区町村]$")
_WARD = re.compile("(.+市).+区")


def _cities(place: Place) -> tuple[str, ...]:
    """The city with and without its county or island: 蒲生郡日野町 is often written 日野町."""
    inner = _OF_A_COUNTY.sub("", place.city)
    return tuple(dict.fromkeys((fold(place.city), fold(inner))))


def _address(parts: Placed, places: tuple[Place, ...]) -> _Found:
    if not parts.prefecture or not parts.city:
        words = f"住所から都道府県・市区町村を読み取れません: {parts}"
        mend = "ネクストエンジンの「送り先住所」を都道府県から書いてください"
        yield "address_unreadable", f"{words}。{mend}"
        return
    # High buildings have postcodes of their own, floor by floor (西新宿○○タワー 12階): no 番地 is needed there.
    of_a_building = any(BUILDING.search(place.town) for place in places)
    if not (
        of_a_building or has_house_number(parts.street, parts.building, [place.town for place in places])
    ):
        yield "no_house_number", f"番地がありません: 「{parts.street}」。{_HOUSE_MEND}"
    written = fold(parts.city + parts.street)
    if any(written.startswith(fold(island)) for island in ISLANDS.get(parts.prefecture, ())):
        yield (
            "remote_island",
            f"離島かもしれません ({parts.prefecture}{parts.city})。日数と中継料を確かめてください",
        )


def _written(
    column: str, text: str, substitutions: Mapping[str, str], page: str, found: list[tuple[str, str]]
) -> str:
    """The text as the receiver gets it; the text as it stands, and a finding, where it cannot get it."""
    if gaiji := _GAIJI.search(text):
        # cp932 has bytes for them, so no encoder complains; the receiver prints its own sign or none.
        words = f"{column}: 外字 (U+{ord(gaiji[0]):04X}) は相手に伝わりません"
        found.append(("unmappable_character", f"{words}。{_MEND[column]}"))
        return text
    try:
        return Firewall("", substitutions, page).clean(column, text)
    except Unfit as unfit:
        found.append(("unmappable_character", f"{column}: {unfit.words}。{_MEND[column]}"))
        return text


_MEND = {
    "住所": "ネクストエンジンの「送り先住所」のその文字を、ほかの字かカタカナに直してください",
    "名前": "ネクストエンジンの「送り先名」のその文字を、ほかの字かカタカナに直してください",
}


def _phone(said: str | None) -> _Found:
    if said is None:
        return
    mend = "ネクストエンジンの「送り先電話番号」に、市外局番からの番号を入れてください"
    if not said.strip():
        yield "phone_missing", f"電話番号がありません。{mend}"
        return
    try:
        digits = phone(said).replace("-", "")
    except Unfit:
        digits = ""
    if not digits.startswith("0") or not 10 <= len(digits) <= 13:
        yield "phone_malformed", f"電話番号「{said}」は使えません (0 で始まる10〜13桁)。{mend}"


def _lengths(parts: Placed, name: str, receiver: Receiver) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if parts.prefecture and parts.city:
        try:
            fit_address(receiver, parts)
        except Unfit as unfit:
            found.append(("address_too_long", f"{unfit.words}。{_SHORTEN['住所']}"))
    try:
        fit_name(receiver, name)
    except Unfit as unfit:
        found.append(("name_too_long", f"{unfit.words}。{_SHORTEN['名前']}"))
    return found


_SHORTEN = {
    "住所": "ネクストエンジンの「送り先住所」で、長いところを短くしてください (建物名の略など)。切り詰めません",
    "名前": "ネクストエンジンの「送り先名」を短くしてください。切り詰めません",
}
