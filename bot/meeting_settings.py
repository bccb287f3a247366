"""The settings of the council's year: when each forum meets, when never, how meetings are prepared.

The file as a whole is read in config.py; what the settings mean stands in bot/domain/.
"""

from datetime import date, time
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from bot.domain.date_words import DateProblem, read_facts
from bot.domain.meeting_clock import MeetingRules
from bot.domain.meeting_rule import MeetingRule, parse_slot
from bot.domain.people import MEETING_FORUMS, Forum
from bot.domain.plan_check import PlanRules, SchoolHoliday

_FRIDAY = 5


class Section(BaseModel):
    """A table of the settings file; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _slot(text: str) -> str:
    try:
        parse_slot(text)
    except ValueError:
        raise ValueError('a time of the year looks like "v 7" or "andra torsdagen i maj"') from None
    return text


def _weekday_number(text: str) -> int:
    try:
        said = list(read_facts(text, date(2026, 1, 1)))  # any day: a weekday depends on none
    except DateProblem:
        said = []
    if len(said) != 1 or said[0].keys() != {"weekday"} or said[0]["weekday"] > _FRIDAY:
        raise ValueError("a meeting's weekday is one of måndag to fredag")
    return said[0]["weekday"]


def _weekday(text: str) -> str:
    _weekday_number(text)
    return text


def _day(value: object) -> date:
    try:
        return value if type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("a day looks like 2027-02-25") from None


def _clock(value: object) -> time:
    try:
        return value if isinstance(value, time) else time.fromisoformat(str(value))
    except ValueError:
        raise ValueError("a time of day looks like 13:00:00") from None


Day = Annotated[date, BeforeValidator(_day)]
Clock = Annotated[time, BeforeValidator(_clock)]


def _link(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError("a link begins with https://")
    return text


class ForumMeetings(Section):
    """When and where one forum meets, year after year; what is left out stays as in the routine.

    `weekday` is for the weeks of `when` that name none.
    """

    when: tuple[Annotated[str, AfterValidator(_slot)], ...] | None = None
    weekday: Annotated[str, AfterValidator(_weekday)] | None = None
    at: Clock | None = None
    minutes: int | None = Field(default=None, ge=15, le=600)
    place: str = Field(default="", max_length=200)
    link: Annotated[str, AfterValidator(_link)] = Field(default="", max_length=500)

    def rule(self, standard: MeetingRule) -> MeetingRule:
        """Give the forum's rule, on top of its standard one."""
        return MeetingRule(
            forum=standard.forum,
            when=standard.when if self.when is None else tuple(map(parse_slot, self.when)),
            weekday=_weekday_number(self.weekday) if self.weekday else standard.weekday,
            at=self.at or standard.at,
            minutes=self.minutes or standard.minutes,
            place=self.place,
            link=self.link,
        )


class BlockedDay(Section):
    """A day on which nobody may be called, and why."""

    day: Day
    name: str = Field(min_length=1, max_length=80)


class Holiday(Section):
    """Days in a row without school; both ends belong to it. Meetings there are warned about."""

    name: str = Field(min_length=1, max_length=80)
    first: Day
    last: Day

    @model_validator(mode="after")
    def _forwards(self) -> "Holiday":
        if self.last < self.first:
            raise ValueError("last lies before first")
        return self


class Meetings(Section):
    """When meetings lie and how they are prepared; days are calendar days before one, counted back
    to a working day.

    `required` names, by forum, functions of which somebody should come ("polis"); `quorum` the part
    of a forum's members, 0 to 1.
    """

    items_days: int = Field(default=21, ge=1, le=60)
    call_days: int = Field(default=7, ge=1, le=60)
    call_days_bra: int = Field(default=10, ge=1, le=60)
    at: Clock = time(9)
    notes_days: int = Field(default=7, ge=1, le=60)
    quorum: dict[Forum, Annotated[float, Field(ge=0, le=1)]] = {}
    required: dict[Forum, tuple[str, ...]] = {}
    bra: ForumMeetings = ForumMeetings()
    samsa: ForumMeetings = ForumMeetings()
    management: ForumMeetings = ForumMeetings()
    blocked: tuple[BlockedDay, ...] = ()
    school_holidays: tuple[Holiday, ...] = ()

    def plan(self) -> PlanRules:
        """Give the rules that a year is proposed from."""
        own = {Forum.BRA: self.bra, Forum.SAMSA: self.samsa, Forum.MANAGEMENT: self.management}
        standard = PlanRules()
        return PlanRules(
            rules=[section.rule(standard.of(forum)) for forum, section in own.items()],
            blocked={blocked.day: blocked.name for blocked in self.blocked},
            school_holidays=[
                SchoolHoliday(name=holiday.name, first=holiday.first, last=holiday.last)
                for holiday in self.school_holidays
            ],
        )

    def rules(self) -> MeetingRules:
        """Give the rules that the steps of a meeting are made from."""
        days = dict.fromkeys(MEETING_FORUMS, self.call_days) | {Forum.BRA: self.call_days_bra}
        return MeetingRules(
            items_days=self.items_days,
            call_days=days,
            at=self.at,
            notes_days=self.notes_days,
            quorum=self.quorum,
            required=self.required,
        )
