"""Frozen editions of the report, with the bytes that were approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from bot.domain.report import Audience
from bot.handouts import Artifact
from storage.artifacts import artifact_of, artifact_row
from storage.tables import ArtifactRow, EditionRow


class EditionState(StrEnum):
    """A newer preview replaces an older one; a published edition never changes."""

    PREVIEWED = "previewed"
    REPLACED = "replaced"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One audience's edition. `sha256` covers text, details and documents together."""

    id: int
    cycle_id: int
    audience: Audience
    number: int
    state: EditionState
    basis: str
    text: str
    details: str
    sha256: str

    @property
    def short_hash(self) -> str:
        """What the preview shows and `publish` may name."""
        return self.sha256[:8]


class Editions:
    """Editions and artifacts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        *,
        cycle_id: int,
        audience: Audience,
        number: int,
        basis: str,
        text: str,
        details: str,
        sha256: str,
        artifacts: Sequence[Artifact],
        now: datetime,
    ) -> Edition:
        """Freeze an edition with its documents; earlier previews of the audience are replaced."""
        for old in self._session.exec(
            select(EditionRow).where(
                EditionRow.cycle_id == cycle_id,
                EditionRow.audience == audience,
                EditionRow.state == EditionState.PREVIEWED,
            )
        ).all():
            old.state = EditionState.REPLACED
            self._session.add(old)
        drafts = self._session.exec(
            select(func.count())
            .select_from(EditionRow)
            .where(
                EditionRow.cycle_id == cycle_id,
                EditionRow.audience == audience,
                EditionRow.number == number,
            )
        ).one()
        row = EditionRow(
            cycle_id=cycle_id,
            audience=audience,
            number=number,
            draft=drafts + 1,
            state=EditionState.PREVIEWED,
            basis=basis,
            text=text,
            details=details,
            sha256=sha256,
            compiled_at=now,
        )
        self._session.add(row)
        self._session.flush()
        assert row.id is not None
        for artifact in artifacts:
            self._session.add(artifact_row(artifact, edition_id=row.id))
        self._session.flush()
        return _edition(row)

    def previewed(self, cycle_id: int) -> Sequence[Edition]:
        """List the editions that wait to be published, BRÅ before SAMSA."""
        return self._in_state(cycle_id, EditionState.PREVIEWED)

    def published(self, cycle_id: int) -> Sequence[Edition]:
        """List what has been published, in order."""
        return self._in_state(cycle_id, EditionState.PUBLISHED)

    def next_number(self, cycle_id: int) -> int:
        """Give the number of the next edition; both audiences rise together."""
        highest = self._session.exec(
            select(func.max(EditionRow.number)).where(
                EditionRow.cycle_id == cycle_id, EditionRow.state == EditionState.PUBLISHED
            )
        ).one()
        return (highest or 0) + 1

    def publish(self, edition: Edition, *, by: int, now: datetime) -> None:
        """Mark an edition as published."""
        row = self._session.get_one(EditionRow, edition.id)
        row.state, row.published_at, row.published_by = EditionState.PUBLISHED, now, by
        self._session.add(row)
        self._session.flush()

    def artifacts(self, edition_id: int) -> Sequence[tuple[int, Artifact]]:
        """List an edition's documents with their ids."""
        rows = self._session.exec(
            select(ArtifactRow)
            .where(ArtifactRow.edition_id == edition_id)
            .order_by(col(ArtifactRow.id))
        ).all()
        return [(row.id or 0, artifact_of(row)) for row in rows]

    def artifact(self, artifact_id: int) -> Artifact:
        """Get one document."""
        return artifact_of(self._session.get_one(ArtifactRow, artifact_id))

    def _in_state(self, cycle_id: int, state: EditionState) -> Sequence[Edition]:
        rows = self._session.exec(
            select(EditionRow)
            .where(EditionRow.cycle_id == cycle_id, EditionRow.state == state)
            .order_by(col(EditionRow.id))
        ).all()
        return [_edition(row) for row in rows]


def _edition(row: EditionRow) -> Edition:
    assert row.id is not None
    return Edition(
        id=row.id,
        cycle_id=row.cycle_id,
        audience=Audience(row.audience),
        number=row.number,
        state=EditionState(row.state),
        basis=row.basis,
        text=row.text,
        details=row.details,
        sha256=row.sha256,
    )
