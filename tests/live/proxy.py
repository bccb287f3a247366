"""A thin HTTP/1.1 proxy on loopback between one client and a homeserver, to disturb their talk.

Every request passes through a hook, which forwards it, answers it by itself, changes the answer,
or cuts the line. Which disturbances there are belongs to whoever writes the hook.
"""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.live.process import LOOPBACK, free_port

_PORT_SECONDS = 5.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST, not FIN
# What concerns one connection alone (RFC 9110, 7.6.1), and what is counted or chosen anew.
_NOT_PASSED = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
}
# The hook is to see plain bodies, and the upstream its own name.
_NOT_FORWARDED = _NOT_PASSED | {"accept-encoding", "host"}


def _no_headers() -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the client asks; `path` and `query` as they were written, still quoted."""

    method: str
    path: str
    query: str = ""
    headers: CIMultiDictProxy[str] = field(default_factory=_no_headers)
    body: bytes = b""

    def parameter(self, name: str) -> str:
        """Give a parameter of the query, unquoted; empty where there is none."""
        return parse_qs(self.query).get(name, [""])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client is answered."""

    status: int
    headers: CIMultiDictProxy[str] = field(default_factory=_no_headers)
    body: bytes = b""

    @classmethod
    def of(cls, status: int, body: bytes, media_type: str, headers: Mapping[str, str]) -> Self:
        """Make an answer by hand."""
        full = CIMultiDict({"Content-Type": media_type}, **headers)
        return cls(status=status, headers=CIMultiDictProxy(full), body=body)

    @classmethod
    def of_json(cls, status: int, content: Mapping[str, object]) -> Self:
        """Make an answer that is a JSON object."""
        return cls.of(status, json.dumps(content).encode(), "application/json", {})

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; like events, its values stay untyped."""
        return dict(json.loads(self.body))

    def with_json(self, content: Mapping[str, object]) -> Self:
        """Replace the body, keeping status and headers."""
        return replace(self, body=json.dumps(content).encode())


class Cut(Exception):
    """Reset the connection: before anything is answered, or in the middle of an answer.

    Args:
        answer: what the client hears the beginning of: the head, and `sent` bytes of the body.
        sent: how many bytes of the body still arrive.
    """

    def __init__(self, answer: Answer | None = None, sent: int = 0) -> None:
        super().__init__("the line is cut")
        self.answer = answer
        self.sent = sent


Forward = Callable[[Request], Awaitable[Answer]]
"""Ask the upstream; a dead upstream raises `Cut`."""

Hook = Callable[[Request, Forward], Awaitable[Answer]]
"""Decide what happens to a request: give an answer, or raise `Cut`."""


async def pass_on(request: Request, forward: Forward) -> Answer:
    """Disturb nothing."""
    return await forward(request)


class Proxy:
    """Listens at `url` while it is open as a context manager, and keeps that address.

    Args:
        upstream: the homeserver's base address.
        hook: what every request passes through; it may be exchanged at any time.
    """

    def __init__(self, upstream: str, hook: Hook = pass_on) -> None:
        self.hook = hook
        self._upstream = upstream.rstrip("/")
        self._port = free_port()
        self._server = web.Server(self._serve, access_log=None, handler_cancellation=True)
        self._door: asyncio.Server | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """Tell the address to use instead of the upstream's."""
        return f"http://{LOOPBACK}:{self._port}"

    async def open(self) -> None:
        """Listen (again), without waiting for requests.

        Raises:
            OSError: the port was taken meanwhile.
        """
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        if self._door is None:
            loop = asyncio.get_running_loop()
            self._door = await loop.create_server(self._server, LOOPBACK, self._port)

    def shut(self) -> None:
        """Refuse new connections and reset those that are open."""
        if self._door is not None:
            self._door.close()
            self._door = None
        for connection in list(self._server.connections):
            _reset(connection.transport)

    @contextlib.asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Be unreachable for a while."""
        self.shut()
        try:
            yield
        finally:
            await self.open()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shut()
        await self._server.shutdown(_PORT_SECONDS)
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        asked = Request(
            method=request.method,
            path=path,
            query=query,
            headers=request.headers,
            body=await request.content.read(),
        )
        try:
            answer = await self.hook(asked, self._forward)
        except Cut as cut:
            if cut.answer is not None:
                await _begin(request, cut.answer, cut.sent)
            _reset(request.transport)
            return web.Response()  # nobody hears it
        return web.Response(
            status=answer.status,
            headers=_kept(answer.headers, _NOT_PASSED),
            body=answer.body,
        )

    async def _forward(self, request: Request) -> Answer:
        assert self._http is not None
        address = self._upstream + request.path + (f"?{request.query}" if request.query else "")
        try:
            async with self._http.request(
                request.method,
                URL(address, encoded=True),
                data=request.body or None,
                headers=_kept(request.headers, _NOT_FORWARDED),
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                allow_redirects=False,
            ) as answer:
                return Answer(
                    status=answer.status, headers=answer.headers, body=await answer.read()
                )
        except aiohttp.ClientError as error:
            raise Cut from error


def _kept(headers: CIMultiDictProxy[str], without: set[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, v) for name, v in headers.items() if name.lower() not in without)


async def _begin(request: web.BaseRequest, answer: Answer, sent: int) -> None:
    """Send the head, with the whole body's length, and a part of the body."""
    response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers, _NOT_PASSED))
    response.content_length = len(answer.body)
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(answer.body[:sent])


def _reset(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        line = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
