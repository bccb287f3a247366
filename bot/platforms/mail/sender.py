"""The mail server as a `bot.ports.Sender`: the parts of this folder put together."""

import asyncio
import ipaddress
from datetime import UTC, datetime, timedelta

from bot.platforms.mail.letter import checked_address, encoded, message_id
from bot.platforms.mail.submission import Security, Server, submit
from bot.ports import File, Letter, NeverWillBe, Removal, Text

TIMEOUT_SECONDS = 30.0


class MailSender:
    """Hands letters to one mail server, one connection a letter.

    SMTP has no key by which a server could know a letter again: the replay window is zero, and
    whoever sends must not repeat a letter whose outcome is unknown. The Message-ID is made from the
    key, so that a person or a mail program can tell a copy.

    Args:
        host: the mail server.
        port: 587 for STARTTLS, 465 for TLS, as a rule.
        security: how the connection is encrypted; "none" only on a network of one's own.
        user: who logs in; empty where the server wants no log-in.
        password: goes with `user`.
        sender_address: where the letters come from.
        sender_name: the name beside it.
        timeout: seconds for each step of the conversation.

    Raises:
        ValueError: the address is none, only half a log-in is given, or the password would go
            through a network in clear text.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        user: str,
        password: str | None,
        sender_address: str,
        sender_name: str,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        if bool(user) != bool(password):
            raise ValueError("mail: user and password go together; give both or none")
        if not f"{user}{password or ''}".isascii():
            raise ValueError("mail: user and password must be ASCII, å ä ö can't be sent at log-in")
        if security == "none" and user and not _is_loopback(host):
            raise ValueError('mail: a password needs security "starttls" or "tls"')
        self._server = Server(
            host=host,
            port=port,
            security=security,
            user=user,
            password=password or "",
            timeout=timeout,
        )
        self._address = checked_address(sender_address)
        self._name = sender_name

    @property
    def name(self) -> str:
        """The sender's word in addresses."""
        return "mail"

    @property
    def replay_window(self) -> timedelta:
        """Nothing: a repeated letter arrives twice."""
        return timedelta(0)

    async def send(self, key: str, room: str, payload: Text | File | Removal | Letter) -> str:
        """Send a letter to the address `room`, and give its Message-ID.

        Raises:
            NotSent, MayBeSent, NeverWillBe: see `bot.ports.Sender.send`.
        """
        if not isinstance(payload, Letter):
            raise NeverWillBe("only a letter can go by e-mail")
        try:
            to = checked_address(room)
        except ValueError as error:
            raise NeverWillBe(str(error)) from error
        await asyncio.to_thread(self._send, key, to, payload)
        return message_id(key, self._address)

    def _send(self, key: str, to: str, letter: Letter) -> None:
        sender, now = (self._name, self._address), datetime.now(UTC)
        content = encoded(key, letter, sender=sender, to=to, now=now)
        submit(self._server, sender=self._address, to=to, content=content)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
