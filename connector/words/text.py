"""Text (文言): one thing said in Japanese and in English."""

from __future__ import annotations

from typing import NamedTuple

LANGUAGES = ("ja", "en")


class Text(NamedTuple):
    """Japanese first: operators read it; English is complete."""

    ja: str
    en: str

    def say(self, lang: str) -> str:
        return self.en if lang == "en" else self.ja


class Word(NamedTuple):
    """What a person must know about a trouble, in four parts (ux.md §2.4)."""

    name: Text  # short
    why: Text  # what happened, one sentence
    means: Text  # for goods and money
    do: Text  # the next step


class Term(NamedTuple):
    """A short name and one sentence that explains it."""

    name: Text
    means: Text
