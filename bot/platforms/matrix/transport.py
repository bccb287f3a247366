"""One HTTP session to the homeserver: a request in, a JSON object or a failure out.

It validates nothing and repeats nothing by itself: what an answer means is for those who asked, and
the outbox and the sync loop know better when to try again. No meaning of any endpoint belongs here.
"""

import io
import json
from datetime import timedelta
from urllib.parse import quote

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    InvalidURL,
    TCPConnector,
)
from yarl import URL

from bot.platforms.matrix.errors import LoggedOut, Lost, Refused, Unreachable
from bot.platforms.matrix.lenient import Json, read_json

CLIENT = "/_matrix/client/v3"
REQUEST_SECONDS = 60.0
_CONNECTIONS = 100

_CURE = (
    "the homeserver no longer accepts the bot's device. Stop the bot, move the device file {file}"
    " and the matrix-keys files beside it away, set the password and the recovery key and start"
    " again; messages whose fate was unknown may then be posted a second time"
)


def path(*parts: str) -> str:
    """Join the parts of an address, each quoted, below the client API."""
    return CLIENT + "".join("/" + quote(part, safe="") for part in parts)


def encode(body: Json) -> bytes:
    """Write a JSON object the way its size is counted: UTF-8, without spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Transport:
    """The bot's connection to its homeserver."""

    def __init__(self, homeserver_url: str, user_id: str, device_file: str) -> None:
        self._homeserver = homeserver_url.rstrip("/")
        self._token = ""
        self._session: ClientSession | None = None
        self._user_id = user_id
        self._cure = _CURE.format(file=device_file)
        self._logged_out = False
        self.writing = 0
        """How many `put`s are under way."""

    @property
    def user_id(self) -> str:
        """Our account."""
        return self._user_id

    def use(self, access_token: str) -> None:
        """Speak as the device of this token from now on."""
        self._token = access_token
        self._logged_out = False

    async def close(self) -> None:
        """Close the HTTP session; a later request opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, address: str, *, seconds: float = REQUEST_SECONDS) -> Json:
        """Read."""
        return await self._exchange("GET", address, None, "application/json", seconds)

    async def put(self, address: str, body: Json | bytes) -> Json:
        """Write once; `body` may be encoded already."""
        data = body if isinstance(body, bytes) else encode(body)
        self.writing += 1
        try:
            return await self._exchange("PUT", address, data, "application/json", REQUEST_SECONDS)
        finally:
            self.writing -= 1

    async def post(self, address: str, body: Json) -> Json:
        """Act."""
        return await self._exchange(
            "POST", address, encode(body), "application/json", REQUEST_SECONDS
        )

    async def upload(self, address: str, content: bytes, media_type: str) -> Json:
        """Post bytes, with time for a slow line (100 kB a second)."""
        seconds = REQUEST_SECONDS + len(content) / 100_000
        return await self._exchange("POST", address, io.BytesIO(content), media_type, seconds)

    async def _exchange(
        self,
        method: str,
        address: str,
        data: bytes | io.BytesIO | None,
        media_type: str,
        seconds: float,
    ) -> Json:
        """Raise LoggedOut, Unreachable, Lost or Refused, or give the answer."""
        if self._logged_out:
            raise LoggedOut(self._cure)
        headers = {"Content-Type": media_type}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._session is None:
            self._session = ClientSession(connector=TCPConnector(limit=_CONNECTIONS))
        url = URL(self._homeserver + address, encoded=True)
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, timeout=ClientTimeout(total=seconds)
            ) as response:
                raw = await response.read()
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            raise Unreachable(_name(error)) from error
        except (ClientError, OSError, TimeoutError) as error:
            raise Lost(_name(error)) from error
        answer = read_json(raw)
        if response.status >= 300:
            refused = _refused(response, answer or {})
            if refused.logged_out and self._token:
                self._logged_out = True
                raise LoggedOut(self._cure) from refused
            raise refused
        if answer is None:
            raise Lost(f"{response.status} without a JSON object")
        return answer


def _refused(response: ClientResponse, answer: Json) -> Refused:
    code, reason = answer.get("errcode"), answer.get("error")
    return Refused(
        response.status,
        code if isinstance(code, str) else "",
        reason if isinstance(reason, str) else response.reason or "",
        _retry_after(response, answer),
        answer,
    )


def _retry_after(response: ClientResponse, answer: Json) -> timedelta | None:
    milliseconds = answer.get("retry_after_ms")
    if isinstance(milliseconds, int | float) and 0 <= milliseconds < 10**9:
        return timedelta(milliseconds=milliseconds)
    header = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(header)) if header.isdecimal() and len(header) < 8 else None


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
