"""Characters (文字): everything cp932 and JIS X 0213 treat differently, and ten thousand names, through the firewall.

Nothing may become another character without a record that says what the reader gets (spec/wms.md §5.2).
"""

from __future__ import annotations

import random
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from connector.adapters.wms import wire
from connector.adapters.wms.files import FileWarehouse
from connector.clock import SteppedClock, at_jst
from connector.mapping import Replacement, Unfit
from connector.mapping.pages import PAGES
from connector.mapping.table_rows import _GAIJI
from connector.mapping.text import Firewall, carried, undone
from connector.outcome import Reason
from connector.sandbox.warehouse.files import read_table
from connector.transport.folder import FolderDrop
from hypothesis import example, given
from hypothesis import strategies as st

from tests.contract.wms_desk import Kept
from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import mappings
from tests.golden.samples import slip, tables

CLOCK = SteppedClock(at_jst(TUESDAY, 10))
SHIPPED = tables().characters


def sent(text: str) -> tuple[str, list[Replacement]]:
    """What the receiver's file says for the text, and the record; Unfit where it is held."""
    wall = Firewall("200901", SHIPPED)
    return wall.clean("届先名", text), wall.replaced


def accounted(text: str, out: str, notes: list[Replacement]) -> bool:
    """Every character that went away is in the record, and every one that came."""
    found, put = Counter("".join(n.found for n in notes)), Counter("".join(n.put for n in notes))
    return Counter(text) + put == Counter(out) + found


def point(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)


# As written, Python's cp932 bytes (None: it refuses), and what stands in the file after the firewall (None: held).
FACTS: list[tuple[str, bytes | None, str | None]] = [
    ("\u301c", b"\x81\x60", "\uff5e"),
    ("\uff5e", b"\x81\x60", "\uff5e"),
    ("\u2212", b"\x81\x7c", "\uff0d"),
    ("9\u22129", b"9\x81\x7c9", "9-9"),
    ("\u2014", None, "\u2015"),
    ("\u2013", None, "-"),
    ("\u2011", None, "-"),
    ("\u00b7", None, "\u30fb"),
    ("\u2010", b"\x81\x5d", "\u2010"),
    ("9\u20109", b"9\x81\x5d9", "9-9"),
    ("\u00a5", None, "\uffe5"),
    ("\u00a2", b"\x81\x91", "\uffe0"),
    ("\u00a3", b"\x81\x92", "\uffe1"),
    ("\u00ac", b"\x81\xca", "\uffe2"),
    ("\u2016", b"\x81\x61", "\u2225"),
    ("\u203e", None, "\uffe3"),
    ("\u00af", None, "\uffe3"),
    ("\u00a0", None, " "),
    ("\u200b", None, ""),
    ("\ufeff", None, ""),
    ("\u200d", None, ""),
    ("\ufe0f", None, ""),
    ("\U000e0100", None, ""),
    ("\u9ad9", b"\xee\xe0", "\u9ad9"),  # 髙
    ("\ufa11", b"\xed\x95", "\ufa11"),  # 﨑
    *[(name, name.encode("cp932"), name) for name in "濵栁德彅瀨"],
    ("鷗", None, "鴎"),
    ("𠮷", None, "吉"),
    ("𡈽", None, "土"),
    ("한", None, None),
    ("陈", None, None),
    ("é", None, None),
    ("♥", None, None),
    ("🏠", None, None),
    ("㉑", None, None),
    ("か\u3099", None, "が"),
    ("①", b"\x87\x40", "①"),
    ("Ⅲ", b"\x87\x56", "Ⅲ"),
    ("㈱", b"\x87\x8a", "㈱"),
    ("№", b"\x87\x82", "№"),
]


@pytest.mark.parametrize(("text", "encoded", "wanted"), FACTS, ids=[point(fact[0]) for fact in FACTS])
def test_the_facts_of_cp932(text: str, encoded: bytes | None, wanted: str | None) -> None:
    if encoded is None:
        assert not carried(text)
    else:
        assert text.encode("cp932") == encoded
    if wanted is None:
        with pytest.raises(Unfit, match=f"U\\+{ord(text):04X}") as raised:
            sent(f"見本{text}例")
        assert raised.value.reason is Reason.UNMAPPABLE_TEXT
        return
    plain = f"見本{text}例" if not text[0].isdigit() else text
    out, notes = sent(plain)
    assert out == plain.replace(text, wanted)
    assert bool(notes) == (text != wanted)
    assert out.encode("cp932").decode("cp932") == out
    assert accounted(plain, out, notes)


