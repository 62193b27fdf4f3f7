"""What the parser and the checker of types find in the settings, in plain words: no pattern, no type of Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from connector.config import load
from connector.errors import Misconfigured, Problem

from tests.test_bad_configs import CASES, laid_out


def found(tmp_path: Path, line: str, put: str) -> Problem:
    """What is told of a configuration with one line of it replaced."""
    config = laid_out(next(case for case in CASES if case.name.startswith("24")), tmp_path)
    text = config.read_text("utf-8").replace('stop = "off"\n', "")
    assert len(re.findall(line, text, re.MULTILINE)) == 1, line
    config.write_text(re.sub(line, lambda _: put, text, flags=re.MULTILINE), "utf-8")
    with pytest.raises(Misconfigured) as wrong:
        load(config)
    (problem,) = wrong.value.problems
    return problem


@pytest.mark.parametrize(
    ("line", "put", "words"),
    [
        (r"^url = .*$", 'url = "shop.example.jp"', "cart.url: must begin with https:// or http://"),
        (r"^times = .*$", 'times = "14:00"', 'times: must be a list: write ["..."]'),
        (r"^shop_id = .*$", 'shop_id = "one"', "must be a number, digits only"),
        (r"^times = .*$", "times = 14:00", "a time or a text needs quotation marks"),
        (
            r"^shop_id = .*$",
            'shop_id = "1"\nshop_id = "2"',
            "the key shop_id stands here for the second time; it",
        ),
        (r"^shop_id = .*$", 'shop_id = "1"\n[web]\n[web]', "the table [web] stands here for the second time"),
        (r"^shop_id = .*$", "shop_id ＝ 1", "'＝' (U+FF1D) is a full-width character"),
        (r"^shop_id = .*$", "shop_id = “1”", "'“' (U+201C) is a full-width character"),
        (r"^shop_id = .*$", "shop_id = True", "this value needs quotation marks, or is no number"),
    ],
)
def test_it_is_said_plainly(tmp_path: Path, line: str, put: str, words: str) -> None:
    problem = found(tmp_path, line, put)
    assert words in problem.words
    assert problem.line
