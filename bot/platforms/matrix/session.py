"""One device and one token for life.

The homeserver remembers a transaction id per device: a fresh login would make every retry a second
message. So the first start logs in, stores the device, and later starts restore it. A token that
was revoked is never replaced by itself.

The device's id is chosen and stored before the login: where the answer is lost, the next login is
one of the same device and takes the place of the first.
"""

import asyncio
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.platforms.matrix.errors import (
    LoggedOut,
    Lost,
    Refused,
    Unreachable,
)
from bot.platforms.matrix.transport import Transport, path

DEVICE_NAME = "Lägesbot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a login gave."""

    user_id: str
    device_id: str
    access_token: str


def read_device(file: Path) -> Device | None:
    """Read the stored device, or give None before the first login.

    Raises:
        LoggedOut: the file is there but holds no device.
    """
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        device = Device(**{name: str(raw[name]) for name in Device.__slots__})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise LoggedOut(f"the device file {file} is damaged: restore it from a backup") from error
    file.chmod(0o600)
    return device


def write_device(file: Path, device: Device) -> None:
    """Store the device so that only our own account can read it, and never half of it."""
    _write(file, json.dumps(asdict(device)))
    _choice(file).unlink(missing_ok=True)


def chosen_id(file: Path) -> str:
    """Give the id that the device is to have: the same until the device is stored."""
    choice = _choice(file)
    if not choice.exists():
        _write(choice, secrets.token_hex(5).upper())
    return choice.read_text(encoding="utf-8")


def _choice(file: Path) -> Path:
    return file.with_name(file.name + ".chosen")


def _write(file: Path, content: str) -> None:
    if not file.parent.exists():
        file.parent.mkdir(parents=True)
        file.parent.chmod(0o700)
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


async def begin(
    transport: Transport, user_id: str, password: str | None, token: str | None, file: Path
) -> Device:
    """Restore the device, or log in for the first and only time, and let the transport use it.

    Raises:
        LoggedOut: the stored token is no longer valid, or the login was refused.
        RequestFailed: the first login did not succeed now; it may be tried again.
    """
    device = await asyncio.to_thread(read_device, file)
    if device is not None:
        if device.user_id != user_id:
            raise LoggedOut(
                f"the device file {file} belongs to {device.user_id}, not to {user_id}: name"
                " another file, or move this one away to begin with a new device"
            )
        transport.use(device.access_token)
        await _confirm(transport)
        return device
    device = await _first_login(transport, user_id, password, token, file)
    await asyncio.to_thread(write_device, file, device)
    return device


async def _confirm(transport: Transport) -> None:
    """Find a revoked token at once; a homeserver that is down is the sync loop's matter."""
    try:
        await transport.get(path("account", "whoami"), seconds=10)
    except (Unreachable, Lost, Refused):
        return


async def _first_login(
    transport: Transport, user_id: str, password: str | None, token: str | None, file: Path
) -> Device:
    if token:
        transport.use(token)
        answer = await transport.get(path("account", "whoami"))
        answer = {**answer, "access_token": token}
    elif password:
        chosen = await asyncio.to_thread(chosen_id, file)
        answer = await _log_in(transport, user_id, password, chosen)
    else:
        raise LoggedOut("the first start needs the bot's password or an access token")
    device = Device(
        user_id=str(answer.get("user_id", "")),
        device_id=str(answer.get("device_id", "")),
        access_token=str(answer.get("access_token", "")),
    )
    if device.user_id != user_id:
        raise LoggedOut(f"the credentials belong to {device.user_id}, not to {user_id}")
    transport.use(device.access_token)
    return device


async def _log_in(
    transport: Transport, user_id: str, password: str, device_id: str
) -> dict[str, object]:
    request = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user_id},
        "password": password,
        "device_id": device_id,
        "initial_device_display_name": DEVICE_NAME,
    }
    try:
        return dict(await transport.post(path("login"), request))
    except Refused as refused:
        # Without a Matrix code it is a proxy that refuses, which may pass.
        if refused.status in (401, 403) and refused.code:
            raise LoggedOut(f"the login of {user_id} was refused: check the password") from refused
        raise
