"""Automation (自動化率の言葉): why a person had to touch a slip, and where."""

from __future__ import annotations

from connector.words.places import EVENTS
from connector.words.reasons import REASONS
from connector.words.text import Text
from connector.words.waits import CONFIRM_REASONS

TOUCH_PLACES: dict[str, Text] = {
    "cart": Text("カート", "the cart"),
    "next_engine": Text("ネクストエンジン", "Next Engine"),
    "warehouse": Text("倉庫", "the warehouse"),
    "page": Text("この画面", "this page"),
    "mapping": Text("対応表", "the mapping tables"),
}

TOUCHES: dict[str, Text] = {
    "deposit": Text("入金待ち", "waiting for a deposit"),
    "check": Text("確認待ち", "waiting for a check"),
    "imported": Text("人が先に本取込", "imported by a person"),
    "split": Text("分割", "split"),
    "copied": Text("複写", "copied"),
    "bundled": Text("同梱", "bundled"),
}


def touch_reason(reason: str, lang: str = "ja") -> str:
    """A touch's reason by name; `check:AG` names its 確認内容."""
    kind, _, code = reason.partition(":")
    if code:
        known = CONFIRM_REASONS.get(code)
        name = f"{code} {known.say(lang)}" if known is not None else code
        return (
            f"{TOUCHES[kind].say(lang)}（{name}）" if lang == "ja" else f"{TOUCHES[kind].say(lang)} ({name})"
        )
    for table in ({str(key): word.name for key, word in REASONS.items()}, TOUCHES, EVENTS):
        if reason in table:
            return table[reason].say(lang)
    return reason


def touch_places(places: tuple[str, ...], lang: str = "ja") -> str:
    known = (TOUCH_PLACES.get(place, Text(place, place)).say(lang) for place in places)
    return ("・" if lang == "ja" else ", ").join(known)


def percent(permille: int | None, lang: str = "ja") -> str:
    """96.4%; unknown is a word."""
    if permille is None:
        return "不明" if lang == "ja" else "unknown"
    return f"{permille / 10:.1f}%"


def points(permille: int, lang: str = "ja") -> str:
    return f"+{permille / 10:.1f}点" if lang == "ja" else f"+{permille / 10:.1f} points"
