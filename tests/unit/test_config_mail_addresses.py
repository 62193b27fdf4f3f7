"""Mail addresses of the settings: a full-width character in one of them is named before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.config import load
from connector.config.mail_addresses import fault_of_address
from connector.errors import Misconfigured

from tests.test_bad_configs import CASES, laid_out

GOOD = ("shop@example.jp", "tori-komi+1@mail.example.co.jp", "o'neil@example.jp", "a.b@xn--eckwd4c7c.jp")
BAD = {
    "shop＠example.jp": "the full-width '＠' (U+FF20) as its character 5",
    "shop@example．jp": "the full-width '．' (U+FF0E)",
    "ｓhop@example.jp": "the full-width 'ｓ'",
    "shop @example.jp": "a blank as its character 5",
    "shop\u3000@example.jp": "a full-width blank",
    "見本@example.jp": "the full-width '見'",
    "shop": "exactly one @",
    "a@b@example.jp": "exactly one @",
    "@example.jp": "",
    "shop@": "",
    "shop@localhost": "no domain",
    "shop@example..jp": "",
    ".shop@example.jp": "",
    "<shop@example.jp>": "",
    "": "exactly one @",
}


def test_addresses_that_are_right() -> None:
    assert {one: fault_of_address(one) for one in GOOD} == dict.fromkeys(GOOD, ("", ""))


@pytest.mark.parametrize("address", BAD)
def test_what_is_wrong_with_an_address_is_named(address: str) -> None:
    words, expected = fault_of_address(address)
    assert words
    assert BAD[address] in words
    assert fault_of_address(expected) == ("", "")


def test_the_check_of_the_settings_names_the_key_and_the_mended_address(tmp_path: Path) -> None:
    config = laid_out(next(case for case in CASES if case.name.startswith("24")), tmp_path)
    text = config.read_text("utf-8")
    line = next(one for one in text.splitlines() if one.startswith("sender = "))
    config.write_text(text.replace(line, 'sender = "shop＠example.jp"'), "utf-8")
    with pytest.raises(Misconfigured) as wrong:
        load(config)
    (problem,) = (one for one in wrong.value.problems if "sender" in one.words)
    assert problem.words.startswith("shops.mihon.mail.sender: this mail address has the full-width '＠'")
    assert (problem.found, problem.expected) == ("shop＠example.jp", "shop@example.jp")
