"""Injected doubles (紛れ込んだ二重出荷): eight ways in which goods of a double shop are about to be sent again.

Each wears some of the disguises in which the same person comes twice: spaces, old characters, width, a missing phone.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

from connector.order import Order, Origin, Round
from connector.slip import NEStatus, Slip
from msgspec.structs import replace

from tests.unit.double_shop import DAY, DAYS, HOUR, MODERN, START, DoubleShop, Event

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


class TroubledShop(DoubleShop):
    """A double shop with `doubles` of the eight kinds in turn."""

    def base(self, origin: Origin | None = None) -> Event:
        """A genuine sending that nothing else happened to."""
        while True:
            one = self.rng.choice(self.sent)
            fits = origin is None or one.orders[0].origin is origin
            if fits and one.slip.number not in self.tied and one.at < START + DAY * (DAYS - 12):
                self.tied.add(one.slip.number)
                return one

    def later(self, one: Event, days: int = 11) -> Any:
        """Beside it in the same pass, or days afterwards."""
        return one.at + (
            DAY * self.rng.randrange(1, days * 24) / 24 if self.rng.random() < 0.8 else HOUR / 60
        )

    def disguised(self, slip: Slip, **more: Any) -> Slip:
        town, numbers = _parted(slip.address1)
        names = (slip.name, slip.name.replace(" ", ""), slip.name.replace(" ", "\u3000"), slip.name + " 様",
                 slip.name.translate(MODERN))  # fmt: skip
        houses = ("-".join(numbers), "{}丁目{}番{}号".format(*numbers), "−".join(numbers),
                  "-".join(numbers).translate(WIDE), "-".join(numbers) + " 見本ビル501")  # fmt: skip
        phones = (
            slip.phone,
            slip.phone.replace("-", ""),
            slip.phone.translate(WIDE),
            "+81 " + slip.phone[1:],
        )
        zips = (slip.zip_code, slip.zip_code.replace("-", ""), "〒" + slip.zip_code.translate(WIDE))
        fields = {
            "number": self.number(),
            "name": self.rng.choice(names),
            "phone": self.rng.choice(phones),
            "zip_code": self.rng.choice(zips),
            "address1": town,
            "address2": self.rng.choice(houses),
        }
        missing = self.rng.choice(("phone", "zip_code", "none", "none"))
        fields |= {missing: ""} if missing in fields else {}
        return replace(slip, **(fields | more))

    def _again(self, kind: str, one: Event, slip: Slip, at: Any, *orders: Order) -> None:
        slip = replace(slip, lock=slip.number, created_at=at)
        self.relay(slip, at, *orders, pattern=kind, double=kind, of=one.slip.number)

    def _round(self) -> None:
        one = self.base(Origin.GENERATED)
        old, at = one.orders[0], self.later(one, 9)
        new = replace(old, number=f"EC-{self.number()}", cart_order_id=int(self.number()), placed_at=at)
        new = replace(new, origin=self.rng.choice(list(Origin)), ship_on=at.date())
        self._again("round", one, self.disguised(one.slip, order_number=new.number), at, new)

    def _reimport(self) -> None:
        one = self.base()
        number = one.slip.order_number
        written = self.rng.choice((number, number, number.lower(), number.translate(WIDE), f" {number}"))
        self._again("reimport", one, self.disguised(one.slip, order_number=written), self.later(one))

    def _copy(self) -> None:
        one = self.base()
        moved = {"address1": "見本県別町9-9", "zip_code": "000-9999"} if self.rng.random() < 0.3 else {}
        number = self.rng.choice((one.slip.order_number, ""))
        copy = self.disguised(one.slip, copied_from=one.slip.number, order_number=number, **moved)
        self._again("copy", one, copy, self.later(one))

    def _split(self) -> None:
        one = self.base()
        rows = one.slip.rows[: self.rng.randrange(1, len(one.slip.rows) + 1)]
        rest = replace(one.slip, number=self.number(), split_from=one.slip.number, rows=rows)
        self._again("split", one, rest, max(self.later(one), one.at + HOUR * 3))

    def _bundle(self) -> None:
        who, goods, at = self.person(), self.basket(), self.some_day(DAYS - 12)
        made = [self.order(who, goods, at + HOUR * n / 60) for n in range(2)]
        _, goes, sent = self._bundle_of(who, goods, made, at, "bundled")
        lives = goes if self.rng.random() < 0.5 else self.disguised(goes)
        self._again("bundle", sent, replace(lives, lock="again" + lives.number), self.later(sent, 9))

    def _hand_made(self) -> None:
        if self.rng.random() < 0.5:
            one = self.base()
            self._again("hand_made", one, self.disguised(one.slip, order_number=""), self.later(one, 9))
        else:
            self._elsewhere_first("hand_made", "")

    def _go_live(self) -> None:
        self._elsewhere_first("go_live", self.rng.choice(("same", f"OLD-{self.number()}")))

    def _elsewhere_first(self, kind: str, number: str) -> None:
        """Somebody else ships what was ordered; our own slip for the order becomes ready days later."""
        who, goods, at = self.person(), self.basket(), self.some_day(DAYS - 12)
        its = Round(subscription_id=int(self.number()), number="S", round=1)
        order = self.order(who, goods, at, subscription=its)
        theirs = self._shipped_elsewhere(
            who, goods, at + HOUR / 60, at + DAY * self.rng.choice((1, 2, 3)),
            order_number=order.number if number == "same" else number,
        )  # fmt: skip
        status = self.rng.choice((NEStatus.PRINTED, NEStatus.SHIPPED))
        shown = self.events.pop()
        theirs = replace(theirs, status=status)
        self.events.append(replace_event(shown, slip=theirs))
        ours = self.disguised(theirs, order_number=order.number, status=NEStatus.PRINT_WAIT, shipped_at=None)
        after = shown.at + DAY * self.rng.randrange(1, 8)
        slip = replace(ours, lock=ours.number, created_at=at)
        self.relay(slip, after, order, pattern=kind, double=kind, of=theirs.number)

    def _twin(self) -> None:
        one = self.base(Origin.PLACED)
        old = one.orders[0]
        at = old.placed_at + timedelta(minutes=self.rng.randrange(1, 330))
        new = replace(old, number=f"EC-{self.number()}", cart_order_id=int(self.number()), placed_at=at)
        slip = self.disguised(one.slip, order_number=new.number, ordered_at=at)
        self._again("twin", one, slip, at + HOUR * self.rng.choice((1, 1, 30, 100)), new)


def _parted(address: str) -> tuple[str, list[str]]:
    """The town and the three house numbers."""
    plain = unicodedata.normalize("NFKC", address)
    town, _, house = plain.rpartition("町")
    return town + "町", house.split("-")


def replace_event(one: Event, **more: Any) -> Event:
    return Event(**(vars(one) | more))
