"""Where the poisoning happens: homeserver, proxy, bot, the reporter who asks, and a stranger.

When what is given, and what it proves, stands in hostile.py.
"""

import contextlib
import json
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.client import Event, MatrixError, MatrixUser
from tests.live.connection import path_of
from tests.live.crash_check import errors_in
from tests.live.crash_people import KEY_FIELD, PASSWORD, Town, move_in
from tests.live.homeserver import Homeserver
from tests.live.hostile_bot import BotProcess
from tests.live.hostile_device import Device
from tests.live.hostile_fresh import FreshDevices
from tests.live.hostile_poison import HUGE, Family, Poison, Sealed, words
from tests.live.hostile_templates import KEY, MEGOLM
from tests.live.hostile_wire import Wire
from tests.live.proxy import Proxy
from tests.stories.world import at

_QUESTION = "!hjälp"
_BEGINS = "2026-11-17 10:00"  # a Tuesday between two rounds
_SETTLED = 60.0


@dataclass(eq=False)
class Scene:
    """Everybody in place, and the bot running behind the proxy."""

    town: Town
    bot: BotProcess
    wire: Wire
    strangers: Device
    reporters: Device
    kims: Device
    """A device that never writes, so that the bot must claim a key of it to write to it."""
    fresh: FreshDevices
    """Further devices of hers; the newest takes the place of `kims`."""
    direct: str = ""

    @property
    def kim(self) -> MatrixUser:
        """The coordinator."""
        return self.town.coordinator.user

    @property
    def reporter(self) -> MatrixUser:
        """Who asks."""
        return self.reporters.user

    @property
    def decoy(self) -> str:
        """A room for events that would change what the bot thinks of a room."""
        return self.town.bra

    @property
    def vault(self) -> str:
        """The encrypted room."""
        return self.town.samsa

    def meanings(self) -> Mapping[str, str]:
        """Give what the words in poisons mean."""
        keys: Mapping[str, str] = self.wire.bot_device.get("keys", {})
        device = str(self.wire.bot_device.get("device_id", "BOTEN"))
        return {
            "@@bot@@": self.town.settings.matrix.user,
            "@@device@@": device,
            "@@curve@@": keys.get(f"curve25519:{device}", KEY),
            "@@ed@@": keys.get(f"ed25519:{device}", KEY),
            "@@kim@@": self.kim.user_id,
            "@@reporter@@": self.reporter.user_id,
            "@@stranger@@": self.strangers.user.user_id,
            "@@phone@@": self.reporters.device_id,
            "@@session@@": self.reporters.session_id,
            "@@direct@@": self.direct,
            "@@decoy@@": self.decoy,
            "@@vault@@": self.vault,
            **self.strangers.meanings("stranger"),
            **self.reporters.meanings("phone"),
            **self.kims.meanings("kim"),
        }

    async def ask(self, patience: float) -> tuple[str, float]:
        """Ask for help; give the question and the seconds until the answer stood in the room.

        Without an answer in time it is more than the patience, and nothing is waited for longer.
        """
        seen, began = len(self.reporter.seen), time.monotonic()
        question = await self.reporter.send(self.direct, _QUESTION)
        with contextlib.suppress(AssertionError):
            await self.reporter.wait_for(
                lambda event: _answers(event) == question, patience, after=seen
            )
            return question, time.monotonic() - began
        return question, time.monotonic() - began + patience

    async def ask_encrypted(self) -> None:
        """Ask in the encrypted room, which lets the bot look for devices and keys."""
        content: Event = {"msgtype": "m.text", "body": _QUESTION}
        message = {"type": "m.room.message", "content": content, "room_id": self.vault}
        sealed = self.reporters.megolm(json.dumps(message))
        await self.reporter.send_raw(self.vault, "m.room.encrypted", sealed)

    async def notice(self) -> None:
        """Let something arrive at the bot that it has no use for."""
        await self.kim.send_raw(
            self.decoy, "m.room.message", {"msgtype": "m.notice", "body": "hej"}
        )

    async def answers(self) -> Counter[str]:
        """Count the bot's answers to each question."""
        return Counter(map(_answers, await self.reporter.messages(self.direct)))

    async def send_to_device(self, poisons: Iterable[Poison]) -> None:
        """Let the stranger really send what the homeserver takes of them."""
        meanings = self.meanings()
        for poison in poisons:
            value = poison.value
            if poison.family is not Family.TO_DEVICE or not isinstance(value, dict):
                continue
            kind, content = value.get("type"), value.get("content")
            if poison.sealed is Sealed.OLM:
                kind, content = (
                    "m.room.encrypted",
                    self.strangers.olm(words(json.dumps(value), meanings)),
                )
            if isinstance(kind, str) and kind and kind != HUGE and isinstance(content, dict):
                await self._send_to_device(kind, content, meanings)

    async def restart(self) -> int:
        """End the bot in good order and start it on the same data; give its exit status."""
        status = await self.bot.stop()
        self.wire.reset()
        await self.bot.start()
        return status

    def errors(self) -> Sequence[str]:
        """List what the bot's log calls an error."""
        return errors_in(self.bot.log)

    async def _send_to_device(self, kind: str, content: Event, meanings: Mapping[str, str]) -> None:
        body = {"messages": {self.town.settings.matrix.user: {"*": content}}}
        text = words(json.dumps(body), meanings)
        with contextlib.suppress(MatrixError, UnicodeEncodeError):
            path = path_of("sendToDevice", words(kind, meanings), uuid.uuid4().hex)
            await self.strangers.user.request("PUT", path, text.encode(), "application/json", {})

    async def settle(self) -> None:
        """Wait for the bot in its rooms, make one of them encrypted, open a chat with the bot."""
        bot = self.town.settings.matrix.user
        for room in (self.decoy, self.vault):
            await self.kim.wait_for(
                lambda event, room=room: (  # type: ignore[misc]
                    event["room_id"] == room
                    and event.get("state_key") == bot
                    and event["content"].get("membership") == "join"
                ),
                _SETTLED,
            )
        path = path_of("rooms", self.vault, "state", "m.room.encryption") + "/"
        await self.kim.call("PUT", path, {"algorithm": MEGOLM})
        await self.kim.invite(self.vault, self.reporter.user_id)
        self.direct = await self.reporter.create_room("Boten", [bot], is_direct=True)
        await self.reporter.wait_for(
            lambda event: (
                event["room_id"] == self.direct
                and event.get("state_key") == bot
                and event["content"].get("membership") == "join"
            ),
            _SETTLED,
        )
        for device in (self.strangers, self.reporters, self.kims):
            await device.publish()

    async def meet(self) -> None:
        """Give stranger and reporter what they need to encrypt to the bot, if it encrypts."""
        if self.wire.bot_device:
            for device in (self.strangers, self.reporters):
                await device.meet(self.town.settings.matrix.user, self.vault)


