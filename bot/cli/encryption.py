"""`encryption`: what an administrator does about the bot's keys; the sentences stand in
templates/cli/.

What it means to the store of keys belongs in the platform's own `offline`. Each function gives the
exit code.
"""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from bot.cli.phrases import Phrases
from bot.cli.tasks import say


def recovery_key(folder: Path, phrases: Phrases) -> int:
    """Show the recovery key on a line of its own, and forget it: it is shown once.

    Args:
        folder: the data folder.
        phrases: the sentences.
    """
    from bot.platforms.matrix import offline

    def show() -> int:
        key = offline.recovery_key(folder)
        if key is None:
            say(phrases("recovery_key_none"))
            return 1
        say(phrases("recovery_key_before"))
        say(key)
        say(phrases("recovery_key_after"))
        sys.stdout.flush()  # whoever could not be shown it must be able to ask again
        offline.recovery_key_taken(folder)
        return 0

    return _tried(show, phrases)


def replace(folder: Path, phrases: Phrases, *, agreed: bool) -> int:
    """Let the next start replace the account's identity, once somebody has agreed to what it means.

    Args:
        folder: the data folder.
        phrases: the sentences.
        agreed: whether it shall be done; otherwise it is only told.
    """
    from bot.platforms.matrix import offline

    say(phrases("replace_told"))
    if not agreed:
        say(phrases("replace_ask"))
        return 1

    def allow() -> int:
        offline.allow_replacement(folder)
        say(phrases("replace_done"))
        return 0

    return _tried(allow, phrases)


def _tried(work: Callable[[], int], phrases: Phrases) -> int:
    """Tell in one sentence that the keys can't be used, by this user or by nobody."""
    from bot.platforms.matrix.crypto.keystore import DamagedStore

    try:
        return work()
    except BrokenPipeError:
        return 1  # nobody reads any more: nothing to tell, and nothing has been forgotten
    except (DamagedStore, OSError, sqlite3.Error) as error:
        say(phrases("keys_damaged", {"cause": error}))
        return 1
