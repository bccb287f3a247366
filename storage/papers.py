"""Papers: what is previewed in the coordinator's room, approved, and posted as it was approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.domain.errors import NotFound
from bot.handouts import Artifact
from storage.artifacts import artifact_of, artifact_row
from storage.council_tables import PaperRow
from storage.mapping import number_of
from storage.tables import ArtifactRow


class PaperKind(StrEnum):
    """What a paper is."""

    NOTES = "notes"
    QUARTER = "quarter"
    FOLLOW_UP = "follow_up"
    """The quarter with every measure's state, for kommunstyrelseförvaltningen."""
    UNREST = "unrest"


class PaperState(StrEnum):
    """A newer draft replaces an older one; an approved paper never changes."""

    DRAFT = "draft"
    REPLACED = "replaced"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A frozen paper. `audience` is a forum's value, or "executive"; `text` is the room's lines."""

    id: int
    kind: PaperKind
    subject: str
    audience: str
    number: int
    state: PaperState
    text: str
    basis: str
    sha256: str
    made_at: datetime
    approved_at: datetime | None = None

    @property
    def short_id(self) -> str:
        """The id people type: `h3` (handling)."""
        return f"h{self.id}"


class Papers:
    """Papers and their artifacts, and artifacts that belong to no paper (calendar entries)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        kind: PaperKind,
        subject: str,
        *,
        audience: str,
        text: str,
        sha256: str,
        artifacts: Sequence[Artifact],
        now: datetime,
        basis: str = "",
    ) -> Paper:
        """Keep a draft; it replaces an earlier draft of the same kind, subject and audience."""
        earlier = self._rows(kind, subject, audience)
        for old in earlier:
            if old.state == PaperState.DRAFT:
                old.state = PaperState.REPLACED
                self._session.add(old)
        approved = [old for old in earlier if old.state == PaperState.APPROVED]
        row = PaperRow(
            kind=kind,
            subject=subject,
            audience=audience,
            number=len(approved) + 1,
            state=PaperState.DRAFT,
            text=text,
            basis=basis,
            sha256=sha256,
            made_at=now,
        )
        self._session.add(row)
        self._session.flush()
        for artifact in artifacts:
            self.keep(artifact, paper_id=row.id)
        return _paper(row)

    def keep(self, artifact: Artifact, *, paper_id: int | None = None) -> int:
        """Freeze a file; gives its id."""
        row = artifact_row(artifact, paper_id=paper_id)
        self._session.add(row)
        self._session.flush()
        return row.id or 0

    def get(self, paper_id: int) -> Paper:
        """Get a paper by id.

        Raises:
            NotFound: `paper`.
        """
        row = self._session.get(PaperRow, paper_id)
        if row is None:
            raise NotFound("paper", {"said": f"h{paper_id}"})
        return _paper(row)

    def named(self, short_id: str) -> Paper:
        """Find a paper by the id people type.

        Raises:
            NotFound: `paper`.
        """
        return self.get(number_of(short_id, letter="h", what="paper"))

    def approve(self, paper: Paper, *, by: int, now: datetime) -> None:
        """Let a draft stand for ever."""
        row = self._session.get_one(PaperRow, paper.id)
        row.state, row.approved_at, row.approved_by = PaperState.APPROVED, now, by
        self._session.add(row)
        self._session.flush()

    def approved_between(self, first: datetime, last: datetime) -> Sequence[Paper]:
        """List what was approved in a span, the oldest first."""
        rows = self._session.exec(
            select(PaperRow)
            .where(
                PaperRow.state == PaperState.APPROVED,
                col(PaperRow.approved_at) >= first,
                col(PaperRow.approved_at) < last,
            )
            .order_by(col(PaperRow.id))
        ).all()
        return [_paper(row) for row in rows]

    def waiting(self) -> Sequence[Paper]:
        """List the drafts that wait for approval, the oldest first."""
        rows = self._session.exec(
            select(PaperRow).where(PaperRow.state == PaperState.DRAFT).order_by(col(PaperRow.id))
        ).all()
        return [_paper(row) for row in rows]

    def of(self, kind: PaperKind, subject: str) -> Sequence[Paper]:
        """List the papers of a kind about something, the oldest first, replaced ones left out."""
        rows = self._session.exec(
            select(PaperRow)
            .where(
                PaperRow.kind == kind,
                PaperRow.subject == subject,
                PaperRow.state != PaperState.REPLACED,
            )
            .order_by(col(PaperRow.id))
        ).all()
        return [_paper(row) for row in rows]

    def newest(self, count: int) -> Sequence[Paper]:
        """List the newest papers, the newest first, replaced ones left out."""
        rows = self._session.exec(
            select(PaperRow)
            .where(PaperRow.state != PaperState.REPLACED)
            .order_by(col(PaperRow.id).desc())
            .limit(count)
        ).all()
        return [_paper(row) for row in rows]

    def files(self, paper_id: int) -> Sequence[tuple[int, Artifact]]:
        """List a paper's files with their ids, in the order they were made."""
        rows = self._session.exec(
            select(ArtifactRow)
            .where(ArtifactRow.paper_id == paper_id)
            .order_by(col(ArtifactRow.id))
        ).all()
        return [(row.id or 0, artifact_of(row)) for row in rows]

    def _rows(self, kind: PaperKind, subject: str, audience: str) -> Sequence[PaperRow]:
        return self._session.exec(
            select(PaperRow).where(
                PaperRow.kind == kind,
                PaperRow.subject == subject,
                PaperRow.audience == audience,
            )
        ).all()


def _paper(row: PaperRow) -> Paper:
    return Paper(
        id=row.id or 0,
        kind=PaperKind(row.kind),
        subject=row.subject,
        audience=row.audience,
        number=row.number,
        state=PaperState(row.state),
        text=row.text,
        basis=row.basis,
        sha256=row.sha256,
        made_at=row.made_at,
        approved_at=row.approved_at,
    )
