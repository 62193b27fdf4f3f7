"""Addresses (郵便番号と住所): whether a slip's postcode and prefecture belong together, confirm rule AO (§4.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.sandbox.warehouse import postcodes

_PREFECTURE = re.compile(r"東京都|北海道|(?:京都|大阪)府|.{2,3}?県")
# No post office has 000; the samples of people who show how something works do.
_SAMPLE = "000"


def elsewhere(texts: Mapping[str, str | None]) -> bool:
    """Whether the postcode of the purchaser or of the consignee lies in another prefecture."""
    return any(
        _elsewhere(texts.get(f"receive_order_{who}_zip_code"), texts.get(f"receive_order_{who}_address1"))
        for who in ("purchaser", "consignee")
    )


def _elsewhere(postcode: str | None, address: str | None) -> bool:
    if not postcode or not address or postcode.startswith(_SAMPLE):
        return False
    prefecture = _PREFECTURE.match(address)
    if prefecture is None or not postcodes.exists(postcode):
        return True
    return not postcodes.belongs_to(postcode, prefecture[0])
