"""The form as a person meets it: asking, showing what will be sent, and letting it stand.

Shared by the verbs that lead into the form (open_cycle, answer, respond, edit_answer). How a reply
is read stands in domain/conversation.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.command import Context, Here, Message, Target, ToForum, ToPerson
from bot.council.proposals import sync_proposals
from bot.domain.conversation import REVIEW, Conversation, begin
from bot.domain.cycle import Cycle, CycleState, Submission, SubmissionState, merge, submit
from bot.domain.people import COORDINATORS, Forum, Person, Role, Unit
from bot.domain.question import Question, QuestionKind, QuestionSet, Value, fold
from bot.round.duty import owed_by
from bot.round.progress import live_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One answered question as a receipt shows it."""

    question: Question
    labels: Sequence[Mapping[str, str]]
    text: str


def question_set(ctx: Context, cycle: Cycle) -> QuestionSet:
    """Give the form of a round."""
    return ctx.question_sets[cycle.question_set]


def shown(form: QuestionSet, answers: Mapping[str, Value]) -> Sequence[Shown]:
    """List answers as a receipt shows them, in the form's order; the skipped ones are left out."""
    lines = []
    for question in form.questions:
        value = answers.get(question.id, Value())
        if question.kind is QuestionKind.GATE or not (value.chosen or value.text):
            continue
        labels = [choice.label for choice in form.chosen_of(question, value)]
        lines.append(Shown(question=question, labels=labels, text=value.text))
    return lines


def start(ctx: Context, person: Person, cycle: Cycle, unit: Unit) -> Conversation:
    """Place a person in the form for a unit: where they stopped, else with what stands already if
    the unit has answered, else at the first question."""
    form = question_set(ctx, cycle)
    draft = begin(person.id, cycle.id, unit.id, form)
    standing = ctx.uow.cycles.submission(cycle.id, unit.id)
    kept = ctx.uow.cycles.kept(draft)
    if kept is not None:
        ctx.uow.cycles.save_draft(kept, ctx.now)
        return kept
    if standing.state.is_answer:
        draft = replace(draft, at=REVIEW, answers=standing.answers)
    draft = replace(draft, base=standing.version)
    ctx.uow.cycles.save_draft(draft, ctx.now)
    return draft


def ask(
    ctx: Context, draft: Conversation, *, template: str = "question", to: Target | None = None
) -> Message:
    """Make the message that asks where the draft is: the next question, or the review.

    The message's key is remembered as the one that a reaction may answer.
    """
    cycle = ctx.uow.cycles.get(draft.cycle_id)
    form = question_set(ctx, cycle)
    key = f"{ctx.cause}/ask/{draft.person_id}/{draft.unit_id}"
    ctx.uow.marks.set(f"asked/{draft.person_id}", key)
    data = facts(ctx, draft, cycle)
    if draft.at == REVIEW:
        template = "unchanged" if draft.unchanged else "review"
    else:
        question = form.by_id[draft.at]
        data |= {"question": question, "choices": form.choices_of(question), "count": form.count}
    return Message(template=template, data=data, to=to or Here(), key=key)


def facts(ctx: Context, draft: Conversation, cycle: Cycle) -> dict[str, object]:
    """Give what every message about a draft may name."""
    person = ctx.uow.people.get(draft.person_id)
    at_start = not draft.answers and draft.at != REVIEW
    return {
        "person": person,
        "unit": ctx.uow.people.unit(draft.unit_id),
        "cycle": cycle,
        "shown": shown(question_set(ctx, cycle), draft.answers),
        "at_start": at_start,
        "can_repeat": at_start and last_answers(ctx, cycle, draft.unit_id) is not None,
        "for_other": not person.reports_for(draft.unit_id),
        "rehearsal": cycle.rehearsal,
    }


def last_answers(ctx: Context, cycle: Cycle, unit_id: int) -> Mapping[str, Value] | None:
    """Give what the unit answered in the round before, or None."""
    previous = _round_before(ctx, cycle)
    if previous is None:
        return None
    standing = ctx.uow.cycles.submission(previous.id, unit_id)
    return standing.answers if standing.state.is_answer else None


def _round_before(ctx: Context, cycle: Cycle) -> Cycle | None:
    """Give the round about the period before, or the question before at a time of unrest."""
    if cycle.unrest_id is not None:
        asked = [c for c in ctx.uow.cycles.of_unrest(cycle.unrest_id) if c.id < cycle.id]
        return asked[-1] if asked else None
    return ctx.uow.cycles.by_key(cycle.period.previous(ctx.rules.round.joined).key)


def used_last_time(ctx: Context, cycle: Cycle) -> str:
    """Give the sentence that tells how the last answers were used, or ""."""
    before = ctx.uow.cycles.by_key(cycle.period.previous(ctx.rules.round.joined).key)
    return ctx.uow.cycles.used(before.id) if before else ""