def test_both_byte_forms_of_a_vendor_character_are_one_character() -> None:
    """Python writes the NEC-selected form, glibc and Windows the IBM one; all read both."""
    for nec, ibm in ((b"\xee\xe0", b"\xfb\xfc"), (b"\xed\x95", b"\xfa\xb1")):
        assert nec.decode("cp932") == ibm.decode("cp932")


def test_every_byte_that_reads_as_nobodys_character_is_seen_as_gaiji() -> None:
    seen = 0
    for lead in range(0x80, 0x100):
        for body in (bytes([lead]), *(bytes([lead, trail]) for trail in range(0x40, 0xFD))):
            try:
                text = body.decode("cp932")
            except UnicodeDecodeError:
                continue
            nobodys = any("\x80" <= one <= "\x9f" or unicodedata.category(one) == "Co" for one in text)
            assert bool(_GAIJI.search(text)) == nobodys, body
            seen += nobodys
    assert seen > 1880  # F040..F9FC, and the lone bytes 80, A0, FD-FF before anything


@cache
def differing() -> tuple[str, ...]:
    """Every character whose bytes differ between cp932 and Shift_JIS-2004, or that only one of them has.

    Not the private-use area, which is nobody's character in either.
    """
    points = (*range(0x20, 0xD800), *range(0xE000, 0x30000))
    return tuple(
        chr(one)
        for one in points
        if encoded(chr(one), "cp932") != encoded(chr(one), "shift_jis_2004")
        and unicodedata.category(chr(one)) != "Co"
    )


def test_a_private_character_is_held_by_its_code_point() -> None:
    """外字: cp932 would write F040 without a word, and another machine refuses the file or shows another sign."""
    assert "\ue000".encode("cp932") == b"\xf0\x40"
    with pytest.raises(Unfit) as unfit:
        sent("見本\ue000例")
    assert "U+E000" in unfit.value.words


