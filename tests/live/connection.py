"""Requests to a homeserver as one logged-in device, or none; an error value becomes an exception.

It never repeats a request by itself. What a person does with it belongs in client.py, what arrives
by itself in receiver.py.
"""

import contextlib
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from tests.live.timeline import Event

API = "/_matrix/client/v3"
_REQUEST_SECONDS = 120.0  # the first sync of a large account is slow


class MatrixError(Exception):
    """The homeserver refused a request.

    `errcode` is Matrix's own, for example M_FORBIDDEN; `retry_after_ms` comes with status 429.
    """

    def __init__(self, request: str, status: int, answer: Event) -> None:
        super().__init__(f"{request}: {status} {answer}")
        self.status = status
        self.errcode = str(answer.get("errcode", "M_UNKNOWN"))
        self.retry_after_ms: int | None = answer.get("retry_after_ms")


class Connection:
    """An address, an access token (empty when not logged in) and a pool of connections."""

    def __init__(self, base_url: str, *, access_token: str) -> None:
        self.base_url = base_url
        self.access_token = access_token
        self._http: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        body: Event | None = None,
        *,
        query: dict[str, str] | None = None,
    ) -> Event:
        """Make one request of the client-server API, for what has no method of its own.

        Raises:
            MatrixError: when the homeserver refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        answer = await self.request(method, path, data, "application/json", query or {})
        return dict(json.loads(answer))

    async def request(
        self, method: str, path: str, data: bytes | None, mime: str, query: dict[str, str]
    ) -> bytes:
        """Make one request with any body; return the bytes of the answer.

        Raises:
            MatrixError: when the homeserver refuses.
        """
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
            )
        headers = {"Content-Type": mime} if data is not None else {}
        if self.access_token:
            headers["Authorization"] = f"Bearer {self.access_token}"
        url = URL(self.base_url + path, encoded=True).with_query(query)
        async with self._http.request(method, url, data=data, headers=headers) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise MatrixError(f"{method} {path}", answer.status, _refusal(body))
            return body

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def path_of(*parts: str) -> str:
    """Join the parts of a path below the client-server API, each made safe.

    Aliases, event ids and emoji hold characters that mean something in a path.
    """
    return "/".join([API, *(quote(part, safe="") for part in parts)])


def _refusal(body: bytes) -> Event:
    with contextlib.suppress(ValueError):
        answer: Any = json.loads(body)
        if isinstance(answer, dict):
            return answer
    return {"error": body[:200].decode(errors="replace")}
