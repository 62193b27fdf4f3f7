"""ロジザードZERO (LOGIZARD ZERO の API): 出荷予定登録 out, 書き出し in, spec/wms.md §2.1.

Dangerous: no call finds a slip by our number, so a lost answer stays a question for a person unless an export shows
the slip as shipped. Everything is answered with 200; ERROR_CODE says how it went, and there is no way to cancel.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from connector.adapters.wms.api import NO_STOP, STOP, Desk, number_of, refused, taken
from connector.adapters.wms.api_body import Body, Shape, encoded
from connector.adapters.wms.meanings import load_reader
from connector.adapters.wms.shipments import Rules, gather
from connector.errors import Barred, Malformed, Problem, Refused
from connector.mapping import CsvReader, Tables, Unfit
from connector.outcome import CannotTell, Effect, Reason, Reply, Sent, Stray
from connector.ports import ReadResults, Receipt, ResultFile
from connector.transport.http import Answer, no_words, patiently

LOGIN: Final = "/login/login/userlogin"
ADD: Final = "/ship/mailorder/addorder"
EXPORT: Final = "/common/export/export"
OK: Final = "0"
SHAPE: Final = Shape(
    key="ORDER_SHIP_SLIP",
    lines="DETAILS",
    sku="ITEM_ID",
    quantity="ORDER_QTY",
    needed=("TRSP_NAME", "TRSP_POSTCODE", "TRSP_PREFECT", "TRSP_ADDR1", "TRSP_WAY_ID", "SHIP_DATE"),
    numbers=frozenset(
        {"SHIP_DATE", "ORDER_DATE", "TRSP_SFTW_ID", "DELIVERY_DATE", "DELIVERY_TIME_ZONE_ID", "RESULT_TYP_ID"}
        | {"PAYMENT_ID", "TRSP_WAY_ID", "BOX_QTY", "DETAILS.ORDER_QTY"}
    ),
    blanks=True,
)


def load_results(folder: Path, tables: Tables) -> CsvReader:
    """`result.yaml`: the columns of the shop's own export pattern."""
    return load_reader(folder / "result.yaml", "export", tables)


