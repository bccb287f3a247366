"""The command line's commands and options; what they do stands in cli.py and __main__.py."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from bot.cli.phrases import Phrases

CONFIG = Path("lagesbot.toml")


def config_in(argv: list[str]) -> Path:
    """Find the settings file before the rest is read: it decides in which language we speak."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config", type=Path, default=CONFIG)
    try:
        found: Path = parser.parse_known_args(argv)[0].config
    except argparse.ArgumentError:
        return CONFIG  # the real parser will tell the mistake
    return found


def parser(phrases: Phrases) -> argparse.ArgumentParser:
    """Build the parser with its help in one language."""

    class Spoken(argparse.ArgumentParser):
        """Tells a mistake in words of ours; the parsers of the commands are of the same class."""

        def error(self, message: str) -> NoReturn:
            """Say what can't be understood and how it is written; exit with 2."""
            self.print_usage(sys.stderr)
            self.exit(2, phrases("wrong_arguments", {"cause": message}) + "\n")

    top = Spoken(prog="python -m bot", description=phrases("about"), allow_abbrev=False)
    top.add_argument("--config", type=Path, default=CONFIG, help=phrases("help_config"))
    commands = top.add_subparsers(dest="command", required=True, metavar="…")

    def add(name: str) -> argparse.ArgumentParser:
        words = phrases(f"help_{name}")
        command = commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        # The option may also stand after the command.
        command.add_argument(
            "--config", type=Path, default=argparse.SUPPRESS, help=phrases("help_config")
        )
        return command

    for name in ("run", "check", "migrate", "health"):
        add(name)
    add("import").add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help=phrases("help_files")
    )
    outbox = add("outbox")
    actions = outbox.add_subparsers(
        dest="action", metavar="retry|drop", help=phrases("help_action")
    )
    for action in ("retry", "drop"):
        words = phrases("help_action")
        one = actions.add_parser(action, description=words)
        one.add_argument("id", metavar="ID", type=int, help=phrases("help_id"))
    encryption = add("encryption")
    steps = encryption.add_subparsers(
        dest="action", required=True, metavar="recovery-key|replace", help=phrases("help_step")
    )
    steps.add_parser("recovery-key", description=phrases("help_recovery_key"), allow_abbrev=False)
    replacing = steps.add_parser("replace", description=phrases("help_replace"), allow_abbrev=False)
    replacing.add_argument("--yes", action="store_true", help=phrases("help_yes"))
    export = add("export")
    export.add_argument("--period", required=True, help=phrases("help_period"))
    export.add_argument("--unit", help=phrases("help_unit"))
    export.add_argument("--mask", action="store_true", help=phrases("help_mask"))
    export.add_argument("--to", required=True, type=Path, metavar="FOLDER", help=phrases("help_to"))
    return top
