"""Report or paper → PDF and picture, by Typst in a child process.

Here stand the child's care and the files' names. What the documents show is decided in
report_view.py and paper.py, how it looks in templates/documents/, and Typst itself is loaded in
typeset.py.
"""

import asyncio
import base64
import hashlib
import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from bot.documents.paper import paper_view
from bot.documents.picture_view import picture_view
from bot.documents.report_view import report_view
from bot.documents.wheel_view import poster_view
from bot.documents.words import View, Words
from bot.domain.report import Report
from bot.handouts import Artifact, Manuscript

LONGEST = 120
"""Seconds a child may take. 2 000 units take about two."""

_TAIL = 2000
_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""All the child gets of our environment, which may hold passwords."""


class TypesettingFailed(Exception):
    """No documents came out; the message holds the end of what the child complained about."""


class TypstTypesetter:
    """A Typesetter (ports.py) whose templates and words are plain files.

    Args:
        templates: the folder that holds `documents/`.
        labels: language → "question.choice" → label, from the question set. An id without a label
            is shown as it is, as places are.
    """

    def __init__(self, templates: Path, labels: Mapping[str, Mapping[str, str]]) -> None:
        self._root = (templates / "documents").resolve()
        self._labels = labels

    async def typeset(self, report: Report, language: str) -> Sequence[Artifact]:
        """Make the PDF (PDF/A-2a, PDF/UA-1) and the PNG; the same report gives the same bytes.

        Raises:
            TypesettingFailed: the child ended badly or took too long.
            FileNotFoundError: there are no words in that language.
        """
        words = Words.read(self._root, language, self._labels.get(language, {}))
        # In a thread: for 2 000 units the two views take most of a second.
        request = await asyncio.to_thread(self._request, report, words)
        pdf, png = await self._run(request)
        name = words.file_name(report)
        return (
            _artifact(f"{name}.pdf", "application/pdf", pdf),
            _artifact(f"{name}.png", "image/png", png),
        )

    async def print(self, paper: Manuscript) -> Sequence[Artifact]:
        """Make the PDF (PDF/A-2a, PDF/UA-1), then the wheel's PNG where it is asked for.

        The same paper gives the same bytes.

        Raises:
            TypesettingFailed: the child ended badly or took too long.
            FileNotFoundError: there are no words in that language.
        """
        words = Words.read(self._root, paper.language, {})
        made = await self._run(await asyncio.to_thread(self._paper_request, paper, words))
        name = unicodedata.normalize("NFC", paper.name)
        forms = (("pdf", "application/pdf"), ("png", "image/png"))
        return [
            _artifact(f"{name}.{ending}", media_type, content)
            for (ending, media_type), content in zip(forms, made, strict=False)
        ]

    def _request(self, report: Report, words: Words) -> bytes:
        jobs = (
            ("report.typ", "pdf", report_view(report, words)),
            ("matrix.typ", "png", picture_view(report, words)),
        )
        # The period's last day: known from the report alone, so two runs agree.
        return self._asking(report.period.end, jobs)

    def _paper_request(self, paper: Manuscript, words: Words) -> bytes:
        jobs = [("paper.typ", "pdf", paper_view(paper, words))]
        if paper.picture and paper.wheel is not None:
            jobs.append(("wheel.typ", "png", poster_view(paper, paper.wheel)))
        return self._asking(paper.day, jobs)

    def _asking(self, day: date, jobs: Sequence[tuple[str, str, View]]) -> bytes:
        request = {
            "root": str(self._root),
            "timestamp": int(datetime.combine(day, time(), tzinfo=UTC).timestamp()),
            "seconds": LONGEST,
            "jobs": [
                {"main": main, "format": form, "data": json.dumps(data)}
                for main, form, data in jobs
            ],
        }
        return json.dumps(request).encode()

    async def _run(self, request: bytes) -> Sequence[bytes]:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.documents.typeset",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )
        try:
            async with asyncio.timeout(LONGEST):
                said, complaint = await child.communicate(request)
        except TimeoutError:
            raise TypesettingFailed(f"no documents after {LONGEST} s") from None
        finally:
            if child.returncode is None:  # too late or cancelled: it dies with our wish for it
                child.kill()
                await child.wait()
        if child.returncode != 0:
            raise TypesettingFailed(complaint.decode(errors="replace")[-_TAIL:])
        return await asyncio.to_thread(_files, said)


def _files(said: bytes) -> Sequence[bytes]:
    return [base64.b64decode(file) for file in json.loads(said)["files"]]


def _artifact(name: str, media_type: str, content: bytes) -> Artifact:
    width = height = None
    if media_type == "image/png":  # the sizes stand first in a PNG, after 16 bytes of header
        width = int.from_bytes(content[16:20], "big")
        height = int.from_bytes(content[20:24], "big")
    return Artifact(
        name=name,
        media_type=media_type,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        width=width,
        height=height,
    )