class Logizard:
    """`api.Api` for one owner (荷主)."""

    shape = SHAPE
    stoppable = False

    def __init__(self, desk: Desk, results: CsvReader | None) -> None:
        assert results is not None  # noqa: S101 - mappings that speak so are loaded with their columns
        self._desk, self._door, self._reader = desk, desk.door, results
        self.profile = desk.profile

    # --- building --------------------------------------------------------------------------------------

    def check(self, body: Body, ship_on: date) -> None:
        account = self._door.account
        if not (account.account.isdigit() and account.area.isdigit()):
            raise Unfit(Reason.MALFORMED, "荷主ID と倉庫ID (設定の account と area) は数字です")
        body |= {"OWNER_ID": int(account.account), "AREA_ID": int(account.area)}

    # --- instructions ----------------------------------------------------------------------------------

    async def create(self, effect: Effect) -> Reply | Receipt:
        answer = await self._call(ADD, effect.body, writing=True, effect=effect)
        code, words = _said(answer)
        if code == OK:
            return taken(effect, number_of(effect))
        if code in self.profile.duplicate:
            found = await self._shipped(effect)
            return found or CannotTell(
                f"{words}（{code}）。内容を確かめる手段がないので、ロジザードの画面で確かめてください"
            )
        return refused(effect, f"{words}（{code}）")

    # --- looking ---------------------------------------------------------------------------------------

    async def _shipped(self, effect: Effect) -> Receipt | None:
        """Taken without a doubt where an export shows it as shipped; a slip that waits shows nowhere."""
        answer = await self._export(self._desk.today - timedelta(days=1))
        await self._desk.keep(answer, effect)
        shown = self.read_results(number_of(effect), answer.body)
        there = any(shipment.slip_number == number_of(effect) for shipment in shown.shipments)
        return taken(effect, "書き出しに出荷済みとあります") if there else None

    async def receipt(self, effect: Effect) -> Receipt | None:
        found = await self._shipped(effect)
        if effect.kind != STOP:
            return found
        return refused(effect, "出荷済みです") if found is not None else None

    async def lies_there(self, effect: Effect) -> Reply:
        if effect.kind == STOP:
            return Sent({"sent": "", "words": NO_STOP})
        if await self._shipped(effect) is not None:
            return Sent({"shown": "export"})
        words = (
            "返信を受け取れず、ロジザードには伝票を探す手段がありません。画面で荷主出荷NO を確かめてください"
        )
        return CannotTell(f"{words}: {number_of(effect)}")

    async def stop(self, effect: Effect) -> Reply | Receipt:
        return Sent({"sent": "", "words": NO_STOP})

    # --- results ---------------------------------------------------------------------------------------

    async def results(self) -> AsyncIterator[ResultFile | Stray]:
        """From yesterday at the latest: an export of today alone is empty, which proves nothing (§2.1)."""
        today = self._desk.today
        yesterday = today - timedelta(days=1)
        since = min(self._door.read_until or today - timedelta(days=self.profile.look_back_days), yesterday)
        answer = await self._export(since)
        yield ResultFile(f"{since}", f"LOGIZARD_{since:%Y%m%d}-{today:%Y%m%d}.json", answer.body)
        self._door.read_until = yesterday

    async def _export(self, since: date) -> Answer:
        account, profile = self._door.account, self.profile
        question = {
            "OWNER_ID": int(account.account),
            "AREA_ID": int(account.area),
            "FILE_ID": profile.export_file,
            "PTRN_ID": profile.export_pattern,
            "TARGET_DATE_FROM": f"{since:%Y%m%d}",
            "TARGET_DATE_TO": f"{self._desk.today:%Y%m%d}",
        }

        async def once() -> Answer:
            answer = await self._call(EXPORT, encoded(question), writing=False)
            code, words = _said(answer)
            if code != OK:
                raise Refused("wms", code, f"ロジザードの書き出しが断られました: {words}")
            return answer

        return await patiently(once, self._desk.clock)

    def read_results(self, name: str, body: bytes) -> ReadResults:
        """The lines of EXPORT_DATA, the first of which is the header."""
        try:
            lines = msgspec.json.decode(body)["DATA"]["EXPORT_DATA"]
        except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise Malformed(
                Problem(name, 1, 1, "書き出しの返信として読めません（EXPORT_DATA がありません）")
            ) from error
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise Malformed(Problem(name, 1, 1, "EXPORT_DATA が行の並びではありません"))
        profile = self.profile
        rules = Rules(
            today=self._desk.today,
            future_days=profile.future_days,
            past_days=profile.past_days,
            lines_optional=True,
            plain=True,
        )
        text = "".join(f"{line}\r\n" for line in lines)
        return gather(name, self._reader.read(name, text.encode()), rules)

    # --- calls -----------------------------------------------------------------------------------------

    async def _call(self, path: str, body: bytes, *, writing: bool, effect: Effect | None = None) -> Answer:
        """Signed in first; once more where the session has ended, which is answered before anything is done."""
        if not self._door.signed_in:
            await self._sign_in()
        answer = await self._send(path, body, writing, effect)
        if _said(answer)[0] not in self.profile.signed_out:
            return answer
        await self._sign_in()
        answer = await self._send(path, body, writing, effect)
        if _said(answer)[0] in self.profile.signed_out:
            self._door.signed_in = False
            raise Barred("wms", _said(answer)[0], "ロジザードへログインできたのに、ログインを求められます")
        return answer

    async def _send(self, path: str, body: bytes, writing: bool, effect: Effect | None) -> Answer:
        answer = await self._door.http.send_json("POST", path, body, writing=writing)
        if effect is not None:
            return await self._desk.keep(answer, effect)
        await self._desk.sound(answer, no_words, path)
        return answer

    async def _sign_in(self) -> None:
        """The session travels in a cookie, which the connection keeps."""
        account = self._door.account
        self._door.signed_in = False
        body = encoded(
            {
                "APP_KEY": account.app_key,
                "USER_ID": account.user,
                "PASSWORD": account.password,
                "PROCESS_FLG": "1",
            }
        )
        answer = await self._door.http.send_json("POST", LOGIN, body, writing=False)
        code, words = _said(answer)
        if code != OK:
            said = f"ロジザードにログインできません: {words}。user・password_file・app_key_file を確かめてください"
            raise Barred("wms", code, said)
        self._door.signed_in = True


def _said(answer: Answer) -> tuple[str, str]:
    """ERROR_CODE and ERROR_DETAIL; what is no answer of this API raises what it stands for."""
    try:
        said: Any = msgspec.json.decode(answer.accepted())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise answer.doubt("ロジザード: 返信を読み取れません") from error
    if not isinstance(said, Mapping) or "ERROR_CODE" not in said:
        raise answer.doubt("ロジザード: 返信に ERROR_CODE がありません")
    data = said.get("DATA")
    detail = data.get("ERROR_DETAIL") if isinstance(data, Mapping) else None
    return str(said["ERROR_CODE"]), str(detail or "")
