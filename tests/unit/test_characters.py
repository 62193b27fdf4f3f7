"""Characters (文字): everything cp932 and JIS X 0213 treat differently, and ten thousand names, through the firewall.

Nothing may become another character without a record that says what the reader gets (spec/wms.md §5.2).
"""

from __future__ import annotations

import csv
import io
import random
import shutil
import subprocess
import unicodedata
from collections import Counter
from functools import cache

import pytest
from connector.mapping import Replacement, Unfit
from connector.mapping.reader import _GAIJI
from connector.mapping.text import Firewall, carried
from connector.outcome import Reason

from tests.golden.samples import instruction, tables, writer

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


def test_what_cp932_and_jis_x_0213_treat_differently_goes_over_whole_or_is_held_by_name() -> None:
    fate: Counter[str] = Counter()
    for character in differing():
        text = f"見本{character}例"
        try:
            out, notes = sent(text)
        except Unfit as unfit:
            lacking = [one for one in unicodedata.normalize("NFC", character) if not carried(one)]
            assert lacking
            assert all(point(one) in unfit.words for one in lacking)
            fate["held"] += 1
            continue
        assert out.encode("cp932").decode("cp932") == out
        assert accounted(text, out, notes), point(character)
        assert all(
            note.found in str(note) and f"「{note.put}」" in str(note)
            for note in notes
            if note.found.isprintable()
        )
        fate["recorded" if notes else "unchanged"] += 1
        assert bool(notes) == (out != text)
    print(f"\n{len(differing()):,} characters: {dict(fate)}")
    assert len(differing()) > 4000
    assert fate["unchanged"] > 300
    assert fate["held"] > 3000
    assert fate["recorded"] > 100


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


def test_ten_thousand_names_reach_the_label_as_they_are_or_as_the_record_says() -> None:
    wanted = {f"{number:06}": name for number, name in enumerate(names(10_000), 100_000)}
    written = writer("wms/generic/instruction.yaml").write(
        [instruction(number, name=name) for number, name in wanted.items()]
    )
    rows = csv.DictReader(io.StringIO(written.body.decode("cp932"), newline=""))
    labels = {row["出荷指示番号"]: row["届先名"] for row in rows}
    held = dict(written.held)
    notes: dict[str, list[Replacement]] = {}
    for note in written.replaced:
        if note.column == "届先名":
            notes.setdefault(note.key, []).append(note)

    assert labels.keys() | held.keys() == wanted.keys()
    assert not labels.keys() & held.keys()
    for number, name in wanted.items():
        if number in held:
            assert held[number].reason is Reason.UNMAPPABLE_TEXT
            assert not carried(unicodedata.normalize("NFC", name))
            continue
        assert accounted(name, labels[number], notes.get(number, [])), (name, labels[number])
        assert (name == labels[number]) == (number not in notes)
        assert "?" not in labels[number]
    print(f"\n{len(labels):,} labels, {len(notes):,} with a record, {len(held):,} held")
    assert len(labels) > 5000
    assert len(notes) > 1000
    assert len(held) > 1000


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
    for character in (*differing(), *names(2000)):
        try:
            lines.append(sent(character)[0])
        except Unfit:
            continue
    text = "\n".join(lines)
    assert len(lines) > 1500
    assert read_by(command, text.encode("cp932")) == text
