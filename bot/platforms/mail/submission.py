"""One conversation with a mail server, and what its end means for the letter.

Blocking: it runs in a thread. Whether a letter was taken is decided by the answer to the end of its
data and by nothing else (RFC 5321, 4.2.5): without that end the server must not deliver, after it
only the answer tells.
"""

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Literal

from bot.ports import MayBeSent, NeverWillBe, NotSent

Security = Literal["starttls", "tls", "none"]

_SERVER_FIRST = frozenset({530, 534, 535, 538})
"""Log in, or differently: about us and not about the letter (RFC 4954)."""
_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
_REASON_LENGTH = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where letters are handed in. `user` is empty where no log-in is wanted; seconds to wait."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    timeout: float


def submit(server: Server, *, sender: str, to: str, content: bytes) -> None:
    """Hand one e-mail over; returning means that the server has taken it.

    Raises:
        NotSent: the server was not reached, or said "later".
        NeverWillBe: the server refused the letter or its recipient for good.
        MayBeSent: the connection broke between the whole letter and its answer.
    """
    try:
        smtp = _open(server, sender.rpartition("@")[2])
    except (OSError, smtplib.SMTPException) as error:
        raise _unreached(server, error) from error
    try:
        try:
            _announce(smtp, sender, to, content)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"the mail server hung up: {_short(error)}") from error
        _finish(smtp)
    finally:
        # Nobody waits for the farewell: it could no longer change anything.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.putcmd("quit")
        smtp.close()


def _open(server: Server, own_name: str) -> smtplib.SMTP:
    """Connect, encrypt and log in as the settings say, never less."""
    host, port, timeout = server.host, server.port, server.timeout
    if server.security == "tls":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, own_name, timeout=timeout, context=context
        )
    else:
        smtp = smtplib.SMTP(host, port, own_name, timeout=timeout)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _announce(smtp: smtplib.SMTP, sender: str, to: str, content: bytes) -> None:
    """Go through envelope and text up to, and without, the end of the data."""
    size = [f"size={len(content)}"] if smtp.has_extn("size") else []
    _expect(2, *smtp.mail(sender, size))
    _expect(2, *smtp.rcpt(to))
    _expect(3, *smtp.docmd("data"))
    # The content ends its lines with CRLF; a dot at a line's beginning is doubled (4.5.2).
    smtp.send(_LINE_DOT.sub(b"..", content))


def _finish(smtp: smtplib.SMTP) -> None:
    try:
        smtp.send(b".\r\n")
        code, words = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise MayBeSent(f"no answer after the whole letter: {_short(error)}") from error
    if code // 100 not in (2, 4, 5):
        raise MayBeSent(f"no clear answer after the whole letter: {code} {_plain(words)}")
    _expect(2, code, words)


def _expect(wanted: int, code: int, words: bytes) -> None:
    """Take an answer by its first digit (4.2.1): 4 is later, 5 is never."""
    if code // 100 == wanted:
        return
    said = f"the mail server answered {code} {_plain(words)}"
    if code in _SERVER_FIRST:
        raise NotSent(f"{said}; check security, user and password of [mail] in the settings")
    if code // 100 == 5:
        raise NeverWillBe(said)
    raise NotSent(said)


def _unreached(server: Server, error: Exception) -> NotSent:
    """Say why there is no conversation, with the cure where there is one."""
    place = f"the mail server {server.host}:{server.port}"
    match error:
        case smtplib.SMTPAuthenticationError():
            cure = "refuses the log-in; check user and password of [mail] in the settings"
        case smtplib.SMTPNotSupportedError() if server.security == "starttls":
            cure = "offers no STARTTLS or no log-in; check port and security of [mail]"
        case smtplib.SMTPNotSupportedError():
            cure = "offers no log-in; check port and user of [mail] in the settings"
        case ssl.SSLCertVerificationError():
            cure = f"shows a certificate that is not trusted ({error.verify_message})"
        case ssl.SSLError():
            cure = "speaks no TLS there; check port and security of [mail] in the settings"
        case TimeoutError():
            cure = "does not answer in time"
        case _:
            cure = f"is not reached: {_short(error)}"
    return NotSent(f"{place} {cure}")


def _short(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = words if isinstance(words, str) else _plain(words)
        return f"{error.smtp_code} {text}"
    return (str(error) or type(error).__name__)[:_REASON_LENGTH]


def _plain(words: bytes) -> str:
    return " ".join(words.decode("utf-8", "replace").split())[:_REASON_LENGTH]
