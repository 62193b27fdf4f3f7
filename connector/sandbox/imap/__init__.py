"""IMAP sandbox (受信メールボックス): a mailbox on loopback that behaves as IMAP4rev1 says, and badly on request."""

from connector.sandbox.imap.folders import Folder, Mail
from connector.sandbox.imap.mischief import Mischief
from connector.sandbox.imap.sandbox import ImapSandbox

__all__ = ["Folder", "ImapSandbox", "Mail", "Mischief"]
