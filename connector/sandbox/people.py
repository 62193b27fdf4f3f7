"""People of the town (町の人々): what the shop sells, who buys it and when; all invented and seeded.

Each day has its own random stream, so a fault or a longer run never changes another day's orders. Names and
remarks are hard on purpose: most fit cp932, a few must not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from connector.clock import at_jst, jst
from connector.sandbox.cart.model import Goods, NewCustomer, NewOrder, PostalAddress
from connector.subscriptions.cycle import Cycle, CycleKind, Rules, next_delivery, plan, usual_lead_days

STOCK: Final = 200_000
GOODS: Final = (
    Goods(sku="MH-SERUM-30", product_number="MH-SERUM", name="見本美容液 30ml", price=4980, stock=STOCK),
    Goods(
        sku="MH-SERUM-T",
        product_number="MH-SERUM-TEIKI",
        name="見本美容液 30ml 定期便",
        price=3980,
        recurring=True,
        stock=STOCK,
    ),
    Goods(sku="MH-CREAM-50", product_number="MH-CREAM", name="見本クリーム 50g", price=3980, stock=STOCK),
    Goods(sku="MH-MASK-07", product_number="MH-MASK", name="見本マスク 7枚入", price=1480, stock=STOCK),
    Goods(
        sku="MH-TEA-20",
        product_number="MH-TEA",
        name="見本ほうじ茶 20包",
        price=1296,
        tax_rate=8,
        stock=STOCK,
    ),
    Goods(
        sku="MH-TEA-T",
        product_number="MH-TEA-TEIKI",
        name="見本ほうじ茶 20包〜定期便〜",
        price=1080,
        tax_rate=8,
        recurring=True,
        stock=STOCK,
    ),
    Goods(
        sku="MH-SUPPL-60",
        product_number="MH-SUPPL",
        name="見本サプリ ６０粒",
        price=2160,
        tax_rate=8,
        stock=STOCK,
    ),
)
ONCE: Final = tuple(goods.sku for goods in GOODS if not goods.recurring)
RECURRING: Final = tuple(goods.sku for goods in GOODS if goods.recurring)

# Payment method ids of the sandbox cart, with how many of a hundred choose them.
CARD, COD, BANK, DEFERRED, AMAZON = 1, 5, 15, 24, 31
PAYMENTS: Final = {CARD: 65, DEFERRED: 15, COD: 10, BANK: 6, AMAZON: 4}
SUBSCRIBERS_PAYMENTS: Final = {CARD: 80, DEFERRED: 12, COD: 5, AMAZON: 3}

# Share of a day's orders per hour of the day, JST: the shop is busiest after dinner.
HOURS: Final = dict(enumerate((3, 4, 5, 5, 7, 5, 5, 5, 5, 6, 7, 9, 12, 13, 9), start=8))

SURNAMES: Final = (
    ("見本", "ミホン"),
    ("架空", "カクウ"),
    ("例示", "レイジ"),
    ("手本", "テホン"),
    ("仮名", "カメイ"),
    ("髙﨑", "タカサキ"),
    ("濵﨑", "ハマサキ"),
    ("テスト", "ﾃｽﾄ"),
)
UNENCODABLE_SURNAME: Final = ("𠮷見本", "ヨシミホン")
GIVEN_NAMES: Final = (
    ("太郎", "タロウ"),
    ("花子", "ハナコ"),
    ("一郎", "イチロウ"),
    ("さくら", "サクラ"),
    ("次郎", "ジロウ"),
    ("結子", "ユウコ"),
    ("三郎", "サブロウ"),
    ("彅介", "ナギスケ"),
)


@dataclass(frozen=True, slots=True)
class Home:
    """A neighbourhood: postcode, prefecture by JIS number, town. The house numbers do not exist."""

    postcode: str
    prefecture_id: int
    town: str


HOMES: Final = (
    Home("150-0001", 13, "渋谷区神宮前"),
    Home("160-0022", 13, "新宿区新宿"),
    Home("530-0001", 27, "大阪市北区梅田"),
    Home("060-0001", 1, "札幌市中央区北一条西"),
    Home("460-0008", 23, "名古屋市中区栄"),
    Home("812-0011", 40, "福岡市博多区博多駅前"),
    Home("980-0021", 4, "仙台市青葉区中央"),
    Home("330-0854", 11, "さいたま市大宮区桜木町"),
    Home("730-0011", 34, "広島市中区基町"),
    Home("231-0015", 14, "横浜市中区尾上町"),
    Home("920-0853", 17, "金沢市本町"),
    Home("790-0004", 38, "松山市大街道"),
    Home("900-0015", 47, "那覇市久茂地"),
    Home("630-8213", 29, "奈良市登大路町"),
    Home("640-8157", 30, "和歌山市八番丁"),
)
BUILDINGS: Final = (
    "",
    "",
    "",
    "",
    "見本マンション{n}",
    "コーポ見本〜弐番館 {n}",
    "ﾃｽﾄﾊｲﾂ{n}号",
    "架空ビル①-{n}",
)
TIME_SLOTS: Final = ("午前中", "14時〜16時", "16時〜18時", "18時〜20時", "19時〜21時")
REMARKS: Final = (
    "不在時は置き配でお願いします。",
    "領収書の宛名は「見本商店」〜でお願いします",
    "ﾍﾞﾙが鳴りません。①ノックしてください",
    "玄関先\nまで",
)
UNENCODABLE_REMARKS: Final = ("楽しみにしています😊", "いつも♥ありがとう")
SAGAWA: Final = 2  # the other carrier is the shop's default
COUPON: Final = ("MIHON300", 300)
OPENING_POINTS: Final = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to the shop, and what the visitor does afterwards."""

    at: datetime
    order: NewOrder
    cancels_after: timedelta | None = None
    pays_after: timedelta | None = None  # bank transfers


