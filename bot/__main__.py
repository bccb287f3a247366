"""`python -m bot`: the command line. Reads arguments and settings, and starts what is asked for."""

import asyncio
import logging
import signal
import sys
import tomllib
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from bot.arguments import config_in, parser
from bot.phrases import TEMPLATES, Phrases, read_phrases


def main(argv: list[str]) -> int:
    """Run a command; gives the exit code."""
    config = config_in(argv)
    phrases = read_phrases(*_language_and_templates(config))
    args = parser(phrases).parse_args(argv)
    if args.command == "check":
        return _check(args.config, phrases)

    from bot.checking import read_settings
    from bot.config import BadSettings

    try:
        settings = read_settings(args.config)
    except BadSettings:
        return _check(args.config, phrases)
    if args.command == "run":
        return _run(args.config, phrases)

    # Late, like the others: each command loads only what it needs.
    from storage.database import Database, UnusableDatabase

    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
