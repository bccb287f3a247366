"""The town where most stories are told, shortly before October's round."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.people import Role
from tests.stories.world import World, world


class Town:
    """Three units with their people and a coordinator, shortly before October's round."""

    def __init__(self, there: World) -> None:
        self.world = there
        self.school = there.unit("Björbo skola")
        self.library = there.unit("Biblioteket", board="Kulturnämnden")
        self.centre = there.unit("Fritidsgården", board="Kulturnämnden")
        self.rut = there.person("Rut Rektor", (Role.REPORTER, self.school))
        self.dan = there.person("Dan Deputy", (Role.DEPUTY, self.school))
        self.bo = there.person("Bo Bibliotekarie", (Role.REPORTER, self.library))
        self.frida = there.person("Frida Fritid", (Role.REPORTER, self.centre))
        self.kim = there.person("Kim Samordnare", (Role.COORDINATOR, None))


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """Begin on Friday 30 October 2026; the round opens on Monday 2 November."""
    async with world(database_url, tmp_path, "2026-10-30 12:00") as there:
        yield Town(there)
