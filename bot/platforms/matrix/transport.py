"""One HTTP session to the homeserver: a request in, a JSON object or a failure out.

The session is the Matrix library's, used below its response classes. Those validate a whole answer
at once, so one malformed event would make every later answer unreadable; they also retry and sleep
on their own, which the outbox and the sync loop do better. No meaning of any endpoint belongs here.
"""

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import quote

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ConnectionTimeoutError,
    InvalidURL,
)
from nio import AsyncClient, AsyncClientConfig  # type: ignore[import-untyped]

from bot.platforms.matrix.errors import LoggedOut, Lost, Refused, Unreachable

CLIENT = "/_matrix/client/v3"
REQUEST_SECONDS = 60.0

_CURE = (
    "the homeserver no longer accepts the bot's device. Stop the bot, move the device file {file}"
    " away, set the password (or a new token) and start again; messages whose fate was unknown"
    " may then be posted a second time"
)

Json: TypeAlias = Mapping[str, object]


def path(*parts: str) -> str:
    """Join the parts of an address, each quoted, below the client API."""
    return CLIENT + "".join("/" + quote(part, safe="") for part in parts)


def encode(body: Json) -> bytes:
    """Write a JSON object the way its size is counted: UTF-8, without spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Transport:
    """The bot's connection to its homeserver."""

    def __init__(self, homeserver_url: str, user_id: str, device_file: str) -> None:
        config = AsyncClientConfig(
            max_limit_exceeded=0,
            max_timeouts=0,
            request_timeout=REQUEST_SECONDS,
            encryption_enabled=False,
        )
        self._client = AsyncClient(homeserver_url.rstrip("/"), user_id, config=config)
        self._user_id = user_id
        self._cure = _CURE.format(file=device_file)
        self._logged_out = False

    def use(self, device_id: str, access_token: str) -> None:
        """Speak as this device from now on."""
        self._client.restore_login(self._user_id, device_id, access_token)
        self._logged_out = False

    async def close(self) -> None:
        """Close the HTTP session; a later request opens a new one."""
        await self._client.close()

    async def get(self, address: str, *, seconds: float = REQUEST_SECONDS) -> Json:
        """Read."""
        return await self._exchange("GET", address, None, "application/json", seconds)

    async def put(self, address: str, body: Json | bytes) -> Json:
        """Write once; `body` may be encoded already."""
        data = body if isinstance(body, bytes) else encode(body)
        return await self._exchange("PUT", address, data, "application/json", REQUEST_SECONDS)

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
        if self._client.access_token:
            headers["Authorization"] = f"Bearer {self._client.access_token}"
        try:
            response: ClientResponse = await self._client.send(
                method, address, data, headers, timeout=seconds
            )
            async with response:
                raw = await response.read()
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            raise Unreachable(_name(error)) from error
        except (ClientError, OSError, TimeoutError) as error:
            raise Lost(_name(error)) from error
        answer = _decode(raw)
        if response.status >= 300:
            refused = _refused(response, answer or {})
            if refused.logged_out and self._client.access_token:
                self._logged_out = True
                raise LoggedOut(self._cure) from refused
            raise refused
        if answer is None:
            raise Lost(f"{response.status} without a JSON object")
        return answer


def _decode(raw: bytes) -> Json | None:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refused(response: ClientResponse, answer: Json) -> Refused:
    code, reason = answer.get("errcode"), answer.get("error")
    return Refused(
        response.status,
        code if isinstance(code, str) else "",
        reason if isinstance(reason, str) else response.reason or "",
        _retry_after(response, answer),
    )


def _retry_after(response: ClientResponse, answer: Json) -> timedelta | None:
    milliseconds = answer.get("retry_after_ms")
    if isinstance(milliseconds, int | float) and 0 <= milliseconds < 10**9:
        return timedelta(milliseconds=milliseconds)
    header = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(header)) if header.isdecimal() and len(header) < 8 else None


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
