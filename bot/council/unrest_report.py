"""The short report of one question at a time of unrest, for the management group.

It holds units' own words, so it is a draft like every paper: nothing of it is posted before the
coordinator has approved it (bot/council/papers.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.command import Context, Message
from bot.council.papers import keep_draft, preview_paper
from bot.domain.cycle import Cycle, Submission
from bot.domain.people import Forum, Unit
from bot.domain.question import Value
from bot.domain.unrest import Unrest
from bot.round.editions import basis
from bot.round.form import question_set
from bot.round.progress import progress
from storage.papers import PaperKind

_ORDER = ("rod", "gul", "gron")
"""The choices of "lage", the most serious first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """What one unit has said. `before` is the level it gave the time before, "" for none."""

    unit: Unit
    level: str
    before: str
    happened: str
    """In the unit's own words; "" where nothing has happened."""
    needs: Sequence[Mapping[str, str]]
    """The labels of what is needed, by language."""
    need_words: str
    submission: Submission

    @property
    def worse(self) -> bool:
        """Tell whether the state is more serious than the time before."""
        return bool(self.before) and _rank(self.level) < _rank(self.before)

    @property
    def better(self) -> bool:
        """Tell whether the state is less serious than the time before."""
        return bool(self.before) and _rank(self.level) > _rank(self.before)


def compiled(ctx: Context, unrest: Unrest, cycle: Cycle) -> Iterable[Message]:
    """Freeze the report of a question, and show it to the coordinator for approval."""
    asked = ctx.uow.cycles.of_unrest(unrest.id)
    number = [c.id for c in asked].index(cycle.id) + 1
    data = {
        "unrest": unrest,
        "cycle": cycle,
        "number": number,
        "units": [u for u in ctx.uow.people.all_units() if u.id in unrest.unit_ids],
        "lines": lines(ctx, cycle, asked[: number - 1]),
        "progress": progress(ctx, cycle),
        "now": ctx.now,
    }
    paper = keep_draft(
        ctx,
        PaperKind.UNREST,
        f"{unrest.short_id}/{number}",
        audience=Forum.MANAGEMENT,
        text=ctx.words.render("unrest_report", ctx.rules.language, data),
        artifacts=[],
        basis=basis(ctx, cycle),
    )
    yield from preview_paper(ctx, paper)


def lines(ctx: Context, cycle: Cycle, earlier: Sequence[Cycle]) -> Sequence[UnitLine]:
    """List what the units have said, the most serious first, against what each said before."""
    before: dict[int, str] = {}
    for old in earlier:
        answered = [s for s in ctx.uow.cycles.submissions(old.id) if s.state.is_answer]
        before |= {s.unit_id: _level(s) for s in answered}
    form = question_set(ctx, cycle)
    found = []
    for unit, submission in progress(ctx, cycle).answered:
        need = submission.answers.get("stod", Value())
        happened = submission.answers.get("handelse", Value())
        labels = form.chosen_of(form.by_id["stod"], need)
        found.append(
            UnitLine(
                unit=unit,
                level=_level(submission),
                before=before.get(unit.id, ""),
                happened=happened.text,
                needs=[choice.label for choice in labels if choice.id != "nej"],
                need_words=need.text,
                submission=submission,
            )
        )
    return sorted(found, key=lambda line: _rank(line.level))


def _rank(level: str) -> int:
    return _ORDER.index(level) if level in _ORDER else len(_ORDER)


def _level(submission: Submission) -> str:
    chosen = submission.answers.get("lage", Value()).chosen
    return chosen[0] if chosen else ""
