"""A real mail server on loopback that keeps what it takes, and misbehaves when told to."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum, auto
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
USER, PASSWORD = "lagesbot", "hemligt ord"


class Fault(Enum):
    """A way to misbehave that is no answer."""

    DROP_BEFORE_DATA = auto()
    DROP_AFTER_DATA = auto()
    """The whole letter is taken, and nobody is told."""
    SLOW_BEFORE_DATA = auto()
    SLOW_AFTER_DATA = auto()


@dataclass
class MailServer:
    """What arrived, in order, and what to do with the next letters.

    `faults` and the answers are used up one a letter; with none left, all goes well. `known` is
    who may be written to, None for everybody.
    """

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    at_recipient: list[str] = field(default_factory=list)
    at_end: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    attempts: int = 0
    slowness: float = 0.6

    def to(self, address: str) -> list[EmailMessage]:
        """List what arrived for an address."""
        return [m for m, e in zip(self.letters, self.envelopes, strict=True) if address in e[1]]

    # aiosmtpd calls these by name.

    async def handle_RCPT(
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        self.attempts += 1
        if Fault.DROP_BEFORE_DATA in self.faults[:1]:
            self.faults.pop(0)
            _abort(server)
        if Fault.SLOW_BEFORE_DATA in self.faults[:1]:
            self.faults.pop(0)
            await asyncio.sleep(self.slowness)
        if address in self.refused:
            return "550 5.1.1 No such mailbox"
        if self.at_recipient:
            return self.at_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:
        """Take the whole letter, or say why not."""
        if self.at_end:
            return self.at_end.pop(0)
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.letters.append(message)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        if Fault.DROP_AFTER_DATA in self.faults[:1]:
            self.faults.pop(0)
            _abort(server)
        if Fault.SLOW_AFTER_DATA in self.faults[:1]:
            self.faults.pop(0)
            await asyncio.sleep(self.slowness)
        return "250 OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the server asks of those who come."""

    certificate: Path | None = None
    encrypted_from_start: bool = False
    login: bool = False


@asynccontextmanager
async def mail_server(access: Access | None = None) -> AsyncIterator[MailServer]:
    """Run a server in this loop, on a free port."""
    access = access or Access()
    server = MailServer()
    loop = asyncio.get_running_loop()
    context = None
    if access.certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(access.certificate)

    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        started = SMTP(
            server,
            hostname="post.example.se",
            loop=loop,
            tls_context=None if access.encrypted_from_start else context,
            require_starttls=context is not None and not access.encrypted_from_start,
            authenticator=_authenticate if access.login else None,
            # It takes TLS from the start for none: there the log-in itself must say no.
            auth_required=access.login and not access.encrypted_from_start,
            auth_require_tls=not access.encrypted_from_start,
        )
        protocols.append(started)
        return started

    listener = await loop.create_server(
        protocol, HOST, 0, ssl=context if access.encrypted_from_start else None
    )
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for started in protocols:
            if started.transport is not None:
                _abort(started)
        await listener.wait_closed()
        await asyncio.sleep(0)


def self_signed(folder: Path) -> Path:
    """Make a certificate for loopback, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "post.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    right = isinstance(data, LoginPassword) and data == LoginPassword(
        USER.encode(), PASSWORD.encode()
    )
    return AuthResult(success=right, handled=right)


def _abort(server: SMTP) -> None:
    transport = server.transport
    assert isinstance(transport, asyncio.Transport)
    transport.abort()