@contextlib.asynccontextmanager
async def moved_in(folder: Path) -> AsyncIterator[Scene]:
    """Start everything, and end it."""
    async with Homeserver(folder / "homeserver") as server:
        town = await move_in(server, folder / "bot", 2)
        account = await server.register("framling", PASSWORD)
        stranger = MatrixUser(
            server.base_url, user_id=account.user_id, access_token=account.access_token
        )
        strangers, reporters = Device(stranger), Device(town.reporters[0].user)
        async with Proxy(server.base_url) as proxy:
            matrix = town.settings.matrix.model_copy(
                update={"homeserver": proxy.url, "encryption": True}
            )
            settings = town.settings.model_copy(update={"matrix": matrix})
            bot = BotProcess(settings, at(_BEGINS), folder)
            scene: Scene
            wire = Wire(lambda: scene.meanings(), strangers, reporters)
            kims = Device(town.coordinator.user)
            fresh = FreshDevices(kims, server.base_url)
            scene = Scene(town, bot, wire, strangers, reporters, kims, fresh)
            proxy.hook = wire
            await bot.start()
            try:
                await scene.settle()
                yield scene
            finally:
                await bot.stop()
                await fresh.close()
                await stranger.close()
                await town.close()


def _answers(event: Event) -> str:
    """Give the question that an event answers, "" when it answers none."""
    key = event.get("content", {}).get(KEY_FIELD)
    return str(key).partition("#")[0] if isinstance(key, str) and "#" in key else ""
