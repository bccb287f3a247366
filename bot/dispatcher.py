"""Incoming event or due occurrence → one command in one unit of work.

Who is it, what is meant, may they: decided here once for every verb. What a verb does stands in
commands/; what an event means for people and rooms (invitations, departures) in arrivals.py.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot import arrivals
from bot.command import Command, Context, Errand, Message, Product, Rules
from bot.confirming import forget
from bot.domain.agenda import StandingPoint
from bot.domain.calendar import WorkCalendar
from bot.domain.errors import DomainError, Refused
from bot.domain.people import Forum, Person
from bot.domain.question import QuestionSet
from bot.domain.schedule import Occurrence
from bot.handouts import CalendarWriter
from bot.outgoing import enqueue
from bot.ports import Clock, Kind
from bot.reading import Meant, read
from bot.render import Renderer
from bot.withholding import withhold
from storage.database import Database
from storage.logs import Arrived
from storage.outbox import Queued
from storage.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

QUOTED = 80
"""Characters of somebody's words that an error message repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a transaction left behind: rows for the relay, or an errand that must be run first."""

    rows: Sequence[Queued] = ()
    errand: Errand | None = None
    changed: bool = False
    """The clock's plan may have changed."""
    early: bool = False
    """It can't be understood yet: what it is about may be a message just being posted."""


