"""The bench's mails (メール送信の計測) against the postfix it starts; `connector bench --mail` gives the figure."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import pytest
from connector.bench import mail as bench
from connector.bench import mail_line, measure_mail

from tests.real.servers import needs

pytestmark = pytest.mark.realserver


def test_pool_and_one_connection_are_measured_side_by_side() -> None:
    needs("postfix")
    told = measure_mail(mails=200, rounds=3)
    assert (told["mails"], told["rounds"], told["connections"]) == (200, 3, 4)
    assert len(told["pool_s"]) == len(told["one_s"]) == 3
    assert told["pool_per_s"] == pytest.approx(200 / statistics.median(told["pool_s"]), rel=0.01)
    assert told["ratio"] == pytest.approx(told["pool_per_s"] / told["one_per_s"], abs=0.01)
    assert f"{told['ratio']:.2f}x" in mail_line(told)


def test_where_postfix_is_absent_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_tool", lambda _name: None)
    assert mail_line(measure_mail()) == "mail: left out, postfix is not installed on this machine"


def test_where_we_are_not_root_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_tool", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(Path, "exists", lambda _path: True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert mail_line(measure_mail()) == "mail: left out, postfix can only be started by root"
