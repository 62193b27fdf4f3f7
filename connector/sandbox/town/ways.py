"""Ways (倉庫との接続方法): how the one warehouse of the town is spoken to. The floor behind is the same for all."""

from __future__ import annotations

from typing import Final

from connector.sandbox.town.addresses import WarehouseApiAddress, WarehouseMailAddress
from connector.sandbox.warehouse import WarehouseSandbox, post
from connector.sandbox.warehouse.faces import LogilessFace, LogizardFace, OpenlogiFace

SFTP, FOLDER, MAIL = "sftp", "folder", "mail"
Face = OpenlogiFace | LogilessFace | LogizardFace
FACES: Final = {"openlogi": OpenlogiFace, "logiless": LogilessFace, "logizard": LogizardFace}
WAYS: Final = (SFTP, FOLDER, MAIL, *FACES)
"""By SFTP, in a folder, results by mail (instructions in the folder), or by an API."""


def face_of(way: str, warehouse: WarehouseSandbox) -> Face | None:
    """The API of this way; None for files. Raises ValueError for a way nobody knows."""
    if way not in WAYS:
        raise ValueError(f"unknown warehouse {way}; known: {', '.join(WAYS)}")
    return FACES[way](warehouse) if way in FACES else None


def api_address(face: Face | None, url: str) -> WarehouseApiAddress | None:
    match face:
        case OpenlogiFace(settings=settings):
            return WarehouseApiAddress(url=url, account=settings.account_id, token=settings.token)
        case LogilessFace(settings=settings):
            return WarehouseApiAddress(
                url=url,
                account=str(settings.merchant),
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                refresh_token=str(face.tokens.issue()["refresh_token"]),
            )
        case LogizardFace(settings=settings):
            return WarehouseApiAddress(
                url=url,
                account=str(settings.owner_id),
                area=str(settings.area_id),
                user=settings.user_id,
                password=settings.password,
                app_key=settings.app_key,
            )
    return None


def mail_address(way: str) -> WarehouseMailAddress | None:
    if way != MAIL:
        return None
    return WarehouseMailAddress(
        folder=post.FOLDER, sender=post.SENDER, signed_by=post.SIGNED_BY, checked_by=post.CHECKED_BY
    )
