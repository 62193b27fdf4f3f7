"""Account (企業・担当者・認証): who the company is, and a sign-in's state for tokens (§1.2, §1.3, §1.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.call import Call
from connector.sandbox.next_engine.refusal import Refusal
from connector.sandbox.next_engine.settings import NextEngineSettings
from connector.sandbox.next_engine.tokens import TokenDesk, TokenPair

Body = dict[str, Any]


class SignInRefused(Exception):
    """The login screen shows an error instead; the text is for people."""


class Account:
    """The endpoints that concern the account itself."""

    def __init__(self, settings: NextEngineSettings, tokens: TokenDesk) -> None:
        self._settings, self._tokens = settings, tokens

    def redirect(self, query: Mapping[str, str]) -> str:
        """Where the browser of a signed-in person is sent; parameters the address already has survive (§1.2)."""
        settings = self._settings
        if query.get("client_id") != settings.client_id:
            raise SignInRefused("アプリが見つかりません")
        target = query.get("redirect_uri") or settings.redirect_uri
        if urlsplit(target).hostname != urlsplit(settings.redirect_uri).hostname:
            raise SignInRefused("Redirect URIのホストが登録と異なります")
        uid = settings.users[0].uid
        answer = urlencode({"uid": uid, "state": self._tokens.new_state(uid)})
        return f"{target}{'&' if urlsplit(target).query else '?'}{answer}"

    def launch(self) -> str:
        """The app is opened from NE's own menu: always to the registered address, with the company's id (§1.2)."""
        settings, uid = self._settings, self._settings.users[0].uid
        answer = {"uid": uid, "state": self._tokens.new_state(uid), "id": settings.company_id}
        target = settings.redirect_uri
        return f"{target}{'&' if urlsplit(target).query else '?'}{urlencode(answer)}"

    def neauth(self, call: Call) -> Body:
        """Stale token parameters are ignored, as real clients send them."""
        self._check_app(call)
        uid = call.text("uid")
        pair = self._tokens.exchange(uid, call.text("state"))
        if pair is None:
            raise Refusal(self._settings.codes.neauth, "認証できませんでした", with_tokens=False)
        user = self.user(pair)["data"][0]
        return {
            "company_app_header": "",
            **{name: value for name, value in self.company().items() if name != "company_id"},
            **{name: user[name] for name in ("uid", "pic_ne_id", "pic_name", "pic_kana", "pic_mail_address")},
            **pair.body(),
        }

    def companies(self, call: Call) -> Body:
        """The companies that use the app, for the app itself."""
        self._check_app(call)
        return {"count": "1", "data": [self.company()]}

    def company(self) -> Body:
        settings = self._settings
        return {
            "company_id": settings.company_id,
            "company_ne_id": settings.company_ne_id,
            "company_name": settings.company_name,
            "company_kana": settings.company_kana,
        }

    def user(self, pair: TokenPair) -> Body:
        user = self._settings.user(pair.uid)
        row = {
            "uid": user.uid,
            "pic_id": user.pic_id,
            "pic_ne_id": user.pic_ne_id,
            "pic_name": user.name,
            "pic_kana": user.kana,
            "pic_mail_address": user.mail_address,
            "pic_post_name": None,
            "pic_language_code": "ja",
        }
        return {"count": "1", "data": [row]}

    def _check_app(self, call: Call) -> None:
        settings = self._settings
        if (call.text("client_id"), call.text("client_secret")) != (
            settings.client_id,
            settings.client_secret,
        ):
            raise Refusal(settings.codes.neauth, "認証できませんでした", with_tokens=False)


SIGN_IN_PATHS = (wire.SIGN_IN, wire.SIGN_IN.rstrip("/"))  # real clients send both, §1.2
