"""Masks (マスキング): personal data leaves the views only like this (security.md §5)."""

from __future__ import annotations

import re

from connector.ledger.views.rows import Person
from connector.order import Address, Buyer
from connector.slip import Slip


def name(text: str) -> str:
    """山田 花子 → 山* 花*."""
    return " ".join(part[:1] + "*" for part in text.split())


def phone(text: str) -> str:
    """090-1234-5678 → 090-****-5678."""
    digits = re.sub(r"\D", "", text)
    return f"{digits[:3]}-****-{digits[-4:]}" if len(digits) >= 9 else "****" if text else ""


def email(text: str) -> str:
    """taro@example.jp → t***@example.jp."""
    local, at, domain = text.partition("@")
    return f"{local[:1]}***{at}{domain}" if at else "***" if text else ""


def address(one: Address, *, mail: str = "") -> Person:
    return Person(
        name=name(one.name),
        email=email(mail),
        phone=phone(one.phone),
        zip_code=one.zip_code,
        prefecture=one.prefecture,
    )


def buyer(one: Buyer) -> Person:
    return address(one.address, mail=one.email)


def consignee(slip: Slip) -> Person:
    return Person(name=name(slip.name), phone=phone(slip.phone), zip_code=slip.zip_code)
