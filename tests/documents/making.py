"""Making the sample's documents and reading their text back."""

import io
from collections.abc import Sequence
from pathlib import Path

import pypdf

from bot.documents.typesetter import TypstTypesetter
from bot.documents.words import Words
from bot.domain.report import Report
from bot.handouts import Artifact
from tests.documents.sample import LABELS

TEMPLATES = Path(__file__).parents[2] / "templates"


def words(language: str = "sv") -> Words:
    return Words.read(TEMPLATES / "documents", language, LABELS[language])


async def make(report: Report, language: str = "sv") -> Sequence[Artifact]:
    return await TypstTypesetter(TEMPLATES, LABELS).typeset(report, language)


def read(artifact: Artifact) -> str:
    """Give the PDF's text with single spaces and without hyphenation marks."""
    pages = pypdf.PdfReader(io.BytesIO(artifact.content)).pages
    text = " ".join(page.extract_text() for page in pages)
    return " ".join(text.replace("\u200b", "").replace("\u00ad", "").split())
