"""Receivers (受け取る側の枠): how much of an address and a name each label software or warehouse takes.

spec/wms.md §2.7 and §5.1. Widths are cp932 bytes (full-width 2, half-width 1) unless they count characters.
"""

from __future__ import annotations

from dataclasses import dataclass

FOUR = ("prefecture", "city", "street", "building")
THREE = ("prefecture+city", "street", "building")


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver's slots. `total` limits street and building together, whatever slot they stand in."""

    title: str
    slots: tuple[tuple[str, int], ...]
    names: tuple[int, ...]
    by_characters: bool = False  # widths of names count characters, full and half alike
    total: int = 0  # half-widths; 0 = no such limit
    whole: int = 0  # characters of the whole address; 0 = no such limit
    refuses: frozenset[str] = frozenset()  # kinds of findings that are warnings elsewhere

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(limit for _, limit in self.slots)


def _slots(names: tuple[str, ...], *limits: int) -> tuple[tuple[str, int], ...]:
    return tuple(zip(names, limits, strict=True))


RECEIVERS: dict[str, Receiver] = {
    "generic": Receiver("倉庫 (標準の取り決め)", _slots(FOUR, 8, 24, 32, 32), (32,)),
    "b2": Receiver("B2クラウド", _slots(FOUR, 8, 24, 32, 32), (32,)),
    "ehiden3": Receiver("e飛伝III", _slots(THREE, 32, 32, 32), (32, 32)),
    "yupri": Receiver("ゆうパックプリントR", _slots(THREE, 50, 50, 50), (50, 50)),
    "openlogi": Receiver(
        "OPENLOGI",
        _slots(FOUR, 8, 128, 128, 128),
        (15,),  # cut in silence beyond
        by_characters=True,
        total=64,
        refuses=frozenset({"postcode_ends_0000", "postcode_of_office"}),
    ),
    "logiless": Receiver("LOGILESS", _slots(FOUR, 8, 400, 400, 400), (16,), by_characters=True, whole=37),
    "logizard": Receiver("ロジザードZERO", _slots(FOUR, 200, 400, 400, 400), (200,), by_characters=True),
}
