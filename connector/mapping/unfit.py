"""Unfit (変換できない): why one value of one item cannot be written, in words that become a hold."""

from __future__ import annotations

from connector.outcome import Hold, Reason


class Unfit(ValueError):
    """One value cannot be carried over. Caught per item: the neighbours go on."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason, self.words = reason, words

    @property
    def hold(self) -> Hold:
        return Hold(self.reason, self.words)
