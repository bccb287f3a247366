"""E-mail as a `bot.ports.Sender`; the mail client of the standard library is named only here."""

from bot.platforms.mail.sender import MailSender

__all__ = ["MailSender"]
