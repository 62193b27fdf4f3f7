"""Time band reader (時間帯): one canonical band out of the many ways people and systems write it.

spec/wms.md §4.3 and Resolutions 6. A text nobody knows is None, never silently 指定なし: a parcel that comes
when nobody is at home costs more than a question.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

_HOUR = r"0?(\d|1\d|2[0-4])(?:時(?:00分)?|:00)?"
_PAIR = re.compile(rf"(?:午前中?)?\(?{_HOUR}(?:-|~|から){_HOUR}(?:まで)?\)?")
_MORNING = re.compile(r"午前[^0-9後]*")
_LABEL = re.compile(r"時間帯指定\[(.*)\]")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−〜ー"), "-")


class TimeSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A band: `band` is ours and the default warehouse profile's, `label` Next Engine's text for it."""

    band: str
    label: str


class TimeSlots(msgspec.Struct, frozen=True, kw_only=True):
    """mappings/tables/time_slot.yaml, ready to be asked."""

    slots: dict[str, TimeSlot]
    pairs: dict[tuple[int, int], str]  # (from hour, to hour) -> band
    words: dict[str, str]  # folded words -> band
    codes: dict[str, dict[str, str]]  # reading context -> a carrier's bare code -> band
    morning: str = "AM"  # 午前… without hours
    nothing: str = "NONE"

    def read(self, text: str, context: str = "") -> TimeSlot | None:
        """`context` names a carrier's code list; bare codes are read only where the carrier is known."""
        band = self._band(fold(text), context)
        return self.slots.get(band) if band else None

    def _band(self, text: str, context: str) -> str | None:
        if not text:
            return self.nothing
        if context in self.codes and text in self.codes[context]:
            return self.codes[context][text]
        if text in self.words:
            return self.words[text]
        if pair := _PAIR.fullmatch(text):
            return self.pairs.get((int(pair[1]), int(pair[2])))
        return self.morning if _MORNING.fullmatch(text) else None


def fold(text: str) -> str:
    """The form in which band texts are compared: NFKC, one kind of dash, no blanks, without NE's wrapper."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = re.sub(r"\s+", "", plain).upper()
    wrapped = _LABEL.fullmatch(plain)
    return wrapped[1] if wrapped else plain
