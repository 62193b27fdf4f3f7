"""How nouns lie in the store: the JSON of their struct, and their ids and links in columns."""

from __future__ import annotations

import msgspec

from connector.order import Order
from connector.slip import Shipment, Slip
from connector.subscription import Subscription

_ORDER = msgspec.json.Decoder(Order)
_SLIP = msgspec.json.Decoder(Slip)
_SHIPMENT = msgspec.json.Decoder(Shipment)
_SUBSCRIPTION = msgspec.json.Decoder(Subscription)
encode = msgspec.json.Encoder().encode

order = _ORDER.decode
slip = _SLIP.decode
shipment = _SHIPMENT.decode
subscription = _SUBSCRIPTION.decode
