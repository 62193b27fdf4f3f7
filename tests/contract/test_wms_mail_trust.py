"""Whom we believe, and what a mail may bring: forged heads, hostile archives, names that want to be paths."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace

import pytest
from connector.adapters.mail.mime import split
from connector.adapters.wms import archives
from connector.adapters.wms.attachments import MAX_DEPTH, Contents, contents
from connector.adapters.wms.mail_trust import verdicts_of

from tests.contract.wms_mail_desk import BELIEVED, RESULTS, RULES, a_mail, part

OURS = "mx1.shop.example.test"
GOOD = f"{OURS}; dkim=pass header.d=wms.example.jp"


def head(*fields: str, sender: str = "result@wms.example.jp") -> bytes:
    lines = [*(f"Authentication-Results: {field}" for field in fields), f"From: {sender}"]
    return a_mail(part(RESULTS[1]), head="".join(f"{line}\r\n" for line in lines))


def doubt(mail: bytes) -> str:
    seen = split(mail)
    assert seen is not None
    return RULES.doubt(seen)


BELIEVABLE = (
    GOOD,
    f"{OURS} 1; dkim=pass header.d=wms.example.jp",  # with a version
    "MX1.Shop.Example.Test; DKIM=PASS header.d=WMS.example.jp",
    f"(by us) {OURS} (really); dkim=pass (2048-bit; ok) header.d=wms.example.jp header.s=k1",
    f"{OURS}; spf=fail; dkim=fail header.d=list.example.net; dkim = pass header.d = wms.example.jp",
    f"{OURS}; dkim=pass header.i=@wms.example.jp header.s=k1",
    f'{OURS}; dkim=pass reason="good; signature" header.d=wms.example.jp',
    f"{OURS};\r\n\tdkim=pass\r\n\theader.d=wms.example.jp",
)


@pytest.mark.parametrize("field", BELIEVABLE)
def test_what_our_own_server_found_is_believed(field: str) -> None:
    assert doubt(head(field)) == ""


FORGED = {
    "none at all": (),
    "nothing found": (f"{OURS}; none",),
    "only spf": (f"{OURS}; spf=pass smtp.mailfrom=wms.example.jp",),
    "fail": (f"{OURS}; dkim=fail header.d=wms.example.jp",),
    "temporary": (f"{OURS}; dkim=temperror header.d=wms.example.jp",),
    "another domain": (f"{OURS}; dkim=pass header.d=wms.example.jp.example.net",),
    "a parent domain": (f"{OURS}; dkim=pass header.d=example.jp",),
    "a foreign server": ("mx.example.net; dkim=pass header.d=wms.example.jp",),
    "a name like ours": (f"{OURS}.example.net; dkim=pass header.d=wms.example.jp",),
    "ours below a foreign one": ("mx.example.net; none", GOOD),
    "ours below our own": (f"{OURS}; dkim=fail header.d=wms.example.jp", GOOD),
    "pass of one, domain of another": (
        f"{OURS}; dkim=pass header.d=example.net; dkim=fail header.d=wms.example.jp",
    ),
    "in a comment": (f"{OURS}; dkim=fail (dkim=pass header.d=wms.example.jp) header.d=wms.example.jp",),
    "behind a quoted end": (f'{OURS}; dkim=fail reason="x; dkim=pass header.d=wms.example.jp"',),
    "behind an escaped quote": (f'{OURS}; dkim=fail reason="\\"; dkim=pass header.d=wms.example.jp; \\""',),
    "a comment without end": (f"{OURS}; dkim=pass header.d=wms.example.jp (",),
    "a quote without end": (f'{OURS}; dkim=pass header.d=wms.example.jp "',),
    "a domain in another property": (f"{OURS}; dkim=pass policy.d=wms.example.jp",),
    "said twice, the first is another": (f"{OURS}; dkim=pass header.d=example.net header.d=wms.example.jp",),
    "too long to be read whole": (f"{OURS}; {'x' * 5_000}; dkim=pass header.d=wms.example.jp",),
    "another method": (f"{OURS}; xdkim=pass header.d=wms.example.jp",),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_anybody_could_have_written_is_not(name: str) -> None:
    assert doubt(head(*FORGED[name]))


SENDERS = (
    "result@wms.example.jp.example.net",
    "<result@wms.example.jp>, other@example.net",
    '"result@wms.example.jp" <other@example.net>',
    "result@wms.example.jp <other@example.net>",
    "",
    "=?utf-8?b?cmVzdWx0QHdtcy5leGFtcGxlLmpw?= <other@example.net>",
)


@pytest.mark.parametrize("sender", SENDERS)
def test_only_the_one_address_of_from_counts(sender: str) -> None:
    assert "許可された送信元ではありません" in doubt(head(GOOD, sender=sender))
    assert doubt(head(GOOD, sender='"出荷 係" <Result@WMS.example.jp>')) == ""


def test_two_froms_are_none() -> None:
    assert "from が二つ" in doubt(head(GOOD, sender="other@example.net\r\nFrom: result@wms.example.jp"))


def test_a_signature_of_half_a_body_lets_anybody_add_the_rest() -> None:
    signed = f"DKIM-Signature: v=1; a=rsa-sha256; d=wms.example.jp; s=k;\r\n l=120; b=AAAA\r\n{BELIEVED}"
    assert "本文の一部" in doubt(a_mail(head=signed))
    assert doubt(a_mail(head=signed.replace("l=120;", "x=120;"))) == ""


def test_every_allowed_sender_and_domain_counts() -> None:
    more = replace(
        RULES, senders=("a@example.jp", *RULES.senders), signed_by=("example.jp", "wms.example.jp")
    )
    seen = split(head(GOOD))
    assert seen is not None and more.doubt(seen) == ""


def test_a_field_that_is_not_whole_says_nothing() -> None:
    assert verdicts_of("") == ("", [])
    assert verdicts_of(";;;") == ("", [])
    assert verdicts_of('"') == ("", [])


# --- attachments -------------------------------------------------------------------------------------------


def read(mail: bytes) -> Contents:
    seen = split(mail)
    assert seen is not None
    return contents(seen)


def refusal(mail: bytes) -> str:
    found = read(mail)
    assert found.files == ()
    ((_, words),) = found.refused
    return words


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def mailed_zip(data: bytes) -> bytes:
    return a_mail(part(data, name="r.zip", kind="application/zip"))


def test_every_table_of_an_archive_is_taken_under_its_bare_name() -> None:
    data = zipped({"実績/一.csv": RESULTS[1], "../../etc/two.CSV": RESULTS[2], "empty/": b""})
    files = read(mailed_zip(data)).files
    assert [(one.name, one.body) for one in files] == [("一.csv", RESULTS[1]), ("two.CSV", RESULTS[2])]


def test_an_archive_named_in_cp932_is_shown_readably() -> None:
    data = zipped({"XXXX.csv": RESULTS[1]}).replace(b"XXXX", "表示".encode("cp932"))
    assert [one.name for one in read(mailed_zip(data)).files] == ["表示.csv"]


def lying(data: bytes) -> bytes:
    """The directory says the file comes out as one byte."""
    at = data.rfind(b"PK\x01\x02")
    local = data.rfind(b"PK\x03\x04", 0, at)
    data = data[: local + 22] + struct.pack("<L", 1) + data[local + 26 :]
    return data[: at + 24] + struct.pack("<L", 1) + data[at + 28 :]


def encrypted(data: bytes) -> bytes:
    at = data.rfind(b"PK\x01\x02")
    return data[: at + 8] + b"\x01\x00" + data[at + 10 :]


SMALL = zipped({"a.csv": RESULTS[1]})
HOSTILE = {
    "a bomb": (zipped({"a.csv": b"0" * 30_000_000}), "大きくなりすぎます"),
    "a bomb that lies": (lying(zipped({"a.csv": b"0" * 30_000_000})), "ZIP"),
    "too many": (zipped({f"{n}.csv": b"x" for n in range(21)}), "20 を超えています"),
    "a directory of thousands": (zipped({f"{n}.csv": b"" for n in range(2_000)}), "目録が大きすぎます"),
    "encrypted": (encrypted(SMALL), "パスワード付き"),
    "another method": (zipped({"a.csv": RESULTS[1]}, zipfile.ZIP_LZMA), "圧縮方式"),
    "cut off": (SMALL[:-30], "途中で切れています"),
    "a wrong sum": (SMALL.replace(SMALL[60:64], b"\0\0\0\0", 1), "ZIP として読めません"),
    "a program beside it": (zipped({"a.csv": RESULTS[1], "b.exe": b"x"}), "CSV でないファイル b.exe"),
    "an archive in it": (zipped({"a.zip": SMALL}), "CSV でないファイル a.zip"),
    "nothing": (zipped({}), "ファイルがありません"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_is_taken_whole_or_not_at_all(name: str) -> None:
    data, words = HOSTILE[name]
    assert words in refusal(mailed_zip(data))


def test_all_files_of_an_archive_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 2 * len(RESULTS[1]))
    two = dict.fromkeys(("a.csv", "b.csv"), RESULTS[1])
    assert len(read(mailed_zip(zipped(two))).files) == 2
    assert "大きくなりすぎます" in refusal(mailed_zip(zipped(two | {"c.csv": b"x"})))


def nested(depth: int) -> bytes:
    inner = part(RESULTS[1])
    for level in range(depth):
        name = b"in%d" % level
        inner = (
            b"Content-Type: multipart/mixed; boundary=" + name + b"\r\n\r\n--" + name + b"\r\n"
            + inner + b"\r\n--" + name + b"--\r\n"
        )  # fmt: skip
    return a_mail(inner)


def test_nesting_has_an_end() -> None:
    assert len(read(nested(MAX_DEPTH - 1)).files) == 1
    assert "入れ子が深すぎます" in refusal(nested(MAX_DEPTH))


WHOLE = {
    "cut off between parts": (a_mail(part(RESULTS[1]), end=False), "途中で切れている"),
    "no boundary": (a_mail(part(RESULTS[1])).replace(b"boundary=b1", b"charset=x"), "途中で切れている"),
    "too many parts": (a_mail(*[part(b"x,y\r\n")] * 41), "40 以上"),
    "broken base64": (a_mail(part(RESULTS[1]).replace(b"IiwiMSIs", b"@@@@", 1)[:-9] + b"="), "base64"),
    "odd encoding": (a_mail(part(RESULTS[1]).replace(b": base64", b": x-uuencode")), "知らない符号化"),
    "an empty file": (a_mail(part(b"\r\n")), "空です"),
    "a spreadsheet": (a_mail(part(b"x", name="r.xlsx", kind="application/vnd.ms-excel")), "読めない種類"),
    "only a picture": (a_mail(part(b"GIF", name="logo.gif", kind="image/gif")), "がありません"),
    "a mail in a mail": (
        a_mail(b"Content-Type: message/rfc822\r\n\r\n" + a_mail(part(RESULTS[1])).replace(b"b1", b"b2")),
        "転送された",
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_cannot_be_taken_is_said(name: str) -> None:
    mail, words = WHOLE[name]
    assert words in refusal(mail)


NAMES = {
    'filename="../../etc/passwd.csv"': "passwd.csv",
    'filename="C:\\\\temp\\\\r.csv"': "r.csv",
    "filename*=utf-8''%2e%2e%2fa%00b%0d%0a.csv": "a b .csv",
    "filename*=x-unknown''r.csv": "r.csv",
    'filename="' + "x" * 500 + '.csv"': "x" * 120,
    "": "添付1.csv",
}


@pytest.mark.parametrize("said", NAMES)
def test_a_name_is_shown_and_never_a_path(said: str) -> None:
    disposition = f"attachment; {said}\r\n".encode()
    table = part(RESULTS[1]).replace(b'attachment; filename="SHIPRES.csv"\r\n', disposition)
    (file,) = read(a_mail(table)).files
    assert (file.name, file.body) == (NAMES[said], RESULTS[1])
