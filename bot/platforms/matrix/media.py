"""Putting a file on the homeserver before the event that shows it."""

import asyncio
from collections import OrderedDict
from urllib.parse import urlencode

from bot.platforms.matrix.crypto.attachments import Sealed, seal
from bot.platforms.matrix.errors import Lost, Refused
from bot.platforms.matrix.transport import Transport
from bot.ports import File, NeverWillBe

_CONFIG = ("/_matrix/client/v1/media/config", "/_matrix/media/v3/config")
_UPLOAD = "/_matrix/media/v3/upload"
_REMEMBERED = 100
_SEALED_REMEMBERED = 10


class Uploads:
    """Uploads each file once, also when the event after it has to be tried again."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._limit: int | None = None
        self._asked = False
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._sealed: OrderedDict[str, Sealed] = OrderedDict()

    async def put(self, key: str, file: File) -> str:
        """Give the mxc address of the file, uploaded now unless the key was uploaded before.

        Raises:
            NeverWillBe: the homeserver takes no file of that size.
            RequestFailed, LoggedOut: it could not be uploaded.
        """
        if key in self._addresses:
            return self._addresses[key]
        limit = await self._largest()
        if limit is not None and len(file.content) > limit:
            raise NeverWillBe(f"{len(file.content)} bytes, the homeserver takes {limit}")
        address = f"{_UPLOAD}?{urlencode({'filename': file.name})}" if file.name else _UPLOAD
        answer = await self._transport.upload(address, file.content, file.media_type)
        uri = answer.get("content_uri")
        if not isinstance(uri, str):
            raise Lost("an upload without an address")
        self._addresses[key] = uri
        if len(self._addresses) > _REMEMBERED:
            self._addresses.popitem(last=False)
        return uri

    async def put_sealed(self, key: str, file: File) -> dict[str, object]:
        """Upload the file encrypted, and give what an event says so that its readers can open it.

        Raises:
            NeverWillBe: the homeserver takes no file of that size.
            RequestFailed, LoggedOut: it could not be uploaded.
        """
        sealed = self._sealed.get(key)
        if sealed is None:
            sealed = await asyncio.to_thread(seal, file.content)
            self._sealed[key] = sealed
            if len(self._sealed) > _SEALED_REMEMBERED:
                self._sealed.popitem(last=False)
        nameless = File(name="", media_type="application/octet-stream", content=sealed.content)
        return {**sealed.file, "url": await self.put(key, nameless)}

    async def _largest(self) -> int | None:
        """Ask for the limit once; None when the homeserver names none."""
        if self._asked:
            return self._limit
        for address in _CONFIG:  # the second for homeservers before Matrix 1.11
            try:
                answer = await self._transport.get(address)
            except Refused as refused:
                if refused.status not in (404, 405):
                    raise
                continue
            limit = answer.get("m.upload.size")
            self._limit = limit if isinstance(limit, int) else None
            break
        self._asked = True
        return self._limit
