"""One transaction with everything that can be reached in it."""

from sqlmodel import Session

from storage.cycles import Cycles
from storage.editions import Editions
from storage.logs import Audit, Inbox, Marks, Outbox
from storage.people import People


class UnitOfWork:
    """Repositories over one session; commit and rollback belong to the Database."""

    def __init__(self, session: Session) -> None:
        self.people = People(session)
        self.cycles = Cycles(session)
        self.editions = Editions(session)
        self.inbox = Inbox(session)
        self.outbox = Outbox(session)
        self.audit = Audit(session)
        self.marks = Marks(session)