@dataclass(frozen=True, slots=True)
class Signup:
    """A subscription that began before the town opened; `renews_on` is its next nightly creation."""

    at: datetime
    order: NewOrder
    renews_on: date
    card_dies: bool


class Townsfolk:
    """Everybody who buys. `rate` is the average number of orders on a day."""

    def __init__(self, *, seed: int, rate: float) -> None:
        self._seed = seed
        self._rate = rate

    def visits(self, day: date) -> list[Visit]:
        """The day's visits in order of time."""
        rng = random.Random(f"{self._seed}/visits/{day}")
        count = max(0, round(rng.gauss(self._rate, self._rate**0.5)))
        times = sorted(_moment(rng, day) for _ in range(count))
        return [self._visit(rng, at, f"{day:%y%m%d}{place:05d}") for place, at in enumerate(times)]

    def signups(self, count: int, opens_on: date, span_days: int, rules: Rules) -> list[Signup]:
        """`count` subscriptions whose next renewals are spread over the first `span_days` nights."""
        rng = random.Random(f"{self._seed}/signups")
        found = [
            self._signup(rng, place, opens_on + timedelta(days=place % span_days), opens_on, rules)
            for place in range(count)
        ]
        return sorted(found, key=lambda signup: signup.at)

    def _visit(self, rng: random.Random, at: datetime, number: str) -> Visit:
        subscribes = rng.random() < 0.2
        method = _choose(rng, SUBSCRIBERS_PAYMENTS if subscribes else PAYMENTS)
        order = NewOrder(
            customer=_customer(rng, number),
            billing=_address(rng),
            shipping=(_address(rng),) if rng.random() < 0.06 else (),
            items=_basket(rng, RECURRING if subscribes else ONCE),
            payment_method_id=method,
            card=_card(rng, method),
            carrier_id=SAGAWA if rng.random() < 0.15 else None,
            delivery_time=rng.choice(TIME_SLOTS) if rng.random() < 0.4 else None,
            deliver_on=_wish(rng, at),
            remark=_remark(rng),
            wrapping="ギフト包装" if rng.random() < 0.02 else None,
            coupon=COUPON[0] if (coupon := rng.random() < 0.08) else None,
            coupon_discount=COUPON[1] if coupon else 0,
            point=rng.randrange(50, 400, 50) if rng.random() < 0.1 else 0,
            cycle=_cycle(rng) if subscribes else None,
        )
        return Visit(at, order, _regret(rng), _transfer(rng) if method == BANK else None)

    def _signup(self, rng: random.Random, place: int, target: date, opens_on: date, rules: Rules) -> Signup:
        billing = _address(rng)
        lead = usual_lead_days(billing.prefecture_id)
        own = Rules(lead, rules.origin, rules.days_before, rules.min_gap_days, rules.is_closed)
        delivery_on = target + timedelta(days=rules.days_before + lead)
        cycle, first_on = _cycle_reaching(rng, delivery_on)
        renews_on = plan(2, next_delivery(cycle, first_on), own).create_on
        if renews_on < opens_on:  # a closed day pulled it before the opening
            return self._signup(rng, place, target + timedelta(days=1), opens_on, rules)
        method = _choose(rng, SUBSCRIBERS_PAYMENTS)
        order = NewOrder(
            customer=_customer(rng, f"subs{place:05d}"),
            billing=billing,
            items=_basket(rng, RECURRING),
            payment_method_id=method,
            delivery_time=rng.choice(TIME_SLOTS) if rng.random() < 0.5 else None,
            deliver_on=first_on,
            cycle=cycle,
        )
        at = at_jst(first_on - timedelta(days=lead + 3), rng.randrange(9, 22), rng.randrange(60))
        return Signup(at, order, renews_on, card_dies=method == CARD and place % 10 == 0)


