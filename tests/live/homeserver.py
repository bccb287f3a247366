"""A real Matrix homeserver (Synapse, SQLite) as a child process on loopback.

What people do with it belongs in client.py. The homeserver talks to no other server.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.live.process import LOOPBACK, die_with_parent, end, free_port, log_tail

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05

_PROGRAM = """
import gc
gc.disable()
from synapse.app.homeserver import main
main()
"""
"""Synapse as its own command begins it, but for the search for garbage among what it loads; once
loaded, it decides itself when to look."""

_NO_LIMIT = {"per_second": 1_000_000, "burst_count": 1_000_000}
_LIMITS_LIFTED = {
    "rc_message": _NO_LIMIT,
    "rc_registration": _NO_LIMIT,
    "rc_login": {"address": _NO_LIMIT, "account": _NO_LIMIT, "failed_attempts": _NO_LIMIT},
    "rc_joins": {"local": _NO_LIMIT, "remote": _NO_LIMIT},
    "rc_joins_per_room": _NO_LIMIT,
    "rc_invites": {"per_room": _NO_LIMIT, "per_user": _NO_LIMIT, "per_issuer": _NO_LIMIT},
    "rc_key_requests": _NO_LIMIT,
    "rc_media_create": _NO_LIMIT,
    "rc_room_creation": _NO_LIMIT,
    "rc_profile": _NO_LIMIT,
    "rc_user_directory": _NO_LIMIT,
    "rc_reports": _NO_LIMIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A fresh account and the device it was logged in on."""

    user_id: str
    access_token: str
    device_id: str


class HomeserverError(Exception):
    """The homeserver did not start, ended by itself, or refused to register an account."""


class Homeserver:
    """One Synapse process with its own folder.

    The port and the data last as long as the object: `restart` keeps both. As a context manager
    it starts and stops the process, and removes its folder when the folder is its own.

    Args:
        folder: where everything it writes goes; made private (0700). A temporary one by default.
        default_limits: keep Synapse's own rate limits instead of lifting them all.
        server_name: the part after the colon of every user id.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        default_limits: bool = False,
        server_name: str = "bra.test",
    ) -> None:
        self._own_folder = folder is None
        self.folder = (folder or Path(tempfile.mkdtemp(prefix="homeserver-"))).resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.server_name = server_name
        self.port = free_port()
        self._registration_secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._write_settings(default_limits=default_limits)

    @property
    def base_url(self) -> str:
        """Tell the address of the client-server API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Tell the process id, or None when the homeserver is not running."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            HomeserverError: when it ended or did not answer in a minute; with the end of its log.
        """
        if self._process is not None:
            raise HomeserverError("the homeserver is already running")
        self._process = self._spawn()
        try:
            async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as http:
                while not await self._answers(http):
                    if self._process.poll() is not None:
                        raise HomeserverError(f"the homeserver ended\n{self.log_tail()}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            await self.kill()
            raise HomeserverError(f"the homeserver does not answer\n{self.log_tail()}") from None
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask the process to end, as an administrator would; a stopped one stays stopped."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End the process without warning, as a power failure would."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        await self.stop()
        await self.start()

    async def register(
        self,
        localpart: str,
        password: str,
        *,
        displayname: str | None = None,
        admin: bool = False,
    ) -> Registered:
        """Make an account through the admin API of the shared registration secret.

        Raises:
            HomeserverError: when the homeserver refuses, for example because the name is taken.
        """
        url = f"{self.base_url}/_synapse/admin/v1/register"
        async with aiohttp.ClientSession() as http:
            async with http.get(url) as answer:
                nonce: str = (await answer.json())["nonce"]
            request: dict[str, str | bool] = {
                "nonce": nonce,
                "username": localpart,
                "password": password,
                "admin": admin,
                "mac": self._mac(nonce, localpart, password, "admin" if admin else "notadmin"),
            }
            if displayname is not None:
                request["displayname"] = displayname
            async with http.post(url, json=request) as answer:
                account = await answer.json()
        if "access_token" not in account:
            raise HomeserverError(f"registering {localpart}: {account}")
        return Registered(
            user_id=account["user_id"],
            access_token=account["access_token"],
            device_id=account["device_id"],
        )

    def log_tail(self) -> str:
        """Read the last lines of what the homeserver logged and printed."""
        return log_tail([self.folder / "homeserver.log", self.folder / "homeserver.out"])

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self._remove_own_folder()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        self._remove_own_folder()

    def _remove_own_folder(self) -> None:
        if self._own_folder:
            shutil.rmtree(self.folder)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "homeserver.out").open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, "-c", "homeserver.yaml"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # A terminal's Ctrl-C is for the test alone; it then stops the server in order.
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            async with http.get(f"{self.base_url}/_matrix/client/versions") as answer:
                return answer.status == 200
        return False

    async def _end(self, first: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(end, process, first=first, patience=_STOP_SECONDS)

    def _mac(self, *parts: str) -> str:
        key = self._registration_secret.encode()
        return hmac.new(key, "\0".join(parts).encode(), hashlib.sha1).hexdigest()

    def _write_settings(self, *, default_limits: bool) -> None:
        folder = self.folder
        settings: dict[str, object] = {
            "server_name": self.server_name,
            "public_baseurl": f"{self.base_url}/",
            "signing_key_path": str(folder / "signing.key"),
            "log_config": str(folder / "log.yaml"),
            "media_store_path": str(folder / "media"),
            "max_upload_size": "50M",
            "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
            "listeners": [
                {
                    "type": "http",
                    "port": self.port,
                    "bind_addresses": [LOOPBACK],
                    "resources": [{"names": ["client"]}],
                }
            ],
            "registration_shared_secret": self._registration_secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            # The least that hashes at all: passwords here guard nothing.
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            "report_stats": False,
            "url_preview_enabled": False,
            "federation_domain_whitelist": [],
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
        }
        if not default_limits:
            settings |= _LIMITS_LIFTED
        log = {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {
                "file": {
                    "class": "logging.FileHandler",
                    "filename": str(folder / "homeserver.log"),
                    "formatter": "line",
                }
            },
            "root": {"level": "WARNING", "handlers": ["file"]},
        }
        # JSON is YAML too.
        (folder / "homeserver.yaml").write_text(json.dumps(settings, indent=1), encoding="utf-8")
        (folder / "log.yaml").write_text(json.dumps(log, indent=1), encoding="utf-8")
        if not (folder / "signing.key").exists():
            seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
            (folder / "signing.key").write_text(f"ed25519 a_test {seed}\n", encoding="ascii")
