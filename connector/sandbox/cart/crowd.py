"""Crowd (町の人と品物): what the fictional shop sells, and how strangers are called and where they live.

Everything is invented. Names, addresses and remarks are hard on purpose: most fit cp932, a few must not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from connector.sandbox.cart.model import Goods, PostalAddress

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
    Goods(sku="MH-LEAFLET", product_number="MH-LEAFLET", name="見本だより", price=0, stock=STOCK),
)
ONCE: Final = tuple(goods.sku for goods in GOODS if goods.price and not goods.recurring)
LEAFLET: Final = "MH-LEAFLET"  # an insert (同梱物): price 0, and it must ship
RECURRING: Final = tuple(goods.sku for goods in GOODS if goods.recurring)

# Payment method ids of the sandbox cart, with how many of a hundred choose them.
CARD, COD, BANK, DEFERRED, AMAZON = 1, 5, 15, 24, 31
PAYMENTS: Final = {CARD: 65, DEFERRED: 15, COD: 10, BANK: 6, AMAZON: 4}
SUBSCRIBERS_PAYMENTS: Final = {CARD: 80, DEFERRED: 12, COD: 5, AMAZON: 3}

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


def choose(rng: random.Random, shares: dict[int, int]) -> int:
    """One of the keys, as often as its share says."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def address(rng: random.Random) -> PostalAddress:
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


def basket(rng: random.Random, skus: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    lines = rng.choices((1, 2, 3), weights=(70, 22, 8))[0]
    chosen = rng.sample(skus, min(lines, len(skus)))
    return tuple((sku, rng.choices((1, 2, 3), weights=(85, 12, 3))[0]) for sku in chosen)


def remark(rng: random.Random) -> str | None:
    chance = rng.random()
    if chance < 0.006:
        return rng.choice(UNENCODABLE_REMARKS)
    return rng.choice(REMARKS) if chance < 0.07 else None
