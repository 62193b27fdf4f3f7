"""Control plane (`/_sim/…`): the acts of people and the plans of faults, for tests, demos and rehearsals (§12).

Not part of Next Engine: the connector never calls it. Bodies are JSON objects with the act's own arguments.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from connector.sandbox.next_engine.operator import Operator
from connector.sandbox.next_engine.script import Planned, Script


class Control:
    """Acts and views by name."""

    def __init__(
        self,
        operator: Operator,
        script: Script,
        deliver: Callable[[bytes, str], None],
        views: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._deliver, self._script, self._operator = deliver, script, operator
        self._views = views
        self._acts: dict[str, Callable[..., Any]] = {
            "confirm": operator.confirm,
            "deposit": operator.deposit,
            "cancel": operator.cancel,
            "revive": operator.revive,
            "approve-credit": operator.approve_credit,
            "edit": operator.edit,
            "activate": operator.activate,
            "bundle": operator.bundle,
            "strike": operator.strike,
            "split": operator.split,
            "split-for-addresses": operator.split_for_addresses,
            "copy": operator.copy,
            "begin-printing": operator.begin_printing,
            "finish-printing": operator.finish_printing,
            "send-back": operator.send_back,
            "ship": operator.ship,
            "import-results": self._import_results,
            "unship": operator.unship,
            "add-stock": operator.add_stock,
            "start-stock-taking": operator.start_stock_taking,
            "stop-stock-taking": operator.stop_stock_taking,
            "move-intake-address": operator.move_intake_address,
            "change-mail-template": operator.change_mail_template,
            "switch-letter": operator.switch_letter,
            "disable-pattern": operator.disable_pattern,
            "enable-pattern": operator.enable_pattern,
            "rotate-tokens": operator.rotate_tokens,
            "expire-tokens": operator.expire_tokens,
            "deliver": self._deliver_mail,
            "plan-reply": self._plan,
        }

    def add(self, acts: Mapping[str, Callable[..., Any]]) -> None:
        """Acts of the neighbours, so that a town has one control plane."""
        self._acts |= acts

    @property
    def names(self) -> frozenset[str]:
        """All acts."""
        return frozenset(self._acts)

    def act(self, name: str, body: bytes) -> dict[str, Any]:
        """An act with its arguments as a JSON object."""
        arguments = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        return {"done": name, "answer": self.do(name, arguments)}

    def do(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do it; LookupError for an unknown act, slip or shop, ValueError for one that is not possible."""
        act = self._acts.get(name)
        if act is None:
            raise LookupError(f"no act {name}; known: {', '.join(self._acts)}")
        return act(**arguments)

    def view(self, name: str) -> Any:
        view = self._views.get(name)
        if view is None:
            raise LookupError(f"no view {name}; known: {', '.join(self._views)}")
        return view()

    def _import_results(self, content: str) -> list[str]:
        """A result file, base64."""
        return self._operator.import_results(base64.b64decode(content))

    def _deliver_mail(self, recipient: str, mail: str) -> None:
        """An intake mail, base64."""
        self._deliver(base64.b64decode(mail), recipient)

    def _plan(
        self,
        reply: str,
        path: str = "",
        times: int = 1,
        applied: bool = False,
        with_tokens: bool = True,
        empty_tokens: bool = False,
        seconds: float = 0.0,
        wall: bool = False,
    ) -> None:
        self._script.plan(Planned(reply, path, times, applied, with_tokens, empty_tokens, seconds, wall))
