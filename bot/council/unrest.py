"""A time of unrest as the clock and people meet it: its steps, its rounds, its notices, its end.

When things fall due is decided in domain/unrest.py; the form is the one of every round
(bot/round/form.py), and what is compiled for the management group stands in unrest_report.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.command import Context, Message, Rules, ToForum, ToPerson
from bot.council.unrest_report import compiled
from bot.domain.calendar import Period, WorkCalendar
from bot.domain.cycle import Cycle, CycleState, SubmissionState, excuse
from bot.domain.people import Forum, Person, Role, Unit
from bot.domain.schedule import Occurrence
from bot.domain.unrest import (
    Unrest,
    UnrestRound,
    deadline,
    returns_at,
    rounds,
    warned_at,
)
from bot.round.asking import owing
from bot.round.duty import duty, mark_unreachable
from bot.round.form import ask, go_on, start
from bot.round.progress import Progress, live_status, progress
from storage.unit_of_work import UnitOfWork

QUESTIONS = "unrest"
"""The question set of these rounds."""
OUTSIDE = (Forum.BRA, Forum.SAMSA)
"""Rooms with people from outside, who hear that something is up, but not why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A time of unrest that has not ended, with how far its last question has come."""

    unrest: Unrest
    units: Sequence[Unit]
    asked: int
    """How many times the units have been asked."""
    progress: Progress | None
    following: UnrestRound | None


def unrest_steps(
    uow: UnitOfWork, rules: Rules, calendar: WorkCalendar, now: datetime
) -> Iterable[Occurrence]:
    """List the steps of each time of unrest: its questions, their deadlines, the end.

    A question's key names its day and not its number, because a change of level changes which days
    there are.
    """
    for unrest in uow.unrests.running():
        for due in rounds(unrest, calendar):
            yield _step("open_unrest", unrest, due.opens_at, calendar, before=due.before)
        for number, cycle in enumerate(uow.cycles.of_unrest(unrest.id), start=1):
            if cycle.state is CycleState.OPEN:
                key = f"close_unrest/{unrest.short_id}/{number}"
                yield Occurrence(
                    key=key, verb="close_unrest", at=cycle.closes_at, subject_id=cycle.id
                )
        ends = returns_at(unrest, calendar)
        if (warned := warned_at(unrest, calendar)) > unrest.begins_at:
            yield _step("unrest_ends", unrest, warned, calendar, before=ends)
        yield _step("end_unrest", unrest, ends, calendar)


def _step(
    verb: str,
    unrest: Unrest,
    at: datetime,
    calendar: WorkCalendar,
    *,
    before: datetime | None = None,
) -> Occurrence:
    key = _key(verb, unrest, at.astimezone(calendar.zone).date())
    return Occurrence(key=key, verb=verb, at=at, subject_id=unrest.id, before=before)


def _key(verb: str, unrest: Unrest, day: date) -> str:
    return f"{verb}/{unrest.short_id}/{day.isoformat()}"


def running_facts(ctx: Context) -> Sequence[Running]:
    """Tell what runs now, for `!oro` and `!läget`."""
    found = []
    for unrest in ctx.uow.unrests.running():
        asked = ctx.uow.cycles.of_unrest(unrest.id)
        found.append(
            Running(
                unrest=unrest,
                units=units_of(ctx, unrest),
                asked=len(asked),
                progress=progress(ctx, asked[-1]) if asked else None,
                following=following(ctx, unrest),
            )
        )
    return found


def following(ctx: Context, unrest: Unrest) -> UnrestRound | None:
    """Give the next question to come, one that is due at once included, or None."""
    for due in rounds(unrest, ctx.calendar):
        asked = ctx.uow.cycles.happened(_key("open_unrest", unrest, due.opens_at.date()))
        if due.before > ctx.now and not asked:
            return due
    return None


def units_of(ctx: Context, unrest: Unrest) -> Sequence[Unit]:
    """List the units concerned that are still active."""
    return [unit for unit in ctx.uow.people.units() if unit.id in unrest.unit_ids]


def due_round(ctx: Context, unrest: Unrest) -> UnrestRound | None:
    """Give the round that is to be opened now, or None."""
    if unrest.ended_at is not None:
        return None
    now = [r for r in rounds(unrest, ctx.calendar) if r.opens_at <= ctx.now < r.before]
    return now[-1] if now else None


def note_asked(ctx: Context, unrest: Unrest) -> None:
    """Note that today's question has been asked, so that the clock does not ask it too."""
    ctx.uow.cycles.note(_key("open_unrest", unrest, ctx.today), ctx.now)


def open_round(ctx: Context, unrest: Unrest, planned: datetime) -> Iterable[Message]:
    """Ask every unit concerned; the question before takes no answers from now on."""
    earlier = ctx.uow.cycles.of_unrest(unrest.id)
    yield from _compile_open(ctx, unrest, earlier)
    _, begun = _finish(ctx, earlier)
    cycle = ctx.uow.cycles.plan(
        Period.of(ctx.today.year, ctx.today.month),
        opens_at=ctx.now,
        closes_at=deadline(ctx.now, ctx.calendar),
        question_set=QUESTIONS,
        unrest=(unrest.id, len(earlier) + 1),
    )
    late = (ctx.now - planned).total_seconds() > 3600
    cycle = replace(cycle.to(CycleState.OPEN), delayed=late)
    ctx.uow.cycles.save(cycle)
    ctx.uow.cycles.expect(cycle.id, [unit.id for unit in units_of(ctx, unrest)])
    named = duty(ctx, ctx.today)
    for standing in ctx.uow.cycles.submissions(cycle.id):
        if not named.get(standing.unit_id):
            ctx.uow.cycles.save_submission(excuse(standing, SubmissionState.ABSENT), ctx.now)
    for person, units in owing(ctx, cycle, named):
        yield _prompt(ctx, unrest, cycle, person, units, lost=person.id in begun)
    yield from live_status(ctx, cycle)


