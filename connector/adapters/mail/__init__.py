"""Mail (メール): what the shop sends to Next Engine's intake address."""

from __future__ import annotations

from connector.adapters.mail.outgoing import MailSettings, Outgoing

__all__ = ["MailSettings", "Outgoing"]
