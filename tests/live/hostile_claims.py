"""Poisoned answers to /keys/claim: each for a fresh device, and what the bot must do afterwards.

The poisoned device is written to without success; the next one, and after a restart the poisoned
ones too, must be given the key to the room. Who is to blame for a harm is found in hostile.py.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from tests.live.hostile_device import Device
from tests.live.hostile_poison import Poison
from tests.live.hostile_scene import Scene


class Claims:
    """Gives such poisons, one at a time.

    Args:
        scene: where.
        patience: seconds in which the bot must have written.
    """

    def __init__(self, scene: Scene, patience: float) -> None:
        self._scene = scene
        self._patience = patience
        self._poisoned: list[Device] = []
        self._healthy: Device | None = None

    async def offer(self, poison: Poison) -> None:
        """Make a device and poison the answer with its one-time key; let the bot write to it."""
        await self._begin_anew()
        device = await self._new()
        self._poisoned.append(device)
        self._scene.wire.offer([poison])
        await self._scene.ask_encrypted()

    async def taken(self) -> bool:
        """Tell whether the bot asked, was given the poison, and wrote in the room afterwards."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._scene.wire.went_on.wait(), self._patience)
        return not self._scene.wire.withdraw()

    async def reaches_the_next(self) -> bool:
        """Make one more device, and tell whether the bot gives it the key to the room."""
        self._healthy = await self._new()
        return await self._reached([self._healthy])

    async def reaches_the_poisoned(self) -> bool:
        """Tell whether a bot that was started anew reaches the devices it could not write to.

        It tries when the room gets another key, as it does when a device that had the last one
        has gone.
        """
        if self._healthy is None:
            return True
        await self._scene.fresh.log_out([self._healthy])
        self._healthy = None
        return await self._reached(self._poisoned)

    async def _begin_anew(self) -> None:
        """Take away the devices of the last poisons: the bot reads no more than 200 of a person."""
        if self._healthy is not None:
            await self._scene.fresh.log_out([*self._poisoned, self._healthy])
            self._poisoned, self._healthy = [], None

    async def _new(self) -> Device:
        self._scene.kims = await self._scene.fresh.new()
        return self._scene.kims

    async def _reached(self, devices: Sequence[Device]) -> bool:
        scene = self._scene
        await scene.ask_encrypted()
        return all(
            [await scene.fresh.reached(device, scene.vault, self._patience) for device in devices]
        )
