"""What the folder of templates holds, read once: words, forms, standing agendas.

How each kind of file is written, and what is wrong in one, belongs where it is read: render.py,
questions.py, standing.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.config import Settings
from bot.domain.agenda import StandingPoint
from bot.domain.question import QuestionSet
from bot.questions import load_question_sets
from bot.render import Renderer
from bot.standing import load_agendas


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Everything that a person reads or is asked; the same for as long as the process lives."""

    renderer: Renderer
    question_sets: Mapping[str, QuestionSet]
    agendas: Mapping[str, Sequence[StandingPoint]]


def read_texts(settings: Settings) -> Texts:
    """Read the folder that the settings name.

    Raises:
        BadTemplates, BadQuestionSet, BadAgenda: a file is wrong or missing.
    """
    folder, ours = settings.templates, settings.municipality
    renderer = Renderer(folder, settings.zone, default=ours.language)
    return Texts(
        renderer=renderer,
        question_sets=load_question_sets(
            folder / "questions", ours.places, vocabulary=renderer.vocabulary
        ),
        agendas=load_agendas(folder / "agendas"),
    )
