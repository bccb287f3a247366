"""The mail sender against a real mail server: the letter that arrives, and what may go wrong."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.mail import MailSender
from bot.platforms.mail.letter import checked_address, encoded
from bot.platforms.mail.submission import Security
from bot.ports import File, Letter, MayBeSent, NeverWillBe, NotSent, Text
from tests.live.mailserver import (
    HOST,
    PASSWORD,
    USER,
    Access,
    Fault,
    MailServer,
    mail_server,
    self_signed,
)

TO = "asa@polisen.test"
LETTER = Letter(
    subject="Kallelse: BRÅ 12 november", markdown="Hej **Åsa**,\n\n- punkt ett\n\n.\n\n..dolt\n"
)
ICS = File(
    name="BRÅ 2026-11-12.ics",
    media_type="text/calendar; charset=utf-8",
    content=b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n",
)
PDF = File(name="Dagordning.pdf", media_type="application/pdf", content=b"%PDF-1.7\n\x00\xff.\r\n.")


def sender(
    server: MailServer | int,
    *,
    security: Security = "none",
    user: str = "",
    password: str | None = None,
    timeout: float = 5.0,
) -> MailSender:
    """Make a sender for a server or a port."""
    return MailSender(
        host=HOST,
        port=server if isinstance(server, int) else server.port,
        security=security,
        user=user,
        password=password,
        sender_address="bot@kommun.test",
        sender_name="Exempelby kommun",
        timeout=timeout,
    )


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    """Run a mail server that asks for nothing."""
    async with mail_server() as running:
        yield running


def text_of(message: EmailMessage, kind: str) -> str:
    """Give one form of the letter's text."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_letter_arrives_as_it_was_written(server: MailServer) -> None:
    """From, to, subject, both forms of the text, and that no person wrote it."""
    await sender(server).send("k", TO, LETTER)
    [letter] = server.to(TO)
    assert server.envelopes == [("bot@kommun.test", [TO])]
    assert str(letter["from"]) == "Exempelby kommun <bot@kommun.test>"
    assert (letter["to"], letter["subject"]) == (TO, LETTER.subject)
    assert letter["auto-submitted"] == "auto-generated"
    assert abs((datetime.now(UTC) - letter["date"].datetime).total_seconds()) < 60
    assert text_of(letter, "plain").split() == ["Hej", "Åsa,", "•", "punkt", "ett", ".", "..dolt"]
    assert "<strong>Åsa</strong>" in text_of(letter, "html")


