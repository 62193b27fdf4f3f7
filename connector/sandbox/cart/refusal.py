"""Refusals (エラー): the cart's own words for what it will not do, with their code and HTTP status.

spec/ecforce.md §2.5. A `Refusal` carries one or several sentences; nothing was changed when it is raised.
"""

from __future__ import annotations

from typing import NamedTuple

from connector.adapters.ecforce import wire


class Sentence(NamedTuple):
    """One entry of an `errors` array."""

    code: str
    message: str


class Refusal(Exception):
    """The request is refused as a whole."""

    def __init__(self, status: int, *sentences: Sentence) -> None:
        super().__init__("; ".join(f"{code} {message}" for code, message in sentences))
        self.status, self.sentences = status, sentences


def not_found(prefix: str, resource: str) -> Refusal:
    return Refusal(404, Sentence(prefix + wire.NOT_FOUND, wire.WORDS_NOT_FOUND.format(resource=resource)))


def missing(prefix: str, param: str) -> Refusal:
    return Refusal(422, Sentence(prefix + wire.PARAM_MISSING, wire.WORDS_PARAM_MISSING.format(param=param)))


def invalid(prefix: str, param: str) -> Refusal:
    return Refusal(422, Sentence(prefix + wire.PARAM_INVALID, wire.WORDS_PARAM_INVALID.format(param=param)))


def not_valid(prefix: str, words: str) -> Refusal:
    """A model validation in the cart's words (…3999)."""
    return Refusal(422, Sentence(prefix + wire.NOT_VALID, words))


def all_of(refusals: list[Refusal]) -> None:
    """Raise everything that was wrong at once, if anything was."""
    if refusals:
        raise Refusal(refusals[0].status, *(sentence for each in refusals for sentence in each.sentences))
