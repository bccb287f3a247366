"""A meeting's steps, its one calendar entry, and who comes: quorum and functions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Conflict
from bot.domain.meeting import (
    MEETING_STEPS,
    Attendance,
    Meeting,
    MeetingState,
    Reply,
    Rsvp,
    attendance,
)
from bot.domain.people import Forum, Person

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
BRA = Meeting(
    id=3,
    uid="m3@bra.test",
    forum=Forum.BRA,
    starts_at=NOW + timedelta(days=10),
    minutes=120,
    state=MeetingState.CALLED,
)
CHAIR = Person(id=1, name="Inga", language="sv")
POLICE = Person(id=2, name="Nils", language="sv", function="Polis, områdesbefäl")
RESCUE = Person(id=3, name="Rikard", language="sv", function="räddningstjänst")
CHIEF = Person(id=4, name="Karl", language="sv")
EVERYBODY = [CHAIR, POLICE, RESCUE, CHIEF]
REQUIRED = ("polis", "räddningstjänst")


def said(person: Person, reply: Reply, *, asked: int = 0, substitute: str = "") -> Rsvp:
    """Make an answer."""
    return Rsvp(
        meeting_id=BRA.id,
        person_id=person.id,
        asked=asked,
        reply=reply,
        substitute=substitute,
        at=NOW,
        by_person=person.id,
    )


def count(*replies: Rsvp, quorum: float = 0.5) -> Attendance:
    """Count answers of four invited."""
    return attendance(BRA, EVERYBODY, replies, required=REQUIRED, quorum=quorum)


def test_everybody_is_silent_at_first() -> None:
    """Nobody comes, both functions are missing, and half of four make a quorum."""
    comes = count()
    assert (comes.coming, comes.needed, comes.quorate) == (0, 2, False)
    assert list(comes.silent) == EVERYBODY
    assert list(comes.missing) == list(REQUIRED)


def test_a_substitute_stands_for_the_function() -> None:
    """A yes and a substitute make the quorum; whoever comes for the police is the police."""
    comes = count(
        said(CHAIR, Reply.YES),
        said(POLICE, Reply.SUBSTITUTE, substitute="Vera"),
        said(CHIEF, Reply.NO),
    )
    assert (comes.coming, comes.quorate) == (2, True)
    assert list(comes.substitutes) == [(POLICE, "Vera")]
    assert list(comes.missing) == ["räddningstjänst"]


def test_maybe_does_not_count() -> None:
    """A maybe neither makes the quorum nor fills a function."""
    comes = count(said(POLICE, Reply.MAYBE), said(RESCUE, Reply.YES))
    assert (comes.coming, comes.quorate) == (1, False)
    assert list(comes.missing) == ["polis"]


def test_the_last_answer_counts() -> None:
    """Whoever changes their mind is counted once."""
    comes = count(said(CHAIR, Reply.YES), said(CHAIR, Reply.NO))
    assert (list(comes.yes), list(comes.no)) == ([], [CHAIR])


def test_an_answer_to_an_earlier_time_does_not_count() -> None:
    """When the time changes everybody is asked anew."""
    moved = BRA.moved(BRA.starts_at + timedelta(days=7), reason="")
    comes = attendance(moved, EVERYBODY, [said(CHAIR, Reply.YES)], required=(), quorum=0)
    assert (comes.coming, list(comes.silent)) == (0, EVERYBODY)


@pytest.mark.parametrize(("part", "needed"), [(0.0, 0), (0.25, 1), (0.5, 2), (0.51, 3), (1.0, 4)])
def test_a_quorum_is_rounded_up(part: float, needed: int) -> None:
    """A part of the members is at least that part."""
    assert count(quorum=part).needed == needed


def test_the_entry_is_one_for_life() -> None:
    """However often it is handed out, the UID stays and SEQUENCE rises by one."""
    first = BRA.issued()
    moved = first.moved(NOW + timedelta(days=20), reason="sjukdom").issued()
    cancelled = moved.to(MeetingState.CANCELLED).issued()
    assert [m.sequence for m in (first, moved, cancelled)] == [0, 1, 2]
    assert {m.uid for m in (first, moved, cancelled)} == {BRA.uid}


@pytest.mark.parametrize("state", list(MeetingState))
def test_only_the_tables_steps_are_taken(state: MeetingState) -> None:
    """Any other step is refused in words; what has begun is moved no more."""
    meeting = replace(BRA, state=state)
    for wanted in MeetingState:
        if wanted in MEETING_STEPS[state]:
            assert meeting.to(wanted).state is wanted
        else:
            with pytest.raises(Conflict, match="meeting_state"):
                meeting.to(wanted)
    if not (state.is_to_come or state is MeetingState.PROPOSED):
        with pytest.raises(Conflict, match="meeting_state"):
            meeting.moved(NOW, reason="")