async def test_a_calendar_file_is_an_invitation_and_an_attachment(server: MailServer) -> None:
    """The method beside it is the one in it (RFC 6047); other files are attached, byte for byte."""
    letter = Letter(subject="Inställt", markdown="Hej", attachments=[ICS, PDF])
    await sender(server).send("k", TO, letter)
    [message] = server.to(TO)
    [alternatives, *attached] = list(message.iter_parts())
    assert [p.get_content_type() for p in alternatives.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    invitation = list(alternatives.iter_parts())[-1]
    assert invitation.get_param("method") == "CANCEL"
    assert invitation.get_param("charset") == "utf-8"
    assert invitation.get_payload(decode=True) == ICS.content
    assert [p.get_filename() for p in attached] == [ICS.name, PDF.name]
    assert [p.get_payload(decode=True) for p in attached] == [ICS.content, PDF.content]
    assert [p.get_content_type() for p in attached] == ["application/ics", "application/pdf"]


async def test_words_never_become_headers(server: MailServer) -> None:
    """A line break in subject or file name is a space."""
    file = File(name="a\r\nX-Evil: 1.pdf", media_type="application/pdf\r\nX-Evil: 2", content=b"x")
    letter = Letter(subject="Hej\r\nBcc: eva@x.test\n\nBody", markdown="x", attachments=[file])
    await sender(server).send("k", TO, letter)
    [message] = server.to(TO)
    assert server.envelopes[0][1] == [TO]
    assert message["subject"] == "Hej Bcc: eva@x.test Body"
    assert message["bcc"] is None
    assert not [name for part in message.walk() for name in part if name.lower() == "x-evil"]


@settings(max_examples=50, deadline=None)
@given(subject=st.text(max_size=200), words=st.text(max_size=300), name=st.text(max_size=80))
def test_any_words_make_a_letter_of_seven_bits_with_the_same_parts(
    subject: str, words: str, name: str
) -> None:
    """Whatever people type: no line too long, no bare line break, nothing added."""
    file = File(name=name, media_type="application/pdf", content=b"pdf")
    letter = Letter(subject=subject, markdown=words, attachments=[file])
    raw = encoded("k", letter, sender=(name, "bot@kommun.test"), to=TO, now=datetime.now(UTC))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert [p.get_content_type() for p in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    assert message.keys().count("Subject") == 1


@pytest.mark.parametrize(
    "address",
    [
        *("", "asa", "asa@", "@x.test", "a b@x.test", "<a@x.test>", "a@b@x.test", "åsa@x.test"),
        *("a..b@x.test", "a@x..test", "a@[10.0.0.1]", "a@x.test,b@x.test"),
        "a@x.test\r\nRCPT TO:<b@x.test>",
    ],
)
async def test_what_is_no_address_is_final(server: MailServer, address: str) -> None:
    """It is refused before anybody connects."""
    with pytest.raises(NeverWillBe):
        await sender(server).send("k", address, LETTER)
    assert server.attempts == 0


@settings(max_examples=50, deadline=None)
@given(st.emails())
def test_an_ordinary_address_stays_itself(address: str) -> None:
    """Only the domain's case may change."""
    assert checked_address(address).lower() == address.lower()


def test_a_domain_with_swedish_letters_is_put_in_ascii() -> None:
    """As mail servers know it."""
    assert checked_address("bo@Räddning.se") == "bo@xn--rddning-5wa.se"


async def test_a_letter_is_known_by_its_key(server: MailServer) -> None:
    """The same key gives the same Message-ID, another key another."""
    post = sender(server)
    ids = [await post.send(key, TO, LETTER) for key in ("a", "a", "b")]
    assert [m["message-id"] for m in server.to(TO)] == ids
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@kommun.test>")


async def test_nobody_listening_is_not_sent() -> None:
    """Connection refused: later."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        with pytest.raises(NotSent, match="not reached"):
            await sender(taken.getsockname()[1]).send("k", TO, LETTER)


async def test_a_server_that_says_nothing_is_not_sent_and_blocks_nobody() -> None:
    """The loop goes on meanwhile."""
    with socket.socket() as silent:
        silent.bind((HOST, 0))
        silent.listen()
        post = sender(silent.getsockname()[1], timeout=0.4)
        sending = asyncio.create_task(post.send("k", TO, LETTER))
        longest, last = 0.0, time.monotonic()
        while not sending.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        with pytest.raises(NotSent):
            await sending
    assert longest < 0.3


@pytest.mark.parametrize("where", ["at_recipient", "at_end"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.7.1 Greylisted", NotSent),
        ("421 4.3.2 Closing", NotSent),
        ("550 5.7.1 Refused", NeverWillBe),
        ("552 5.3.4 Too big", NeverWillBe),
        ("530 5.7.0 Authentication required", NotSent),
    ],
)
async def test_an_answer_is_taken_at_its_word(
    server: MailServer, where: str, answer: str, outcome: type[Exception]
) -> None:
    """4 is later, 5 is never (but for the log-in), and the words are handed on."""
    getattr(server, where).append(answer)
    with pytest.raises(outcome, match=answer.split()[-1]):
        await sender(server).send("k", TO, LETTER)
    assert server.letters == []
    await sender(server).send("k", TO, LETTER)
    assert len(server.letters) == 1


@pytest.mark.parametrize(
    ("fault", "outcome", "arrived"),
    [
        (Fault.DROP_BEFORE_DATA, NotSent, 0),
        (Fault.SLOW_BEFORE_DATA, NotSent, 0),
        (Fault.DROP_AFTER_DATA, MayBeSent, 1),
        (Fault.SLOW_AFTER_DATA, MayBeSent, 1),
    ],
)
async def test_only_silence_after_the_whole_letter_is_unknown(
    server: MailServer, fault: Fault, outcome: type[Exception], arrived: int
) -> None:
    """Before it nothing can have been taken."""
    server.faults.append(fault)
    with pytest.raises(outcome):
        await sender(server, timeout=0.25).send("k", TO, LETTER)
    assert len(server.letters) == arrived


async def test_only_a_letter_goes_by_mail(server: MailServer) -> None:
    """A chat message is nothing for it."""
    with pytest.raises(NeverWillBe):
        await sender(server).send("k", TO, Text(markdown="Hej"))


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_log_in_is_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: Security
) -> None:
    """Both ways; the certificate must be one that this machine trusts."""
    certificate = self_signed(tmp_path)
    at_once = security == "tls"
    access = Access(certificate=certificate, login=True, encrypted_from_start=at_once)
    async with mail_server(access) as server:
        post = sender(server, security=security, user=USER, password=PASSWORD)
        with pytest.raises(NotSent, match="not trusted"):
            await post.send("k", TO, LETTER)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await post.send("k", TO, LETTER)
        assert len(server.to(TO)) == 1
        wrong = sender(server, security=security, user=USER, password="fel")
        with pytest.raises(NotSent, match="check user and password"):
            await wrong.send("k", TO, LETTER)
        with pytest.raises(NotSent):
            await sender(server, security="none", timeout=0.3).send("k", TO, LETTER)
        assert len(server.letters) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("user", "password"), [("", None), (USER, PASSWORD)])
async def test_encryption_is_never_left_out(
    server: MailServer, security: Security, user: str, password: str | None
) -> None:
    """A server without it gets neither password nor letter."""
    post = sender(server, security=security, user=user, password=password)
    with pytest.raises(NotSent, match="check port and security"):
        await post.send("k", TO, LETTER)
    assert server.attempts == 0


async def test_a_server_without_log_in_is_told_apart(server: MailServer) -> None:
    """The reason names the setting."""
    with pytest.raises(NotSent, match="check port and user"):
        await sender(server, user=USER, password=PASSWORD).send("k", TO, LETTER)


@pytest.mark.parametrize(
    ("host", "user", "password", "address"),
    [
        ("post.kommun.test", USER, PASSWORD, "bot@kommun.test"),
        ("10.0.0.1", USER, PASSWORD, "bot@kommun.test"),
        (HOST, USER, None, "bot@kommun.test"),
        (HOST, "", PASSWORD, "bot@kommun.test"),
        (HOST, USER, "lösenord", "bot@kommun.test"),
        (HOST, "", None, "kommun"),
    ],
)
def test_settings_that_can_not_work_are_refused_at_once(
    host: str, user: str, password: str | None, address: str
) -> None:
    """No password in clear text through a network, no half log-in, no sender without address."""
    with pytest.raises(ValueError, match="mail"):
        MailSender(
            host=host,
            port=25,
            security="none",
            user=user,
            password=password,
            sender_address=address,
            sender_name="Exempelby",
        )


@pytest.mark.parametrize("host", [HOST, "127.8.0.1", "::1", "localhost", "LocalHost"])
def test_on_this_machine_a_password_may_go_in_clear_text(host: str) -> None:
    """A relay of one's own, reached without a network."""
    MailSender(
        host=host,
        port=25,
        security="none",
        user=USER,
        password=PASSWORD,
        sender_address="bot@kommun.test",
        sender_name="Exempelby",
    )
