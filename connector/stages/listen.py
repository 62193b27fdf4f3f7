"""Listen (工程の言い分): take down everything a stage says about a batch, and find the item that breaks it.

One poisonous order must not stop its neighbours (architecture §5): where a stage breaks on a batch, the batch is
asked again in halves until the culprits stand alone. Saying sends nothing, so it may be repeated.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from connector.errors import ConnectorError
from connector.outcome import Effect
from connector.slip import Slip
from connector.stages.stage import AnyItem, Said

MANY = 20  # that many culprits are not poisonous items but a broken stage: nobody is held for it

Speech = AsyncIterator[Said | Effect | list[Slip]]
Speaker = Callable[[Sequence[AnyItem]], Speech]


@dataclass(slots=True)
class Heard:
    """What a stage said. `bug`: it broke, nothing of what it said counts, `culprits` are to blame.

    `fault`: the outside failed in the middle. What was said before it counts, what was planned does not.
    """

    said: list[Said] = field(default_factory=list)
    planned: list[Effect] = field(default_factory=list)
    slips: list[Slip] = field(default_factory=list)
    fault: ConnectorError | None = None
    bug: Exception | None = None
    culprits: list[tuple[AnyItem, Exception]] = field(default_factory=list)


async def listen(speak: Speaker, items: Sequence[AnyItem]) -> Heard:
    """Everything that is said about these items. Raises nothing: a fault or a bug is part of the answer."""
    try:
        return await _all(speak(items))
    except Exception as bug:  # noqa: BLE001 - whatever it is, it is one item's until proved otherwise
        culprits = await _culprits(speak, items, bug)
        alone = len(items) == 1 or len(culprits) < min(len(items), MANY)
        return Heard(bug=bug, culprits=culprits if alone else [])


async def _all(speech: Speech) -> Heard:
    heard = Heard()
    try:
        async for word in speech:
            if isinstance(word, Effect):
                heard.planned.append(word)
            elif isinstance(word, list):
                heard.slips += word
            else:
                heard.said.append(word)
    except ConnectorError as fault:
        heard.planned, heard.fault = [], fault
    return heard


async def _culprits(
    speak: Speaker, items: Sequence[AnyItem], bug: Exception
) -> list[tuple[AnyItem, Exception]]:
    if len(items) == 1:
        return [(items[0], bug)]
    found: list[tuple[AnyItem, Exception]] = []
    middle = len(items) // 2
    for half in (items[:middle], items[middle:]):
        if len(found) >= MANY:
            break
        try:
            # Half a picture may look absurd, or the outside is gone: then nobody is to blame in this pass.
            await _all(speak(half))
        except Exception as inner:  # noqa: BLE001
            found += await _culprits(speak, half, inner)
    return found