def encoded(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None


def fate_of(text: str, page: str) -> tuple[str, str, list[Replacement]]:
    """What becomes of a text before one kind of receiver: its fate, what the file says, the record."""
    wall = Firewall("200901", SHIPPED, page)
    try:
        out = wall.clean("届先名", text)
    except Unfit as unfit:
        return "held", unfit.words, wall.replaced
    return ("recorded" if wall.replaced else "unchanged"), out, wall.replaced


@cache
def jis_x_0213() -> tuple[str, ...]:
    """Every character of JIS X 0213, and the twenty-five that are two code points."""
    points = (*range(0x20, 0xD800), *range(0xF900, 0x30000))
    alone = [chr(one) for one in points if encoded(chr(one), "euc_jis_2004") is not None]
    return (*alone, *(f"{base}\u309a" for base in "かきくけこカキクケコセツトㇷ"))


def basic_plane() -> Iterator[str]:
    yield from (chr(one) for one in (*range(0x20, 0xD800), *range(0xE000, 0x10000)))


SWEEPS: list[tuple[str, Callable[[], Iterable[str]], int]] = [
    ("cp932", basic_plane, 7300),
    ("cp932", jis_x_0213, 6800),
    ("cp932-without-row-13", jis_x_0213, 6700),
    ("shift_jis", jis_x_0213, 6700),
    ("utf-8", jis_x_0213, 11000),
]


@pytest.mark.parametrize(
    ("page", "characters", "least"), SWEEPS, ids=[f"{s[0]} {s[1].__name__}" for s in SWEEPS]
)
def test_every_character_arrives_as_it_is_or_as_the_record_says_or_is_held_by_name(
    page: str, characters: Callable[[], Iterable[str]], least: int
) -> None:
    codec, fates = PAGES[page].codec, Counter[str]()
    for character in characters():
        text = f"見本{character}例"
        fate, out, notes = fate_of(text, page)
        fates[fate] += 1
        if fate == "held":
            assert any(point(one) in out for one in character), point(character)
            assert "文字目" in out
            continue
        assert out.encode(codec).decode(codec) == out, "what is written is what is read"
        assert undone(out, notes) == text, "the record leads back to what the customer wrote"
        assert (out == text) == (fate == "unchanged"), point(character)
        assert "?" not in out or "?" in text
        assert len(out) > 3 or notes[0].rule == "invisible", point(character)
    print(f"\n{page}: {dict(fates)}")
    assert fates["unchanged"] > least


def test_what_cp932_and_jis_x_0213_treat_differently_is_all_in_the_sweep() -> None:
    assert len(differing()) > 4000
    assert sum(fate_of(one, "cp932")[0] != "held" for one in differing()) > 500


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_carried_that_the_codec_gives_back_otherwise(page: str) -> None:
    codec = PAGES[page].codec
    for character in basic_plane():
        if carried(character, page):
            assert character.encode(codec).decode(codec) == character, point(character)


@pytest.mark.parametrize(
    ("page", "text", "wanted"),
    [
        (
            "cp932",
            "\ufa19\ufa1a\ufa1b\u212b",
            "\ufa19\ufa1a\ufa1b\u212b",
        ),  # not composed away: cp932 has them
        ("shift_jis", "\ufa19\ufa1b", "神福"),
        ("shift_jis", "髙﨑濵德", "高崎浜徳"),
        ("cp932", "髙﨑濵德①㈱", "髙﨑濵德①㈱"),
        ("cp932-without-row-13", "髙①㈱№Ⅲ㍉", "髙1(株)NoIIIミリ"),
        ("shift_jis", "①㈱ⅲ", "1(株)iii"),
        ("shift_jis", "〜～−－", "〜〜−−"),
        ("utf-8", "〜−𠮷①葛\U000e0100 か\u3099\u200b", "〜−𠮷①葛\U000e0100 が"),
        ("cp932", "a\u0301が", None),
        ("cp932-without-row-13", "∮", None),
        ("shift_jis", "鍈", None),
        ("utf-8", "\ue000", None),
    ],
)
def test_each_receiver_gets_what_it_can_read(page: str, text: str, wanted: str | None) -> None:
    fate, out, notes = fate_of(text, page)
    assert (out if fate != "held" else None) == wanted
    if wanted is not None:
        assert undone(out, notes) == text


@given(st.lists(st.sampled_from([*"見①♥ﾊ－〜㈱\u200b\n ", "か\u3099"]), max_size=12).map("".join))
@example("♥①♥②")
def test_the_record_leads_back_whatever_stands_beside_what(text: str) -> None:
    wall = Firewall("200901", {"♥": "ハート"}, "cp932-without-row-13")
    assert undone(wall.clean("届先名", text), wall.replaced) == text


FAMILY = [
    "見本", "山田", "髙橋", "﨑元", "濵口", "栁田", "德永", "草彅", "廣瀨", "鷗外",
    "𠮷野", "𡈽屋", "渡邉", "渡邊", "齋藤", "齊藤", "神田", "福島", "啞々", "内藤",
    "內藤", "吞川", "蔣田", "葛\U000e0100城", "辻\U000e0101", "か\u3099くふ\u3099", "ﾐﾎﾝ", "ﾊﾞﾊﾞ",
    "O'Mihon", "MIHON－ＳＡＴＯ",
    "陈", "김", "Müller", "①番", "㈱見本", "№例", "♥花", "見\u200b本", "例〜例", "例\u2212例",
    "例\u2014例", "¥屋", "\ufa19\ufa1b",
]  # fmt: skip
GIVEN = [
    "太郎", "花子", "ハナコ", "はな", "タロウ〃", "壱〇", "ｼﾞﾛｳ", "三\u00a0郎", "一\u2010二", "J.",
    "様方", "\U0001f468\u200d\U0001f469", "々", "ゝ", "ヽ", "〆", "ヶ子", "ヴィ", "㉑", "𩸽",
    "２－３",
]  # fmt: skip
JOINTS = ("", " ", "　", "・", "\u00a0", "－")


def names(count: int) -> list[str]:
    rng = random.Random(20261124)
    return [rng.choice(FAMILY) + rng.choice(JOINTS) + rng.choice(GIVEN) for _ in range(count)]


def through_the_port(texts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], dict[str, list[str]]]:
    """Names out by the warehouse's port and in by its sandbox's own reader: labels, holds, records, by slip."""
    folder = Path("nowhere")
    house = FileWarehouse(mappings("generic"), drop=FolderDrop(folder), archive=Kept(folder), clock=CLOCK)
    slips = [
        slip(number, name=name, zip_code="1500001", address1="東京都渋谷区", address2="神宮前9-99-2")
        for number, name in texts.items()
    ]
    (file,) = house.instructions(slips, sequence=1, at=CLOCK.now())
    table = read_table(file.body, wire.SHIPORD_COLUMNS, "cp932")
    records: dict[str, list[str]] = {}
    for words in file.facts["replaced"] + file.facts["remarks"]:
        records.setdefault(words.split()[0], []).append(words)
    labels = {row["出荷指示番号"]: row["届先名"] for row in table.rows}
    return labels, {number: hold.note for number, hold in file.held}, records


