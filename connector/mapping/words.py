"""Words (言葉の対応): a closed list in a mapping, the texts of one side and the words of the other.

Codes drift: 7 was ネコポス and is クロネコゆうパケット now (spec/wms.md §4.2). `outdated:` names the texts that an
older file may still hold; they are read as the word of today, and every one is told.
"""

from __future__ import annotations

from connector.mapping.document import Node, Proof, Section
from connector.mapping.unfit import Unfit
from connector.outcome import Reason


def compile_words(node: Node | None, proof: Proof) -> dict[str, str]:
    """`words: {text: word}`."""
    if not isinstance(node, Section) or not node.entries:
        proof.problem(node, "「値: 言葉」の対応を書いてください")
        return {}
    return {text: proof.text(word) for text, word in node.entries.items()}


def compile_outdated(node: Node | None, words: dict[str, str], proof: Proof) -> dict[str, str]:
    """`outdated: {old text: text of today}`; the text of today must be one of `words:`."""
    outdated = compile_words(node, proof)
    for old, new in outdated.items():
        if new not in words:
            proof.problem(
                node, f"「{old}」の代わりは words: にある値でなければなりません", new, "・".join(words)
            )
    return outdated


def said(words: dict[str, str], text: str) -> str:
    """The other side's word for a text of ours; what nobody has entered holds the item."""
    if text not in words:
        known = "・".join(filter(None, words))
        raise Unfit(Reason.UNKNOWN_VALUE, f"「{text}」に当たる値が words: にありません (あるのは {known})")
    return words[text]
