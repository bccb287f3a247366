"""A council to tell stories about: its members in the chat and outside it, and a coordinator."""

from datetime import datetime, timedelta

from bot.domain.meeting import Meeting, MeetingState
from bot.domain.people import Forum, Role
from storage.unit_of_work import UnitOfWork
from tests.stories.world import BRA, OFFICE, SAMSA, World


class Council:
    """BRÅ and SAMSA with members in the chat and one each outside it, and three units."""

    def __init__(self, there: World) -> None:
        self.world = there
        self.school = there.unit("Björbo skola")
        self.library = there.unit("Biblioteket", board="Kulturnämnden", place="Djurås")
        self.rut = there.person("Rut Rektor", (Role.REPORTER, self.school))
        self.bo = there.person("Bo Bibliotekarie", (Role.REPORTER, self.library))
        self.kim = there.person("Kim Samordnare", (Role.COORDINATOR, None))
        self.lo = there.person("Lo Ersättare", (Role.SUBSTITUTE, None))
        self.inga = there.person("Inga Ordförande", (Role.READER_BRA, None))
        self.karl = there.person("Karl Kommunchef", (Role.READER_BRA, None))
        self.sara = there.person("Sara Förening", (Role.READER_SAMSA, None))
        self.stig = there.person("Stig Socialchef", (Role.READER_SAMSA, None))
        self.nils = there.outsider("Nils Närpolis", Role.READER_BRA, "polis")
        self.rikard = there.outsider("Rikard Räddare", Role.READER_SAMSA, "räddningstjänst")
        for room, accounts in (
            (OFFICE, (self.lo,)),
            (BRA, (self.kim, self.inga, self.karl)),
            (SAMSA, (self.kim, self.sara, self.stig)),
        ):
            there.platform.members[room].update(accounts)

    def plan(self, forum: Forum, starts_at: datetime, **fields: object) -> Meeting:
        """Fix a meeting as a year plan would."""

        def add(uow: UnitOfWork) -> Meeting:
            count = len(uow.meetings.where())
            return uow.meetings.add(
                Meeting(
                    uid=f"meeting-{count}@bra.test",
                    forum=forum,
                    starts_at=starts_at,
                    minutes=120,
                    place="Kommunhuset",
                    **fields,  # type: ignore[arg-type]
                )
            )

        return self.world.runtime.database.now(add)

    def meeting(self, short_id: str) -> Meeting:
        """Read a meeting as it is stored now."""
        return self.world.runtime.database.now(lambda uow: uow.meetings.named(short_id))

    async def call(self, forum: Forum, starts_at: datetime) -> Meeting:
        """Fix a meeting and let time pass until an hour after its call."""
        planned = self.plan(forum, starts_at)
        there = self.world
        while self.meeting(planned.short_id).state is MeetingState.PLANNED:
            await there.until(there.clock.instant + timedelta(days=1))
        return self.meeting(planned.short_id)
