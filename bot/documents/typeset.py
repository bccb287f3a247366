"""The child process that loads Typst: one request on standard input, one reply on standard output.

It stands apart because Typst adds some 50 MB to the process that loads it, and because a fault in
it must not take the bot along. Nothing of the bot is imported here. What the documents say belongs
in report_view.py, how they look in templates/documents/.

Request: {"root", "timestamp", "seconds", "jobs": [{"main", "format", "data"}]}, where `data` is a
string of JSON that the template reads as data. Reply: {"files": [base64, ...]}, in the same order.
"""

import base64
import json
import signal
import sys
from typing import TypedDict

import typst


class Job(TypedDict):
    """One document: a template of the root, the form to give it, and its data as JSON."""

    main: str
    format: str
    data: str


class Request(TypedDict):
    """What the parent asks for. `timestamp` (Unix seconds) is the documents' only idea of time."""

    root: str
    timestamp: int
    seconds: int
    jobs: list[Job]


def typeset(request: Request, job: Job) -> bytes:
    """Typeset one document: PDF/A-2a with PDF/UA-1, or a PNG of one pixel a point."""
    compiler = typst.Compiler(
        input=f"{request['root']}/{job['main']}",
        root=request["root"],
        # Ours alone: a machine's own fonts would make the bytes depend on the machine.
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True),
        sys_inputs={"data": job["data"]},
    )
    if job["format"] == "pdf":
        made = compiler.compile(
            format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=request["timestamp"]
        )
    else:
        made = compiler.compile(format="png", ppi=72)
    if not isinstance(made, bytes):
        raise RuntimeError(f"{job['main']} gave no single file")
    return made


def main() -> None:
    """Answer the one request and end."""
    request: Request = json.load(sys.stdin.buffer)
    # Should the parent die without a word, the system ends this process by itself.
    signal.alarm(request["seconds"])
    files = [base64.b64encode(typeset(request, job)).decode() for job in request["jobs"]]
    json.dump({"files": files}, sys.stdout)


if __name__ == "__main__":
    main()