def send_in(ctx: Context, draft: Conversation) -> Iterable[Message]:
    """Let a draft become the unit's answer: store, then receipt, then whom it concerns.

    A colleague's answer that came in meanwhile is not overwritten but added to.
    """
    cycle = ctx.uow.cycles.get(draft.cycle_id)
    standing = ctx.uow.cycles.submission(cycle.id, draft.unit_id)
    answers = draft.answers
    first = ctx.uow.people.get(standing.by_person) if standing.by_person else None
    added = standing.version != draft.base and standing.state.is_answer
    if added:
        answers = merge(standing.answers, answers, question_set(ctx, cycle))
    unit = ctx.uow.people.unit(draft.unit_id)
    now_stands = submit(
        standing,
        cycle,
        answers,
        by=ctx.person.id,
        now=ctx.now,
        state=SubmissionState.NO_CHANGE
        if draft.unchanged and not added
        else SubmissionState.SUBMITTED,
        on_behalf=on_behalf(ctx, cycle, unit),
    )
    now_stands = ctx.uow.cycles.save_submission(now_stands, ctx.now)
    sync_proposals(ctx, cycle, unit, now_stands)
    ctx.uow.cycles.drop_draft(draft)
    yield receipt(ctx, cycle, unit, now_stands, added_to=first if added else None)
    if not standing.state.is_answer:
        yield from _tell_colleagues(ctx, cycle, unit)
    yield from live_status(ctx, cycle)
    yield from _next_unit(ctx, cycle)


def on_behalf(ctx: Context, cycle: Cycle, unit: Unit) -> bool:
    """Tell whether it is the coordinator who answers here: for others, or after publishing."""
    if cycle.rehearsal:
        return False
    corrects = not cycle.takes_answers and bool(ctx.person.roles & COORDINATORS)
    return corrects or not ctx.person.reports_for(unit.id)


def receipt(
    ctx: Context, cycle: Cycle, unit: Unit, standing: Submission, *, added_to: Person | None = None
) -> Message:
    """Show what stands, as it will appear, and how to change it."""
    data = {
        "unit": unit,
        "cycle": cycle,
        "submission": standing,
        "shown": shown(question_set(ctx, cycle), standing.answers),
        "added_to": added_to,
        "rehearsal": cycle.rehearsal,
    }
    return Message(template="receipt", data=data)


def _tell_colleagues(ctx: Context, cycle: Cycle, unit: Unit) -> Iterable[Message]:
    """Let the unit's other reporters see who answered; an empty draft of theirs is let go."""
    if cycle.rehearsal:
        return
    for draft in ctx.uow.cycles.drafts(cycle.id):
        if draft.unit_id != unit.id or draft.person_id == ctx.person.id:
            continue
        asked_last = ctx.uow.cycles.current(draft.person_id) == draft
        if not draft.answers:
            ctx.uow.cycles.drop_draft(draft)
        yield Message(
            template="answered_by_other",
            data={"by": ctx.person, "unit": unit, "cycle": cycle, "kept": bool(draft.answers)},
            to=ToPerson(person_id=draft.person_id),
        )
        if not draft.answers and asked_last:
            yield from _next_unit(ctx, cycle, person=ctx.uow.people.get(draft.person_id))


def _next_unit(ctx: Context, cycle: Cycle, person: Person | None = None) -> Iterable[Message]:
    """Go on with the next unit that the same person reports for, the one begun already first; then
    with what they were in the middle of."""
    person = person or ctx.person
    waiting = owed_by(ctx, cycle, person) if cycle.takes_answers else []
    current = ctx.uow.cycles.current(person.id, cycle.id)
    begun = current.unit_id if current is not None else None
    chosen = [unit for unit in waiting if begun in (None, unit.id)]
    if chosen:
        draft = start(ctx, person, cycle, chosen[0])
        yield ask(ctx, draft, template="next_unit", to=ToPerson(person_id=person.id))
    elif begun is None:
        yield from go_on(ctx, person)


def go_on(ctx: Context, person: Person) -> Iterable[Message]:
    """Ask again where somebody was in another round, which this one came in the middle of.

    What they have not begun is asked about again only while its round is open.
    """
    draft = ctx.uow.cycles.current(person.id)
    if draft is None:
        return
    cycle = ctx.uow.cycles.get(draft.cycle_id)
    if cycle.state is CycleState.OPEN or (draft.answers and cycle.takes_answers):
        yield ask(ctx, draft, template="go_on", to=ToPerson(person_id=person.id))


def unclear_mark(person_id: int) -> str:
    """Name the mark that holds the person's last message that could not be taken as an answer."""
    return f"unclear/{person_id}"


def known_words(ctx: Context) -> frozenset[str]:
    """Fold the words of units, places and boards, which look like names and point out nobody."""
    units = ctx.uow.people.units()
    texts = [text for unit in units for text in (unit.name, unit.place, unit.board)]
    return frozenset(fold(word) for text in texts for word in text.split())


def is_reporter(person: Person) -> bool:
    """Tell whether somebody reports for any unit."""
    return bool(person.roles & {Role.REPORTER, Role.DEPUTY})


def to_office(template: str, data: Mapping[str, object], key: str | None = None) -> Message:
    """Address the coordinator's room."""
    return Message(template=template, data=data, to=ToForum(forum=Forum.OFFICE), key=key)
