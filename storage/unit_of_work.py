"""One transaction with everything that can be reached in it."""

from sqlmodel import Session

from storage.cycles import Cycles
from storage.editions import Editions
from storage.follow_ups import FollowUps
from storage.logs import Audit, Inbox, Marks
from storage.meetings import Meetings
from storage.outbox import Outbox
from storage.papers import Papers
from storage.people import People
from storage.unrests import Unrests


class UnitOfWork:
    """Repositories over one session; commit and rollback belong to the Database."""

    def __init__(self, session: Session) -> None:
        self.people = People(session)
        self.cycles = Cycles(session)
        self.editions = Editions(session)
        self.meetings = Meetings(session)
        self.follow_ups = FollowUps(session)
        self.unrests = Unrests(session)
        self.papers = Papers(session)
        self.inbox = Inbox(session)
        self.outbox = Outbox(session)
        self.audit = Audit(session)
        self.marks = Marks(session)
