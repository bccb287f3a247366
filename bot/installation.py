"""What an installation's settings mean to the parts: rules, first administrator, rooms, labels."""

from collections.abc import Mapping, Sequence

from bot.command import Rules
from bot.config import Settings
from bot.domain.people import Forum, Holding, Role
from bot.domain.question import QuestionKind, QuestionSet
from storage.unit_of_work import UnitOfWork


def settle(uow: UnitOfWork, settings: Settings) -> None:
    """Bring the first administrator and the rooms of the settings into the database, once.

    A room that has been chosen by `!rum` since stays, until the settings name another.
    """
    platform = "matrix"
    account = settings.administrator.account
    known = [a.person_id for a in uow.people.all_accounts() if a.address == account]
    if not known:
        person = uow.people.add_person(settings.administrator.name, settings.municipality.language)
        uow.people.add_account(person.id, platform, account)
        known = [person.id]
    if not uow.people.with_role(Role.ADMINISTRATOR):
        uow.people.set_active(known[0], True)
        uow.people.give(known[0], Holding(role=Role.ADMINISTRATOR))
    for forum in Forum:
        room, mark = getattr(settings.rooms, forum.value), f"room/{forum}"
        if room is not None and uow.marks.get(mark) != room:
            uow.people.set_room(forum, platform, room)
            uow.marks.set(mark, room)


def rules_of(settings: Settings) -> Rules:
    """Pick what commands depend on."""
    return Rules(
        municipality=settings.municipality.name,
        language=settings.municipality.language,
        minimum=settings.privacy.minimum,
        round=settings.round.rule(),
        platform="matrix",
        redact=settings.privacy.redact,
        meetings=settings.meetings.rules(),
        plan=settings.meetings.plan(),
        mail=(settings.municipality.name, settings.mail.sender) if settings.mail.host else None,
    )


def labels_of(form: QuestionSet, languages: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """List every choice's words, by language and `question.choice`, for the documents.

    Where many may be chosen the short words are enough; a single choice says it all.
    """
    return {
        language: {
            f"{question.id}.{choice.id}": choice.label[language]
            if question.kind is QuestionKind.ONE
            else choice.short.get(language, choice.label[language])
            for question in form.questions
            if question.kind is not QuestionKind.GATE
            for choice in question.choices
        }
        for language in languages
    }
