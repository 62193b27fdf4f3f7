"""Value tables (変換表): what the shop's words mean in the other systems, edited by people in YAML.

mappings/tables/{payment,carrier,time_slot,characters}.yaml, and what each system calls a carrier and a band
(carriers_by_system.yaml, time_slot_by_system.yaml). An unknown value is never guessed: `unknown` says
in which file and line it belongs, the order is held, and moves by itself once somebody has added it.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property
from pathlib import Path

import msgspec

from connector.carriers import Bands, Services
from connector.mapping.document import nearest
from connector.mapping.time_slot import TimeSlot, TimeSlots
from connector.order import PaymentKind
from connector.slip import Slip

FILES = {
    "payment": "payment.yaml",
    "payment_ne": "payment.yaml",
    "carrier": "carrier.yaml",
    "carrier_ne": "carrier.yaml",
    "time_slot": "time_slot.yaml",
    "characters": "characters.yaml",
}
TITLES = {
    "payment": "支払い方法",
    "payment_ne": "ネクストエンジンの支払区分",
    "carrier": "配送業者",
    "carrier_ne": "ネクストエンジンの発送方法",
    "time_slot": "お届け時間",
    "characters": "文字",
}


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment method. `label` is the 支払方法 of the NE order CSV.

    From the cart's list, `prepayment` means that goods wait for the money (P1); from NE's list
    (`payment_by_ne_id`) that NE keeps such a slip in 入金待ち until it is 入金済 (spec/next_engine.md §4.2).
    """

    name: str
    kind: PaymentKind
    label: str
    linked: bool
    prepayment: bool
    ne_ids: tuple[str, ...] = ()


class CarrierRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way of sending. `code` is the warehouse's 運送会社コード, `cod_code` the one for 代金引換."""

    label: str  # 発送方法 of the NE order CSV
    code: str
    cart_names: tuple[str, ...] = ()  # 配送業者, exactly as registered in the cart
    ne_names: tuple[str, ...] = ()
    ne_ids: tuple[str, ...] = ()
    cod_code: str = ""  # empty: does not collect money
    also_codes: tuple[str, ...] = ()  # other services the cart knows by the same name
    slots: bool = True  # takes a wish date and a time band
    bands: tuple[str, ...] = ()  # the bands it offers; none named = all

    def service(self, *, collects: bool) -> str:
        """The code to send by; the plain one where this carrier does not collect."""
        return (self.cod_code if collects else "") or self.code

    def covers(self, code: str) -> bool:
        """Whether the warehouse's code is a service of this carrier."""
        return bool(code) and code in (self.code, self.cod_code, *self.also_codes)


class Tables(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All value tables of one folder. Every question answers None for a value nobody has entered."""

    folder: Path
    payments: dict[str, PaymentRow]  # by folded cart name
    ne_payments: dict[str, PaymentRow]  # by 支払区分 id
    carriers: tuple[CarrierRow, ...]
    time_slots: TimeSlots
    characters: dict[str, str]  # a character cp932 lacks -> what stands for it
    last_lines: dict[str, int]  # table -> the line after which a new value goes
    services: Services = Services(rows={})  # our 運送会社コード in each system's words
    bands: Bands = Bands(systems={})

    def payment(self, method: str) -> PaymentRow | None:
        """By the cart's name of the method."""
        return self.payments.get(fold(method))

    def payment_by_ne_id(self, ne_id: str) -> PaymentRow | None:
        """By 支払区分 id of a slip."""
        return self.ne_payments.get(ne_id)

    def carrier(self, cart_name: str) -> CarrierRow | None:
        """By the cart's name of the carrier."""
        return self._by_cart_name.get(fold(cart_name))

    def carrier_of_slip(self, delivery_method: str, delivery_id: str = "") -> CarrierRow | None:
        """By NE's 発送方法: its name, or its id where NE gave no name. Ids differ from company to company."""
        if not delivery_method:
            return self._by_ne_id.get(delivery_id)
        return self._by_ne_name.get(fold(delivery_method)) or self._by_ne_id.get(delivery_method)

    def service_of(self, slip: Slip) -> str:
        """Our 運送会社コード that a slip goes by; empty where nobody has entered its 発送方法."""
        row = self.carrier_of_slip(slip.delivery_method, slip.delivery_id)
        return row.service(collects=slip.collects) if row is not None else ""

    def carrier_of_code(self, code: str) -> CarrierRow | None:
        """By the warehouse's code; the first row in the file where several share it."""
        return self._by_code.get(code)

    def same_carrier(self, code: str, cart_name: str) -> bool:
        """Whether the warehouse's code is a service of the carrier the cart calls `cart_name`.

        A warehouse that does not name the carrier sent the goods as it was told to.
        """
        row = self.carrier(cart_name)
        return row is not None and (not code or row.covers(code))

    def cart_carrier(self, code: str, cart_name: str = "") -> str | None:
        """The carrier name to complete with in the cart: the order's own if the goods went by it."""
        if self.same_carrier(code, cart_name):
            return cart_name
        known = (row for row in self.carriers if row.cart_names and row.covers(code))
        row = next(known, None)
        return row.cart_names[0] if row else None

    def time_slot(self, text: str, context: str = "") -> TimeSlot | None:
        """The canonical band; an empty text is NONE."""
        return self.time_slots.read(text, context)

    def unknown(self, table: str, value: str) -> str:
        """What to tell the operator: file, line to add it at, nearest known value."""
        close = nearest(fold(value), self._known[table])
        hint = f"。近い登録済みの値: 「{self._known[table][close]}」" if close else ""
        path = "/".join([*self.folder.parts[-2:], FILES[table]])
        place = f"{path} の {self.last_lines[table]} 行目の後"
        return f"{TITLES[table]}「{value}」は変換表にありません。{place}に追加してください{hint}"

    @cached_property
    def _by_cart_name(self) -> dict[str, CarrierRow]:
        return {fold(name): row for row in self.carriers for name in row.cart_names}

    @cached_property
    def _by_ne_name(self) -> dict[str, CarrierRow]:
        return {fold(name): row for row in self.carriers for name in row.ne_names}

    @cached_property
    def _by_ne_id(self) -> dict[str, CarrierRow]:
        return {ne_id: row for row in self.carriers for ne_id in row.ne_ids}

    @cached_property
    def _by_code(self) -> dict[str, CarrierRow]:
        codes: dict[str, CarrierRow] = {}
        for row in self.carriers:
            codes.setdefault(row.code, row)
        for row in self.carriers:
            codes.setdefault(row.cod_code or row.code, row)
        return codes

    @cached_property
    def _known(self) -> dict[str, dict[str, str]]:
        slots = [slot.label for slot in self.time_slots.slots.values()]
        return {
            "payment": {name: row.name for name, row in self.payments.items()},
            "payment_ne": {ne_id: ne_id for ne_id in self.ne_payments},
            "carrier": {fold(name): name for row in self.carriers for name in row.cart_names},
            "carrier_ne": {fold(name): name for row in self.carriers for name in row.ne_names},
            "time_slot": {text: text for text in (*self.time_slots.words, *filter(None, slots))},
            "characters": dict(self.characters),
        }


def fold(text: str) -> str:
    """The form in which names are compared: width and blanks do not matter, everything else does."""
    return "".join(unicodedata.normalize("NFKC", text).split())
