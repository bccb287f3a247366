"""A letter as the bytes of an e-mail (RFC 5322, and RFC 6047 for the calendar file in it).

Plain values in, bytes out; how they travel belongs in submission.py.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from bot.markdown import to_html, to_plain
from bot.ports import File, Letter, NeverWillBe

# Whatever server is on the way: everything goes as seven bits.
_POLICY = SMTP.clone(cte_type="7bit")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_NAME = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_ADDRESS = 254
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_METHOD = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)
_PAGE = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n<body>\n{}\n</body></html>\n'


def checked_address(address: str) -> str:
    """Give an address as mail servers take it, its domain in ASCII.

    Raises:
        ValueError: it is no e-mail address, or one that few servers can carry (RFC 6531).
    """
    name, _, domain = address.rpartition("@")
    plain = domain.encode("idna").decode("ascii").lower()
    labels = all(_LABEL.fullmatch(label) for label in plain.split("."))
    if not _NAME.fullmatch(name) or not labels or len(address) > _LONGEST_ADDRESS:
        raise ValueError("not an e-mail address that mail servers take")
    return f"{name}@{plain}"


def message_id(key: str, sender: str) -> str:
    """Give the id by which a receiver can recognise a copy; always the same for a key."""
    digest = sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def encoded(key: str, letter: Letter, *, sender: tuple[str, str], to: str, now: datetime) -> bytes:
    """Give the e-mail.

    A calendar file stands in it twice: as an alternative of the text, which a mail program offers
    as an invitation, and attached, for those that do not.

    Args:
        key: what the message's id is made from.
        letter: the words and the files.
        sender: name and checked address.
        to: checked address of the only recipient.
        now: the time of sending, for the Date header.

    Raises:
        NeverWillBe: no e-mail can be made of it.
    """
    try:
        return _message(key, letter, sender, to, now).as_bytes()
    except ValueError as error:
        raise NeverWillBe(f"the letter can't be written as an e-mail: {error}") from error


def _message(
    key: str, letter: Letter, sender: tuple[str, str], to: str, now: datetime
) -> EmailMessage:
    name, address = sender
    message = EmailMessage(_POLICY)
    message["From"] = Address(_line(name), addr_spec=address)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(key, address)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_sound(to_plain(letter.markdown)) + "\n")
    message.add_alternative(_PAGE.format(_sound(to_html(letter.markdown))), subtype="html")
    for file in _calendars(letter.attachments):
        message.add_alternative(
            file.content,
            maintype="text",
            subtype="calendar",
            params={"charset": "utf-8", **_method(file)},
        )
    for file in letter.attachments:
        # As text/calendar a second time, some programs would show a second invitation.
        main, _, sub = ("application/ics" if _is_calendar(file) else _kind(file)).partition("/")
        message.add_attachment(file.content, main, sub, filename=_line(file.name))
    return message


def _calendars(files: Sequence[File]) -> Sequence[File]:
    return [file for file in files if _is_calendar(file)]


def _kind(file: File) -> str:
    found = _MEDIA_TYPE.match(file.media_type)
    return found[0] if found else "application/octet-stream"


def _is_calendar(file: File) -> bool:
    return file.media_type.lower().startswith("text/calendar")


def _method(file: File) -> dict[str, str]:
    """Give what the file itself asks for: the two must say the same (RFC 6047, 2.4)."""
    found = _METHOD.search(file.content)
    return {"method": found[1].decode("ascii")} if found else {}


def _line(text: str) -> str:
    """Give the text on one line: a line break would begin a header of its own."""
    return " ".join(_CONTROLS.sub(" ", _sound(text)).split())


def _sound(text: str) -> str:
    # Half a character can't be encoded and would stop the whole letter.
    return text.encode("utf-8", "replace").decode("utf-8")
