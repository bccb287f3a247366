"""Editing a message that answered changes the answer; the new text alone is judged."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.command import Context, Message, command
from bot.council.proposals import sync_proposals
from bot.domain.conversation import Outcome, begin, prune, step
from bot.domain.cycle import submit
from bot.domain.errors import Conflict
from bot.domain.question import Value, parse
from bot.round.form import ask, on_behalf, question_set, receipt
from bot.round.progress import live_status
from storage.drafts import Reply


@command("edit_answer", subject="submission", listed=False)
def edit_answer(ctx: Context) -> Iterable[Message]:
    """Read the edited message again, as an answer to the question it answered.

    Raises:
        Conflict: `cycle_closed`, once the report is published.
        Invalid: the new text does not fit; the old answer stands.
    """
    assert ctx.incoming is not None
    reply = ctx.uow.cycles.reply(ctx.incoming.target or "")
    if reply is None:
        return
    cycle = ctx.uow.cycles.get(reply.cycle_id)
    if not cycle.takes_answers:
        raise cycle.refusal
    form = question_set(ctx, cycle)
    draft = ctx.uow.cycles.kept(reply)
    standing = ctx.uow.cycles.submission(cycle.id, reply.unit_id)
    answers = _changed(ctx, reply, draft.answers if draft else standing.answers)
    if draft is not None:
        draft = replace(draft, answers=prune(form, answers), warned=False)
        if draft.at in form.by_id and not form.applies(form.by_id[draft.at], draft.answers):
            following = form.after(reply.question, draft.answers)
            draft = replace(draft, at=following.id if following else draft.at)
        ctx.uow.cycles.save_draft(draft, ctx.now)
        yield replace(ask(ctx, draft), template="answer_changed")
        return
    if not standing.state.is_answer:
        raise Conflict("nothing_to_withdraw")
    unit = ctx.uow.people.unit(reply.unit_id)
    changed = submit(
        standing,
        cycle,
        prune(form, answers),
        by=ctx.person.id,
        now=ctx.now,
        on_behalf=on_behalf(ctx, cycle, unit),
    )
    changed = ctx.uow.cycles.save_submission(changed, ctx.now)
    sync_proposals(ctx, cycle, unit, changed)
    yield receipt(ctx, cycle, unit, changed)
    yield from live_status(ctx, cycle)


def _changed(ctx: Context, reply: Reply, answers: Mapping[str, Value]) -> Mapping[str, Value]:
    """Put the new text in the place of the old one: one question, or a whole answer."""
    form = question_set(ctx, ctx.uow.cycles.get(reply.cycle_id))
    if reply.question != "*":
        question = form.by_id[reply.question]
        return {**answers, question.id: parse(form, question, ctx.args)}
    afresh = begin(reply.person_id, reply.cycle_id, reply.unit_id, form)
    draft, told = step(afresh, form, ctx.args, ctx.words.vocabulary)
    if told.outcome is Outcome.PROBLEM and told.problem is not None:
        raise told.problem
    return {**answers, **draft.answers}
