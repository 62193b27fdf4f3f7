"""The journey's table of contents: its verbs, in the order an order meets them."""

from __future__ import annotations

from connector.stages import (
    collect,
    complete,
    confirm_intake,
    confirm_shipment,
    follow_slips,
    follow_subscriptions,
    import_daily,
    ingest,
    notify,
    read_mail,
    relay,
    stop,
)
from connector.stages.stage import Acting, Looking, Reading

AnyStage = Reading | Looking | Acting

STAGES: tuple[AnyStage, ...] = (
    ingest.STAGE,
    notify.STAGE,
    confirm_intake.STAGE,
    import_daily.STAGE,
    follow_slips.STAGE,
    relay.STAGE,
    collect.STAGE,
    confirm_shipment.STAGE,
    complete.STAGE,
)

BESIDE: tuple[AnyStage, ...] = (stop.STAGE, follow_subscriptions.STAGE, read_mail.STAGE)
"""Beside the line: what may meet an order at any place, and what moves none."""

BY_NAME = {stage.name: stage for stage in (*STAGES, *BESIDE)}
