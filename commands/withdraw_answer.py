"""Deleting a message that answered withdraws it; earlier versions remain on record."""

from collections.abc import Iterable
from dataclasses import replace

from bot.command import Context, Message, command
from bot.council.proposals import sync_proposals
from bot.domain.conversation import prune
from bot.domain.cycle import withdraw
from bot.round.form import ask, facts, question_set, start
from bot.round.progress import live_status


@command("withdraw_answer", subject="submission", listed=False)
def withdraw_answer(ctx: Context) -> Iterable[Message]:
    """Take the answer out of the draft, or the whole submission back if it has been sent.

    Raises:
        Conflict: `cycle_closed`, once the report is published.
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
    if draft is not None:
        whole = reply.question == "*"
        left = {} if whole else {q: v for q, v in draft.answers.items() if q != reply.question}
        at = form.questions[0].id if whole else reply.question
        draft = replace(draft, answers=prune(form, left), at=at, changing=bool(left))
        ctx.uow.cycles.save_draft(draft, ctx.now)
        yield ask(ctx, draft)
        return
    standing = ctx.uow.cycles.submission(cycle.id, reply.unit_id)
    if not standing.state.is_answer:
        return
    gone = withdraw(standing, cycle, by=ctx.person.id, now=ctx.now)
    ctx.uow.cycles.save_submission(gone, ctx.now)
    unit = ctx.uow.people.unit(reply.unit_id)
    sync_proposals(ctx, cycle, unit, gone)
    draft = start(ctx, ctx.person, cycle, unit)
    yield Message(template="withdrawn", data=facts(ctx, draft, cycle))
    yield from live_status(ctx, cycle)