def test_ten_thousand_names_reach_the_label_as_they_are_or_as_the_record_says() -> None:
    wanted = {f"{number:06}": name for number, name in enumerate(names(10_000), 100_000)}
    labels, held, records = through_the_port(wanted)
    assert labels.keys() | held.keys() == wanted.keys()
    assert not labels.keys() & held.keys()
    for number, name in wanted.items():
        fate, out, notes = fate_of(name, "cp932")
        if number in held:
            assert fate == "held"
            assert "U+" in held[number]
            continue
        assert labels[number] == out
        assert undone(out, notes) == name
        assert [words for words in records.get(number, []) if "離島" not in words] == [
            str(replace(note, key=number)) for note in notes
        ]
        assert "?" not in out
    print(f"\n{len(labels):,} labels, {len(records):,} with a record, {len(held):,} held")
    assert (len(labels) > 5000, len(records) > 1000, len(held) > 1000) == (True, True, True)


def test_every_character_that_cp932_can_write_goes_through_the_port_and_back() -> None:
    """Sixteen to a name for those that stay as they are, one to a name for those that change."""
    fates = {one: fate_of(f"見{one}本", "cp932") for one in {*jis_x_0213(), *differing(), *repertoire()}}
    same = sorted(one for one, (fate, _, _) in fates.items() if fate == "unchanged")
    texts = ["見" + "".join(same[at : at + 14]) for at in range(0, len(same), 14)]
    texts += [f"見{one}本" for one, (fate, _, _) in sorted(fates.items()) if fate == "recorded"]
    texts += [f"見{one}本" for one, (fate, _, _) in sorted(fates.items()) if fate == "held"][::40]
    wanted = {f"{number:06}": text for number, text in enumerate(texts, 100_000)}
    labels, held, records = through_the_port(wanted)
    for number, text in wanted.items():
        fate, out, notes = fate_of(text, "cp932")
        assert (number in held) == (fate == "held"), text
        if number not in held:
            assert labels[number] == out
            assert [str(replace(note, key=number)) for note in notes] == records.get(number, []), text
    print(f"\n{len(same):,} as they are, {len(records):,} with a record, {len(held):,} of the others asked")
    assert len(same) > 7300


def repertoire() -> Iterator[str]:
    """Everything cp932 has bytes for."""
    yield from (one for one in basic_plane() if encoded(one, "cp932") is not None)


def read_by(command: list[str], body: bytes) -> str:
    done = subprocess.run(command, input=body, capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8")


NODE = "process.stdout.write(new TextDecoder('shift_jis',{fatal:true}).decode(require('fs').readFileSync(0)))"


@pytest.mark.parametrize(
    "command", [["iconv", "-f", "CP932", "-t", "UTF-8"], ["node", "-e", NODE]], ids=lambda c: c[0]
)
def test_other_decoders_read_what_we_wrote(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not on this machine")
    lines = []
    for text in (*differing(), *repertoire(), *names(2000)):
        fate, out, _ = fate_of(text, "cp932")
        if fate != "held" and "\n" not in out:
            lines.append(out)
    whole = "\n".join(lines)
    assert len(lines) > 8000
    assert read_by(command, whole.encode("cp932")) == whole
