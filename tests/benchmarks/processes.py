"""The two measured programs, given what they need: the bot with its settings, the bare client."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config import Administrator, Matrix, Municipality, Rooms, Settings
from tests.benchmarks import municipality
from tests.benchmarks.measured import Measured
from tests.benchmarks.stage import PASSWORD, Stage
from tests.live.client import MatrixUser
from tests.live.timeline import Event

_TEMPLATES = Path(__file__).parents[2] / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Starts them; `ahead` (seconds) makes it a working day's morning for the bot."""

    stage: Stage
    folder: Path
    ahead: float

    def settings(self, name: str, *, encryption: bool) -> Settings:
        """Make a data folder and give the settings of a bot that lives in it."""
        bot = self.stage.bot
        data = self.folder / name
        data.mkdir()
        return Settings(
            municipality=Municipality(name="Exempelby kommun", places=municipality.PLACES),
            matrix=Matrix(
                homeserver=bot.base_url,
                user=bot.user_id,
                password=PASSWORD,
                encryption=encryption,
            ),
            administrator=Administrator(name="Alva Admin", account="@alva:bra.test"),
            rooms=Rooms(office=self.stage.office),
            database=f"sqlite:///{data / 'lagesbot.db'}",
            data=data,
            templates=_TEMPLATES,
        )

    def bot(self, settings: Settings) -> Measured:
        """Give the bot, to be started by entering it."""
        given = {"settings": settings.model_dump(mode="json"), "ahead_seconds": self.ahead}
        return Measured("tests.benchmarks.bot_process", given, self.folder)

    def bare(self, account: MatrixUser, content: Event, rooms: list[str]) -> Measured:
        """Give the bare client, to be started by entering it."""
        given = {
            "base_url": account.base_url,
            "user_id": account.user_id,
            "access_token": account.access_token,
            "content": content,
            "rooms": rooms,
        }
        return Measured("tests.benchmarks.bare_process", given, self.folder)

    def bare_encrypted(self, given: Mapping[str, object]) -> Measured:
        """Give the bare client that encrypts; `given` beside the address, see its module."""
        whole = {"base_url": self.stage.bot.base_url, **given}
        return Measured("tests.benchmarks.bare_encrypted", whole, self.folder)
