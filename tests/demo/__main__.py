"""The command line of the demonstration."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import time
from pathlib import Path

from tests.demo.cast import PASSWORD
from tests.demo.stage import Stage, StageError, stage
from tests.demo.story import BEGINS, play
from tests.demo.verify import verify

_MOST_SECONDS = 220


def main() -> int:
    """Run the demonstration; 0 when what was posted is what was approved, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the story has been told")
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="where files go")
    options = parser.parse_args()
    logging.lastResort = None
    try:
        return asyncio.run(_run(options.output, once=options.once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("\nAvbrutet. Allt är avslutat och borttaget.")
        return 130


async def _run(output: Path, *, once: bool) -> int:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        async with stage(BEGINS, sys.stdout) as there:
            wrong = await _tell(there, output)
            for line in wrong:
                _say(f"FEL  {line}")
            if not wrong:
                seconds = time.monotonic() - began
                _say(f"\nDet som ligger i rummen är det som godkändes. {seconds:.0f} s.")
                _say(f"Rapporten och berättelsen finns i {output}/.")
            if not once:
                await _stay(there)
            return 1 if wrong else 0
    except (StageError, AssertionError, TimeoutError) as error:
        _say(f"FEL  {error or type(error).__name__}")
        return 1


async def _tell(there: Stage, output: Path) -> list[str]:
    try:
        async with asyncio.timeout(_MOST_SECONDS):
            played = await play(there)
            there.transcript.scene("Kontroll: medlemmarna läser rummen från servern")
            return await verify(there, played, output)
    finally:
        (output / "transcript.txt").write_text(there.transcript.text, encoding="utf-8")


async def _stay(there: Stage) -> None:
    """Open the next round and let people in, until Ctrl-C."""
    with there.transcript.briefly(2):
        await there.until("2026-12-01 09:00")
    await there.free()
    who = "\n".join(
        f"  {player.user.user_id:24} {player.name}, {', '.join(there.parts[localpart])}"
        for localpart, player in there.players.items()
    )
    _say(
        f"\nOmgången om november är öppen, och klockan går nu som vanligt. Logga in med valfri "
        f"Matrix-klient:\n\n  Server:   {there.server.base_url}\n"
        f"  Lösenord: {PASSWORD} (för alla)\n\n"
        f"{who}\n\nSvara som rapportör i din direktchatt med Lägesbot, eller skriv !läget, "
        "!sammanställ och !publicera\nsom helena i rummet Samordning. Ctrl-C avslutar."
    )
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    _say("\nAvslutar.")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
