"""How long it takes to compile a report from stored answers, and to typeset its documents."""

import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import commands
from bot.app import MONTHLY
from bot.command import Context
from bot.config import Administrator, Matrix, Municipality, Settings
from bot.documents.calendar_file import IcsWriter
from bot.documents.typesetter import TypstTypesetter
from bot.domain.report import Report
from bot.holidays_se import swedish_calendar
from bot.installation import labels_of, rules_of
from bot.questions import load_question_sets
from bot.render import Renderer
from bot.round.editions import compiled
from storage.database import Database
from storage.unit_of_work import UnitOfWork
from tests.benchmarks import municipality

_TEMPLATES = Path(__file__).parents[2] / "templates"
_NOW = datetime(2026, 10, 8, 14, tzinfo=UTC)


class ReportBench:
    """Compiles both editions as `!sammanställ` does."""

    def __init__(self, folder: Path, units: int, months: int) -> None:
        settings = Settings(
            municipality=Municipality(name="Exempelby kommun", places=municipality.PLACES),
            matrix=Matrix(homeserver="http://127.0.0.1:1", user="@lagesbot:bra.test"),
            administrator=Administrator(name="Alva Admin", account="@alva:bra.test"),
            database=f"sqlite:///{folder / f'units-{units}.db'}",
            templates=_TEMPLATES,
        )
        self._renderer = Renderer(_TEMPLATES, settings.zone, default="sv")
        self._question_sets = load_question_sets(
            _TEMPLATES / "questions", municipality.PLACES, vocabulary=self._renderer.vocabulary
        )
        self._rules = rules_of(settings)
        self._calendar = swedish_calendar(settings.zone, range(2025, 2028))
        self._typesetter = TypstTypesetter(
            _TEMPLATES, labels_of(self._question_sets[MONTHLY], self._renderer.languages)
        )
        municipality.fill(
            settings.database,
            units=units,
            months=months,
            accounts=[],
            coordinator="@coordinator:bra.test",
        )
        self._database = Database(settings.database)

    async def measure(self, repeats: int) -> tuple[float, float]:
        """Give the median seconds of compiling and of typesetting both editions."""
        compiling, typesetting = [], []
        for _ in range(repeats):
            begun = time.perf_counter()
            reports = await self._database.transact(self._compile)
            compiling.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            for report in reports:
                await self._typesetter.typeset(report, "sv")
            typesetting.append(time.perf_counter() - begun)
        self._database.close()
        return median(compiling), median(typesetting)

    def _compile(self, uow: UnitOfWork) -> list[Report]:
        context = Context(
            uow=uow,
            now=_NOW,
            actor=None,
            args="",
            rules=self._rules,
            calendar=self._calendar,
            question_sets=self._question_sets,
            words=self._renderer,
            commands=commands.load(),
            agendas={},
            entries=IcsWriter(),
        )
        cycle = uow.cycles.by_key(municipality.LAST.key)
        assert cycle is not None
        return list(compiled(context, cycle))
