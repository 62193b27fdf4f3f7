"""Refusal (エラー応答): why a call is not done, with NE's six-digit code; nothing was changed when it is raised.

Bulk calls answer a list of per-slip complaints instead of a sentence; the slips not named were changed (§3.6).
"""

from __future__ import annotations

from connector.adapters.next_engine import wire

Complaint = dict[str, str]

WORDS = {  # our own: exact wording is not known and nothing may depend on it, §2.6
    wire.CODE_NO_PATH: "存在しないパスです",
    wire.CODE_OLD_TOKEN: "アクセストークンが正しくありません",
    wire.CODE_TOKEN_EXPIRED: "認証の有効期限が切れています",
    wire.CODE_PLATFORM_MAINTENANCE: "メンテナンス中です",
    wire.CODE_CONGESTED: "メイン機能が混み合っています。しばらくしてからお試しください",
    wire.CODE_OVERLOADED: "メイン機能が混み合っています。しばらくしてからお試しください",
    wire.CODE_MAIN_SUSPENDED: "メイン機能が停止しています",
    wire.CODE_HOST_MAINTENANCE: "メイン機能のサーバーがメンテナンス中です",
    wire.CODE_MAIN_MAINTENANCE: "メイン機能がメンテナンス中です",
    wire.CODE_NO_PERMISSION: "このAPIの利用は許可されていません",
    wire.CODE_IMPORT_RUNNING: "受注取込中のため更新できません",
    wire.CODE_INVOICE_PRINTING: "納品書印刷中の伝票があります",
    wire.CODE_STOCK_TAKING: "棚卸中のため更新できません",
    wire.CODE_BULK_LOCK: "最終更新日が異なります",
    wire.CODE_BULK_IMPORT_RUNNING: "受注取込中のため更新できません",
    wire.CODE_BULK_STATUS_1: "受注メール取込済の伝票は、キャンセル区分と作業用欄以外を更新できません",
    wire.CODE_SYSTEM_ERROR: "システムエラーが発生しました",
}


class Refusal(Exception):
    """The call is answered with `error` (or `redirect`)."""

    def __init__(
        self,
        code: str,
        message: str | list[Complaint] | None = None,
        *,
        result: str = wire.ERROR,
        with_tokens: bool = True,
        empty_tokens: bool = False,
    ) -> None:
        self.code, self.result = code, result
        self.with_tokens, self.empty_tokens = with_tokens, empty_tokens
        self.message: str | list[Complaint] = (
            WORDS.get(code, "処理できません") if message is None else message
        )
        super().__init__(f"{code} {self.message}")