def _moment(rng: random.Random, day: date) -> datetime:
    hour = _choose(rng, HOURS)
    return at_jst(day, hour, rng.randrange(60), rng.randrange(60))


def _choose(rng: random.Random, shares: dict[int, int]) -> int:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _customer(rng: random.Random, number: str) -> NewCustomer:
    return NewCustomer(email=f"kyaku-{number}@example.jp", point=OPENING_POINTS if rng.random() < 0.5 else 0)


def _address(rng: random.Random) -> PostalAddress:
    surname, surname_kana = rng.choice(SURNAMES)
    if rng.random() < 0.004:
        surname, surname_kana = UNENCODABLE_SURNAME
    given, given_kana = rng.choice(GIVEN_NAMES)
    home = rng.choice(HOMES)
    return PostalAddress(
        name01=surname,
        name02=given,
        kana01=surname_kana,
        kana02=given_kana,
        company_name="株式会社見本物産" if rng.random() < 0.03 else None,
        zip=home.postcode,
        prefecture_id=home.prefecture_id,
        addr01=home.town,
        addr02=f"99-{rng.randrange(1, 99)}-{rng.randrange(1, 30)}",
        addr03=rng.choice(BUILDINGS).format(n=rng.randrange(101, 909)),
        tel=f"090-0000-{rng.randrange(10_000):04d}",
    )


def _basket(rng: random.Random, skus: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    lines = rng.choices((1, 2, 3), weights=(70, 22, 8))[0]
    chosen = rng.sample(skus, min(lines, len(skus)))
    return tuple((sku, rng.choices((1, 2, 3), weights=(85, 12, 3))[0]) for sku in chosen)


def _card(rng: random.Random, method: int) -> str:
    return "decline" if method in (CARD, DEFERRED) and rng.random() < 0.035 else "ok"


def _wish(rng: random.Random, at: datetime) -> date | None:
    """A wished delivery day, never so soon that an honest shop could miss it."""
    return jst(at).date() + timedelta(days=rng.randrange(8, 15)) if rng.random() < 0.12 else None


def _remark(rng: random.Random) -> str | None:
    chance = rng.random()
    if chance < 0.006:
        return rng.choice(UNENCODABLE_REMARKS)
    return rng.choice(REMARKS) if chance < 0.07 else None


def _regret(rng: random.Random) -> timedelta | None:
    """A few cancel within hours, fewer when the order has long been handed on."""
    chance = rng.random()
    if chance < 0.012:
        return timedelta(minutes=rng.randrange(10, 240))
    return timedelta(hours=rng.randrange(18, 48)) if chance < 0.02 else None


def _transfer(rng: random.Random) -> timedelta | None:
    return timedelta(minutes=rng.randrange(120, 4320)) if rng.random() < 0.9 else None


def _cycle(rng: random.Random) -> Cycle:
    kind = rng.choices(list(CycleKind), weights=(25, 65, 10))[0]
    if kind is CycleKind.TERM:
        return Cycle.every(rng.choice((30, 30, 45, 60)))
    if kind is CycleKind.DATE:
        return Cycle.monthly(1, rng.randrange(1, 29))
    return Cycle(CycleKind.DAY_OF_WEEK, months=1, nth=rng.randrange(1, 5), weekday=rng.randrange(7))


def _cycle_reaching(rng: random.Random, delivery_on: date) -> tuple[Cycle, date]:
    """A cycle and a first delivery about a month ago whose next delivery is this day."""
    month_ago = (delivery_on.replace(day=1) - timedelta(days=1)).replace(day=min(delivery_on.day, 28))
    if delivery_on.day <= 28 and rng.random() < 0.3:
        return Cycle.monthly(1, delivery_on.day), month_ago
    return Cycle.every(30), delivery_on - timedelta(days=30)
