"""Services (配送サービス): our carrier code in the words of each system, there and back.

spec/wms.md §4.1 and §4.2. Several of our codes share one word in another system (OPENLOGI's YAMATO), so reading
asks which carrier was sent; what cannot be told apart is None, never the first that fits.
"""

from __future__ import annotations

import msgspec

SYSTEMS = (
    "openlogi",
    "openlogi_method",
    "logiless",
    "yamato_b2",
    "yamato_b2_cod",
    "yamato_b2_parcels",
    "japanpost_yupri",
    "logizard_csv",
    "logizard_csv_method",
    "logizard_csv_ne",
    "logizard_csv_code",
)
ONE_EACH = ("yamato_b2", "yamato_b2_cod")
"""Systems in which a code names one service: two of ours under one code would be a mix-up."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One row: the codes by system, and other spellings that are still met."""

    name: str
    codes: dict[str, str] = {}
    also: dict[str, str] = {}  # read like the code
    formerly: dict[str, str] = {}  # read with a warning
    tracked: bool = True
    bands: str = ""  # which system's table of bands holds for it; empty: nobody knows its bands
    cool: bool = True  # takes 冷蔵 and 冷凍
    cod_most: int | None = None  # yen; None: no limit is known


class ReadCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code of another system as we read it. `warning` names an outdated code and its replacement."""

    carrier: str
    code: str  # the code as it should be written today
    warning: str = ""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """mappings/tables/carriers_by_system.yaml, ready to be asked."""

    rows: dict[str, Service]  # by our 運送会社コード

    def code(self, system: str, carrier: str, *, cash_on_delivery: bool = False) -> str | None:
        """What to write; None where the system does not have the carrier. Only today's code is ever written.

        Where a system has codes of its own for cash on delivery, they are written when money is collected and
        never otherwise: the other kind of label would ship unpaid, or ask for money nobody owes.
        """
        row = self.rows.get(carrier)
        if row is None:
            return None
        collecting = {
            row.codes[f"{system}_cod"] for row in self.rows.values() if f"{system}_cod" in row.codes
        }
        own = row.codes.get(f"{system}_cod") if cash_on_delivery else None
        code = own or row.codes.get(system)
        return None if collecting and (code in collecting) is not cash_on_delivery else code

    def of(self, carrier: str) -> Service:
        """What is known of a carrier; nothing where it has no row."""
        return self.rows.get(carrier) or Service(name=carrier)

    def tracked(self, carrier: str) -> bool:
        """Whether its parcels have a number; unknown carriers count as having one."""
        row = self.rows.get(carrier)
        return row is None or row.tracked

    def read(self, system: str, code: str, sent: str = "") -> ReadCode | None:
        """The carrier that `code` means. `sent` is what the slip went out with, where that is known.

        An outdated code is believed only of the carrier that was sent: alone it means what it means today.
        """
        row = self.rows.get(sent)
        if row is not None and code and row.formerly.get(system) == code:
            now = row.codes[system]
            words = f"{row.name}の古いコード「{code}」です。今のコード「{now}」として扱います"
            return ReadCode(carrier=sent, code=now, warning=words)
        known = [
            carrier
            for carrier, row in self.rows.items()
            if code and code in (row.codes.get(system), row.codes.get(f"{system}_cod"), row.also.get(system))
        ]
        if sent in known:
            return ReadCode(carrier=sent, code=code)
        return ReadCode(carrier=known[0], code=code) if len(known) == 1 else None
