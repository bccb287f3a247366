"""Representative data for every message: plain values, some of them as hostile as people can be.

A template's samples stand together under its name, each with a word for what is special about it.
"""

from collections.abc import Mapping

from bot.command import CommandWords
from tests.samples import (
    agenda,
    coordinator,
    everybody,
    follow_up,
    meetings,
    quarter,
    reporter,
    unrest,
    year,
)
from tests.samples.cast import Samples


def messages(commands: Mapping[str, CommandWords]) -> Samples:
    """List data for every message; `commands` are the verbs' words in the language at hand."""
    return {
        **reporter.asking(),
        **reporter.answered(),
        **coordinator.running(),
        **coordinator.reports(),
        **coordinator.office(),
        **everybody.people(),
        **everybody.general(commands),
        **everybody.errors(),
        **follow_up.follow_up(),
        **agenda.agenda(),
        **agenda.notes(),
        **agenda.papers(),
        **agenda.errors(),
        **meetings.called(),
        **meetings.office(),
        **meetings.errors(),
        **quarter.quarters(),
        **quarter.terms(),
        **unrest.unrest(),
        **unrest.rounds(),
        **year.year(),
    }
