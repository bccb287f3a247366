"""When the clock reminds of assignments and measures that have a day.

What the reminder says, and to whom, stands in commands/remind_due.py.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from bot.command import Context, Rules
from bot.domain.calendar import WorkCalendar
from bot.domain.follow_up import Assignment, AssignmentState, Measure, reminder_days
from bot.domain.schedule import Occurrence
from storage.unit_of_work import UnitOfWork


def due_reminders(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List the reminders of what is to be done by a day: a week before, and when it is overdue."""
    for assignment in uow.follow_ups.open_assignments():
        if assignment.state is AssignmentState.ONGOING:
            yield from _reminders(assignment, rules, calendar)
    for measure in uow.follow_ups.open_measures():
        yield from _reminders(measure, rules, calendar)


def not_late(ctx: Context, thing: Assignment | Measure) -> None:
    """Leave out the first reminder of what is given, or moved, less than a week ahead."""
    for step in _reminders(thing, ctx.rules, ctx.calendar):
        if step.at <= ctx.now and not ctx.uow.cycles.happened(step.key):
            ctx.uow.cycles.note(step.key, ctx.now)


def _reminders(
    thing: Assignment | Measure, rules: Rules, calendar: WorkCalendar
) -> Iterable[Occurrence]:
    if thing.due is None:
        return
    before, over = (calendar.at(d, rules.meetings.at) for d in reminder_days(thing.due, calendar))
    key = f"remind_due/{thing.short_id}/{thing.due.isoformat()}"
    ends = calendar.at(thing.due + timedelta(days=1), time())
    yield Occurrence(key=f"{key}/before", verb="remind_due", at=before, before=ends)
    yield Occurrence(key=f"{key}/over", verb="remind_due", at=over)