class Dispatcher:
    """Handles one thing at a time per room; the caller keeps the lanes."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        renderer: Renderer,
        commands: Mapping[str, Command],
        rules: Rules,
        calendar: WorkCalendar,
        question_sets: Mapping[str, QuestionSet],
        agendas: Mapping[str, Sequence[StandingPoint]],
        entries: CalendarWriter,
        run_errand: Callable[[Errand], Awaitable[Product]],
        own_account: Callable[[], str],
        posted: Callable[[Sequence[Queued]], None],
        replan: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._renderer = renderer
        self._commands = commands
        self._rules = rules
        self._calendar = calendar
        self._question_sets = question_sets
        self._agendas = agendas
        self._entries = entries
        self._run_errand = run_errand
        self._own_account = own_account
        self._posted = posted
        self._replan = replan

    async def handle(self, row_id: int, *, patient: bool) -> bool:
        """Give an inbox row its effect, once; never raises for what a person or a defect causes.

        Returns:
            Whether it is done. With `patient`, a row that comes before what it is about is known
            stays as it is, to be handled again in a while.
        """
        done = True
        try:
            done = await self._through(
                lambda uow, product: self._event(uow, row_id, product, patient=patient)
            )
        except DomainError as error:
            await self._finish(await self._database.transact(self._refusal(row_id, error)))
        except Exception as error:
            await self._finish(await self._database.transact(self._incident(row_id, error)))
        return done

    async def occur(self, occurrence: Occurrence) -> None:
        """Let the clock ask for a verb, once per occurrence.

        Raises:
            Exception: whatever the verb raised; nothing is stored and the clock will ask again.
        """
        await self._through(lambda uow, product: self._occurrence(uow, occurrence, product))

    async def ask(self, verb: str, args: str, *, cause: str) -> None:
        """Let the system itself ask for a verb (a failed delivery, a start after downtime)."""
        occurrence = Occurrence(key=cause, verb=verb, at=self._clock.now())
        await self._through(
            lambda uow, product: self._occurrence(uow, occurrence, product, args=args)
        )

    async def _through(self, work: Callable[[UnitOfWork, Product | None], Outcome]) -> bool:
        """Run the transaction; where it asks for an errand, run that outside and begin again.

        Returns:
            Whether it came in time, see `Outcome.early`.
        """
        outcome = await self._database.transact(lambda uow: work(uow, None))
        if outcome.errand is not None:
            product = await self._run_errand(outcome.errand)
            outcome = await self._database.transact(lambda uow: work(uow, product))
        await self._finish(outcome)
        return not outcome.early

    async def _finish(self, outcome: Outcome) -> None:
        self._posted(outcome.rows)
        if outcome.changed:
            self._replan()

    # Everything below runs inside one transaction, in the database's thread.

    def _event(
        self, uow: UnitOfWork, row_id: int, product: Product | None, *, patient: bool
    ) -> Outcome:
        arrived = uow.inbox.take(row_id)
        if arrived is None:
            return Outcome()
        event = arrived.event
        reacts = event.kind is Kind.REACTION
        if patient and reacts and uow.outbox.may_be_posting(event.room, event.target):
            return Outcome(early=True)
        ctx = self._context(uow, arrived)
        outcome = self._effect(ctx, arrived, product)
        if outcome.errand is None:
            uow.inbox.finish(arrived)
        return outcome

    def _effect(self, ctx: Context, arrived: Arrived, product: Product | None) -> Outcome:
        if arrived.event.kind in (Kind.INVITATION, Kind.ARRIVAL, Kind.DEPARTURE, Kind.MOVED):
            return Outcome(rows=arrivals.settle(ctx, self._own_account()))
        if ctx.actor is None:
            return Outcome()
        if arrived.withheld:
            return Outcome(rows=withhold(ctx))
        meant = read(ctx, self._renderer)
        if meant is None:
            return Outcome()
        if isinstance(meant, Message):
            return Outcome(rows=enqueue(ctx, [meant]))
        return self._run(ctx, meant, product)

    def _run(self, ctx: Context, meant: Meant, product: Product | None) -> Outcome:
        verb = self._commands[meant.verb]
        ctx = replace(ctx, args=meant.args, product=product, confirmed=meant.confirmed)
        _check(verb, ctx)
        if verb.prepare is not None and product is None:
            errand = verb.prepare(ctx)
            if errand is not None:
                return Outcome(errand=errand)
        rows = enqueue(ctx, verb.run(ctx))
        if ctx.confirmed:
            forget(ctx)
        self._note(ctx, verb, "done")
        return Outcome(rows=rows, changed=True)

    def _occurrence(
        self, uow: UnitOfWork, occurrence: Occurrence, product: Product | None, args: str = ""
    ) -> Outcome:
        if uow.cycles.happened(occurrence.key):
            return Outcome()
        verb = self._commands[occurrence.verb]
        ctx = replace(self._context(uow, None), occurrence=occurrence, args=args, product=product)
        if verb.prepare is not None and product is None:
            errand = verb.prepare(ctx)
            if errand is not None:
                return Outcome(errand=errand)
        uow.cycles.note(occurrence.key, ctx.now)
        rows = enqueue(ctx, verb.run(ctx))
        self._note(ctx, verb, "done")
        return Outcome(rows=rows, changed=True)

    def _refusal(self, row_id: int, error: DomainError) -> Callable[[UnitOfWork], Outcome]:
        params = {name: _short(value) for name, value in error.params.items()}
        message = Message(template=f"errors/{error.code}", data={"p": params})
        return self._apology(row_id, message, action="refuse", outcome=error.code)

    def _incident(self, row_id: int, error: Exception) -> Callable[[UnitOfWork], Outcome]:
        number = secrets.token_hex(3).upper()
        log.error("incident %s at inbox row %s", number, row_id, exc_info=error)
        message = Message(template="incident", data={"number": number})
        return self._apology(row_id, message, action="fail", outcome=f"incident {number}")

    def _apology(
        self, row_id: int, message: Message, *, action: str, outcome: str
    ) -> Callable[[UnitOfWork], Outcome]:
        """Say, in place of the effect that was rolled back, what came in its way."""

        def work(uow: UnitOfWork) -> Outcome:
            arrived = uow.inbox.take(row_id)
            if arrived is None:
                return Outcome()
            ctx = self._context(uow, arrived)
            rows = enqueue(ctx, [message])
            uow.audit.add(
                at=ctx.now,
                action=f"{arrived.platform}:command:{action}",
                outcome=outcome,
                person_id=ctx.actor.id if ctx.actor else None,
                cause=arrived.event.event_id,
            )
            uow.inbox.finish(arrived)
            return Outcome(rows=rows)

        return work

    def _note(self, ctx: Context, verb: Command, outcome: str) -> None:
        source = "clock" if ctx.incoming is None else ctx.rules.platform
        ctx.uow.audit.add(
            at=ctx.now,
            action=f"{source}:{verb.subject}:{verb.name}",
            outcome=outcome,
            person_id=ctx.actor.id if ctx.actor else None,
            subject=ctx.args[:80] if verb.listed else "",
            cause=ctx.cause,
        )

    def _context(self, uow: UnitOfWork, arrived: Arrived | None) -> Context:
        actor: Person | None = None
        forum: Forum | None = None
        direct = False
        event = arrived.event if arrived is not None else None
        if arrived is not None and event is not None:
            writer = (arrived.platform, event.sender, event.room)
            actor, forum, direct = uow.people.who_where(*writer)
        return Context(
            uow=uow,
            now=self._clock.now(),
            actor=actor,
            args="",
            rules=self._rules,
            calendar=self._calendar,
            question_sets=self._question_sets,
            words=self._renderer,
            commands=self._commands,
            agendas=self._agendas,
            entries=self._entries,
            incoming=event,
            forum=forum,
            direct=direct,
        )


def _short(value: object) -> object:
    """Cut what is quoted from a huge message, so that the answer fits a phone and an event."""
    return f"{value[:QUOTED]}…" if isinstance(value, str) and len(value) > QUOTED else value


def _check(verb: Command, ctx: Context) -> None:
    """Refuse who may not, and what is asked for in the wrong room."""
    if not ctx.person.roles & verb.may:
        raise Refused("refused", {"verb": verb.name, "roles": sorted(verb.may)})
    if not verb.fits(ctx.forum, direct=ctx.direct):
        raise Refused("wrong_room", {"verb": verb.name})
