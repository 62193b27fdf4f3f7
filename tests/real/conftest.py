"""Starts each real server once per test run, when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.servers import Dovecot, Postfix, Sshd, running_dovecot, running_postfix, running_sshd


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with running_dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    with running_postfix(dovecot) as server:
        yield server


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    with running_sshd() as server:
        yield server
