"""Fresh devices of the coordinator: the bot must claim a one-time key of each, once.

A poisoned answer about one-time keys reaches the bot only when it asks, and it asks once for each
device. So each such poison gets a signed device of its own, and the next device after some of them
is left alone: it must be reached. When devices are made, and what that proves, stands in
hostile_claims.py.
"""

import time
from collections.abc import Sequence

from tests.live.client import MatrixUser
from tests.live.connection import API
from tests.live.crash_people import PASSWORD
from tests.live.hostile_device import Device
from tests.live.timeline import Event

_POLL = 1_000  # milliseconds


class FreshDevices:
    """The further devices of one person, signed by the identity of the first.

    Args:
        first: the device that has published the person's identity.
        address: the homeserver itself, past the proxy.
    """

    def __init__(self, first: Device, address: str) -> None:
        self._first = first
        self._address = address
        self._open: list[Device] = []
        self._read: dict[str, str] = {}  # each device with how far it has read

    async def new(self) -> Device:
        """Log in on one more device and publish its keys; the bot is told of the change."""
        name = self._first.user.user_id[1:].partition(":")[0]
        user = await MatrixUser.login(self._address, name, PASSWORD)
        device = Device(user, self._first)
        self._open.append(device)
        await device.publish()
        return device

    async def reached(self, device: Device, room: str, patience: float) -> bool:
        """Tell whether the device is given, in time, a key to the room that it can decrypt."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for event in await self._to_device(device):
                told = _opened(device, event)
                if told.get("type") == "m.room_key" and told["content"]["room_id"] == room:
                    return True
        return False

    async def log_out(self, devices: Sequence[Device]) -> None:
        """Take devices away from the person."""
        for device in devices:
            self._open.remove(device)
            await device.user.call("POST", f"{API}/logout", {})
            await device.user.close()

    async def close(self) -> None:
        """Close the connections of those that are still logged in."""
        for device in self._open:
            await device.user.close()

    async def _to_device(self, device: Device) -> Sequence[Event]:
        since = self._read.get(device.device_id, "")
        query = {"timeout": str(_POLL), "since": since} if since else {"timeout": "0"}
        answer = await device.user.call("GET", f"{API}/sync", query=query)
        self._read[device.device_id] = str(answer["next_batch"])
        events: Sequence[Event] = answer.get("to_device", {}).get("events", [])
        return events


def _opened(device: Device, event: Event) -> Event:
    content = event["content"]
    part = content.get("ciphertext", {}).get(device.curve)
    if event["type"] != "m.room.encrypted" or part is None:
        return {}
    return device.first_letter(content["sender_key"], part)
