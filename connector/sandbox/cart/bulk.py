"""Bulk results (一括処理): 200 with `success`, `failure` and `errors`, each row for itself (§2.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.adapters.ecforce import wire
from connector.sandbox.cart.refusal import Refusal, invalid, missing


class BulkResult:
    """Collects what became of each row."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._success: list[Any] = []
        self._failure: list[Any] = []
        self._errors: list[dict[str, object]] = []

    def run(
        self, key: Any, deed: Callable[..., object], *args: Any, shown: Any = None, error_id: Any = None
    ) -> None:
        """Do one row; a refusal is written down and the next row goes on. `shown` stands for a row that is done,
        `error_id` for one that is not."""
        try:
            deed(*args)
        except Refusal as refusal:
            self.fail(key, refusal, error_id=error_id)
            return
        self.done(key if shown is None else shown)

    def done(self, key: Any) -> None:
        self._success.append(key)

    def fail(self, key: Any, refusal: Refusal, *, error_id: Any = None) -> None:
        self._failure.append(key)
        self._errors.append(
            {
                "id": key if error_id is None else error_id,
                "code": self._prefix + wire.ROW_FAILED,
                "message": wire.WORDS_ROW_FAILED,
                "errors": [{"code": code, "message": words} for code, words in refusal.sentences],
            }
        )

    def body(self) -> dict[str, object]:
        """`failure` and `errors` are absent when everything succeeded."""
        if not self._failure:
            return {"success": self._success}
        return {"success": self._success, "failure": self._failure, "errors": self._errors}


def rows_of(body: dict[str, Any], key: str, prefix: str, limit: int = 100) -> list[Any]:
    """The request's rows. Raises Refusal when missing, no array or too many (§9)."""
    rows = body.get(key)
    if rows is None or rows == []:
        raise missing(prefix, key)
    if not isinstance(rows, list) or len(rows) > limit:
        raise invalid(prefix, key)
    return rows
