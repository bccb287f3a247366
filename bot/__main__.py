"""`python -m bot`: the command line. Reads arguments and settings, and starts what is asked for.

What is imported inside a function is slow to load and not needed by every command: `health` is run
every minute.
"""

import asyncio
import logging
import signal
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.arguments import config_in, parser
from bot.cli.phrases import Phrases, read_phrases, read_settings, said_in
from bot.config import BadSettings, Settings


def main(argv: list[str]) -> int:
    """Run a command; gives the exit code."""
    config = config_in(argv)
    settings: Settings | None = None
    try:
        settings = read_settings(config)
        language, templates = settings.municipality.language, settings.templates
    except BadSettings:
        language, templates = said_in(config)
    phrases = read_phrases(language, templates)
    args = parser(phrases).parse_args(argv)
    if settings is None or args.command == "check":
        return _check(config, phrases, whole=args.command == "check")
    if args.command == "run":
        return _run(config, settings, phrases)
    if args.command == "encryption":
        return _encryption(args, settings, phrases)
    return _with_database(args, settings, phrases)


def _check(config: Path, phrases: Phrases, *, whole: bool) -> int:
    """Tell what is wrong, in the settings alone or in all; to read all takes seconds."""
    from bot.cli.checking import check, check_settings
    from bot.cli.tasks import place, say

    mistakes = check(config, phrases) if whole else check_settings(config, phrases)[1]
    for mistake in mistakes:
        say(place(phrases, mistake.file, mistake.line, mistake.what))
    say(phrases("check_bad" if mistakes else "check_ok", {"count": len(mistakes)}))
    return 1 if mistakes else 0


def _encryption(args: Namespace, settings: Settings, phrases: Phrases) -> int:
    from bot.cli.encryption import recovery_key, replace

    if args.action == "recovery-key":
        return recovery_key(settings.data, phrases)
    return replace(settings.data, phrases, agreed=args.yes)


def _with_database(args: Namespace, settings: Settings, phrases: Phrases) -> int:
    from bot.cli import tasks as cli
    from storage.database import Database

    now = datetime.now(UTC)
    try:
        database = Database(settings.database)
        if args.command == "migrate":
            return cli.migrate(database, phrases)
        database.now(lambda uow: uow.marks.get("installed"))
    except Exception as error:
        # A wrong URL, no server, no tables: every driver has its own exceptions for them.
        cli.say(phrases("no_database", {"cause": type(error).__name__}))
        return 1
    match args.command:
        case "health":
            return cli.health(database, phrases, now)
        case "import":
            return cli.import_roster(database, settings, phrases, args.files, now)
        case "outbox":
            row_id = args.id if args.action else 0
            return cli.outbox(database, settings, phrases, args.action, row_id, now)
    return cli.export(
        database,
        settings,
        phrases,
        period=args.period,
        unit=args.unit,
        masked=args.mask,
        folder=args.to,
        now=now,
    )


def _run(config: Path, settings: Settings, phrases: Phrases) -> int:
    from bot.interpreter import load_fast

    load_fast()
    from bot.cli.tasks import say
    from bot.languages import BadTemplates
    from bot.platforms.matrix import LoggedOut
    from bot.ports import NeverWillBe, NotSent
    from bot.process import ScrubbingFilter
    from bot.questions import BadQuestionSet

    handler = logging.StreamHandler()
    handler.addFilter(ScrubbingFilter())
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        asyncio.run(_until_stopped(settings))
    except (BadTemplates, BadQuestionSet):
        return _check(config, phrases, whole=True)
    except BadSettings as error:
        say(str(error))
        return 1
    except LoggedOut as error:
        say(phrases("needs_a_person", {"cause": error}))
        return 1
    except (NotSent, NeverWillBe) as error:
        say(phrases("homeserver_refused", {"cause": error}))
        return 1
    except Exception:
        logging.getLogger(__name__).exception("the bot stopped")
        say(phrases("stopped"))
        return 1
    return 0


async def _until_stopped(settings: Settings) -> None:
    """Run the bot; SIGTERM (Docker, systemd) and SIGINT (Ctrl-C) end it in good order."""
    from bot.app import Runtime

    task = asyncio.current_task()
    assert task is not None

    def stop() -> None:
        if not task.cancelling():  # a second signal must not cut the first one's tidying short
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await Runtime(settings).run()
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
