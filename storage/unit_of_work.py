"""One transaction with everything that can be reached in it."""

from sqlalchemy import Connection
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
    """Repositories over one transaction; commit and rollback belong to the Database.

    The session takes part in the connection's transaction from when it is first used: what every
    message passes through uses the connection alone, and never pays for the session.
    """

    def __init__(self, session: Session, connection: Connection) -> None:
        self.people = People(session, connection)
        self.cycles = Cycles(session, connection)
        self.editions = Editions(session)
        self.meetings = Meetings(session)
        self.follow_ups = FollowUps(session)
        self.unrests = Unrests(session)
        self.papers = Papers(session)
        self.inbox = Inbox(session, connection)
        self.outbox = Outbox(connection)
        self.audit = Audit(session, connection)
        self.marks = Marks(connection)
