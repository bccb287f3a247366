"""From the settings to what carries messages: the chat service, and e-mail where it is set up."""

from collections.abc import Mapping

from bot.config import Settings
from bot.platforms.matrix import MatrixPlatform, Policy, Secrecy
from bot.ports import Platform, Sender


def matrix(settings: Settings) -> Platform:
    """Make the chat service; nothing is connected yet."""
    return MatrixPlatform(
        homeserver_url=settings.matrix.homeserver,
        user_id=settings.matrix.user,
        password=settings.password(),
        token=None,
        device_file=settings.data / "matrix-device.json",
        secrecy=_secrecy(settings),
    )


def mail_of(settings: Settings) -> Sender | None:
    """Make the sender of e-mail, where a mail server is set; loaded only then."""
    if not settings.mail.host:
        return None
    from bot.platforms.mail import MailSender

    return MailSender(
        host=settings.mail.host,
        port=settings.mail.port,
        security=settings.mail.security,
        user=settings.mail.user,
        password=settings.mail_password() or "",
        sender_address=settings.mail.sender,
        sender_name=settings.municipality.name,
    )


def senders(mail: Sender | None) -> Mapping[str, Sender]:
    """Give the senders beside the chat service, by name."""
    return {} if mail is None else {mail.name: mail}


def _secrecy(settings: Settings) -> Secrecy | None:
    """Say how the account encrypts, where it is set to."""
    if not settings.matrix.encryption:
        return None
    return Secrecy(
        folder=settings.data,
        policy=Policy(unsigned_devices=settings.matrix.unsigned_devices),
        recovery_key=settings.recovery_key(),
    )