def _prompt(
    ctx: Context,
    unrest: Unrest,
    cycle: Cycle,
    person: Person,
    units: Sequence[Unit],
    *,
    lost: bool,
) -> Message:
    """Ask a person, about the first of their units; what they were in the middle of waits."""
    interrupted = ctx.uow.cycles.current(person.id)
    draft = start(ctx, person, cycle, units[0])
    question = ask(ctx, draft, template="unrest_prompt", to=ToPerson(person_id=person.id))
    data = {
        **question.data,
        "unrest": unrest,
        "units": units,
        "first": len(ctx.uow.cycles.of_unrest(unrest.id)) == 1,
        "lost": lost,
        "interrupted": interrupted is not None and bool(interrupted.answers),
        "stands_in": units[0].id not in person.units(Role.REPORTER),
    }
    return replace(question, template="unrest_prompt", data=data)


def close_round(ctx: Context, unrest: Unrest, cycle: Cycle) -> Iterable[Message]:
    """Close a question at its deadline, and show the coordinator what has been said."""
    if cycle.state is CycleState.OPEN:
        cycle = cycle.to(CycleState.CLOSED)
        ctx.uow.cycles.save(cycle)
        mark_unreachable(ctx, cycle)
        yield from live_status(ctx, cycle)
    yield from compiled(ctx, unrest, cycle)


def end(ctx: Context, unrest: Unrest, reason: str, by: Person | None = None) -> Iterable[Message]:
    """Return to the monthly rhythm, and say so wherever it was said that it began.

    What has come in to a question that is still open is compiled first.
    """
    ended = ctx.uow.unrests.save(replace(unrest, ended_at=ctx.now))
    asked = ctx.uow.cycles.of_unrest(unrest.id)
    yield from _compile_open(ctx, ended, asked)
    placed, _ = _finish(ctx, asked)
    yield from notices(ctx, ended, what="ended", why=reason, by=by)
    yield from to_units(ctx, ended, what="ended")
    for person_id in sorted(placed):
        yield from go_on(ctx, ctx.uow.people.get(person_id))


def _compile_open(ctx: Context, unrest: Unrest, asked: Sequence[Cycle]) -> Iterable[Message]:
    """Show what has come in to a question that is cut short."""
    if asked and asked[-1].state is CycleState.OPEN and progress(ctx, asked[-1]).answered:
        yield from close_round(ctx, unrest, asked[-1])


def _finish(ctx: Context, asked: Sequence[Cycle]) -> tuple[set[int], set[int]]:
    """Take no more answers to these questions and let their drafts go.

    Returns:
        The persons who were in such a draft just now, and those who had begun one.
    """
    placed: set[int] = set()
    begun: set[int] = set()
    for old in asked:
        cycle = ctx.uow.cycles.get(old.id)
        if not cycle.takes_answers:
            continue
        ctx.uow.cycles.save(cycle.to(CycleState.PUBLISHED))
        drafts = ctx.uow.cycles.drafts(cycle.id)
        placed |= {d.person_id for d in drafts if ctx.uow.cycles.current(d.person_id) == d}
        begun |= {d.person_id for d in drafts if d.answers}
        for draft in drafts:
            ctx.uow.cycles.drop_draft(draft)
    return placed, begun


def notices(
    ctx: Context, unrest: Unrest, *, what: str, why: str = "", by: Person | None = None
) -> Iterable[Message]:
    """Tell the rooms: the office and the management group in full, the others without reason.

    `what` is "started", "level", "renewed" or "ended".
    """
    data = _facts(ctx, unrest, what, why, by)
    yield Message(template="unrest_told", data=data, to=ToForum(forum=Forum.OFFICE))
    if ctx.uow.people.room(Forum.MANAGEMENT) is not None:
        yield Message(template="unrest_told", data=data, to=ToForum(forum=Forum.MANAGEMENT))
    for forum in OUTSIDE:
        if ctx.uow.people.room(forum) is not None:
            yield Message(template="unrest_outside", data=data, to=ToForum(forum=forum))


def to_units(ctx: Context, unrest: Unrest, *, what: str) -> Iterable[Message]:
    """Tell the people of the units concerned, once each, what has changed."""
    data = _facts(ctx, unrest, what, "", None)
    named = duty(ctx, ctx.today)
    concerned = {p.id: p for unit in units_of(ctx, unrest) for p in named.get(unit.id, ())}
    for person_id in concerned:
        yield Message(template="unrest_unit_told", data=data, to=ToPerson(person_id=person_id))


def _facts(
    ctx: Context, unrest: Unrest, what: str, why: str, by: Person | None
) -> Mapping[str, object]:
    return {
        "unrest": unrest,
        "units": units_of(ctx, unrest),
        "what": what,
        "why": why,
        "by": by,
        "early": ctx.today < unrest.last_day,
        "asked": len(ctx.uow.cycles.of_unrest(unrest.id)),
        "following": following(ctx, unrest),
        "now": ctx.now,
    }
