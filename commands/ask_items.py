"""Ask for items for a meeting's agenda: in the forum's room, and from those with something open."""

from collections.abc import Iterable

from bot.command import Context, Message, ToForum, ToPerson, command
from bot.council.follow_up import cases_for, open_assignments
from bot.domain.meeting import Meeting, MeetingState
from bot.domain.meeting_clock import call_time
from bot.domain.people import Person


@command("ask_items", subject="meeting", listed=False)
def ask_items(ctx: Context) -> Iterable[Message]:
    """Ask once, until the call goes out."""
    assert ctx.occurrence is not None
    meeting = ctx.uow.meetings.get(ctx.occurrence.subject_id or 0)
    if meeting.state is not MeetingState.PLANNED:
        return
    data = {"meeting": meeting, "until": call_time(meeting, ctx.rules.meetings, ctx.calendar)}
    if ctx.uow.people.room(meeting.forum) is not None:
        yield Message(template="items_asked", data=data, to=ToForum(forum=meeting.forum))
    for person, open_ in _with_open(ctx, meeting).values():
        yield Message(
            template="items_asked_owner",
            data={**data, "open": open_, "person": person},
            to=ToPerson(person_id=person.id),
        )


def _with_open(ctx: Context, meeting: Meeting) -> dict[int, tuple[Person, list[tuple[str, str]]]]:
    """Name who has an assignment, or reports for a unit with a case, each with id and title."""
    found: dict[int, tuple[Person, list[tuple[str, str]]]] = {}

    def add(person: Person, short_id: str, title: str) -> None:
        if ctx.uow.people.accounts(person.id):
            found.setdefault(person.id, (person, []))[1].append((short_id, title))

    everybody = ctx.uow.people.everybody()  # who has left is not among them
    for assignment in open_assignments(ctx, meeting.forum):
        for person in everybody:
            if person.id == assignment.owner_id:
                add(person, assignment.short_id, assignment.text)
    for case in cases_for(ctx, meeting.forum):
        for person in everybody:
            if case.unit_id is not None and person.reports_for(case.unit_id):
                add(person, case.short_id, case.title)
    return found
