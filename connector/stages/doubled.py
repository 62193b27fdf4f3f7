"""Doubled (二重出荷の見張り): of the slips that may go to the warehouse, those whose goods were sent before.

Compared with everything sent in the last days, and with what goes along in this very pass. A person's release lets
exactly the pair pass that the hold named, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector import doubles
from connector.doubles import Alike, Sending
from connector.journey import SlipState
from connector.outcome import Hold, Item, Reason
from connector.ports import Ports
from connector.slip import Result, Shipment, Slip
from connector.stages import marks
from connector.stages.shipped import LEFT

AFTER_ALL = (
    "倉庫が出荷しないと言った伝票（またはその残り）が出荷されました。代わりの伝票も倉庫に渡っています。"
    "間に合えば、代わりの伝票の受注の出荷止めを依頼してください。"
)

NOT_ALL = (Result.UNSHIPPABLE, Result.CANCELLED, Result.PARTIAL)


async def doubled(
    ready: Mapping[str, Item[Slip]], fresh: Mapping[str, Slip], ports: Ports
) -> dict[str, Hold]:
    """Who must wait for a person, by slip number; the others may go."""
    if not ready or not ports.shop.doubles.enabled or ports.known is None:
        return {}
    before = await ports.known.sent_like([fresh[number] for number in ready], ports.now)
    beside: dict[str, list[Sending]] = {}  # those of this pass that go, by everything they could be found by
    stopped: dict[str, Hold] = {}
    for number in sorted(ready, key=lambda number: _turn(ready[number], fresh[number], ports)):
        item = ready[number]
        new = doubles.sending(fresh[number], item.orders, ports.now)
        near = {one.slip: one for trace in _traces(new) for one in beside.get(trace, ())}
        sent = [*before.get(number, ()), *near.values()]
        found = [one for one in doubles.alike(new, sent, ports.shop) if one.slip not in _agreed(item)]
        if found:
            stopped[number] = _hold(found)
            continue
        for trace in _traces(new):
            beside.setdefault(trace, []).append(new)
    return stopped


def _turn(item: Item[Slip], slip: Slip, ports: Ports) -> tuple[bool, bool, int, str]:
    """Of two that are the same goes: what is claimed already, what an order of ours stands behind, the older one."""
    return (not marks.claimed(item, slip, ports), not item.orders, len(slip.number), slip.number)


def _traces(one: Sending) -> set[str]:
    rounds = (f"round {order.subscription} {order.round}" for order in one.orders if order.subscription)
    origins = (one.slip, one.copied_from, one.split_from, one.parcel_parent, *one.took_in)
    slips = (f"slip {number}" for number in origins if number)
    return {one.likeness, *rounds, *slips, *(f"order {number}" for number in one.numbers)} - {""}


def _agreed(item: Item[Slip]) -> frozenset[str]:
    notes = (note for reason, note in item.allowed if reason is Reason.DUPLICATE_SHIPMENT)
    return frozenset(number for note in notes for number in doubles.named(note))


def _hold(found: Sequence[Alike]) -> Hold:
    return Hold(Reason.DUPLICATE_SHIPMENT, "\n".join(doubles.sentence(one) for one in found))


def left_after_all(item: Item[Slip], event: Shipment, *, agreed: bool) -> bool:
    """The warehouse had said that this slip, or the rest of it, does not leave; now goods of it left.

    It refused it in its receipt, reported so, or `agreed` to stop it: so something else may have gone in its place.
    """
    if event.result not in LEFT:
        return False
    refused = Reason.REFUSED in item.held or any(reason is Reason.REFUSED for reason, _ in item.allowed)
    reported = any(one.result in NOT_ALL for one in item.shipments)
    return agreed or refused or reported or item.state is SlipState.CANCELLED


def twice(item: Item[Slip], found: Sequence[Alike]) -> Hold | None:
    """What went out in its place is out there, too; nothing where a person let exactly that pass."""
    new = [one for one in found if one.slip not in _agreed(item)]
    if not new:
        return None
    return Hold(Reason.DUPLICATE_SHIPMENT, f"{AFTER_ALL}\n{_hold(new).note}")
