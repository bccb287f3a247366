"""Take one message of a reporter as an answer in the form."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context, Message, command
from bot.domain.conversation import REVIEW, Conversation, Outcome, Told, step
from bot.domain.cycle import unchanged
from bot.domain.privacy import Finding, warnings
from bot.domain.question import Value
from bot.domain.unrest import still
from bot.ports import IncomingMessage, Kind
from bot.round.form import (
    ask,
    facts,
    go_on,
    is_reporter,
    known_words,
    last_answers,
    question_set,
    send_in,
    unclear_mark,
)
from storage.drafts import Reply


@command("answer", subject="submission", listed=False)
def answer(ctx: Context) -> Iterable[Message]:
    """Move the person's draft one step and say what comes next."""
    draft = ctx.uow.cycles.current(ctx.person.id)
    if draft is None:
        yield Message(template="nothing_to_answer", data={"reporter": is_reporter(ctx.person)})
        return
    cycle = ctx.uow.cycles.get(draft.cycle_id)
    form = question_set(ctx, cycle)
    draft, told = step(draft, form, ctx.args, ctx.words.vocabulary)
    _remember(ctx, draft, told)
    _mark_unclear(ctx, unclear=told.outcome is Outcome.PROBLEM)
    match told.outcome:
        case Outcome.SUBMIT:
            yield from _send_or_warn(ctx, draft)
        case Outcome.NO_CHANGE:
            yield from _unchanged(ctx, draft)
        case Outcome.NOTHING:
            yield from _nothing(ctx, draft)
        case Outcome.CANCELLED:
            ctx.uow.cycles.drop_draft(draft)
            yield Message(template="cancelled", data=facts(ctx, draft, cycle))
            other = ctx.uow.cycles.current(ctx.person.id, cycle.id)
            if other is not None:
                yield ask(ctx, other, template="next_unit")
            else:
                yield from go_on(ctx, ctx.person)
        case Outcome.PAUSED:
            yield Message(template="paused", data=facts(ctx, draft, cycle))
        case Outcome.HELP:
            yield Message(template="form_help", data={**facts(ctx, draft, cycle), "form": form})
        case Outcome.WHICH:
            yield Message(template="which", data={**facts(ctx, draft, cycle), "form": form})
        case Outcome.PROBLEM:
            ctx.uow.cycles.save_draft(draft, ctx.now)
            yield _problem(ctx, draft, told)
        case Outcome.ASK | Outcome.REVIEW:
            ctx.uow.cycles.save_draft(draft, ctx.now)
            yield ask(ctx, draft)


def _remember(ctx: Context, draft: Conversation, told: Told) -> None:
    """Remember what this message answered, so that editing it changes the right answer."""
    if ctx.incoming is None or not told.answered:
        return
    question = told.answered[0] if len(told.answered) == 1 else "*"
    ctx.uow.cycles.add_reply(
        Reply(
            event_id=_message_id(ctx.incoming),
            person_id=draft.person_id,
            cycle_id=draft.cycle_id,
            unit_id=draft.unit_id,
            question=question,
        )
    )


def _mark_unclear(ctx: Context, *, unclear: bool) -> None:
    """Remember the message that was not understood: once edited, it is read as an answer."""
    if ctx.incoming is not None:
        mark = unclear_mark(ctx.person.id)
        ctx.uow.marks.set(mark, _message_id(ctx.incoming) if unclear else "")


def _message_id(event: IncomingMessage) -> str:
    """Name the message itself, which later edits will name; an edit has an id of its own."""
    return (event.target or "") if event.kind is Kind.EDIT else event.event_id


def _problem(ctx: Context, draft: Conversation, told: Told) -> Message:
    """Say why the reply does not fit, and ask the same again."""
    assert told.problem is not None
    again = ask(ctx, draft)
    data = {
        **again.data,
        "code": told.problem.code,
        "p": told.problem.params,
        "line": told.line,
        "at_review": draft.at == REVIEW,
    }
    return replace(again, template="problem", data=data)


def _unchanged(ctx: Context, draft: Conversation) -> Iterable[Message]:
    """Show last month's text first; only then is "oförändrat" a statement of its own."""
    cycle = ctx.uow.cycles.get(draft.cycle_id)
    before = last_answers(ctx, cycle, draft.unit_id)
    if before is None:
        yield Message(template="no_last_month", data=facts(ctx, draft, cycle))
        return
    same = unchanged(before) if cycle.unrest_id is None else still(before)
    draft = replace(draft, at=REVIEW, answers=same, unchanged=True)
    ctx.uow.cycles.save_draft(draft, ctx.now)
    yield ask(ctx, draft)


def _nothing(ctx: Context, draft: Conversation) -> Iterable[Message]:
    """Take "inget att rapportera" as the answer 0 to the first question, where there is one."""
    form = question_set(ctx, ctx.uow.cycles.get(draft.cycle_id))
    draft, told = step(draft, form, "0", ctx.words.vocabulary)
    if told.problem is not None:
        _mark_unclear(ctx, unclear=True)
        yield _problem(ctx, draft, told)
        return
    _remember(ctx, draft, told)
    ctx.uow.cycles.save_draft(draft, ctx.now)
    yield ask(ctx, draft)


def _send_or_warn(ctx: Context, draft: Conversation) -> Iterable[Message]:
    """Send, unless the texts look as if they point at somebody: then ask once."""
    found = _found(ctx, draft.answers)
    if found and not draft.warned:
        draft = replace(draft, at=REVIEW, warned=True)
        ctx.uow.cycles.save_draft(draft, ctx.now)
        review = ask(ctx, draft)
        data = {**review.data, "found": found}
        yield Message(template="privacy_warning", data=data, to=review.to, key=review.key)
        return
    yield from send_in(ctx, draft)


def _found(ctx: Context, answers: Mapping[str, Value]) -> list[Finding]:
    known = known_words(ctx)
    found: list[Finding] = []
    for value in answers.values():
        found += warnings(value.text, known_words=known)
    return list(dict.fromkeys(found))
