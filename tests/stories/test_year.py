"""A whole year, on both databases: holidays, both changes of the clocks, a week of downtime.

Expected dates were worked out by hand from the Swedish calendar of 2026.
"""

from datetime import timedelta
from pathlib import Path

from bot.domain.people import Role
from tests.stories.world import BRA, OFFICE, SAMSA, World, at, world

# Period → when it opens, when it closes, as people read it.
ROUNDS = {
    "december 2025": ("2026-01-02 09:00", "fredag 9 januari 2026 kl. 16.00"),
    "januari 2026": ("2026-02-02 09:00", "fredag 6 februari 2026 kl. 16.00"),
    "februari 2026": ("2026-03-02 09:00", "fredag 6 mars 2026 kl. 16.00"),
    "mars 2026": ("2026-04-01 09:00", "torsdag 9 april 2026 kl. 16.00"),
    "april 2026": ("2026-05-04 09:00", "fredag 8 maj 2026 kl. 16.00"),
    "maj 2026": ("2026-06-01 09:00", "fredag 5 juni 2026 kl. 16.00"),
    "juni 2026": ("2026-07-01 09:00", "tisdag 7 juli 2026 kl. 16.00"),
    "juli 2026": ("2026-08-03 09:00", "fredag 7 augusti 2026 kl. 16.00"),
    "augusti 2026": ("2026-09-07 08:00", "fredag 11 september 2026 kl. 16.00"),
    "september 2026": ("2026-10-01 09:00", "onsdag 7 oktober 2026 kl. 16.00"),
    "oktober 2026": ("2026-11-02 09:00", "fredag 6 november 2026 kl. 16.00"),
    "november 2026": ("2026-12-01 09:00", "måndag 7 december 2026 kl. 16.00"),
}
DOWN_BEFORE = "augusti 2026"


class Year:
    """Four units: one answers at once, one after a reminder, one is silent, one says the same."""

    def __init__(self, there: World) -> None:
        self.world = there
        names = ("Björbo skola", "Biblioteket", "Fritidsgården", "Hemtjänsten")
        units = [there.unit(name) for name in names]
        self.rut = there.person("Rut Rektor", (Role.REPORTER, units[0]))
        self.bo = there.person("Bo Bibliotekarie", (Role.REPORTER, units[1]))
        self.frida = there.person("Frida Fritid", (Role.REPORTER, units[2]))
        self.dan = there.person("Dan Deputy", (Role.DEPUTY, units[2]))
        self.hanna = there.person("Hanna Hemtjänst", (Role.REPORTER, units[3]))
        self.kim = there.person("Kim Samordnare", (Role.COORDINATOR, None))

    async def month(self, period: str, opens: str, deadline: str, *, first: bool) -> None:
        """Live through one round and look at what each person saw."""
        w = self.world
        await w.until(at(opens) - timedelta(minutes=1))
        for account in (self.rut, self.bo, self.frida, self.dan, self.hanna):
            assert w.told(account) == [], f"{account} was disturbed before {period} opened"
        await w.until(at(opens))
        await self._at_once(period, deadline, first=first)
        await self._as_last_time(first=first)
        office_before = len(w.platform.rooms[OFFICE])
        await w.until(at(opens) + timedelta(days=20))
        await self._silent()
        await self._after_the_reminder()
        assert w.told(self.rut) == [], "who has answered is not reminded"
        new = w.platform.rooms[OFFICE][office_before:]
        assert [p for p in new if "är stängd" in p.text and "svarat" in p.text]
        await self._published(period)

    async def _at_once(self, period: str, deadline: str, *, first: bool) -> None:
        w = self.world
        [prompt] = w.told(self.rut)
        assert period in prompt
        assert deadline in prompt
        assert ("senare än vanligt" in prompt) is (period == DOWN_BEFORE), prompt
        assert ("lämnades till BRÅ och SAMSA" in prompt.splitlines()[0]) is not first
        await w.says(self.rut, "1", "2", "skicka")
        *_, receipt = w.told(self.rut)
        assert "Björbo skola" in receipt

    async def _as_last_time(self, *, first: bool) -> None:
        w = self.world
        w.told(self.hanna)
        if first:
            await w.says(self.hanna, "2\n2\n10\nOro bland unga\n1\n1\n3\n6\n1\nnej", "skicka")
        else:
            await w.says(self.hanna, "oförändrat")
            assert "Oro bland unga" in w.told(self.hanna)[-1], "last month's text comes first"
            await w.says(self.hanna, "skicka")
        assert "Tack" in w.told(self.hanna)[-1]

    async def _silent(self) -> None:
        w = self.world
        prompt, *reminders = w.told(self.frida)
        assert "Fritidsgården" in prompt
        assert len(reminders) == 2, reminders
        assert all("saknar svar" in text for text in reminders)
        assert len(w.told(self.dan)) == 1, "the deputy is asked once, on day 4"

    async def _after_the_reminder(self) -> None:
        w = self.world
        assert len(w.told(self.bo)) == 3
        await w.says(self.bo, "1", "2", "skicka")
        assert "sen" in w.told(self.bo)[-1].lower(), "a late answer is marked late"

    async def _published(self, period: str) -> None:
        w = self.world
        await w.says(self.kim, "!sammanställ", room=OFFICE)
        await w.says(self.kim, "!publicera", room=OFFICE)
        for room, word in ((BRA, "BRÅ"), (SAMSA, "SAMSA")):
            text, pdf, picture, details = w.sees(room)
            assert period in text.text
            assert word in text.text
            assert "3 av 4" in text.text
            assert "Fritidsgården" in text.text, "who did not answer is named"
            assert pdf.file is not None
            assert picture.file is not None
            assert details.thread == text.event_id
            assert ("Oro bland unga" in details.text) == (room == BRA), "no free text to SAMSA"


async def test_a_whole_year(database_url: str, tmp_path: Path) -> None:
    """Twelve rounds open, close and are published on the right days, each once."""
    async with world(database_url, tmp_path, "2025-12-15 12:00") as there:
        year = Year(there)
        for number, (period, (opens, deadline)) in enumerate(ROUNDS.items()):
            if period == DOWN_BEFORE:
                await there.end()
                there.clock.instant = at("2026-09-07 07:30")
                await there.restart()
            await year.month(period, opens, deadline, first=number == 0)
        cycles = there.runtime.database.now(lambda uow: uow.cycles.all())
        assert [c.period.key for c in cycles] == sorted({c.period.key for c in cycles})
        assert len(cycles) == len(ROUNDS)
        assert [c.delayed for c in cycles].count(True) == 1
        numbers = there.runtime.database.now(
            lambda uow: [s.registry_number for c in cycles for s in uow.cycles.submissions(c.id)]
        )
        given = [n for n in numbers if n is not None]
        assert sorted(given) == list(range(1, 3 * len(ROUNDS) + 1)), "one number per first answer"
