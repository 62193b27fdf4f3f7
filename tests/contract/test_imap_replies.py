"""IMAP replies (メールボックスの返事): captured from dovecot 2.3.19, and odd ones made by hand (reliability §9.3)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from connector.transport.imap_replies import Fetched, Line, code, fetched, uids, validity, words
from hypothesis import given
from hypothesis import strategies as some

DONE = b"Fetch completed (0.001 + 0.000 secs)."
MAIL = bytearray(b"Subject: (x\r\n\r\nhello {3}\r\n")

CAPTURED: dict[str, tuple[list[Line], list[Fetched]]] = {
    "sizes": (
        [b"1 FETCH (UID 1 RFC822.SIZE 26)", b"2 FETCH (UID 2 RFC822.SIZE 1)", DONE],
        [Fetched(1, 26), Fetched(2, 1)],
    ),
    "a body": ([b"1 FETCH (UID 1 BODY[] {26}", MAIL, b")", DONE], [Fetched(1, None, bytes(MAIL))]),
    "with its flags": (
        [b"2 FETCH (UID 2 FLAGS (\\Seen \\Recent) BODY[] {1}", bytearray(b"x"), b")", DONE],
        [Fetched(2, None, b"x")],
    ),
    "two at once": (
        [
            b"1 FETCH (UID 1 RFC822.SIZE 26 FLAGS (\\Recent) BODY[] {26}",
            MAIL,
            b")",
            b"2 FETCH (UID 2 RFC822.SIZE 1 FLAGS (\\Seen \\Recent) BODY[] {1}",
            bytearray(b"x"),
            b")",
            DONE,
        ],
        [Fetched(1, 26, bytes(MAIL)), Fetched(2, 1, b"x")],
    ),
    "nothing": ([DONE], []),
}
BY_HAND: dict[str, tuple[list[Line], list[Fetched]]] = {
    "the number after the body": (
        [b"1 FETCH (BODY[] {26}", MAIL, b" UID 7)", DONE],
        [Fetched(7, None, bytes(MAIL))],
    ),
    "keys in small letters": ([b"1 fetch (uid 7 rfc822.size 3)", DONE], [Fetched(7, 3)]),
    "a body in quotes": (
        [b'1 FETCH (UID 7 BODY[] "a \\"b\\" \\\\ (")', DONE],
        [Fetched(7, None, b'a "b" \\ (')],
    ),
    "a body that is gone": ([b"1 FETCH (UID 7 BODY[] NIL)", DONE], [Fetched(7)]),
    "an empty body": ([b"1 FETCH (UID 7 BODY[] {0}", bytearray(), b")", DONE], [Fetched(7, None, b"")]),
    "a body that looks like a row": (
        [b"1 FETCH (UID 7 BODY[] {24}", bytearray(b"2 FETCH (UID 8 BODY[] {3"), b")", DONE],
        [Fetched(7, None, b"2 FETCH (UID 8 BODY[] {3")],
    ),
    "news between": (
        [
            b"3 EXPUNGE",
            b"1 FETCH (FLAGS (\\Seen))",
            b"5 EXISTS",
            b"1 FETCH (UID 7 BODY[] {1}",
            bytearray(b"x"),
            b")",
            b"1 RECENT",
            DONE,
        ],
        [Fetched(7, None, b"x")],
    ),
    "a row without end": (
        [b"1 FETCH (UID 7 FLAGS (", b"2 FETCH (UID 8 RFC822.SIZE 3)", DONE],
        [Fetched(8, 3)],
    ),
    "numbers that are none": (
        [b"1 FETCH (UID x RFC822.SIZE 3)", b"1 FETCH (UID 7 RFC822.SIZE -3)"],
        [Fetched(7)],
    ),
    "a number beyond reason": ([b"1 FETCH (UID " + b"9" * 5000 + b" RFC822.SIZE 3)"], []),
    "a deep structure": ([b"1 FETCH (X ((UID 3) (RFC822.SIZE 4)) UID 7 RFC822.SIZE 5)"], [Fetched(7, 5)]),
    "a word of the keys as a value": ([b'1 FETCH (X "UID" Y UID UID 7 RFC822.SIZE 5)'], [Fetched(7, 5)]),
}


@pytest.mark.parametrize(
    ("lines", "wanted"), [*CAPTURED.values(), *BY_HAND.values()], ids=[*CAPTURED, *BY_HAND]
)
def test_rows_are_read_by_their_keys(lines: Sequence[Line], wanted: list[Fetched]) -> None:
    assert list(fetched(lines)) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([b"1 2", b"Search completed (0.001 + 0.000 secs)."], [1, 2]),
        ([b"", b"Search completed (0.001 + 0.000 secs)."], []),
        ([b"9 3", b"5", b"3 messages found"], [3, 5, 9]),
        ([b"4 (MODSEQ 917)", b"done"], [4]),
        ([bytearray(b"8"), b"7", b"done"], [7]),
        ([], []),
    ],
)
def test_a_search_gives_numbers_oldest_first(lines: Sequence[Line], wanted: list[int]) -> None:
    assert uids(lines) == wanted


def test_a_select_gives_the_validity() -> None:
    told = [
        b"OK [CLOSED] x",
        b"2 EXISTS",
        b"OK [UIDVALIDITY 1795341721] UIDs valid",
        b"[READ-WRITE] Select done",
    ]
    assert validity(told) == 1795341721
    assert validity([b"2 EXISTS", b"[READ-WRITE] Select done"]) is None


def test_status_texts_give_their_code_and_words() -> None:
    assert code(b"[TRYCREATE] Mailbox doesn't exist: None") == "TRYCREATE"
    assert code(b"Mailbox [TRYCREATE] doesn't exist") == ""
    assert words([b"1 EXISTS", b"no \xff\x00 such\tfolder"]) == "no \\xff\x00 such folder"
    assert words([]) == ""


@given(
    some.lists(
        some.one_of(
            some.binary(max_size=30),
            some.binary(max_size=30).map(bytearray),
            some.sampled_from([line for lines, _ in (CAPTURED | BY_HAND).values() for line in lines]),
        ),
        max_size=12,
    )
)
def test_no_reply_raises(lines: list[Line]) -> None:
    for row in fetched(lines):
        assert row.uid >= 0
    uids(lines)
    validity(lines)
    words(lines)
