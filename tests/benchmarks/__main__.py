"""`python -m tests.benchmarks`: measure everything once, print the table, write bench.json."""

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.chat import ChatBench
from tests.benchmarks.encrypted import EncryptedBench
from tests.benchmarks.encrypted_figures import encrypted_explanations, encrypted_figures
from tests.benchmarks.figures import as_json, explanations, figures, table
from tests.benchmarks.processes import Processes
from tests.benchmarks.reports import ReportBench
from tests.benchmarks.sizes import FULL, SMALL, Sizes
from tests.benchmarks.stage import Stage
from tests.live.homeserver import Homeserver

_MORNING = datetime(2026, 10, 1, 8, tzinfo=UTC)
"""A working day: reminders are refused on a Sunday, whatever day the benchmark is run on."""


async def measure(sizes: Sizes) -> tuple[dict[str, object], str]:
    """Run everything; gives what goes to bench.json, and the table."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        reports = {
            units: await ReportBench(folder, units, sizes.months).measure(sizes.repeats)
            for units in sizes.units
        }
        async with Homeserver(folder / "homeserver") as homeserver:
            stage = await Stage.build(homeserver, sizes.users)
            ahead = (_MORNING - datetime.now(UTC)).total_seconds()
            try:
                processes = Processes(stage=stage, folder=folder, ahead=ahead)
                chat = ChatBench(processes, sizes)
                times = await chat.run()
                sealed = await EncryptedBench(processes, chat.rooms, sizes).run()
            finally:
                await stage.close()
    found = figures(times, reports, sizes) + encrypted_figures(sealed)
    behind = explanations(times) + encrypted_explanations(sealed)
    return as_json(found, behind), f"{table(found)}\n\nBehind them\n{table(behind)}"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="only to see that it runs")
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    found, shown = asyncio.run(measure(SMALL if asked.small else FULL))
    asked.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(shown + "\n")


if __name__ == "__main__":
    main()
