"""Gate (APIの入口): from a decoded call to the reply's body: tokens, faults, endpoint, envelope (§1.4, §2.2, §2.6).

Danger for clients, and on purpose: the pair in an *error* may be a new one, and an error with 999999 may stand
for a write that was done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.adapters.next_engine import wire
from connector.sandbox.faults import Faults
from connector.sandbox.next_engine.account import Account
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.call import Call
from connector.sandbox.next_engine.importer import Importer
from connector.sandbox.next_engine.reads import Reads
from connector.sandbox.next_engine.refusal import Refusal
from connector.sandbox.next_engine.script import DROP, Script, TransportFault
from connector.sandbox.next_engine.tokens import TokenDesk, TokenPair
from connector.sandbox.next_engine.writes import Writes

Body = dict[str, Any]
Answer = Callable[[Call], Body]
EMPTY_PAIR = (wire.ACCESS_TOKEN, wire.ACCESS_END, wire.REFRESH_TOKEN, wire.REFRESH_END)


class Gate:
    """Every endpoint of the API behind one door."""

    def __init__(
        self,
        books: Books,
        account: Account,
        tokens: TokenDesk,
        reads: Reads,
        writes: Writes,
        importer: Importer,
        faults: Faults,
    ) -> None:
        self._books, self._account, self._tokens, self._importer = books, account, tokens, importer
        self._faults = faults
        self.script = Script()
        self._writes: dict[str, Answer] = {
            wire.BASE_UPDATE: writes.update,
            wire.BASE_BULKUPDATE: writes.bulkupdate,
            wire.BASE_UPLOAD: self._upload,
            wire.BASE_RECEIPTED: writes.receipted,
            wire.BASE_BULKRECEIPTED: writes.bulkupdatereceipted,
            wire.BASE_LABELPRINTED: writes.labelprinted,
            wire.BASE_SHIPPED: writes.shipped,
            wire.BASE_DIVIDE: writes.divide,
            wire.BASE_BUNDLE: writes.bundle,
            wire.NOTICE_ADD: self._notice,
        }
        self._endpoints: dict[str, Answer] = {
            **reads.endpoints(),
            wire.LOGIN_COMPANY_INFO: lambda _: {"count": "1", "data": [account.company()]},
            wire.BASE_BUNDLE_CANDIDATES: writes.bundle_candidates,
            **self._writes,
        }

    def answer(self, call: Call) -> Body:
        """The reply to one call; TransportFault when there is none."""
        if call.path.rstrip("/") == wire.NEAUTH:
            return self._replied(self._account.neauth, call)
        if call.path == wire.APP_COMPANY:
            return self._replied(self._account.companies, call)
        pair: TokenPair | None = None
        try:
            if not call.text(wire.ACCESS_TOKEN) and not self._exists(call.path):
                raise Refusal(wire.CODE_NO_PATH, with_tokens=False)
            pair, rotated = self._enter(call)
            body = self._run(call, pair, rotated)
        except Refusal as refused:
            return _error(refused, pair)
        return {wire.RESULT: wire.SUCCESS, **body, **pair.body()}

    def _exists(self, path: str) -> bool:
        return path in self._endpoints or path == wire.LOGIN_USER_INFO

    def _enter(self, call: Call) -> tuple[TokenPair, bool]:
        access, refresh = call.text(wire.ACCESS_TOKEN), call.text(wire.REFRESH_TOKEN)
        pair, rotated = self._tokens.pass_through(access, refresh)
        if refresh and not rotated and self._faults.strike("token-expiry"):
            self._tokens.end_access(access)
            return self._tokens.pass_through(access, refresh)
        return pair, rotated

    def _run(self, call: Call, pair: TokenPair, rotated: bool) -> Body:
        """The endpoint, with what goes wrong before and after it."""
        planned = self.script.take(call.path)
        if planned is not None and not planned.applied:
            raise planned.refusal()
        if call.path in self._books.settings.denied_paths:
            raise Refusal(wire.CODE_NO_PERMISSION)
        body = self._account.user(pair) if call.path == wire.LOGIN_USER_INFO else self._work(call)
        if planned is not None:
            raise planned.refusal()
        # A lost reply that carried a new pair would lock the client out for good, so the random fault spares it;
        # a planned one does not.
        if call.path in self._writes and not rotated and self._faults.strike("ne-lost-reply"):
            raise TransportFault(DROP)
        return body

    def _work(self, call: Call) -> Body:
        """The main function (メイン機能), which may be busy."""
        endpoint = self._endpoints.get(call.path)
        if endpoint is None:
            raise Refusal(wire.CODE_NO_PATH)
        if call.path != wire.LOGIN_COMPANY_INFO and self._faults.strike("ne-busy"):
            raise Refusal(wire.CODE_CONGESTED if call.text(wire.WAIT_FLAG) == "1" else wire.CODE_OVERLOADED)
        return endpoint(call)

    def _replied(self, endpoint: Answer, call: Call) -> Body:
        try:
            return {wire.RESULT: wire.SUCCESS, **endpoint(call)}
        except Refusal as refused:
            return _error(refused, None)

    def _upload(self, call: Call) -> Body:
        codes = self._books.settings.codes
        for name in (wire.UPLOAD_PATTERN, f"{wire.DATA_TYPE}_1", f"{wire.DATA}_1"):
            if not call.raw(name):
                raise Refusal(codes.missing, f"{name}を指定してください")
        pattern = self._books.patterns.get(call.text(wire.UPLOAD_PATTERN))
        if pattern is None or not pattern.enabled or pattern.format_id != wire.FORMAT_GENERIC:
            raise Refusal(codes.upload_pattern, "受注一括登録パターンが存在しません")
        data_type = call.text(f"{wire.DATA_TYPE}_1")
        if data_type not in (wire.DATA_CSV, wire.DATA_GZ):
            raise Refusal(codes.value, f"[{wire.DATA_TYPE}_1]csvまたはgzです")
        content, zipped = call.raw(f"{wire.DATA}_1"), data_type == wire.DATA_GZ
        upload = self._importer.queue(pattern.id, pattern.shop_id, content, zipped=zipped)
        return {"que_id": str(upload.id)}

    def _notice(self, call: Call) -> Body:
        """実行のお知らせ: an app's message to the operators, §3.10."""
        title = call.text("execution_notice_title")
        self._books.history.add("notice_added", title, content=call.text("execution_notice_content"))
        return {}


def _error(refused: Refusal, pair: TokenPair | None) -> Body:
    body: Body = {wire.RESULT: refused.result, "code": refused.code, "message": refused.message}
    if refused.result == wire.ERROR:
        body["request_id"] = ""
    if refused.empty_tokens:
        return body | dict.fromkeys(EMPTY_PAIR, "")
    return body | (pair.body() if pair is not None and refused.with_tokens else {})
