"""Frozen files as rows; what owns them and which are wanted belongs in their repositories."""

from bot.handouts import Artifact
from storage.tables import ArtifactRow


def artifact_row(
    artifact: Artifact, *, edition_id: int | None = None, paper_id: int | None = None
) -> ArtifactRow:
    """Make the row of a file that an edition, a paper or nothing owns."""
    return ArtifactRow(
        edition_id=edition_id,
        paper_id=paper_id,
        name=artifact.name,
        media_type=artifact.media_type,
        content=artifact.content,
        sha256=artifact.sha256,
        width=artifact.width,
        height=artifact.height,
    )


def artifact_of(row: ArtifactRow) -> Artifact:
    """Give the file that a row holds."""
    return Artifact(
        name=row.name,
        media_type=row.media_type,
        content=row.content,
        sha256=row.sha256,
        width=row.width,
        height=row.height,
    )
