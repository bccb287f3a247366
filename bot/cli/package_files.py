"""How the files of the registry's package are written: tables, JSON, checksums, rights.

What stands in them belongs in answer_export.py and council_export.py.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a cell that begins so for a formula, or hides that it does (OWASP)."""


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Write a table for people: UTF-8 with its mark and semicolons, as Excel wants it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    for row in rows:
        writer.writerow([defused(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def defused(cell: str) -> str:
    """Keep a spreadsheet from taking what somebody wrote for a formula."""
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def as_json(value: object) -> bytes:
    """Write a value for programs."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def checksums(files: Mapping[str, bytes]) -> bytes:
    """List the files' sums as sha256sum does, so that it can check them."""
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(sums).encode()


def add_document(files: dict[str, bytes], folder: str, name: str, content: bytes, of: str) -> str:
    """Add a document; a second one of the same name is told apart by what it is `of`. Gives its
    path in the package."""
    path = f"{folder}/{Path(name).name}"
    if path in files:
        path = f"{folder}/{of}-{Path(name).name}"
    files[path] = content
    return path


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files, readable by their owner only: answers hold what isn't published."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_bytes(content)
