"""How far a round has come, and the one message in the coordinator's room that shows it live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.command import Context, Message
from bot.domain.cycle import Cycle, Submission, SubmissionState
from bot.domain.people import Forum, Unit
from bot.live import live


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Every active unit's submission, sorted by what it says; the states are never mixed."""

    cycle: Cycle
    answered: Sequence[tuple[Unit, Submission]]
    waiting: Sequence[tuple[Unit, Submission]]
    absent: Sequence[Unit]
    unreachable: Sequence[Unit]
    drafts: frozenset[int]
    """Units for which somebody has begun."""

    @property
    def total(self) -> int:
        """How many units there are."""
        return len(self.answered) + len(self.waiting) + len(self.absent) + len(self.unreachable)


def progress(ctx: Context, cycle: Cycle) -> Progress:
    """Sort the units of a round by what they have said."""
    standing = {s.unit_id: s for s in ctx.uow.cycles.submissions(cycle.id)}
    drafts = frozenset(d.unit_id for d in ctx.uow.cycles.drafts(cycle.id) if d.answers)
    pairs = [(u, standing[u.id]) for u in ctx.uow.people.units() if u.id in standing]
    return Progress(
        cycle=cycle,
        answered=[(u, s) for u, s in pairs if s.state.is_answer],
        waiting=[(u, s) for u, s in pairs if s.state.is_owed],
        absent=[u for u, s in pairs if s.state is SubmissionState.ABSENT],
        unreachable=[u for u, s in pairs if s.state is SubmissionState.UNREACHABLE],
        drafts=drafts,
    )


def live_status(ctx: Context, cycle: Cycle) -> Iterable[Message]:
    """Post the round's status message, or edit it where it stands already."""
    data = {"progress": progress(ctx, cycle), "now": ctx.now}
    yield from live(ctx, f"status/{cycle.id}", data, Forum.OFFICE, template="live_status")
